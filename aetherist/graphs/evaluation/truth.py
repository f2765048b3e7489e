"""The model's pictures of people that the data shows: depth, outline and colour against the truth."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aetherist.graphs.evaluation.context import Context
from aetherist.graphs.evaluation.geometry import View, head_size, reduced
from aetherist.graphs.evaluation.intervals import mean_of
from aetherist.graphs.evaluation.networks import perceptual
from aetherist.graphs.evaluation.report import Figure, Missing, UnavailableError
from aetherist.graphs.evaluation.similarity import intersection_over_union, psnr, ssim

SHAPES = ("depth", "iou")
LIKENESS = ("psnr", "ssim")
PERCEPTION = ("lpips",)

_HOW = "render data with 'aetherist data heads', which says latents, and train on them; no GAN's own latents are known"


def measure_shapes(context: Context) -> list[Figure | Missing]:
    """Measure depth and outline of known people from known cameras.

    Raises:
        UnavailableError: If the data does not say its people's latents, depths or masks, or the model shows no depth.
    """
    known = _latents(context)
    for field in ("depth", "mask"):
        lacking = context.reality.lacks(field)
        if lacking is not None:
            raise UnavailableError(lacking, "evaluate with data that has both, such as 'aetherist data heads' makes")
    numbers = _numbers(context)
    reality, seed, batch = context.reality, context.settings.seed, context.settings.batch
    made = context.views(known[numbers], reality.cameras[numbers], "known people, their depth")
    errors, overlaps, sizes = [], [], []
    for shown, true in zip(made, reality.views(numbers, batch), strict=True):
        truth = View(*(each.to(shown.depth) for each in true))
        side = min(shown.depth.shape[-1], truth.depth.shape[-1])
        shown, truth = reduced(shown, side), reduced(truth, side)
        both = shown.mask & truth.mask
        gap = (shown.depth - truth.depth).abs().double() * both
        errors.append(gap.sum(dim=(1, 2, 3)) / both.sum(dim=(1, 2, 3)))
        overlaps.append(intersection_over_union(shown.mask, truth.mask))
        sizes.append(head_size(truth))
    error, overlap, size = (torch.cat(each).cpu() for each in (errors, overlaps, sizes))
    people = reality.identities[numbers]
    found = error.isfinite()
    figures: list[Figure | Missing] = []
    if context.wants("depth") and not found.any():
        figures.append(Missing("depth", "the model shows nobody where the data does: no masks overlap", "train it"))
    elif context.wants("depth"):
        unit = float(size.nanmean())
        absolute = mean_of(error[found], people[found], seed=seed)
        ends = "" if absolute.low is None else f" ({absolute.low:.4f} to {absolute.high:.4f})"
        notes = (
            f"mean absolute error along the rays inside both masks: {absolute.value:.4f}{ends} units of the world; "
            f"head size is the root of the area of the data's mask at its median depth, here {unit:.3f}",
            *_left_out(found),
        )
        figures.append(Figure("depth", absolute.scaled(100 / unit), int(found.sum()), notes=notes))
    if context.wants("iou"):
        figures.append(Figure("iou", mean_of(overlap, people, seed=seed), len(numbers)))
    return figures


def measure_likeness(context: Context) -> list[Figure | Missing]:
    """Measure how like the pictures of known people are to the data's.

    Raises:
        UnavailableError: If the data does not say its people's latents.
    """
    numbers = _numbers(context)
    found = _compared(context, "known people", lambda a, b: {"psnr": psnr(a, b), "ssim": ssim(a, b)})
    people = context.reality.identities[numbers]
    return [
        Figure(name, mean_of(values, people, seed=context.settings.seed), len(values))
        for name, values in found.items()
        if context.wants(name)
    ]


def measure_perception(context: Context) -> list[Figure | Missing]:
    """Measure how like pictures of known people look to a network.

    Raises:
        UnavailableError: If the data does not say its people's latents, or weights are not there.
    """
    _latents(context)
    look, distance = perceptual(context.settings.perceptual, context.subject.device)

    @torch.no_grad()
    def lpips(image: Tensor, target: Tensor) -> dict[str, Tensor]:
        return {"lpips": distance.distances(look(image), look(target))}

    values = _compared(context, "known people, as a network sees them", lpips)["lpips"]
    people = context.reality.identities[_numbers(context)]
    estimate = mean_of(values, people, seed=context.settings.seed)
    return [Figure("lpips", estimate, len(values), network=look.label, standard=look.standard and distance.standard)]


def _latents(context: Context) -> Tensor:
    found = context.reality.latents(context.subject.latent_dim)
    if isinstance(found, str):
        raise UnavailableError(found, _HOW)
    return found


def _numbers(context: Context) -> Tensor:
    everyone = torch.arange(len(context.reality))
    return context.reality.spread(everyone, context.settings.seed, "known")[: context.images]


def _compared(context: Context, what: str, score: Any) -> dict[str, Tensor]:
    """Return the scores of the model's pictures of known people against the data's, ``(n,)`` each."""
    known, numbers = _latents(context), _numbers(context)
    made = context.shown(known[numbers], context.reality.cameras[numbers], None, what)
    real = context.reality.pictures(numbers, context.settings.batch)
    found: dict[str, list[Tensor]] = {}
    for shown, true in zip(made, real, strict=True):
        image = shown["image"]
        for name, values in score(image, true.to(image)).items():
            found.setdefault(name, []).append(values.cpu())
    return {name: torch.cat(values) for name, values in found.items()}


def _left_out(found: Tensor) -> list[str]:
    count = int((~found).sum())
    return [f"{count} pictures are left out: no part of the model's mask lies on the data's"] if count else []
