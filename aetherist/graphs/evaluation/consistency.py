"""Whether two cameras see one surface: the model's depth against itself, and its colours."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from aetherist.graphs.evaluation.context import Context
from aetherist.graphs.evaluation.geometry import HIDDEN, Crossing, View, cross, head_size, reduced
from aetherist.graphs.evaluation.intervals import Estimate, mean_of
from aetherist.graphs.evaluation.report import Figure, Missing, UnavailableError

NAMES = ("reprojection", "photometric")

WIDEST = 45.0
"""Angle between the two cameras, in degrees, up to which enough of a surface is seen by both."""


def measure_consistency(context: Context) -> list[Figure | Missing]:
    """Measure how far apart two cameras see a surface, and how different its colour is.

    Raises:
        UnavailableError: If the model shows no depth, or the data has no cameras near each other.
    """
    reality, seed = context.reality, context.settings.seed

    def fits(first: Tensor, second: Tensor) -> Tensor:
        return reality.apart(first, second) <= WIDEST

    pairs = reality.pairs(context.images // 2, seed, "consistency", fits)
    if not len(pairs):
        raise UnavailableError(
            f"no two cameras of the data are within {WIDEST:.0f} degrees of each other",
            "evaluate with data that has more cameras",
        )
    latents = context.latents(len(pairs), "consistency")
    what = ("surfaces", "surfaces from another camera")
    seen = [context.views(latents, reality.cameras[pairs[:, side]], what[side]) for side in (0, 1)]
    made = _compare(zip(*seen, strict=True))
    if not made:
        raise UnavailableError(
            "no surface of the model is seen by two cameras: its pictures are nearly transparent", "train the model"
        )
    people = torch.arange(len(pairs))
    size, own = made.resolution, None
    if reality.paired and not (reality.lacks("depth") or reality.lacks("mask")):
        views = [reality.views(pairs[:, side], context.settings.batch) for side in (0, 1)]
        own = _compare((_small(a, size), _small(b, size)) for a, b in zip(*views, strict=True))
        context.tell(f"surfaces of the data: {len(pairs)}/{len(pairs)} pairs")
    notes = (
        f"head size: the root of the area of the mask at its median depth, here {made.size:.3f} units of the world; "
        f"{made.shared:.0%} of a surface are seen by both cameras, at most {WIDEST:.0f} degrees apart; what one sees "
        f"more than {HIDDEN:.0f}% of head size in front of the other's surface counts as hidden",
    )
    figures: list[Figure | Missing] = []
    for metric, found, real in (
        ("reprojection", made.distance(people, seed), own.distance(people, seed) if own else None),
        ("photometric", made.colour(people, seed), own.colour(people, seed) if own else None),
    ):
        if context.wants(metric):
            yardstick_images = 2 * len(pairs) if real is not None else None
            figures.append(Figure(metric, found, 2 * len(pairs), real, yardstick_images, notes=notes))
    return figures


def _small(view: View, size: int) -> View:
    return reduced(view, min(size, view.depth.shape[-1]))


class _Comparison:
    """Crossings of pairs of views, both ways."""

    def __init__(self, crossings: list[Crossing], sizes: list[Tensor], resolution: int) -> None:
        self._errors, self._colours, shared = (torch.cat(each).cpu() for each in zip(*crossings, strict=True))
        self._found = self._errors.isfinite()
        self.size = float(torch.cat(sizes).nanmean())
        self.shared = float(shared.nanmean())
        self.resolution = resolution

    def __bool__(self) -> bool:
        return bool(self._found.any())

    def distance(self, people: Tensor, seed: int) -> Estimate:
        """Return the error of reprojection in % of head size."""
        return mean_of(self._errors[self._found], people[self._found], seed=seed).scaled(100 / self.size)

    def colour(self, people: Tensor, seed: int) -> Estimate:
        """Return the difference of colour."""
        return mean_of(self._colours[self._found], people[self._found], seed=seed)


def _compare(pairs: Iterable[tuple[View, View]]) -> _Comparison:
    crossings: list[Crossing] = []
    sizes: list[Tensor] = []
    resolution = 0
    for first, second in pairs:
        resolution = min(first.depth.shape[-1], first.image.shape[-1])
        one, two = reduced(first, resolution), reduced(second, resolution)
        size = head_size(one), head_size(two)
        sizes += size
        there, back = cross(one, two, size[0]), cross(two, one, size[1])
        crossings.append(Crossing(*(torch.stack(each).nanmean(dim=0) for each in zip(there, back, strict=True))))
    return _Comparison(crossings, sizes, resolution)
