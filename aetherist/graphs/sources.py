"""Where models are found: in folders, and by the names of those that ship with Aetherist."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from aetherist.core.config import is_file, is_folder, recipe_names
from aetherist.core.errors import Diagnostic, Position, RecipeError, did_you_mean
from aetherist.core.weights import MANIFEST_FILE, RECIPE_FILE


def shipped_models() -> Path:
    """Return the folder of the models that ship with Aetherist; each is a folder of its name."""
    return Path(str(files("aetherist"))) / "models"


def model_names() -> list[str]:
    """Return the name of every model that can be given without a path."""
    return sorted(path.parent.name for path in shipped_models().glob(f"*/{MANIFEST_FILE}"))


def model_folder(source: str | Path) -> Path | None:
    """Return the folder of the model that ``source`` is: a path, or a name; ``None`` where it is no model.

    A model has precedence over a recipe of its name: the one has weights, and whoever wants the other wants to check
    or to train it.
    """
    if is_file(Path(source) / MANIFEST_FILE):
        return Path(source)
    if str(source) in model_names():
        return shipped_models() / str(source)
    return None


def source_names() -> list[str]:
    """Return every name that a model can be asked for by: those of models, and of recipes, which get fresh weights."""
    return list(dict.fromkeys([*model_names(), *recipe_names()]))


def require_source(source: str | Path) -> None:
    """Hold that ``source`` is a model or a recipe, by name or by path.

    Raises:
        RecipeError: AE101 if it is neither; offers the names that are near.
    """
    places = (Path(source), Path(source) / MANIFEST_FILE, Path(source) / RECIPE_FILE)
    if str(source) in source_names() or any(map(is_file, places)):
        return
    message = f"there is no model '{source}'"
    if is_folder(Path(source)):
        message = f"the folder '{source}' is no model: it holds no {MANIFEST_FILE} and no {RECIPE_FILE}"
    near = did_you_mean(str(source), source_names())
    fix = "give the name of a model or of a recipe, a model folder, or a recipe's YAML file"
    raise RecipeError([Diagnostic("AE101", message, where=Position(str(source), 0), notes=(near,), fix=fix)])
