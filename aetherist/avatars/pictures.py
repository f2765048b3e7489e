"""Pictures in the forms that people ask for."""

from __future__ import annotations

from typing import Any, Literal

from PIL import Image
from torch import Tensor

from aetherist.components.cameras import Cameras
from aetherist.graphs.generate import to_pixels

Form = Literal["pil", "tensor", "numpy"]
"""A ``PIL.Image``; the values themselves, ``(C, H, W)``; uint8 ``(H, W, 3)``, or ``(H, W)`` of one channel."""


def shaped(values: Tensor, meaning: str | None, form: Form) -> Any:
    """Return a picture ``(C, H, W)`` in the form that is asked for.

    Raises:
        ValueError: If the form is unknown, or a number is not finite.
    """
    if form == "tensor":
        return values
    if form not in ("pil", "numpy"):
        raise ValueError(f"as_={form!r}: write 'pil', 'tensor' or 'numpy'")
    if not values.isfinite().all():
        raise ValueError("the picture has numbers that are not finite: the styles or the weights are damaged")
    pixels, _ = to_pixels(values, meaning)
    array = pixels.movedim(0, -1).contiguous().cpu().numpy()
    array = array if array.shape[-1] == 3 else array[..., 0]
    return Image.fromarray(array) if form == "pil" else array


def vectors(cameras: Cameras | Tensor) -> Tensor:
    """Return cameras as ``(N, 25)``."""
    vectors = cameras.vector if isinstance(cameras, Cameras) else cameras
    if vectors.shape[-1] != 25 or vectors.ndim > 2:
        raise ValueError(f"cameras of the shape {tuple(vectors.shape)}: give Cameras, or 25 numbers each")
    return vectors.reshape(-1, 25)
