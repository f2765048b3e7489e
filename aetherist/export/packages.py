"""Optional packages, imported where they are needed."""

from __future__ import annotations

import importlib
from typing import Any


class MissingPackageError(ValueError):
    """A kind of file needs a package that is not installed; the text says what to install."""


def needed(module: str, extra: str = "export") -> Any:
    """Import a module of an optional package.

    Raises:
        MissingPackageError: If it is not installed; says which extra has it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"this needs the package {error.name}; run pip install 'aetherist[{extra}]'"
        ) from None
