"""What a batch makes of each of its people."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from aetherist import __version__
from aetherist.avatars.keeping import DIRECTIONS_FILE
from aetherist.batch.items import Item
from aetherist.batch.views import Views
from aetherist.graphs.generate import picture_type
from aetherist.graphs.sources import model_folder

if TYPE_CHECKING:
    from aetherist.avatars import AvatarModel

FORMAT = 1
SHARD = 1000
SUFFIXES = {"png": "png", "jpeg": "jpg", "webp": "webp"}
DEPTHS = ("depth",)
"""Outputs that are kept as PNG of 16 bits, whatever the format of the pictures."""


@attrs.frozen(eq=False)
class Job:
    """What a batch makes of each of its people; it goes to other processes.

    Attributes:
        source: The model, as :func:`aetherist.load` takes it.
        views: From where each is seen.
        outputs: Of the graph ``show``: ``image``, ``depth``, ``alpha``, ``raw``.
        format: Of the pictures: ``png``, ``jpeg``, ``webp``.
        quality: 1 to 100, of JPEG (95 by default) and WebP (lossless by default).
        psi: Truncation, where an item has none of its own; the recipe says by default.
        cutoff: Truncate only so many layers.
        metadata: Whether the pictures say how they were made.
        overrides: Of the recipe.
        directions: The file of what edits follow, where it is not the model's own.
        device: Where to compute.
        shard: How many keys have a folder together.

    Raises:
        ValueError: If an output is named twice, the format is unknown, or has no such quality.
    """

    source: str
    views: Views
    outputs: tuple[str, ...] = ("image",)
    format: str = "png"
    quality: int | None = None
    psi: float | None = None
    cutoff: int | None = None
    metadata: bool = True
    overrides: tuple[str, ...] = ()
    directions: str | None = None
    device: str = "cpu"
    shard: int = SHARD

    def __attrs_post_init__(self) -> None:
        if self.format not in SUFFIXES:
            raise ValueError(f"there is no format '{self.format}'; there are {', '.join(SUFFIXES)}")
        if self.quality is not None and (self.format == "png" or not 1 <= self.quality <= 100):
            raise ValueError(f"a quality of {self.quality}: JPEG and WebP take 1 to 100, and PNG takes none")
        if not self.outputs or len(set(self.outputs)) != len(self.outputs):
            raise ValueError(f"outputs '{','.join(self.outputs)}': name one or more, each once")

    def open(self) -> AvatarModel:
        """Load the model.

        Raises:
            ValueError: If there is none, it makes no avatars, or has no such output.
        """
        from aetherist.avatars import load
        from aetherist.graphs.arithmetic import exact_arithmetic

        if self.device.startswith("cuda"):
            exact_arithmetic()
        model = load(self.source, device=self.device, overrides=self.overrides, directions=self.directions)
        for output in self.outputs:
            picture_type(model.plan("show", [output]).graph, output)
        return model

    def settings(self, model: AvatarModel) -> dict[str, Any]:
        """Return what all items of one place have in common, JSON-ready: its ``job.json``."""
        return {
            "format": FORMAT,
            "version": __version__,
            "model": model.digest,
            "model_name": model.name,
            "directions": self.directions_digest,
            "overrides": list(self.overrides),
            "outputs": list(self.outputs),
            "pictures": {"format": self.format, "quality": self.quality, "metadata": self.metadata},
            "psi": self.psi,
            "cutoff": self.cutoff,
            "views": self.views.facts(),
            "shard": self.shard,
        }

    @cached_property
    def directions_digest(self) -> str | None:
        """The SHA-256 of the file of the directions, ``None`` where there is none."""
        folder = model_folder(self.source)
        file = Path(self.directions) if self.directions else folder / DIRECTIONS_FILE if folder else None
        return hashlib.sha256(file.read_bytes()).hexdigest() if file is not None and file.is_file() else None

    def folder_of(self, key: int) -> str:
        """Return the name of the shard that a key is in."""
        return f"{key // self.shard:05d}"

    def path_of(self, item: Item, view: int, output: str) -> str:
        """Return where a picture is kept: ``pictures/00000/seed0000007_view01_depth.png``."""
        seen = f"_view{view:02d}" if self.views.count > 1 and item.angles is None else ""
        shown = f"_{output}" if output != "image" else ""
        suffix = "png" if output in DEPTHS else SUFFIXES[self.format]
        return f"pictures/{self.folder_of(item.key)}/{item.name}{seen}{shown}.{suffix}"
