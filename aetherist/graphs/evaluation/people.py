"""Whether a person stays the same person from another camera."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.graphs.evaluation.context import Context
from aetherist.graphs.evaluation.geometry import yaw_of
from aetherist.graphs.evaluation.intervals import Estimate, mean_of
from aetherist.graphs.evaluation.networks import Embedder, embedder
from aetherist.graphs.evaluation.report import Figure, Missing, UnavailableError

NAMES = ("identity", "others")

FACING = 75.0
"""Yaw in degrees up to which a camera sees the face."""

EDGES = (0, 15, 30, 45, 60, 150)
"""Ends of the ranges of yaw between two cameras that are reported apart, in degrees."""


@attrs.frozen(eq=False)
class _Pairs:
    """Vectors of length 1 of two pictures each, ``(n, D)``, and who is on them."""

    first: Tensor
    second: Tensor
    people: Tensor

    @property
    def same(self) -> Tensor:
        """Return the cosine of each pair."""
        return (self.first * self.second).sum(dim=1).cpu()

    @property
    def others(self) -> Tensor:
        """Return the cosine of each first picture and a second one of somebody else, where there is one."""
        for shift in range(1, len(self.people)):
            if (self.people != self.people.roll(-shift)).all():
                return (self.first * self.second.roll(-shift, 0)).sum(dim=1).cpu()
        apart = self.people[:, None] != self.people
        return (self.first @ self.second.mT).cpu()[apart]


def measure_people(context: Context) -> list[Figure | Missing]:
    """Measure how alike a person is from two cameras, and how alike two people are.

    The cameras are pairs of the data's own, those from which it shows somebody twice; so the same pairs of real
    pictures are the yardstick.

    Raises:
        UnavailableError: If the network's weights, or cameras before faces, are not there.
    """
    reality, seed = context.reality, context.settings.seed
    yaws = yaw_of(reality.cameras)

    def fits(first: Tensor, second: Tensor) -> Tensor:
        return (yaws[first].abs() <= FACING) & (yaws[second].abs() <= FACING)

    network = embedder(context.settings.identity, context.subject.device)
    pairs = reality.pairs(context.images // 2, seed, "identity", fits)
    if len(pairs) < 2:
        raise UnavailableError(
            f"the data has no two pairs of cameras within {FACING:.0f} degrees of the front",
            "evaluate with data that shows faces",
        )
    made = _made(context, network, pairs)
    real = _real(context, network, pairs) if reality.paired else None
    common: dict[str, Any] = {
        "images": 2 * len(pairs),
        "yardstick_images": 2 * len(pairs) if real is not None else None,
        "network": network.label,
        "standard": network.standard,
    }
    notes = [] if real is not None else ["the data shows nobody twice: there is no figure of its own"]
    figures: list[Figure | Missing] = []
    if context.wants("identity"):
        apart = (yaws[pairs[:, 0]] - yaws[pairs[:, 1]]).abs()
        figures.append(
            Figure(
                "identity",
                mean_of(made.same, made.people, seed=seed),
                yardstick=_mean(real.same, real.people, seed) if real is not None else None,
                notes=(*notes, "read it beside 'others': a model that always shows one face has 1 in both"),
                details=tuple(_by_yaw(apart, made, real, seed)),
                **common,
            )
        )
    if context.wants("others"):
        figures.append(
            Figure(
                "others",
                mean_of(made.others, seed=seed),
                yardstick=_mean(real.others, None, seed) if real is not None else None,
                notes=tuple(notes),
                **common,
            )
        )
    return figures


def _mean(values: Tensor, people: Tensor | None, seed: int) -> Estimate | None:
    return mean_of(values, people, seed=seed) if len(values) else None


def _made(context: Context, network: Embedder, pairs: Tensor) -> _Pairs:
    latents = context.latents(len(pairs), "identity")
    both = []
    for side, what in enumerate(("people", "people from another camera")):
        cameras = context.reality.cameras[pairs[:, side]]
        vectors = [network(shown["image"]) for shown in context.shown(latents, cameras, None, what)]
        both.append(F.normalize(torch.cat(vectors), dim=1))
    return _Pairs(both[0], both[1], torch.arange(len(pairs)))


def _real(context: Context, network: Embedder, pairs: Tensor) -> _Pairs:
    what = ("real people", "real people from another camera")
    both = [F.normalize(context.embedded(network, pairs[:, side], what[side]), dim=1) for side in (0, 1)]
    return _Pairs(both[0], both[1], context.reality.identities[pairs[:, 0]])


def _by_yaw(apart: Tensor, made: _Pairs, real: _Pairs | None, seed: int) -> list[dict[str, Any]]:
    found = []
    for low, high in itertools.pairwise(EDGES):
        rows = (apart >= low) & (apart < high)
        if not rows.any():
            continue
        row: dict[str, Any] = {"yaw_between": [low, high], "pairs": int(rows.sum())}
        row |= attrs.asdict(mean_of(made.same[rows], made.people[rows], seed=seed))
        row["real"] = None
        if real is not None:
            row["real"] = attrs.asdict(mean_of(real.same[rows], real.people[rows], seed=seed))
        found.append(row)
    return found
