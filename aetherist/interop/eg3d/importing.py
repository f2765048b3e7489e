"""Importing: from a checkpoint file to a model folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from aetherist.core.check import check
from aetherist.core.component import Component
from aetherist.core.errors import RecipeError
from aetherist.core.recipe import Recipe
from aetherist.core.weights import save_model
from aetherist.interop.eg3d.arguments import CheckpointArguments, assumed, read_arguments, sort_unread
from aetherist.interop.eg3d.recipe import build_recipe
from aetherist.interop.eg3d.report import ImportReport
from aetherist.interop.eg3d.sources import read_checkpoint
from aetherist.interop.eg3d.weights import place
from aetherist.interop.errors import CheckpointError

MAX_REASONS = 10
DUAL_CHANNELS = 6
"""Channels that a dual discriminator reads: the picture and its raw rendering."""


def import_eg3d(
    source: Path,
    out: Path,
    *,
    arguments: Path | None = None,
    component: Literal["ema", "raw"] = "ema",
) -> ImportReport:
    """Turn an EG3D-format checkpoint into a model folder, and say what became of every tensor and argument.

    The folder's recipe has the graph `generate` (latent, pose and camera to image, raw and depth) and, where
    the checkpoint has a discriminator, `discriminate`. Nothing in the checkpoint is executed, and on failure
    nothing is written.

    Args:
        source: A training-snapshot pickle, or a state dict as `*.safetensors` with tensors named
            `G.<reference name>` and `D.<reference name>`.
        out: The folder to make; it may not exist yet.
        arguments: JSON with the constructor arguments (`generator`, `discriminator`,
            `neural_rendering_resolution`). A state dict needs it; for a pickle it replaces what is recorded.
        component: Which generator of a pickle: the moving average `G_ema`, or `G` as it was trained.

    Raises:
        CheckpointError: If the file is damaged, of another kind or hostile (`UnsafePickleError`), if arguments
            are missing or cannot be honoured, or if tensors are missing or misshapen.
    """
    if out.exists():
        raise CheckpointError(f"{out}: exists already; give a folder that does not")
    checkpoint = read_checkpoint(source, arguments, component)
    where = str(arguments or source)
    recorded = read_arguments(checkpoint.arguments, where)
    report = ImportReport(source, out, notes=checkpoint.notes)
    report.ignored, report.unknown = sort_unread(recorded)
    report.assumed = assumed(recorded)
    networks: dict[str, Mapping[str, Tensor]] = {"G": checkpoint.generator}
    reason = _left_out(checkpoint.discriminator, recorded)
    if checkpoint.discriminator is not None and reason is None:
        networks["D"] = checkpoint.discriminator
    elif reason is not None:
        report.notes.append(f"the discriminator is left out: {reason}")

    description = f"Imported from {_plain(checkpoint.described)}, an EG3D-format checkpoint."
    plain = build_recipe(_name(source), description, recorded, checkpoint.generator, judged="D" in networks)
    recipe, modules = _skeleton(plain, where)
    placement = place(networks, modules, str(source))
    report.components, report.dropped, report.surplus = (
        placement.components,
        placement.dropped,
        placement.surplus,
    )
    report.notes += [f"{name} holds numbers that are not finite" for name in placement.not_finite]
    try:
        save_model(out, recipe, modules, metadata={"imported_from": checkpoint.described, "format": "eg3d"})
    except OSError as fault:
        raise CheckpointError(f"{out}: cannot be written: {fault.strerror}") from None
    return report


def _skeleton(plain: Mapping[str, Any], where: str) -> tuple[Recipe, dict[str, Component]]:
    """The recipe as the core reads it, and its components without memory: arguments may ask for any size."""
    try:
        recipe = Recipe.read(plain, trusted=False)
        checked = check(recipe)
        checked.raise_for_errors()
        with torch.device("meta"):
            return recipe, {name: part.build() for name, part in checked.parts.items()}
    except RecipeError as fault:
        reasons = [f"{diagnostic.path}: {diagnostic.message}" for diagnostic in fault.diagnostics[:MAX_REASONS]]
    except ValueError as fault:
        reasons = [str(fault)]
    raise CheckpointError("\n  ".join([f"{where}: the constructor arguments make no sound recipe", *reasons]))


def _left_out(tensors: Mapping[str, Tensor] | None, recorded: CheckpointArguments) -> str | None:
    """Why a discriminator cannot come along, if there is one and it cannot."""
    if tensors is None:
        return None
    if recorded.discriminator is None:
        return "its constructor arguments are not given"
    entry = tensors.get(f"b{recorded.discriminator.img_resolution}.fromrgb.weight")
    if entry is not None and entry.ndim == 4 and entry.shape[1] != DUAL_CHANNELS:
        return f"it reads {entry.shape[1]} channels; a dual discriminator reads {DUAL_CHANNELS}"
    return None


def _plain(text: str) -> str:
    """`text` without what a recipe could take for an interpolation."""
    return re.sub(r"[^A-Za-z0-9_. -]", "_", text)


def _name(source: Path) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", source.stem).strip("-").lower() or "imported"
