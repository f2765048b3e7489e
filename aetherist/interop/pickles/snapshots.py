"""The vocabulary of training-snapshot pickles, and the way in: `read_pickle`."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path

from aetherist.interop.pickles import arrays
from aetherist.interop.pickles.archives import load_storage
from aetherist.interop.pickles.cursor import Cursor
from aetherist.interop.pickles.errors import PickleError, printable
from aetherist.interop.pickles.limits import Budget, Limits
from aetherist.interop.pickles.machine import Machine
from aetherist.interop.pickles.values import Record, Storage, StoredTensor, kind, sizes
from aetherist.interop.pickles.vocabulary import Rebuild, Vocabulary

RECORD_MODULES = ("torch.nn.modules.", "training.")
DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")


def read_pickle(source: Path | bytes, limits: Limits | None = None) -> object:
    """Read a training-snapshot pickle into plain values, `Record`s and `StoredTensor`s; nothing in it is
    executed.

    `source` is a path or the bytes themselves. Tensors stay in the file, which is mapped and not read whole;
    load one with `aetherist.interop.pickles.tensors.load`. The result may be nested deeply or refer to itself
    if its author meant harm: walk it with bounds.

    Raises `UnsafePickleError` for any global or operation outside of the format, naming it and its byte, and
    `PickleError` for damage and for what exceeds `limits`.
    """
    limits = limits or Limits()
    name = ascii(source.name)[1:-1] if isinstance(source, Path) else "pickle"
    data = memoryview(source) if isinstance(source, bytes) else _map(source)
    try:
        budget = Budget(limits, len(data))
    except PickleError as fault:
        raise PickleError(f"{name}: {fault}") from None
    _refuse_other_formats(bytes(data[:64]), name)
    return Machine(Cursor(data), _vocabulary(budget), budget, name).run()


def _map(path: Path) -> memoryview:
    try:
        with path.open("rb") as file:
            if file.seek(0, 2) == 0:
                raise PickleError(f"{path}: the file is empty")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as fault:
        raise PickleError(f"{path}: cannot be read: {fault.strerror}") from None


def _refuse_other_formats(start: bytes, name: str) -> None:
    """Say what a file is when it is plainly something else than a pickle."""
    what = None
    if start.startswith(b"PK\x03\x04"):
        what = "a zip archive (torch.save writes such); training snapshots are plain pickles"
    elif start.lstrip()[:1] == b"<":
        what = "a web page; the download probably met a log-in or an error page"
    elif start.startswith(b"version https://git-lfs"):
        what = "a Git LFS pointer; fetch the file itself with `git lfs pull`"
    elif start.startswith(b"\x1f\x8b"):
        what = "gzip-compressed; unpack it first"
    elif start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 1 << 32:
        what = "a safetensors file; name it *.safetensors and give its constructor arguments with --arguments"
    if what is not None:
        raise PickleError(f"{name}: this is {what}")


def _vocabulary(budget: Budget) -> Vocabulary:
    """A vocabulary for one reading; archives that the file mentions more than once are opened once."""
    opened: dict[int, tuple[memoryview, Storage]] = {}

    def storage(arguments: tuple[object, ...]) -> Storage:
        match arguments:
            case (memoryview() as data,):
                if id(data) not in opened:
                    opened[id(data)] = data, load_storage(data, budget)
                return opened[id(data)][1]
            case _:
                raise _misuse("torch.storage._load_from_bytes", arguments)

    def latin_bytes(arguments: tuple[object, ...]) -> memoryview:
        # Protocols 0 to 2 write byte strings so.
        match arguments:
            case (str(text), "latin1" | "latin-1"):
                budget.convert(len(text))
                try:
                    return memoryview(text.encode("latin-1"))
                except UnicodeEncodeError:
                    raise PickleError("a byte string holds characters that are no bytes") from None
            case _:
                raise _misuse("_codecs.encode", arguments)

    functions: dict[str, Rebuild] = {
        "torch_utils.persistence._reconstruct_persistent_obj": _persistent_object,
        "torch.storage._load_from_bytes": storage,
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_parameter": _parameter,
        "torch.Size": _size,
        "torch.device": _device,
        "collections.OrderedDict": _mapping("collections.OrderedDict"),
        "dnnlib.util.EasyDict": _mapping("dnnlib.util.EasyDict"),
        "_codecs.encode": latin_bytes,
        "numpy.dtype": arrays.dtype,
    }
    for core in ("numpy.core", "numpy._core"):
        functions[f"{core}.multiarray.scalar"] = arrays.scalar
        functions[f"{core}.multiarray._reconstruct"] = arrays.reconstruct
        functions[f"{core}.numeric._frombuffer"] = arrays.frombuffer
    for builtins in ("builtins", "__builtin__"):
        functions[f"{builtins}.set"] = _set
        functions[f"{builtins}.bytes"] = _empty_bytes
    return Vocabulary(
        functions=functions,
        mappings=frozenset({"collections.OrderedDict", "dnnlib.util.EasyDict"}),
        mentions=frozenset({"numpy.ndarray", *(f"torch.{dtype}" for dtype in DTYPES)}),
        record_modules=RECORD_MODULES,
    )


def _persistent_object(arguments: tuple[object, ...]) -> Record:
    match arguments:
        case ({"type": "class", "class_name": str(class_name), "state": dict(state)},):
            return Record(class_name, state)
        case _:
            raise _misuse("torch_utils.persistence._reconstruct_persistent_obj", arguments)


def _tensor(arguments: tuple[object, ...]) -> StoredTensor:
    match arguments:
        case (Storage() as storage, int(offset), shape, strides, *_):
            return StoredTensor(storage, offset, sizes(shape), sizes(strides))
        case _:
            raise _misuse("torch._utils._rebuild_tensor_v2", arguments)


def _parameter(arguments: tuple[object, ...]) -> StoredTensor:
    match arguments:
        case (StoredTensor() as data, *_):
            return data
        case _:
            raise _misuse("torch._utils._rebuild_parameter", arguments)


def _size(arguments: tuple[object, ...]) -> tuple[int, ...]:
    match arguments:
        case (shape,):
            return sizes(shape)
        case _:
            raise _misuse("torch.Size", arguments)


def _device(arguments: tuple[object, ...]) -> str:
    match arguments:
        case (str(kind_of_device), *_):
            return kind_of_device
        case _:
            raise _misuse("torch.device", arguments)


def _mapping(name: str) -> Callable[[tuple[object, ...]], dict[object, object]]:
    def rebuild(arguments: tuple[object, ...]) -> dict[object, object]:
        if arguments:
            raise _misuse(name, arguments)
        return {}

    return rebuild


def _set(arguments: tuple[object, ...]) -> frozenset[object]:
    match arguments:
        case (list(items),) if all(type(item) is str for item in items):
            return frozenset(items)
        case _:
            raise _misuse("builtins.set", arguments)


def _empty_bytes(arguments: tuple[object, ...]) -> memoryview:
    if arguments:
        raise _misuse("builtins.bytes", arguments)
    return memoryview(b"")


def _misuse(name: str, arguments: tuple[object, ...]) -> PickleError:
    given = ", ".join(kind(argument) for argument in arguments[:8]) or "nothing"
    return PickleError(f"{printable(name)} is given {given}, as no writer of this format does")
