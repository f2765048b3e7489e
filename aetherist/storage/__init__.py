"""Where a gateway keeps things: artifacts by their content, and what is known of them in a database.

``Storage.open(database, artifacts)`` opens both. Everything here blocks; a server calls it from threads.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aetherist.storage.artifacts import Artifact, ArtifactStore
    from aetherist.storage.avatars import AvatarRow, ModelRow
    from aetherist.storage.errors import (
        AddressError,
        DamagedArtifact,
        DatabaseLocked,
        IdempotencyConflict,
        LostClaim,
        MissingArtifact,
        MissingDatabase,
        MissingError,
        OutdatedDatabase,
        QuotaExceeded,
        StorageError,
        StorageFull,
        StorageUnavailable,
    )
    from aetherist.storage.events import EventRow
    from aetherist.storage.jobs import JobRow
    from aetherist.storage.keys import SCOPES, KeyRow
    from aetherist.storage.storage import Storage

__all__ = [
    "SCOPES",
    "AddressError",
    "Artifact",
    "ArtifactStore",
    "AvatarRow",
    "DamagedArtifact",
    "DatabaseLocked",
    "EventRow",
    "IdempotencyConflict",
    "JobRow",
    "KeyRow",
    "LostClaim",
    "MissingArtifact",
    "MissingDatabase",
    "MissingError",
    "ModelRow",
    "OutdatedDatabase",
    "QuotaExceeded",
    "Storage",
    "StorageError",
    "StorageFull",
    "StorageUnavailable",
]

_HOMES = {
    "artifacts": ("Artifact", "ArtifactStore"),
    "avatars": ("AvatarRow", "ModelRow"),
    "events": ("EventRow",),
    "jobs": ("JobRow",),
    "keys": ("KeyRow", "SCOPES"),
    "storage": ("Storage",),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: object stores alone are of use without SQLAlchemy."""
    if name not in __all__:
        raise AttributeError(f"module 'aetherist.storage' has no attribute '{name}'")
    home = next((home for home, names in _HOMES.items() if name in names), "errors")
    return getattr(importlib.import_module(f"aetherist.storage.{home}"), name)
