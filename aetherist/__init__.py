"""Aetherist: a component-graph framework for 3D-aware generative avatars.

>>> portrait = aetherist.load("portrait")          # doctest: +SKIP
>>> portrait.avatar(seed=7).render(yaw=0.3)        # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aetherist.avatars import Avatar, AvatarModel, load

__version__ = "0.1.0"

__all__ = ["Avatar", "AvatarModel", "__version__", "load"]


def __getattr__(name: str) -> Any:
    """Import what avatars need once it is asked for: PyTorch and the rest."""
    if name in ("Avatar", "AvatarModel", "load"):
        return getattr(importlib.import_module("aetherist.avatars"), name)
    raise AttributeError(f"module 'aetherist' has no attribute '{name}'")
