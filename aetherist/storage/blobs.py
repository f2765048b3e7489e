"""Bytes by their digests in a folder or an object store, without a database."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import attrs
import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, MemoryStore

from aetherist.storage.errors import AddressError, DamagedArtifact, MissingArtifact, StorageFull, StorageUnavailable
from aetherist.storage.objects import URL, open_url, refusals

IN_MEMORY = 8 << 20
"""Bytes of something that comes in parts before its draft goes to a file."""

AT_ONCE = 64 << 20
"""Bytes that are sent in one request, created unless they are there; larger ones go in parts, over equal ones."""

PART = 1 << 20
"""Bytes of a part that is read."""

REMEMBERED = 4096
"""Digests that are known to be intact."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FULL = ("os error 28", "os error 122", "No space left", "Disk quota exceeded")


@attrs.frozen
class Draft:
    """Bytes that are about to be kept, with their digest and size."""

    digest: str
    size: int
    file: IO[bytes] | bytes


@contextlib.contextmanager
def drafted(data: bytes | Iterable[bytes] | Path, folder: Path | None) -> Iterator[Draft]:
    """Find the digest of what comes; parts wait in memory or in a file without a name, which ends with the process."""
    if isinstance(data, bytes):
        yield Draft(hashlib.sha256(data).hexdigest(), len(data), data)
        return
    if isinstance(data, Path):
        with data.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            file.seek(0)
            yield Draft(digest, size, file)
        return
    with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder) if folder else None) as spool:
        hashed = hashlib.sha256()
        size = 0
        for part in data:
            hashed.update(part)
            size += len(part)
            try:
                spool.write(part)
            except OSError as error:
                raise StorageFull(f"{folder or tempfile.gettempdir()}: {error.strerror}; make room") from None
        spool.seek(0)
        yield Draft(hashed.hexdigest(), size, spool)


