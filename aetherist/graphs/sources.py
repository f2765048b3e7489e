"""Where models are found: in folders, and by the names of those that ship with Aetherist."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from aetherist.core.config import is_file
from aetherist.core.weights import MANIFEST_FILE


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
