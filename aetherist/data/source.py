"""Where the files of a data set come from: a folder, or a zip that is read without unpacking."""

from __future__ import annotations

import os
import zipfile
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol


class Source(Protocol):
    """Named files; safe to copy into other processes."""

    path: Path

    def names(self) -> list[str]:
        """Return the names of all files, sorted, with forward slashes."""

    def read(self, name: str) -> bytes:
        """Return the content of a file; raises ``FileNotFoundError`` or ``OSError``."""


class FolderSource:
    """The files below a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _names(self) -> list[str]:
        return sorted(file.relative_to(self.path).as_posix() for file in self.path.rglob("*") if file.is_file())

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return self._names

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts:
            raise FileNotFoundError(f"{name} leads out of {self.path}")
        return (self.path / place).read_bytes()


class ZipSource:
    """The files of a zip. A handle belongs to one process: it is opened anew after a fork or a pickling."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handles: dict[int, zipfile.ZipFile] = {}
        self._zip()

    def _zip(self) -> zipfile.ZipFile:
        process = os.getpid()
        if process not in self._handles:
            self._handles = {process: zipfile.ZipFile(self.path)}
        return self._handles[process]

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(info.filename for info in self._zip().infolist() if not info.is_dir())

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        try:
            return self._zip().read(name)
        except KeyError:
            raise FileNotFoundError(f"{name} is not in {self.path}") from None
        except zipfile.BadZipFile as error:
            raise OSError(f"{name} in {self.path} is damaged: {error}") from None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_handles": {}}


def open_source(path: str | Path) -> Source:
    """Open a folder or a zip.

    Raises:
        ValueError: If there is nothing at ``path``, or something else.
    """
    path = Path(path)
    if path.is_dir():
        return FolderSource(path)
    if not path.exists():
        raise ValueError(f"{path}: no such folder or zip")
    try:
        return ZipSource(path)
    except zipfile.BadZipFile:
        raise ValueError(f"{path}: neither a folder nor a zip that can be read") from None
