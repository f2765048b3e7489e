"""Where a batch is kept: a folder, or an object store. Whatever is put is there whole or not at all."""

from __future__ import annotations

import contextlib
import re
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from aetherist.export.packages import MissingPackageError

_URL = re.compile(r"[a-z][a-z0-9+.-]+://")


class Store(ABC):
    """Named bytes; a name is a path with ``/``. It goes to other processes, and opens itself there.

    Every method raises an ``OSError`` that says what was refused.
    """

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, for people."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """Write, and replace what is there."""

    @abstractmethod
    def create(self, name: str, data: bytes) -> bool:
        """Write unless there is something; return whether it was written. Of any number at once, one is."""

    @abstractmethod
    def get(self, name: str) -> bytes | None:
        """Return what is there, ``None`` where there is nothing."""

    @abstractmethod
    def names(self, prefix: str) -> list[str]:
        """Return the names below a folder, in order."""

    @abstractmethod
    def delete(self, names: Iterable[str]) -> None:
        """Remove what is there under any of the names."""

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out while this one is at work, where the store can; it ends with the process."""
        yield


class FolderStore(Store):
    """A folder of this machine, or one that all machines of a cluster share.

    Drafts are written in ``.drafts`` and moved or linked into place.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).absolute()

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return str(self.folder)

    def put(self, name: str, data: bytes) -> None:
        """Write, and replace what is there."""
        with self._draft(data, name) as (draft, path):
            draft.replace(path)

    def create(self, name: str, data: bytes) -> bool:
        """Write unless there is something; return whether it was written."""
        with self._draft(data, name) as (draft, path):
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                return False
            return True

    def get(self, name: str) -> bytes | None:
        """Return what is there, ``None`` where there is nothing."""
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, prefix: str) -> list[str]:
        """Return the names below a folder, in order."""
        below = (self.folder / prefix).rglob("*")
        return sorted(path.relative_to(self.folder).as_posix() for path in below if path.is_file())

    def delete(self, names: Iterable[str]) -> None:
        """Remove what is there under any of the names, and the folders that are empty then."""
        folders = set()
        for name in names:
            path = self.folder / name
            path.unlink(missing_ok=True)
            folders.add(path.parent)
        for folder in folders - {self.folder}:
            with contextlib.suppress(OSError):
                folder.rmdir()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out, and clear away the drafts of those that were killed.

        Raises:
            ValueError: If another run is at work here.
        """
        import fcntl

        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"{self.folder} is a file; give a folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"another run is at work in {self.folder}; wait for it, or stop it") from None
            shutil.rmtree(self.folder / ".drafts", ignore_errors=True)
            try:
                yield
            finally:
                shutil.rmtree(self.folder / ".drafts", ignore_errors=True)

    @contextlib.contextmanager
    def _draft(self, data: bytes, name: str) -> Iterator[tuple[Path, Path]]:
        path = self.folder / name
        draft = self.folder / ".drafts" / uuid.uuid4().hex
        try:
            for folder in (draft.parent, path.parent):
                folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            yield draft, path
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


class ObjectStore(Store):
    """An object store by its address: ``s3://bucket/folder``, ``gs://...``, ``az://...``, ``memory:///``.

    Keys, regions and endpoints come from the environment, as each store's own tools read them.

    Args:
        url: Its address.
        opened: The store, where it is open already.

    Raises:
        ValueError: If the address is none.
        MissingPackageError: Without the extra ``batch``.
    """

    def __init__(self, url: str, opened: Any = None) -> None:
        self.url = url.rstrip("/")
        self._store = _opened(self.url) if opened is None else opened

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return self.url

    def put(self, name: str, data: bytes) -> None:
        """Write, and replace what is there."""
        with self._asked(name) as obstore:
            obstore.put(self._store, name, data)

    def create(self, name: str, data: bytes) -> bool:
        """Write unless there is something; return whether it was written."""
        from obstore.exceptions import AlreadyExistsError

        with self._asked(name) as obstore:
            try:
                obstore.put(self._store, name, data, mode="create")
            except AlreadyExistsError:
                return False
            return True

    def get(self, name: str) -> bytes | None:
        """Return what is there, ``None`` where there is nothing."""
        try:
            with self._asked(name) as obstore:
                return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            return None

    def names(self, prefix: str) -> list[str]:
        """Return the names below a folder, in order."""
        with self._asked(prefix) as obstore:
            return sorted(entry["path"] for page in obstore.list(self._store, prefix=prefix) for entry in page)

    def delete(self, names: Iterable[str]) -> None:
        """Remove what is there under any of the names."""
        gone = list(names)
        if gone:
            with contextlib.suppress(FileNotFoundError), self._asked(gone[0]) as obstore:
                obstore.delete(self._store, gone)

    @contextlib.contextmanager
    def _asked(self, name: str) -> Iterator[Any]:
        import obstore

        from aetherist.storage.objects import refusals

        with refusals(f"{self.url}/{name}"):
            yield obstore

    def __reduce__(self) -> tuple[Any, ...]:
        if self.url.startswith("memory:"):
            raise ValueError("a store in memory is of one process alone; give a folder, or an object store")
        return ObjectStore, (self.url,)


def open_store(place: str | Path) -> Store:
    """Return the store at a path or an address.

    Raises:
        ValueError: If the address is none of a store.
        MissingPackageError: If it is an address and the extra ``batch`` is not installed.
    """
    text = str(place)
    if not _URL.match(text):
        return FolderStore(place)
    if text.startswith("file://"):
        return FolderStore(text.removeprefix("file://"))
    return ObjectStore(text)


def _opened(url: str) -> Any:
    try:
        from aetherist.storage.objects import open_url
    except ImportError:
        raise MissingPackageError(f"{url}: object stores need obstore; pip install 'aetherist[batch]'") from None
    try:
        return open_url(url)
    except ValueError as error:
        raise ValueError(str(error)) from None
