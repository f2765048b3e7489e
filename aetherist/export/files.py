"""Files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class MissingPackageError(ValueError):
    """A kind of file needs a package that is not installed; the text says what to install."""


def draft_of(path: Path) -> Path:
    """Return the name under which a file is written until it is whole: beside its place, of this process alone."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file under a temporary name beside its place and rename it into place.

    Raises:
        OSError: If it cannot be written, naming it and not the draft; what was there before is still there.
    """
    path = Path(path)
    draft = draft_of(path)
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
