"""``aetherist recipe``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from aetherist.cli.console import printable, show, write
from aetherist.cli.failures import FAULTY, UsageError, asked
from aetherist.cli.options import Device

if TYPE_CHECKING:
    from torch import Tensor

    from aetherist.cli.remaking import Told
    from aetherist.graphs.model import Model

app = App(name="recipe", help="Give back the recipe that made a picture or a video.")

UNSHOWN = ("recipe", "options", "version", "black_and_white")


@app.command(name="from")
def from_(
    file: Path,
    /,
    *,
    verify: Annotated[bool, Parameter(negative="")] = False,
    model: str | None = None,
    avatar: Annotated[list[Path] | None, Parameter(name=["--avatar", "-a"], negative="")] = None,
    tolerance: Annotated[int, Parameter()] = 2,
    format: Literal["yaml", "json"] = "yaml",
    out: Path | None = None,
    device: Device = "auto",
) -> int | None:
    """Print the recipe that made a picture or a video, headed by the seed, the camera, and what else it was made with.

    With `--verify` the picture is made again and compared, pixel by pixel, instead; of a video some frames are, as far
    as its codec kept them. It exits with 1 if they differ.

    Args:
        file: PNG, JPEG, WebP, MP4 or WebM, of `aetherist render` or `aetherist video`.
        verify: Make the picture, or frames of the video, again, and say by how much it differs.
        model: What to make it with; without this, the recipe with fresh weights, or the model of the recipe's name.
        avatar: File of an avatar that the picture shows. May be given many times.
        tolerance: The greatest difference of a picture, of 255, that counts as none: other machines round otherwise.
        format: `yaml`, a recipe; or `json`, all that the file says.
        out: Write the recipe to this file instead of printing it.
    """
    from aetherist.cli.remaking import told_by

    everything, told = told_by(file)
    if verify:
        return _verify(file, told, model, avatar or [], tolerance, device)
    if format == "json":
        text = json.dumps(everything, indent=2, sort_keys=True) + "\n"
    else:
        head = {"made by": f"aetherist {told.version}", "file": file.name}
        head |= {name: value for name, value in everything.items() if name not in UNSHOWN}
        lines = [f"# {name}: {value if isinstance(value, str) else json.dumps(value)}" for name, value in head.items()]
        text = "".join(f"{printable(line).replace(chr(10), ' ')}\n" for line in lines) + printable(told.recipe.yaml)
    if out is None:
        write(text)
        return None
    from aetherist.base.files import write_whole

    write_whole(out, text.encode())
    return None


def _verify(
    file: Path,
    told: Told,
    source: str | None,
    avatars: list[Path],
    tolerance: int,
    device: str,
) -> int:
    from aetherist.cli.remaking import made_again
    from aetherist.export.metadata import VIDEO_SUFFIXES
    from aetherist.export.pictures import decode_picture

    opened = _model(told, source, device)
    if file.suffix.lower() in VIDEO_SUFFIXES:
        return _verify_video(file, told, opened, avatars)
    with asked():
        again = _stored(made_again(told, opened, avatars), file, told)
    there = decode_picture(file)
    if again.shape != there.shape:
        show(f"{file}: its size is {_size(there)}, and made again it is {_size(again)}")
        return FAULTY
    differences = (again.int() - there.int()).abs()
    most = int(differences.max())
    if most == 0:
        show(f"{file}: made again it is the same, pixel by pixel")
        return 0
    share = float((differences > 0).float().mean())
    verdict = "the same within the tolerance" if most <= tolerance else "another picture"
    show(f"{file}: made again it is {verdict}: max difference {most} of 255, {share:.1%} of the values differ")
    return 0 if most <= tolerance else FAULTY


def _verify_video(file: Path, told: Told, model: Model, avatars: list[Path]) -> int:
    """Compare some frames with what is made again; what the codec does to them, alone, is what may differ."""
    from aetherist.cli.remaking import frames_made_again
    from aetherist.export.video import frames_of, lossy

    with asked():
        again = frames_made_again(told, model, avatars)
        there = frames_of(file, [sample.frame for sample in told.samples])
    if len(there) < len(again) or there[0].shape != lossy(again[:1], file.suffix, told.options.crf)[0].shape:
        sizes = f"{told.frames} frames of {_size(again[0])}"
        show(f"{file}: it says that it has {sizes}, and it has others")
        return FAULTY
    coded = lossy(again, file.suffix, told.options.crf)
    apart = [_apart(one, other) for one, other in zip(there, again, strict=True)]
    codec = [_apart(one, other) for one, other in zip(coded, again, strict=True)]
    worst = max(range(len(apart)), key=lambda index: apart[index] - _allowed(codec[index]))
    same = apart[worst] <= _allowed(codec[worst])
    verdict = "the same within what the codec loses" if same else "another video"
    differ = f"{apart[worst]:.2f} of 255 in frame {told.samples[worst].frame}, and the codec loses {codec[worst]:.2f}"
    show(f"{file}: made again ({len(again)} of {told.frames} frames) it is {verdict}: mean difference {differ}")
    return 0 if same else FAULTY


def _allowed(codec: float) -> float:
    """Return the mean difference that counts as none: frames between others are coded coarser than they are alone."""
    return 2.0 * codec + 1.0


def _apart(one: Tensor, other: Tensor) -> float:
    height, width = min(one.shape[-2], other.shape[-2]), min(one.shape[-1], other.shape[-1])
    return float((one[..., :height, :width].float() - other[..., :height, :width].float()).abs().mean())


def _model(told: Told, source: str | None, device: str) -> Model:
    """Open the model that the picture speaks of."""
    from aetherist.cli.models import device_named, open_model
    from aetherist.core.recipe import Recipe
    from aetherist.graphs.model import Model

    if told.model is None and source is None:
        recipe = Recipe.read(f"{told.recipe.name}.yaml", trusted=False, text=told.recipe.yaml)
        return Model.build(recipe, seed=told.seed_of_weights).to(device_named(device))
    options = told.options
    named = source or told.recipe.name
    try:
        opened = open_model(named, device, options.overrides, options.precision)
    except ValueError:
        if source is not None:
            raise
        opened = None
    if opened is None or _digest(opened) != told.model or opened.recipe.digest != told.recipe.digest:
        wanted = f"the model with the digest {told.model}" if told.model else f"weights that are {told.weights}"
        have = f"{named} is another" if opened is not None else f"there is no model {named} here"
        raise UsageError(f"it was made with {wanted} of the recipe {told.recipe.name}, and {have}; give --model")
    return opened


def _digest(model: Model) -> str | None:
    return None if model.manifest is None else model.manifest.digest


def _stored(pixels: Tensor, file: Path, told: Told) -> Tensor:
    """Return the pixels as they come out of a file of this format: a JPEG loses the same again."""
    import io

    from aetherist.export.pictures import decode_picture, encode_picture, format_of

    return decode_picture(io.BytesIO(encode_picture(pixels, format_of(file), quality=told.options.quality)))


def _size(pixels: Tensor) -> str:
    return f"{pixels.shape[-1]}x{pixels.shape[-2]}"
