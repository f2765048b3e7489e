"""Tensors as pictures: what stands between a latent and the final picture can be looked at."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.core.ports import PortType
from aetherist.export.pictures import arrange, encode_picture, enlarge
from aetherist.graphs.generate import to_pixels

LARGEST, SMALLEST = 1024, 96
"""Pixels of the longest side: larger pictures are scaled down, smaller ones shown with larger pixels."""

SAMPLED = 65_536
"""Places that are looked at to find the directions in which features differ most."""


def picture_of(value: Tensor, type_: PortType) -> tuple[bytes, str] | None:
    """Return the first row of a batch as a PNG, and what it shows in words; ``None`` where there is nothing to see.

    Pictures, depth and opacity are as they are. Of planes and features the three directions in which they differ most
    (their first principal components) are red, green and blue. Styles are a row a layer.
    """
    if value.ndim < 3 or not value.numel() or not (value.is_floating_point() or value.dtype is torch.bool):
        return None
    row = torch.nan_to_num(value[0].detach().float().cpu())
    if row.ndim == 4 and row.shape[0] <= 8:
        planes = _components(row.transpose(0, 1)).transpose(0, 1)
        return _encoded(arrange(list(planes), len(planes), 1)), f"{len(planes)} planes, principal components"
    if row.ndim == 3 and row.shape[-1] == 3 and row.shape[0] not in (1, 3):
        return _encoded(_stretched(row.movedim(-1, 0))), "x, y and z as red, green and blue"
    if row.ndim == 3 and row.shape[0] in (1, 3):
        pixels, scale = to_pixels(row, type_.meaning)
        return _encoded(pixels), "as it is" if scale is None else f"black is {scale[0]:.3g}, white is {scale[1]:.3g}"
    if row.ndim == 3:
        return _encoded(_components(row)), "principal components"
    if row.ndim == 2 and max(row.shape) <= 4096:
        return _encoded(_stretched(row[None]).repeat_interleave(8, dim=1)), "a row a layer"
    return None


def _encoded(pixels: Tensor) -> bytes:
    longest = max(pixels.shape[-2:])
    if longest > LARGEST:
        height, width = (max(1, side * LARGEST // longest) for side in pixels.shape[-2:])
        values = F.interpolate(pixels[None].float(), (height, width), mode="area")[0]
        pixels = (values + 0.5).clamp(0, 255).to(torch.uint8)
    elif longest < SMALLEST:
        pixels = enlarge(pixels, -(-SMALLEST // longest))
    return encode_picture(pixels)


def _components(features: Tensor) -> Tensor:
    """Return features ``(C, ...)`` as colours ``(3, ...)`` uint8."""
    flat = features.flatten(1)
    flat = flat - flat.mean(dim=1, keepdim=True)
    some = flat[:, :: -(-flat.shape[1] // SAMPLED)]
    _, directions = torch.linalg.eigh(some @ some.T)
    axes = directions[:, -3:].flip(1)
    axes = axes * torch.where(axes.gather(0, axes.abs().argmax(dim=0, keepdim=True)) < 0, -1.0, 1.0)
    found = axes.T @ flat
    found = F.pad(found, (0, 0, 0, 3 - len(found)))
    return torch.cat([_stretched(channel) for channel in torch.split(found, 1)]).reshape(3, *features.shape[1:])


def _stretched(values: Tensor) -> Tensor:
    """Return numbers as uint8, so that all but the outermost hundredth of them have room."""
    flat = values.flatten()
    some = flat[:: -(-len(flat) // SAMPLED)].sort().values
    low, high = some[len(some) // 100], some[-1 - len(some) // 100]
    span = float(high - low) or 1.0
    return ((values - low) / span * 255 + 0.5).clamp(0, 255).to(torch.uint8)
