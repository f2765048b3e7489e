"""The constructor arguments that a checkpoint records, and which of them say something about the picture.

Each key is honoured, known not to matter, or reported: an option that is not understood may change the
picture, and the person who imports the checkpoint has to hear of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from aetherist.interop.errors import CheckpointError
from aetherist.interop.pickles.errors import bare

Size = Annotated[int, Field(ge=1, le=1 << 20)]
Count = Annotated[int, Field(ge=0, le=1 << 12)]
Real = Annotated[float, Field(allow_inf_nan=False)]
NoiseMode = Literal["const", "random", "none"]

TRAINING = "concerns training only"
IRRELEVANT: dict[str, str] = {
    "class_name": "names the reference's class",
    "fused_modconv_default": "a matter of speed, not of values",
    "sr_kwargs.fused_modconv_default": "a matter of speed, not of values",
    "sr_kwargs.channel_base": "the widths are read from the tensors",
    "sr_kwargs.channel_max": "the widths are read from the tensors",
    "rendering_kwargs.superresolution_module": "the widths are read from the tensors",
    "rendering_kwargs.image_resolution": "img_resolution decides",
    "rendering_kwargs.gpc_reg_prob": TRAINING,
    "rendering_kwargs.density_reg": TRAINING,
    "rendering_kwargs.density_reg_p_dist": TRAINING,
    "rendering_kwargs.reg_type": TRAINING,
    "disc_c_noise": TRAINING,
    "block_kwargs.freeze_layers": TRAINING,
}
"""Key -> why it may be left aside."""

DECISIVE = {
    "neural_rendering_resolution",
    *(
        f"generator.{key}"
        for key in ("z_dim", "w_dim", "channel_base", "channel_max", "num_fp16_res", "sr_num_fp16_res")
    ),
    *(f"generator.rendering_kwargs.{key}" for key in ("depth_resolution", "depth_resolution_importance")),
    *(f"generator.rendering_kwargs.{key}" for key in ("ray_start", "ray_end", "box_warp")),
    *(f"discriminator.{key}" for key in ("channel_base", "channel_max")),
}
"""Keys that every checkpoint of this format records; a default in their place deserves a word."""


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True, populate_by_name=True)

    def unread(self, prefix: str = "") -> Iterator[str]:
        """Dotted names of the keys that no field takes."""
        for key in self.__pydantic_extra__ or {}:
            yield f"{prefix}{key}"
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, _Arguments):
                yield from value.unread(f"{prefix}{name}.")


class MappingArguments(_Arguments):
    """`mapping_kwargs` of either network."""

    num_layers: Annotated[int, Field(ge=1, le=64)] | None = None
    lr_multiplier: Annotated[float, Field(gt=0)] = 0.01
    w_avg_beta: Annotated[float, Field(ge=0, le=1)] | None = 0.998


class SuperresArguments(_Arguments):
    """`sr_kwargs`: nothing in it that the tensors do not say better."""


class RenderingArguments(_Arguments):
    """`rendering_kwargs`."""

    depth_resolution: Size = 48
    depth_resolution_importance: Count = 48
    ray_start: Real | Literal["auto"] = 2.25
    ray_end: Real | Literal["auto"] = 3.3
    box_warp: Annotated[Real, Field(gt=0)] = 1.0
    disparity_space_sampling: bool = False
    clamp_mode: Literal["softplus"] = "softplus"
    white_background: bool = Field(False, validation_alias=AliasChoices("white_back", "white_background"))
    c_gen_conditioning_zero: bool = False
    c_scale: Real = 1.0
    decoder_lr_mul: Annotated[Real, Field(gt=0)] = 1.0
    sr_antialias: bool = True
    superresolution_noise_mode: NoiseMode = "none"
    avg_camera_radius: Real | None = None
    avg_camera_pivot: list[Real] | tuple[Real, ...] | None = None


class GeneratorArguments(_Arguments):
    """What the generator was constructed with."""

    z_dim: Size = 512
    c_dim: Literal[25] = 25
    w_dim: Size = 512
    img_resolution: Literal[128, 256, 512]
    img_channels: Literal[3] = 3
    mapping_kwargs: MappingArguments = MappingArguments()
    channel_base: Size = 32768
    channel_max: Size = 512
    num_fp16_res: Count = 0
    sr_num_fp16_res: Count = 0
    conv_clamp: Annotated[Real, Field(gt=0)] | None = None
    sr_kwargs: SuperresArguments = SuperresArguments()
    rendering_kwargs: RenderingArguments


class EpilogueArguments(_Arguments):
    """`epilogue_kwargs` of the discriminator."""

    mbstd_group_size: Size = 4
    mbstd_num_channels: Literal[1] = 1


class BlockArguments(_Arguments):
    """`block_kwargs` of the discriminator: nothing in it but what concerns training."""


class DiscriminatorArguments(_Arguments):
    """What the discriminator was constructed with."""

    c_dim: Literal[25] = 25
    img_resolution: Literal[128, 256, 512]
    img_channels: Literal[3] = 3
    channel_base: Size = 32768
    channel_max: Size = 512
    num_fp16_res: Count = 0
    conv_clamp: Annotated[Real, Field(gt=0)] | None = 256.0
    mapping_kwargs: MappingArguments = MappingArguments()
    epilogue_kwargs: EpilogueArguments = EpilogueArguments()
    block_kwargs: BlockArguments = BlockArguments()


class CheckpointArguments(_Arguments):
    """All that is recorded of a checkpoint: the keys of an arguments file."""

    generator: GeneratorArguments
    discriminator: DiscriminatorArguments | None = None
    neural_rendering_resolution: Size = 64


def read_arguments(recorded: Mapping[str, Any], source: str) -> CheckpointArguments:
    """Validate recorded arguments; `CheckpointError` names each that is missing or that cannot be honoured."""
    known = {key: recorded[key] for key in CheckpointArguments.model_fields if key in recorded}
    try:
        return CheckpointArguments.model_validate(known)
    except ValidationError as fault:
        lines = [f"{source}: the constructor arguments cannot be honoured"]
        for error in fault.errors(include_url=False, include_context=False)[:10]:
            given = "" if error["type"] == "missing" else f" (it is {_shown(error['input'])})"
            place = bare(".".join(map(str, error["loc"])))
            lines.append(f"  {place}: {error['msg']}{given}")
        raise CheckpointError("\n".join(lines)) from None


def sort_unread(arguments: CheckpointArguments) -> tuple[dict[str, str], list[str]]:
    """Keys that may be left aside with the reason for each, and keys that are not understood."""
    ignored: dict[str, str] = {}
    unknown: list[str] = []
    for network in ("generator", "discriminator"):
        part = getattr(arguments, network)
        for key in part.unread() if part is not None else ():
            if key in IRRELEVANT:
                ignored[f"{network}.{key}"] = IRRELEVANT[key]
            else:
                unknown.append(bare(f"{network}.{key}"))
    return ignored, unknown


def assumed(arguments: CheckpointArguments) -> list[str]:
    """Decisive arguments that are not recorded, as `key = value` with the default that stands in for each."""
    parts: list[tuple[str, BaseModel | None]] = [
        ("", arguments),
        ("generator.", arguments.generator),
        ("generator.rendering_kwargs.", arguments.generator.rendering_kwargs),
        ("discriminator.", arguments.discriminator),
    ]
    return [
        f"{prefix}{name} = {getattr(part, name)}"
        for prefix, part in parts
        if part is not None
        for name in type(part).model_fields
        if f"{prefix}{name}" in DECISIVE and name not in part.model_fields_set
    ]


def _shown(value: object) -> str:
    if isinstance(value, str | int | float | bool | None):
        text = ascii(value)
        return text if len(text) < 60 else text[:60] + "..."
    return f"a {type(value).__name__}"
