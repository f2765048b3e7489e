"""Files that are whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield the name under which to write a file: beside its place, into which it is moved where the block ends well.

    Raises:
        OSError: If it cannot be written; names the file and not the draft. What was there before is still there.
    """
    path = Path(path)
    draft = draft_of(path)
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        raise refusal(error, path) from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: As of :func:`whole`.
    """
    with whole(path) as draft:
        draft.write_bytes(data)


def draft_of(path: Path) -> Path:
    """Return the name under which a file is written until it is whole: beside its place, of this process alone."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def refusal(error: OSError, path: Path) -> OSError:
    """Return an error of the system as one about the file that was asked for; it says where a folder is missing."""
    reason = error.strerror or os.strerror(error.errno or errno.EIO)
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and not path.parent.is_dir():
        reason = f"the folder {path.parent} is not there; make it first"
    return OSError(error.errno or errno.EIO, reason, str(path))
