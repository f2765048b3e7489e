"""Fake CUDA tensors where PyTorch was built without CUDA.

Much of PyTorch's Python binding, ``tensor[...]`` among it, asks for its device's guard before it reaches the
dispatcher. A CUDA build without a GPU lends fake tensors a guard that does nothing; a CPU build has none for CUDA, and
refuses. The CPU's guard does nothing either, so it can stand in: in such a build no CUDA tensor but a fake one exists.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import torch

_GUARDS = "_ZN3c104impl26device_guard_impl_registryE"  # c10::impl::device_guard_impl_registry, indexed by device type
_CPU, _CUDA = 0, 1


@cache
def allow_fake_cuda() -> bool:
    """Make fake CUDA tensors usable in this process; return whether they are."""
    if torch.backends.cuda.is_built():
        return True
    for library in sorted((Path(torch.__file__).parent / "lib").glob("*c10.*")):
        try:
            guards = (ctypes.c_void_p * 2).in_dll(ctypes.CDLL(str(library)), _GUARDS)
        except (OSError, ValueError):
            continue
        guards[_CUDA] = guards[_CUDA] or guards[_CPU]
        return True
    return False
