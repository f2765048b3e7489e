"""The tensor archives inside a pickle: what `torch.save` writes for one storage, in its two formats.

The older format is a row of pickles (a magic number, a version, facts about the machine, the object, the keys
of its storages) followed by the numbers: for each key eight bytes of length, then the data. The newer one is
a zip with the object in `data.pkl` and the numbers in `data/KEY`. Both are read by the same machine, with a
vocabulary that holds nothing but the storage classes; `torch.load` takes no part.
"""

from __future__ import annotations

import io
import zipfile

from aetherist.interop.pickles.cursor import Cursor
from aetherist.interop.pickles.errors import PickleError, printable
from aetherist.interop.pickles.limits import Budget
from aetherist.interop.pickles.machine import Machine
from aetherist.interop.pickles.values import Global, Storage, kind
from aetherist.interop.pickles.vocabulary import Vocabulary

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
SOURCE = "embedded tensor archive"
ZIP_START = b"PK\x03\x04"
MAX_ENTRIES = 1000

STORAGE_CLASSES = {
    "torch.DoubleStorage": "float64", "torch.FloatStorage": "float32", "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16", "torch.LongStorage": "int64", "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16", "torch.CharStorage": "int8", "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool", "torch.storage.UntypedStorage": "uint8",
}  # fmt: skip

VOCABULARY = Vocabulary(mentions=frozenset(STORAGE_CLASSES))


def load_storage(data: memoryview, budget: Budget) -> Storage:
    """The storage in an embedded archive of either format; its numbers stay where they are."""
    read = _read_zip if bytes(data[:4]) == ZIP_START else _read_legacy
    root, storages = read(data, budget)
    if not isinstance(root, Storage):
        raise PickleError(f"an {SOURCE} holds {kind(root)}, and should hold one storage")
    if root.data is None:
        raise PickleError(f"an {SOURCE} announces a storage and does not hold it ({len(storages)} announced)")
    return root


def _read_legacy(data: memoryview, budget: Budget) -> tuple[object, dict[str, Storage]]:
    cursor = Cursor(data)
    storages: dict[str, Storage] = {}

    def part() -> object:
        return _run(cursor, budget, storages)

    if part() != MAGIC or part() != VERSION:
        raise PickleError(f"an {SOURCE} does not begin with torch's magic number and version {VERSION}")
    match part():
        case {"little_endian": True}:
            pass
        case _:
            raise PickleError(f"an {SOURCE} was not written by a little-endian machine")
    root = part()
    keys = part()
    if not isinstance(keys, list) or len(keys) > MAX_ENTRIES:
        raise PickleError(f"an {SOURCE} has no list of keys")
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None or cursor.unsigned(8) != storage.count:
            raise PickleError(f"an {SOURCE} holds another storage than it announces")
        storage.fill(cursor.take(storage.size))
    return root, storages


def _read_zip(data: memoryview, budget: Budget) -> tuple[object, dict[str, Storage]]:
    storages: dict[str, Storage] = {}
    budget.convert(len(data))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()[:MAX_ENTRIES]}
    except Exception as fault:
        # The zip reader meets hostile directories with errors of many kinds; to the caller they are one.
        raise PickleError(f"an {SOURCE} is a damaged zip: {printable(str(fault))}") from None

    def content(name: str) -> memoryview:
        entry = entries.get(name)
        if entry is None or entry.compress_type != zipfile.ZIP_STORED or entry.file_size > len(data):
            raise PickleError(f"an {SOURCE} has no plain entry {printable(name)}")
        budget.convert(entry.file_size)
        try:
            return memoryview(archive.read(entry))
        except Exception as fault:
            reason = printable(str(fault))
            raise PickleError(f"an {SOURCE} has a damaged entry {printable(name)}: {reason}") from None

    if "byteorder" in entries and bytes(content("byteorder")) != b"little":
        raise PickleError(f"an {SOURCE} was not written by a little-endian machine")
    cursor = Cursor(content("data.pkl"))
    root = _run(cursor, budget, storages)
    for key, storage in storages.items():
        storage.fill(content(f"data/{key}"))
    return root, storages


def _run(cursor: Cursor, budget: Budget, storages: dict[str, Storage]) -> object:
    return Machine(cursor, VOCABULARY, budget, SOURCE, lambda identifier: _declare(identifier, storages)).run()


def _declare(identifier: object, storages: dict[str, Storage]) -> Storage:
    """The storage that a persistent identifier announces; its numbers come later."""
    match identifier:
        case ("storage", Global() as cls, str(key), str(), int(count), *view) if view in ([], [None]) and count >= 0:
            dtype = STORAGE_CLASSES[cls.qualified]
        case _:
            raise PickleError(f"an {SOURCE} announces a storage in a way that torch does not")
    storage = storages.setdefault(key, Storage(dtype, count))
    if (storage.dtype, storage.count) != (dtype, count):
        raise PickleError(f"an {SOURCE} announces storage {printable(key)} twice and differently")
    return storage
