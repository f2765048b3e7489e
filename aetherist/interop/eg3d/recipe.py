"""From recorded arguments to a recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from aetherist.interop.eg3d.arguments import CheckpointArguments, DiscriminatorArguments, GeneratorArguments
from aetherist.interop.errors import CheckpointError

SUPERRES_INPUT = {128: 64, 256: 128, 512: 128}
"""Picture size -> the size that features are brought to before super-resolution."""

HALF_PRECISION_CLAMP = 256.0
"""Blocks of half precision bound their activations by this, also where they compute in full precision."""


def build_recipe(
    name: str, description: str, arguments: CheckpointArguments, generator: Mapping[str, Tensor], judged: bool
) -> dict[str, Any]:
    """The recipe of a checkpoint, as plain values that YAML can hold.

    Sizes that tensors show (resolution and channels of the planes, widths of super-resolution and decoder)
    are read from `generator`, the generator's tensors by reference name; everything else comes from
    `arguments`. `judged` adds the discriminator.
    """
    components = _components(arguments.generator, arguments.neural_rendering_resolution, generator)
    seeded = arguments.generator.rendering_kwargs.superresolution_noise_mode == "random"
    graphs = {"generate": _generate(seeded), "map": _map(), "show": _show(seeded), "field": _field()}
    if judged:
        assert arguments.discriminator is not None
        components["discriminator"] = _discriminator(arguments.discriminator)
        graphs["discriminate"] = _discriminate()
    recipe: dict[str, Any] = {"name": name, "description": description}
    settings = _settings(arguments.generator)
    if settings:
        recipe["settings"] = settings
    return recipe | {"components": components, "graphs": graphs}


def _settings(arguments: GeneratorArguments) -> dict[str, Any]:
    """Where the cameras of the training set stood, for those who place new ones."""
    rendering = arguments.rendering_kwargs
    settings: dict[str, Any] = {}
    if rendering.avg_camera_radius is not None:
        settings["camera_radius"] = rendering.avg_camera_radius
    if rendering.avg_camera_pivot is not None:
        settings["camera_pivot"] = list(rendering.avg_camera_pivot)
    return settings


def _components(
    arguments: GeneratorArguments, rendering_resolution: int, tensors: Mapping[str, Tensor]
) -> dict[str, dict[str, Any]]:
    rendering = arguments.rendering_kwargs
    mapping = arguments.mapping_kwargs
    resolution = _plane_resolution(tensors)
    channels = _width(tensors, "backbone.synthesis.b4.torgb.weight") // 3
    features = _width(tensors, "decoder.net.2.weight") - 1
    clamp = arguments.conv_clamp
    if clamp is None and arguments.num_fp16_res:
        clamp = HALF_PRECISION_CLAMP
    return {
        "mapping": {
            "type": "mapping.stylegan2",
            "latent_dim": arguments.z_dim,
            "camera_dim": arguments.c_dim,
            "style_dim": arguments.w_dim,
            "style_layers": 2 * (resolution.bit_length() - 1) - 2,
            "layers": mapping.num_layers or _mapping_layers(tensors),
            "lr_multiplier": mapping.lr_multiplier,
            "w_avg_decay": 1.0 if mapping.w_avg_beta is None else mapping.w_avg_beta,
            "camera_scale": float(rendering.c_scale),
            "camera_zero": rendering.c_gen_conditioning_zero,
        },
        "planes": {
            "type": "triplane.stylegan2",
            "style_dim": arguments.w_dim,
            "channels": channels,
            "resolution": resolution,
            "channel_base": arguments.channel_base,
            "channel_max": arguments.channel_max,
            "half_precision_blocks": arguments.num_fp16_res,
            "conv_clamp": clamp,
        },
        "rays": {"type": "rays.pinhole", "resolution": rendering_resolution},
        "renderer": {
            "type": "renderer.volume",
            "decoder": {
                "type": "decoder.softplus",
                "channels": channels,
                "hidden": _width(tensors, "decoder.net.0.weight"),
                "features": features,
                "lr_multiplier": rendering.decoder_lr_mul,
            },
            "samples": rendering.depth_resolution,
            "importance_samples": rendering.depth_resolution_importance,
            "near": rendering.ray_start,
            "far": rendering.ray_end,
            "box_warp": rendering.box_warp,
            # Checkpoints of this format are trained with planes that repeat an axis pair.
            "plane_axes": "xy_xz_zx",
            "spacing": "disparity" if rendering.disparity_space_sampling else "depth",
            "background": "white" if rendering.white_background else "black",
        },
        "superres": {
            "type": "superres.stylegan2",
            "style_dim": arguments.w_dim,
            "channels": features,
            "resolution": arguments.img_resolution,
            "input_resolution": SUPERRES_INPUT[arguments.img_resolution],
            "widths": [_width(tensors, f"superresolution.block{i}.conv1.weight") for i in (0, 1)],
            "noise": rendering.superresolution_noise_mode,
            "antialias": rendering.sr_antialias,
            "half_precision_blocks": 2 if arguments.sr_num_fp16_res else 0,
            "conv_clamp": HALF_PRECISION_CLAMP if arguments.sr_num_fp16_res else None,
        },
    }


def _discriminator(arguments: DiscriminatorArguments) -> dict[str, Any]:
    return {
        "type": "discriminator.dual",
        "resolution": arguments.img_resolution,
        "camera_dim": arguments.c_dim,
        "channel_base": arguments.channel_base,
        "channel_max": arguments.channel_max,
        "conv_clamp": arguments.conv_clamp,
        "half_precision_blocks": arguments.num_fp16_res,
        "mapping_layers": arguments.mapping_kwargs.num_layers or 8,
        "mapping_lr_multiplier": arguments.mapping_kwargs.lr_multiplier,
        "mbstd_group": arguments.epilogue_kwargs.mbstd_group_size,
    }


def _generate(seeded: bool) -> dict[str, Any]:
    """Latent and two cameras to pictures; `seeded` where super-resolution draws its noise."""
    mapping, show = _map(), _show(seeded)
    seen = {name: type_ for name, type_ in show["inputs"].items() if name != "styles"}
    given = mapping["inputs"]
    return {
        "inputs": {"latent": given["latent"], "pose": given["pose"]} | seen | {n: given[n] for n in ("psi", "cutoff")},
        "steps": mapping["steps"] | show["steps"],
        "outputs": show["outputs"],
    }


def _map() -> dict[str, Any]:
    """Latent to styles."""
    return {
        "inputs": {
            "latent": "Latent",
            "pose": "Camera",
            "psi": {"type": "float", "default": 1.0},
            "cutoff": {"type": "int | None", "default": None},
        },
        "steps": {
            "styles": {
                "call": "mapping",
                "with": {"latent": "latent", "camera": "pose", "psi": "psi", "cutoff": "cutoff"},
            },
        },
        "outputs": {"styles": "styles"},
    }


def _show(seeded: bool) -> dict[str, Any]:
    """Styles to a picture from a camera."""
    seeds = {"seeds": "seeds"} if seeded else {}
    return {
        "inputs": {"styles": "Styles", "camera": "Camera"} | ({"seeds": "Seeds"} if seeded else {}),
        "steps": {
            "planes": {"call": "planes", "with": {"styles": "styles"}},
            "rays": {"call": "rays", "with": {"camera": "camera"}},
            "view": {
                "call": "renderer",
                "with": {"planes": "planes", "origins": "rays.origins", "directions": "rays.directions"},
            },
            "final": {
                "call": "superres",
                "with": {"image": "view.image", "features": "view.features", "styles": "styles"} | seeds,
            },
        },
        "outputs": {"image": "final", "raw": "view.image", "depth": "view.depth", "alpha": "view.alpha"},
    }


def _field() -> dict[str, Any]:
    """Density and features at points, from styles."""
    return {
        "inputs": {"styles": "Styles", "points": "Points"},
        "steps": {
            "planes": {"call": "planes", "with": {"styles": "styles"}},
            "field": {"call": "renderer.query", "with": {"planes": "planes", "points": "points"}},
        },
        "outputs": {"density": "field.density", "features": "field.features"},
    }


def _discriminate() -> dict[str, Any]:
    # Sizes of one name agree across the inputs of a graph; the raw picture has a size of its own.
    inputs = {"image": "Image", "raw": "Image[B 3 h w]", "camera": "Camera"}
    return {
        "inputs": inputs,
        "steps": {"judge": {"call": "discriminator", "with": {port: port for port in inputs}}},
        "outputs": {"logits": "judge"},
    }


def _plane_resolution(tensors: Mapping[str, Tensor]) -> int:
    pattern = re.compile(r"backbone\.synthesis\.b([0-9]{1,5})\.conv1\.weight")
    found = [int(match[1]) for name in tensors if (match := pattern.fullmatch(name))]
    largest = max(found, default=0)
    if sorted(found) != [2**n for n in range(2, largest.bit_length())]:
        raise CheckpointError(
            "the generator's backbone.synthesis blocks are not b4, b8, b16 and so on;"
            f" found: {', '.join(f'b{size}' for size in sorted(found)[:12]) or 'none'}"
        )
    return largest


def _mapping_layers(tensors: Mapping[str, Tensor]) -> int:
    layers = 0
    while f"backbone.mapping.fc{layers}.weight" in tensors:
        layers += 1
    return max(layers, 1)


def _width(tensors: Mapping[str, Tensor], name: str) -> int:
    """Outputs of a layer, from its weight."""
    weight = tensors.get(name)
    if weight is None or not weight.ndim or not len(weight):
        raise CheckpointError(f"G.{name} is missing or empty; the checkpoint is not of this format")
    return len(weight)
