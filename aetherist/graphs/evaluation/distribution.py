"""How the pictures of a model are distributed: FID, KID, FID3D; and whether they show the cameras asked for."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from torch import Tensor

from aetherist.graphs.evaluation.context import Context
from aetherist.graphs.evaluation.direction import DirectionRegressor
from aetherist.graphs.evaluation.distances import frechet, kernel
from aetherist.graphs.evaluation.intervals import mean_of
from aetherist.graphs.evaluation.networks import Embedder, embedder
from aetherist.graphs.evaluation.report import Figure, Missing

NAMES = ("fid", "kid", "fid3d", "pose")


@attrs.frozen(eq=False)
class _Sets:
    """Feature vectors: of real pictures to compare with, of two halves of the data, and of generated ones."""

    reference: Tensor
    reference_numbers: Tensor
    halves: tuple[Tensor, Tensor]
    halves_numbers: tuple[Tensor, Tensor]
    network: Embedder


def measure_distribution(context: Context) -> list[Figure | Missing]:
    """Measure what was asked for of FID, KID, FID3D and pose.

    Raises:
        UnavailableError: If the network's weights are not there.
    """
    network = embedder(context.settings.features, context.subject.device)
    sets = _real(context, network)
    latents = context.latents(context.images, "people")
    cameras = context.reality.cameras[sets.reference_numbers]
    figures: list[Figure | Missing] = []
    fid = None
    if context.wants("fid", "kid", "pose") or not context.subject.conditioned:
        made = _made(context, network, latents, cameras, cameras, "pictures")
        if context.wants("fid") or (context.wants("fid3d") and not context.subject.conditioned):
            fid = _fid(context, sets, made)
        if fid is not None and context.wants("fid"):
            figures.append(fid)
        if context.wants("kid"):
            figures.append(_kid(context, sets, made))
        if context.wants("pose"):
            figures.append(_pose(context, sets, made))
    if context.wants("fid3d"):
        if context.subject.conditioned:
            made = _made(context, network, latents, cameras, None, "pictures conditioned on the frontal pose")
            figures.append(attrs.evolve(_fid(context, sets, made), metric="fid3d"))
        else:
            assert fid is not None
            note = "the model is not conditioned on a pose, so FID3D is FID"
            figures.append(attrs.evolve(fid, metric="fid3d", notes=(*fid.notes, note)))
    return figures


def _real(context: Context, network: Embedder) -> _Sets:
    reality, seed = context.reality, context.settings.seed
    first, second = reality.halves(seed)
    count = min(context.images, len(first), len(second))
    if count == context.images:
        reference = first[:count]
    else:
        reference = reality.spread(torch.arange(len(reality)), seed, "reference")[: context.images]
    halves = first[:count], second[:count]
    needed = torch.unique(torch.cat([reference, *halves]))
    vectors = context.embedded(network, needed, "real pictures")
    place = torch.zeros(len(reality), dtype=torch.int64)
    place[needed] = torch.arange(len(needed))
    taken = [vectors[place[numbers].to(vectors.device)] for numbers in (reference, *halves)]
    return _Sets(taken[0], reference, (taken[1], taken[2]), halves, network)


def _made(
    context: Context, network: Embedder, latents: Tensor, cameras: Tensor, poses: Tensor | None, what: str
) -> Tensor:
    return torch.cat([network(shown["image"]) for shown in context.shown(latents, cameras, poses, what)])


def _common(context: Context, sets: _Sets) -> dict[str, Any]:
    return {
        "images": context.images,
        "yardstick_images": len(sets.halves[0]),
        "network": sets.network.label,
        "standard": sets.network.standard,
    }


def _notes(context: Context, sets: _Sets) -> list[str]:
    if len(sets.halves[0]) == context.images:
        return []
    return [
        f"the data's own figure is of {len(sets.halves[0])} pictures a side, not of {context.images}: "
        "it has no more people; with fewer --images the two compare"
    ]


def _fid(context: Context, sets: _Sets, made: Tensor) -> Figure:
    context.tell("FID: comparing, with an interval")
    identities, seed = context.reality.identities, context.settings.seed
    count, size = made.shape
    notes = _notes(context, sets)
    if count <= size:
        notes.append(
            f"{count} pictures are no more than the {size} numbers of a feature vector: FID is far above what many "
            "pictures would give; compare it with the data's own figure alone"
        )
    estimate = frechet(made, sets.reference, torch.arange(count), identities[sets.reference_numbers], seed=seed)
    groups = [identities[numbers] for numbers in sets.halves_numbers]
    yardstick = frechet(*sets.halves, *groups, seed=seed)
    return Figure("fid", estimate, yardstick=yardstick, notes=tuple(notes), **_common(context, sets))


def _kid(context: Context, sets: _Sets, made: Tensor) -> Figure:
    context.tell("KID: comparing, with an interval")
    seed = context.settings.seed
    estimate = kernel(made, sets.reference, seed=seed)
    notes = _notes(context, sets)
    return Figure(
        "kid", estimate, yardstick=kernel(*sets.halves, seed=seed), notes=tuple(notes), **_common(context, sets)
    )


def _pose(context: Context, sets: _Sets, made: Tensor) -> Figure:
    reality, seed = context.reality, context.settings.seed
    tested, fitted = sets.halves_numbers
    regressor = DirectionRegressor(sets.halves[1], reality.towards[fitted])
    own = regressor.errors(sets.halves[0], reality.towards[tested])
    asked = reality.towards[sets.reference_numbers]
    errors = regressor.errors(made, asked)
    blind = torch.nn.functional.normalize(reality.towards[fitted].mean(dim=0), dim=0)
    guess = mean_of(torch.rad2deg((asked @ blind).clamp(-1, 1).acos()), seed=seed).value
    notes = (
        f"estimated by a linear regressor on the features of {len(fitted)} real pictures; 'real' is its error on "
        f"{len(tested)} others, of other people: a figure near it is as good as this can tell",
        f"who always guessed the mean camera would be wrong by {guess:.1f} degrees",
    )
    return Figure(
        "pose",
        mean_of(errors, seed=seed),
        yardstick=mean_of(own, reality.identities[tested], seed=seed),
        notes=notes,
        **_common(context, sets),
    )
