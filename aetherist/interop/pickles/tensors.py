"""From numbers in a file to tensors of torch."""

from __future__ import annotations

import torch

from aetherist.interop.pickles.values import ITEM_SIZES, StoredTensor


def load(stored: StoredTensor) -> torch.Tensor:
    """Copy a stored tensor out of its file: a new, contiguous CPU tensor with the stored dtype and shape."""
    storage = stored.storage
    dtype: torch.dtype = getattr(torch, storage.dtype)
    if not stored.elements:
        return torch.empty(stored.shape, dtype=dtype)
    assert storage.data is not None, "the archive reader fills every storage"
    size = ITEM_SIZES[storage.dtype]
    span = bytearray(storage.data[stored.offset * size : (stored.offset + stored.span) * size])
    return (
        torch.frombuffer(span, dtype=dtype)
        .as_strided(stored.shape, stored.strides)
        .clone(memory_format=torch.contiguous_format)
    )
