"""A batch of pictures: people are found, their planes computed once, views rendered, files written."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.avatars.avatar import Avatar
from aetherist.avatars.model import AvatarModel
from aetherist.components.cameras import Cameras
from aetherist.export.pictures import encode_picture
from aetherist.graphs.generate import to_pixels
from aetherist.serve.engine.work import MEDIA_TYPES, Encoded, Picture
from aetherist.serve.engine.worker.people import People
from aetherist.serve.engine.worker.show import Show
from aetherist.serve.engine.worker.tokens import Token

LARGEST = 8192
"""Pixels of the longest side that a picture is scaled to."""


@attrs.define(eq=False)
class Rendered:
    """A picture that is not a file yet: ``(C, H, W)`` uint8, on the CPU."""

    asked: Picture
    pixels: Tensor
    stages: dict[str, float]

    def encode(self) -> Encoded:
        """Scale the picture and return it as a file."""
        start = time.perf_counter()
        pixels = scaled(self.pixels, self.asked.size)
        data = encode_picture(pixels, self.asked.format, self.asked.metadata, quality=self.asked.quality)
        stages = self.stages | {"encode": time.perf_counter() - start}
        return Encoded(data, MEDIA_TYPES[self.asked.format], pixels.shape[-1], pixels.shape[-2], stages)


@attrs.define(eq=False)
class _Ready:
    """A picture whose person and camera are found."""

    place: int
    asked: Picture
    avatar: Avatar
    view: Tensor
    stages: dict[str, float] = attrs.field(factory=dict)
    known: dict[str, Tensor] = attrs.field(factory=dict)


def render(
    works: Sequence[Picture],
    tokens: Sequence[Token],
    model: AvatarModel,
    people: People,
    show: Show,
    give: Callable[[int, Rendered | Exception], None],
) -> None:
    """Render pictures of one model and one output; hand over each, or why it is none, as it comes.

    What is wrong with one of them is no matter to the others.

    Args:
        works: What is asked for.
        tokens: Of each.
        model: Whose pictures they are.
        people: Finds them.
        show: Of the model.
        give: Given the place of a picture in ``works``, and the picture or the error.
    """
    found: list[_Ready] = []
    for place, (work, token) in enumerate(zip(works, tokens, strict=True)):
        try:
            token.check()
            _sound(work)
            start = time.perf_counter()
            ready = _Ready(place, work, people.find(model, work.person), camera_of(model, work))
            mapped = time.perf_counter()
            ready.known = show.known(ready.avatar, work.output)
            ready.stages = {"map": mapped - start, "planes": time.perf_counter() - mapped}
            found.append(ready)
        except Exception as error:
            give(place, error)
    if show.together and len(found) > 1:
        with contextlib.suppress(Exception):  # of whichever is at fault: alone, each says its own
            _views(found, show, model, give)
            return
    for ready in found:
        try:
            tokens[ready.place].check()
            _views([ready], show, model, give)
        except Exception as error:
            give(ready.place, error)


def _views(
    group: list[_Ready], show: Show, model: AvatarModel, give: Callable[[int, Rendered | Exception], None]
) -> None:
    start = time.perf_counter()
    output = group[0].asked.output
    meaning = model.meaning(output)
    rows = show.render(
        [ready.known for ready in group],
        [ready.avatar for ready in group],
        torch.stack([ready.view for ready in group]),
        output,
    )
    pixels = [(to_pixels(row, meaning)[0].cpu(), bool(row.isfinite().all())) for row in rows]
    seconds = time.perf_counter() - start
    for ready, (picture, whole) in zip(group, pixels, strict=True):
        if whole:
            give(ready.place, Rendered(ready.asked, picture, ready.stages | {"render": seconds}))
        else:
            give(ready.place, ValueError("the picture has numbers that are not finite: styles or weights are damaged"))


def camera_of(model: AvatarModel, work: Picture) -> Tensor:
    """Return the camera that is meant, ``(25,)``.

    Raises:
        ValueError: If it is none.
    """
    if work.camera is None:
        return model.camera(work.yaw, work.pitch, radius=work.radius, fov=work.fov).vector.float()
    if len(work.camera) != 25 or not all(math.isfinite(number) for number in work.camera):
        raise ValueError("a camera is 25 finite numbers: 16 of the pose by rows, 9 of the intrinsics by rows")
    return Cameras.from_vector(torch.tensor(work.camera)).vector


def scaled(pixels: Tensor, size: int | None) -> Tensor:
    """Return a picture ``(C, H, W)`` uint8 whose longest side has so many pixels; as it is where none is asked for."""
    longest = max(pixels.shape[-2:])
    if size is None or size == longest:
        return pixels
    height, width = (max(1, round(side * size / longest)) for side in pixels.shape[-2:])
    # In floats: on bytes some channel counts fail inside PyTorch.
    values = F.interpolate(pixels[None].float(), (height, width), mode="bicubic", antialias=True)[0]
    return (values + 0.5).clamp(0, 255).to(torch.uint8)


def _sound(work: Picture) -> None:
    if work.size is not None and not 1 <= work.size <= LARGEST:
        raise ValueError(f"a size of {work.size} pixels: give 1 to {LARGEST}")
    if work.quality is not None and (work.format == "png" or not 1 <= work.quality <= 100):
        raise ValueError(f"a quality of {work.quality} for {work.format}: JPEG and WebP take 1 to 100, PNG takes none")
