"""Face recognition by a residual network, for evaluation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.embeddings.frozen import CropConfig, FrozenNetwork, Normalize, look_at_part
from aetherist.components.types import Embedding, Image
from aetherist.core import NameOrPath, component

SIZE = 150
_MEAN = (122.782, 117.001, 104.298)

BLOCKS = (
    *(f"conv32_{i}" for i in (1, 2, 3)),
    "conv64_down",
    *(f"conv64_{i}" for i in (1, 2, 3)),
    "conv128_down",
    *(f"conv128_{i}" for i in (1, 2)),
    "conv256_down",
    *(f"conv256_{i}" for i in (1, 2)),
    "conv256_down_out",
)
"""The residual blocks in their order; a number is the width, ``down`` halves the resolution."""


class ScaledConv(nn.Module):
    """A convolution, then a scale and a shift of each channel."""

    def __init__(self, channels: int, width: int, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, size, stride=stride, padding=1 if stride == 1 else 0)
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to ``(B, width, ...)``."""
        y: Tensor = self.conv(x)
        return y * self.scale[:, None, None] + self.shift[:, None, None]


class _Block(nn.Module):
    def __init__(self, channels: int, width: int, down: bool) -> None:
        super().__init__()
        self.down = down
        self.conv1 = ScaledConv(channels, width, stride=2 if down else 1)
        self.conv2 = ScaledConv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv2(F.relu(self.conv1(x)))
        if self.down:
            # The two ways round differently, and the narrower has fewer channels: zeros make up for both.
            x = F.avg_pool2d(x, 2)
            height, width = max(x.shape[2], y.shape[2]), max(x.shape[3], y.shape[3])
            y = F.pad(y, (0, width - y.shape[3], 0, height - y.shape[2]))
            x = F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, y.shape[1] - x.shape[1]))
        return F.relu(x + y)


@component("embedding.face_recognition")
class FaceRecognition(FrozenNetwork):
    """Describe a face by 128 numbers, 0.6 apart for different people and less for one; for evaluation.

    The residual network of dlib, as ported to browsers. The picture should show the face upright, with a margin of a
    quarter: see ``crop``.
    """

    class Config(CropConfig):
        """Which weights, and where the face is."""

        weights: NameOrPath | None = "face-recognition"
        """A name from ``aetherist weights list``, or the path of a file; nothing for random ones."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.normalize = Normalize([value / 127.5 - 1 for value in _MEAN], [256 / 127.5] * 3, stored=False)
        self.stem = ScaledConv(3, 32, size=7, stride=2)
        self.blocks = nn.ModuleDict()
        channels = 32
        for name in BLOCKS:
            width = int(name.removeprefix("conv").partition("_")[0])
            self.blocks[name] = _Block(channels, width, "down" in name)
            channels = width
        self.fc = nn.Linear(256, 128, bias=False)
        self.freeze()

    def forward(self, image: Image["B 3 H W"]) -> Embedding["B 128"]:
        """Return the embedding of each picture; compare them by their distance."""
        x = self.normalize(look_at_part(image, self.config.crop, SIZE))
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2)
        for block in self.blocks.values():
            x = block(x)
        embedding: Tensor = self.fc(x.mean(dim=(2, 3)))
        return embedding
