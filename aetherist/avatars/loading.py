"""From a name to a model that makes avatars."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from aetherist.avatars import hub
from aetherist.avatars.keeping import DIRECTIONS_FILE
from aetherist.avatars.model import MEMORY, AvatarModel
from aetherist.components.styles import DirectionSet
from aetherist.core.config import is_file, recipe_names
from aetherist.core.errors import did_you_mean
from aetherist.graphs.model import Model
from aetherist.graphs.sources import model_folder, model_names, source_names


def load(
    source: str | Path,
    *,
    device: str | torch.device | None = None,
    overrides: Iterable[str] = (),
    directions: DirectionSet | str | Path | None = None,
    memory: int = MEMORY,
    seed: int = 0,
    **options: Any,
) -> AvatarModel:
    """Load a model that makes avatars.

    >>> portrait = aetherist.load("portrait")          # doctest: +SKIP
    >>> portrait.avatar(seed=7).render(yaw=0.3)        # doctest: +SKIP

    Args:
        source: The name of a model that ships, a model folder, a recipe by name or file (which gets fresh weights), or
            ``owner/name`` on a hub (extra ``hub``).
        device: Where to compute; the CPU by default.
        overrides: Of the recipe: ``components.renderer.samples=24``.
        directions: What edits follow, or its file; by default ``directions.safetensors`` of the model folder.
        memory: Bytes of planes to keep of the people that were looked at last.
        seed: For the weights of a recipe.
        options: For the hub: ``revision``, ``cache_dir``, ``local_files_only``, ``token``.

    Raises:
        ValueError: If there is no such model, it makes no avatars, or the directions belong to another one.
    """
    folder = model_folder(source)
    if folder is None and not _is_recipe(source):
        if not hub.REPOSITORY.fullmatch(str(source)):
            raise ValueError(
                f"there is no model '{source}': no name, folder or file, and no OWNER/NAME on a hub; "
                f"{did_you_mean(str(source), source_names())}"
            )
        folder = hub.download(str(source), **options)
    model = Model.open(source if folder is None else folder, seed=seed, overrides=overrides)
    if directions is None and folder is not None and is_file(folder / DIRECTIONS_FILE):
        directions = folder / DIRECTIONS_FILE
    if isinstance(directions, str | Path):
        directions = DirectionSet.load(directions)
    return AvatarModel(model.to(device), name=_name(source, model), directions=directions, memory=memory)


def _is_recipe(source: str | Path) -> bool:
    return Path(source).exists() or str(source) in recipe_names()


def _name(source: str | Path, model: Model) -> str:
    """Return what to call a model: as it is known where it has a name of its own, or else as its recipe."""
    named = str(source) in model_names() or (not Path(source).exists() and hub.REPOSITORY.fullmatch(str(source)))
    return str(source) if named else model.recipe.name
