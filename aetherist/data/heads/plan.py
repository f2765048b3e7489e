"""What is to be rendered: settings, and the list of heads that follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from aetherist.data.heads.attributes import Attributes, sample_attributes, vary
from aetherist.data.heads.cameras import CameraDistribution
from aetherist.data.heads.seeds import child_seed

VERSION = 1
"""Grows when the same settings give other pictures than before."""


@attrs.frozen
class Settings:
    """All that decides the pictures. ``pairs`` names an attribute; every identity then comes twice."""

    identities: int
    views: int
    resolution: int
    seed: int = 0
    pairs: str | None = None
    cameras: CameraDistribution = attrs.field(factory=CameraDistribution)
    image_format: str = "png"
    masks: bool = True
    depths: bool = True
    new_light: bool = False
    new_background: bool = False
    studio: bool = False

    def __attrs_post_init__(self) -> None:
        for name in ("identities", "views", "resolution"):
            if getattr(self, name) < 1:
                raise ValueError(f"heads: {name} must be at least 1, not {getattr(self, name)}")
        if self.resolution > 2048:
            raise ValueError(f"heads: the resolution is {self.resolution}; at most 2048 is drawn")
        if self.image_format not in ("png", "jpeg"):
            raise ValueError(f"heads: image_format is 'png' or 'jpeg', not {self.image_format!r}")
        if self.pairs is not None:
            vary(sample_attributes(0), self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"generator": "aetherist heads", "version": VERSION, **attrs.asdict(self)}


@attrs.frozen
class Seeds:
    """The four seeds of a picture."""

    identity: int
    light: int
    background: int
    camera: int


@attrs.frozen
class HeadJob:
    """One head and its views. ``name`` is its folder; ``variant`` is "a" or "b" for pairs, else empty."""

    number: int
    variant: str
    attributes: Attributes
    views: tuple[Seeds, ...]

    @property
    def name(self) -> str:
        """The head's folder."""
        return f"{self.number:06d}{self.variant}"


def jobs(settings: Settings) -> Iterator[HeadJob]:
    """Yield the heads in order. What is drawn for one does not depend on how many there are."""
    for number in range(settings.identities):
        identity = child_seed(settings.seed, "identity", number)
        views = tuple(_view_seeds(settings, identity, view) for view in range(settings.views))
        attributes = sample_attributes(identity)
        if settings.pairs is None:
            yield HeadJob(number, "", attributes, views)
        else:
            for variant, varied in zip("ab", vary(attributes, settings.pairs), strict=True):
                yield HeadJob(number, variant, varied, views)


def _view_seeds(settings: Settings, identity: int, view: int) -> Seeds:
    return Seeds(
        identity=identity,
        light=child_seed(identity, "light", view if settings.new_light else 0),
        background=child_seed(identity, "background", view if settings.new_background else 0),
        camera=child_seed(identity, "camera", view),
    )
