"""NumPy's scalars and arrays, rebuilt from their bytes without NumPy."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from aetherist.interop.pickles.errors import PickleError
from aetherist.interop.pickles.values import ITEM_SIZES, Global, Storage, StoredTensor, kind, sizes

FORMATS = {
    "b1": ("?", "bool"), "i1": ("b", "int8"), "u1": ("B", "uint8"), "i2": ("h", "int16"), "u2": ("H", None),
    "i4": ("i", "int32"), "u4": ("I", None), "i8": ("q", "int64"), "u8": ("Q", None),
    "f2": ("e", "float16"), "f4": ("f", "float32"), "f8": ("d", "float64"),
}  # fmt: skip
"""NumPy's code -> the code of `struct`, and the dtype of a tensor where there is one."""


@dataclass(slots=True)
class NumberFormat:
    """A `numpy.dtype` of one number."""

    code: str
    order: str = "<"

    def build(self, state: object) -> None:
        """Take the byte order; structured and dated dtypes are refused."""
        match state:
            case (int(), "<" | ">" | "|" as order, None, None, None, *_):
                self.order = "<" if order == "|" else order
            case _:
                raise PickleError("a NumPy dtype that is no plain number")


@dataclass(slots=True, eq=False)
class StoredArray(StoredTensor):
    """A `numpy.ndarray`, empty until its state arrives."""

    def build(self, state: object) -> None:
        """Take shape, dtype, order of axes and bytes."""
        match state:
            case (int(), shape, NumberFormat() as number, bool(fortran), memoryview() as data):
                built = _array(data, number, sizes(shape), fortran)
            case _:
                raise PickleError("the state of a NumPy array is not (version, shape, dtype, order, bytes)")
        self.storage, self.offset = built.storage, built.offset
        self.shape, self.strides = built.shape, built.strides


def dtype(arguments: tuple[object, ...]) -> NumberFormat:
    """`numpy.dtype(code, align, copy)`."""
    match arguments:
        case (str(code), *_) if code in FORMATS:
            return NumberFormat(code)
        case (str(code), *_):
            raise PickleError(f"the NumPy dtype {code[:20]!a}; numbers of {', '.join(FORMATS)} can be read")
        case _:
            raise PickleError("a NumPy dtype without a code")


def scalar(arguments: tuple[object, ...]) -> object:
    """`numpy.core.multiarray.scalar(dtype, bytes)`, as a Python number."""
    match arguments:
        case (NumberFormat() as number, memoryview() as data):
            code = number.order + FORMATS[number.code][0]
            if len(data) != struct.calcsize(code):
                raise PickleError(f"a NumPy scalar {number.code} has {len(data)} bytes")
            return struct.unpack(code, data)[0]
        case _:
            raise PickleError(f"a NumPy scalar of {', '.join(map(kind, arguments)) or 'nothing'}")


def reconstruct(arguments: tuple[object, ...]) -> StoredArray:
    """`numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b"b")`: the array before its state."""
    match arguments:
        case (Global(module="numpy", name="ndarray"), (0,), _):
            return StoredArray(Storage("uint8", 0, memoryview(b"")), 0, (0,), (1,))
        case _:
            raise PickleError("a NumPy array that is not made as NumPy makes them")


def frombuffer(arguments: tuple[object, ...]) -> StoredTensor:
    """`numpy.core.numeric._frombuffer(bytes, dtype, shape, order)`, as protocol 5 writes arrays."""
    match arguments:
        case (memoryview() as data, NumberFormat() as number, shape, "C" | "F" as order):
            return _array(data, number, sizes(shape), order == "F")
        case _:
            raise PickleError("a NumPy array that is not (bytes, dtype, shape, order)")


def _array(data: memoryview, number: NumberFormat, shape: tuple[int, ...], fortran: bool) -> StoredTensor:
    name = FORMATS[number.code][1]
    if name is None or (number.order == ">" and ITEM_SIZES[name] > 1):
        raise PickleError(f"a NumPy array of {number.order}{number.code}; only torch's little-endian ones are read")
    storage = Storage(name, len(data) // ITEM_SIZES[name])
    storage.fill(data)
    strides = [1] * len(shape)
    axes = range(len(shape)) if fortran else range(len(shape) - 1, -1, -1)
    step = 1
    for axis in axes:
        strides[axis] = step
        step *= shape[axis]
    return StoredTensor(storage, 0, shape, tuple(strides))
