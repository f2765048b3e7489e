"""How many bytes of tensors are alive, watched operation by operation."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the storages that operations make, until they are dropped; works on fake tensors too.

    Scratch space that an operation takes and gives back within itself is not seen.

    Attributes:
        live: Bytes alive now.
        peak: The most that was alive since the start, or since :meth:`restart`.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = 0
        self.peak = 0
        self._seen: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    def ignore(self, tree: Any) -> None:
        """Leave the tensors in ``tree`` out of the count, and whatever shares their storage."""
        for storage in _storages(tree):
            self._seen[storage._cdata] = storage

    def hold(self, tree: Any) -> None:
        """Count the tensors in ``tree``."""
        for storage in _storages(tree):
            if self._seen.get(storage._cdata) is storage:
                continue
            self._seen[storage._cdata] = storage
            size = storage.nbytes()
            self.live += size
            self.peak = max(self.peak, self.live)
            weakref.finalize(storage, self._drop, size)

    def restart(self) -> int:
        """Forget the peak so far; return what is alive now."""
        self.peak = self.live
        return self.live

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count what an operation returns."""
        result = func(*args, **(kwargs or {}))
        self.hold(result)
        return result

    def _drop(self, size: int) -> None:
        self.live -= size


def _storages(tree: Any) -> list[torch.UntypedStorage]:
    return [leaf.untyped_storage() for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def size_of(tree: Any) -> int:
    """Return the bytes of the tensors in ``tree``; a storage that several share counts once."""
    return sum({storage._cdata: storage.nbytes() for storage in _storages(tree)}.values())
