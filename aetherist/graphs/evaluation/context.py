"""What every measure works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.graphs.evaluation.geometry import View
from aetherist.graphs.evaluation.intervals import generator
from aetherist.graphs.evaluation.networks import (
    FEATURES,
    IDENTITY,
    PERCEPTUAL,
    Embedder,
    require_embedder,
    require_perceptual,
)
from aetherist.graphs.evaluation.reality import Reality
from aetherist.graphs.evaluation.report import METRICS, UnavailableError
from aetherist.graphs.evaluation.subject import Subject

Tell = Callable[[str], None]

USUAL_IMAGES = 1000
FEWEST = 8
"""Pictures that the data must have for any of this to mean something."""


@attrs.frozen
class Settings:
    """How to evaluate.

    Attributes:
        metrics: Keys of ``METRICS``.
        images: Pictures of the model for each measure; half of the data, 1000 at most, if not given.
        features: The network of FID, KID and pose.
        identity: The network of identity.
        perceptual: The features of LPIPS.
        seed: Of everything that is drawn.
        batch: Pictures at a time.
        graph: The graph that makes pictures.
        psi: Truncation, or what the recipe says.

    Raises:
        ValueError: If a metric or a network is unknown, or a number is too small.
    """

    metrics: tuple[str, ...] = attrs.field(default=tuple(METRICS))
    images: int | None = attrs.field(default=None)
    features: str = FEATURES
    identity: str = IDENTITY
    perceptual: str = PERCEPTUAL
    seed: int = 0
    batch: int = 8
    graph: str = "generate"
    psi: float | None = None

    def __attrs_post_init__(self) -> None:
        for network in (self.features, self.identity):
            require_embedder(network)
        require_perceptual(self.perceptual)

    @metrics.validator
    def _known(self, _: object, value: tuple[str, ...]) -> None:
        for name in value:
            if name not in METRICS:
                raise ValueError(f"no metric is called '{name}'; there are {', '.join(METRICS)}")

    @images.validator
    def _enough(self, _: object, value: int | None) -> None:
        if value is not None and value < FEWEST:
            raise ValueError(f"{value} images are too few to measure anything; give at least {FEWEST}")


@attrs.frozen
class Context:
    """A model, the data, and how to go about it.

    Attributes:
        images: Pictures of the model for each measure.
        tell: Takes lines that say how far it is.
    """

    subject: Subject
    reality: Reality
    settings: Settings
    images: int
    tell: Tell

    @classmethod
    def of(cls, subject: Subject, reality: Reality, settings: Settings, tell: Tell) -> Context:
        """Settle how many pictures there will be.

        Raises:
            ValueError: If the data has too few.
        """
        if len(reality) < FEWEST:
            raise ValueError(f"{reality.path}: {len(reality)} pictures are too few to compare with; {FEWEST} would do")
        half = max(FEWEST, min(USUAL_IMAGES, len(reality) // 2))
        return cls(subject, reality, settings, min(settings.images or half, len(reality)), tell)

    def latents(self, count: int, what: str) -> Tensor:
        """Draw latents ``(count, latent_dim)``."""
        return torch.randn(count, self.subject.latent_dim, generator=generator(self.settings.seed, what))

    def wants(self, *metrics: str) -> bool:
        """Return whether any of these was asked for."""
        return any(metric in self.settings.metrics for metric in metrics)

    def shown(self, latents: Tensor, cameras: Tensor, poses: Tensor | None, what: str) -> Iterator[dict[str, Tensor]]:
        """Yield what the model shows, a batch at a time, at the resolution that is compared at."""
        total, size = len(latents), self.settings.batch
        for start in range(0, total, size):
            rows = slice(start, start + size)
            given = self.subject.show(latents[rows], cameras[rows], None if poses is None else poses[rows])
            yield {**given, "image": _sized(given["image"], self.reality.resolution).clamp(-1, 1)}
            self.progress(what, min(start + size, total), total)

    def views(self, latents: Tensor, cameras: Tensor, what: str) -> Iterator[View]:
        """Yield what the model shows with depth and opacity.

        Raises:
            UnavailableError: If it shows no depth or opacity.
        """
        self.require_depth()
        start = 0
        for given in self.shown(latents, cameras, None, what):
            rows = slice(start, start + len(given["image"]))
            start = rows.stop
            yield View(given["image"], given["depth"], given["alpha"], cameras[rows].to(given["depth"]))

    def require_depth(self) -> None:
        """Hold the model to showing depth and opacity.

        Raises:
            UnavailableError: If it does not.
        """
        lacking = sorted({"depth", "alpha"} - self.subject.outputs)
        if lacking:
            raise UnavailableError(
                f"the graph has no output {' and no output '.join(lacking)}",
                f"name the renderer's {' and '.join(lacking)} among the graph's outputs",
            )

    def embedded(self, network: Embedder, numbers: Tensor, what: str) -> Tensor:
        """Return the vectors of pictures of the data, ``(N, D)``."""
        found, done = [], 0
        for batch in self.reality.pictures(numbers, self.settings.batch):
            found.append(network(batch))
            done += len(batch)
            self.progress(what, done, len(numbers))
        return torch.cat(found)

    def progress(self, what: str, done: int, total: int) -> None:
        """Say how far it is, about ten times in all."""
        step = max(total // 10, 1)
        before = done - self.settings.batch
        if done == total or done // step > max(before, 0) // step:
            self.tell(f"{what}: {done}/{total}")


def _sized(image: Tensor, size: int) -> Tensor:
    if image.shape[-1] == size:
        return image
    return F.interpolate(image, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
