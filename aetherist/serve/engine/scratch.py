"""Folders for files that are on their way from a worker to whoever asked for them."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import psutil

_OURS: set[Path] = set()
"""Folders that this very process made; others that carry its number are of one before it, in a container say."""


def open_scratch(base: Path) -> Path:
    """Make a folder of this process in ``base``; folders of processes that are gone are removed."""
    base.mkdir(parents=True, exist_ok=True)
    for old in base.iterdir():
        pid, _, mark = old.name.partition("-")
        if not mark or not pid.isdecimal() or old in _OURS:
            continue
        if int(pid) == os.getpid() or not psutil.pid_exists(int(pid)):
            remove(old)
    own = base / f"{os.getpid()}-{os.urandom(6).hex()}"
    own.mkdir(mode=0o700)
    _OURS.add(own)
    return own


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there and that can be done."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def remove_drafts(folder: Path, pid: int) -> None:
    """Remove what a process that died had begun to write."""
    for draft in folder.glob(f".*.{pid}.part"):
        remove(draft)