class Blobs:
    """A folder, or an object store by its address.

    Args:
        place: Which of them.
        make: Make the folder where there is none; without it that is one that holds nothing, and takes nothing.

    Raises:
        AddressError: If the address is none.
        StorageUnavailable: If the folder cannot be made.
    """

    def __init__(self, place: str, make: bool = True) -> None:
        self.folder: Path | None = None
        self._absent = False
        if URL.match(place) and not place.startswith("file://"):
            self.place = place.rstrip("/")
            self._store = open_url(self.place)
        else:
            self.folder = Path(place.removeprefix("file://")).absolute()
            self.place = str(self.folder)
            if self.folder.exists() and not self.folder.is_dir():
                raise AddressError(f"{self.folder} is a file; give a folder for the artifacts")
            with self._asked("/"):
                if make:
                    self.folder.mkdir(parents=True, exist_ok=True)
                self._absent = not self.folder.exists()
                self._store = MemoryStore() if self._absent else LocalStore(prefix=self.folder)
        self._intact: OrderedDict[str, str | None] = OrderedDict()
        self._lock = threading.Lock()

    def create(self, draft: Draft) -> None:
        """Keep a draft, unless its bytes are there already; others see all of it or nothing."""
        path = _path(draft.digest)
        if self._absent:
            raise StorageUnavailable(f"{self.folder} is not there, and was not to be made")
        with self._asked(draft.digest):
            try:
                there = obstore.head(self._store, path)
                if there["size"] == draft.size:
                    return
                # Somebody broke it: what is put heals it.
                self._put(path, draft, None)
            except FileNotFoundError:
                with contextlib.suppress(AlreadyExistsError):
                    self._put(path, draft, "create" if draft.size <= AT_ONCE else None)

    def read(self, digest: str) -> bytes:
        """Return what is there.

        Raises:
            MissingArtifact: If there is nothing.
            DamagedArtifact: If it is something else.
        """
        with self._asked(digest):
            data = bytes(obstore.get(self._store, _path(digest)).bytes())
        if hashlib.sha256(data).hexdigest() != digest:
            raise self._damaged(digest)
        return data

    def parts(self, digest: str, start: int, end: int) -> Iterator[bytes]:
        """Return some of what is there, in parts."""
        if start >= end:
            return
        with self._asked(digest):
            found = obstore.get(self._store, _path(digest), options={"range": (start, end)})
            for part in found.stream(min_chunk_size=PART):
                yield bytes(part)

    def demand_intact(self, digest: str, size: int) -> None:
        """Hold what is there to its digest, once for each version that the store knows of.

        Raises:
            MissingArtifact: If there is nothing.
            DamagedArtifact: If it is something else.
        """
        with self._asked(digest):
            there = obstore.head(self._store, _path(digest))
            version = there["e_tag"]
            with self._lock:
                if version is not None and self._intact.get(digest) == version:
                    return
            if there["size"] != size or self.digest(digest) != digest:
                raise self._damaged(digest)
        with self._lock:
            self._intact[digest] = version
            while len(self._intact) > REMEMBERED:
                self._intact.popitem(last=False)

    def digest(self, digest: str) -> str:
        """Return the digest that the bytes under a name really have."""
        hashed = hashlib.sha256()
        with self._asked(digest):
            for part in obstore.get(self._store, _path(digest)).stream(min_chunk_size=PART):
                hashed.update(part)
        return hashed.hexdigest()

    def size(self, digest: str) -> int:
        """Return how many bytes there are.

        Raises:
            MissingArtifact: If there is nothing.
        """
        with self._asked(digest):
            return obstore.head(self._store, _path(digest))["size"]

    def has(self, digest: str) -> bool:
        """Return whether there is something."""
        try:
            self.size(digest)
        except MissingArtifact:
            return False
        return True

    def delete(self, digest: str) -> None:
        """Remove what is there."""
        with self._asked(digest), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, _path(digest))

    def all(self) -> Iterator[tuple[str, int, datetime]]:
        """Return the digest, size and time of everything that is named by one."""
        with self._asked("/"):
            for page in obstore.list(self._store):
                for entry in page:
                    digest = entry["path"].rpartition("/")[2]
                    if _DIGEST.fullmatch(digest) and entry["path"] == _path(digest):
                        yield digest, entry["size"], entry["last_modified"]

    def old(self, before: datetime) -> list[str]:
        """Return the digests of what was there before a time."""
        return [digest for digest, _, at in self.all() if at < before]

    def tidy(self, before: datetime) -> None:
        """Remove the drafts of programs that were killed; an object store does so by rules of its own."""
        for path in self.folder.glob("??/*#*") if self.folder else ():
            with contextlib.suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                    path.unlink()

    def demand_working(self) -> None:
        """Raise an error if the store does not answer.

        Raises:
            StorageUnavailable: With what it said.
        """
        if self.folder is not None and not os.access(self.folder, os.W_OK | os.X_OK):
            raise StorageUnavailable(f"{self.folder} is not there, or cannot be written to")
        with self._asked("/"):
            next(iter(obstore.list(self._store, prefix="00", chunk_size=1)), None)

    def _damaged(self, digest: str) -> DamagedArtifact:
        said = f"artifact {digest} is damaged in {self.place}: its bytes do not have that digest"
        return DamagedArtifact(f"{said}; make it again or restore a backup")

    def _put(self, path: str, draft: Draft, mode: Any) -> None:
        if not isinstance(draft.file, bytes):
            draft.file.seek(0)
        try:
            obstore.put(self._store, path, draft.file, mode=mode, use_multipart=draft.size > AT_ONCE)
        except FileNotFoundError:
            raise OSError("there is no such place; make the bucket first") from None

    @contextlib.contextmanager
    def _asked(self, digest: str) -> Iterator[None]:
        try:
            with refusals(self.place):
                yield
        except FileNotFoundError:
            raise MissingArtifact(f"artifact {digest} is not in {self.place}") from None
        except OSError as error:
            if any(word in str(error) for word in _FULL):
                raise StorageFull(f"{error}; make room, nothing was kept") from None
            raise StorageUnavailable(str(error)) from None


def _path(digest: str) -> str:
    """Return the name of some bytes in the store; nothing but a digest ever becomes one."""
    if not _DIGEST.fullmatch(digest):
        raise MissingArtifact(f"{digest[:80]!r} is no digest of an artifact")
    return f"{digest[:2]}/{digest}"
