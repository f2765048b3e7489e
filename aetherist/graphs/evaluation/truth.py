"""The model's pictures of people that the data shows: depth, outline and colour against the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from aetherist.components.embeddings import VGG16Features
from aetherist.components.losses import LPIPS
from aetherist.graphs.evaluation.context import Context
from aetherist.graphs.evaluation.geometry import View, head_size, reduced
from aetherist.graphs.evaluation.intervals import mean_of
from aetherist.graphs.evaluation.networks import perceptual
from aetherist.graphs.evaluation.report import Figure, Missing, UnavailableError
from aetherist.graphs.evaluation.similarity import intersection_over_union, psnr, ssim

NAMES = ("depth", "iou", "psnr", "ssim", "lpips")

_SHAPES = ("depth", "iou")
_SMALLEST = 16
"""Rows and columns that a picture needs for windows and feature maps."""


def measure_truth(context: Context) -> list[Figure | Missing]:
    """Show the people of the data from the cameras of their pictures, and measure how far off they are.

    Raises:
        UnavailableError: If the data does not say its people's latents.
    """
    known = context.reality.latents(context.subject.latent_dim)
    if isinstance(known, str):
        raise UnavailableError(
            known, "render data with 'aetherist data heads', which says latents, for a model that was trained on such"
        )
    missing: list[Figure | Missing] = []
    shapes = context.wants(*_SHAPES)
    if shapes:
        try:
            _require_shapes(context)
        except UnavailableError as error:
            shapes = False
            missing += [Missing(name, error.reason, error.fix) for name in _SHAPES if context.wants(name)]
    networks = None
    if context.wants("lpips"):
        try:
            networks = perceptual(context.settings.perceptual, context.subject.device)
        except UnavailableError as error:
            missing.append(Missing("lpips", error.reason, error.fix))
    if context.reality.resolution < _SMALLEST:
        raise UnavailableError(
            f"pictures of {context.reality.resolution} pixels are too small to compare", "evaluate with larger ones"
        )
    everyone = torch.arange(len(context.reality))
    numbers = context.reality.spread(everyone, context.settings.seed, "known")[: context.images]
    scores: dict[str, list[Tensor]] = {}
    if shapes or networks is not None or context.wants("psnr", "ssim"):
        for row in _scores(context, known, numbers, shapes, networks):
            for name, values in row.items():
                scores.setdefault(name, []).append(values.cpu())
    found = {name: torch.cat(values) for name, values in scores.items()}
    return [*missing, *_figures(context, found, context.reality.identities[numbers], networks)]


def _require_shapes(context: Context) -> None:
    context.require_depth()
    for field in ("depth", "mask"):
        lacking = context.reality.lacks(field)
        if lacking is not None:
            raise UnavailableError(lacking, "evaluate with data that has both, such as 'aetherist data heads' makes")


@torch.no_grad()
def _scores(
    context: Context,
    known: Tensor,
    numbers: Tensor,
    shapes: bool,
    networks: tuple[VGG16Features, LPIPS] | None,
) -> Iterator[dict[str, Tensor]]:
    """Yield the scores of each picture, a batch at a time."""
    reality, batch = context.reality, context.settings.batch
    cameras = reality.cameras[numbers]
    real = reality.pictures(numbers, batch)
    views = reality.views(numbers, batch) if shapes else None
    for shown in context.shown(known[numbers], cameras, None, "known people"):
        image = shown["image"]
        target = next(real).to(image)
        found: dict[str, Tensor] = {}
        if context.wants("psnr", "ssim"):
            found |= {"psnr": psnr(image, target), "ssim": ssim(image, target)}
        if networks is not None:
            look, distance = networks
            found["lpips"] = distance.distances(look(image), look(target))
        if views is not None:
            truth = View(*(each.to(shown["depth"]) for each in next(views)))
            found |= _shape_scores(View(image, shown["depth"], shown["alpha"], truth.camera), truth)
        yield found


def _shape_scores(shown: View, truth: View) -> dict[str, Tensor]:
    side = min(shown.depth.shape[-1], truth.depth.shape[-1])
    shown, truth = reduced(shown, side), reduced(truth, side)
    both = shown.mask & truth.mask
    gap = (shown.depth - truth.depth).abs().double() * both
    return {
        "depth": gap.sum(dim=(1, 2, 3)) / both.sum(dim=(1, 2, 3)),
        "iou": intersection_over_union(shown.mask, truth.mask),
        "size": head_size(truth),
    }


def _figures(
    context: Context,
    found: Mapping[str, Tensor],
    people: Tensor,
    networks: tuple[VGG16Features, LPIPS] | None,
) -> Iterator[Figure | Missing]:
    seed = context.settings.seed
    for name, values in found.items():
        if name == "depth" and context.wants(name):
            yield _depth(values, float(found["size"].nanmean()), people, seed)
        elif name == "lpips" and networks is not None:
            look, distance = networks
            standard = look.standard and distance.standard
            yield Figure(name, mean_of(values, people, seed=seed), len(values), network=look.label, standard=standard)
        elif context.wants(name):
            yield Figure(name, mean_of(values, people, seed=seed), len(values))


def _depth(errors: Tensor, size: float, people: Tensor, seed: int) -> Figure | Missing:
    kept = errors.isfinite()
    if not kept.any():
        return Missing("depth", "the model shows nobody where the data does: no masks overlap", "train the model")
    absolute = mean_of(errors[kept], people[kept], seed=seed)
    ends = "" if absolute.low is None else f" ({absolute.low:.4f} to {absolute.high:.4f})"
    notes = [
        f"mean absolute error along the rays inside both masks: {absolute.value:.4f}{ends} units of the world; head "
        f"size is the root of the area of the data's mask at its median depth, here {size:.3f}"
    ]
    left_out = int((~kept).sum())
    if left_out:
        notes.append(f"{left_out} pictures are left out: no part of the model's mask lies on the data's")
    return Figure("depth", absolute.scaled(100 / size), int(kept.sum()), notes=tuple(notes))
