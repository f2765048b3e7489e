"""MobileFace: a small network that tells faces apart."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.embeddings.frozen import CropConfig, FrozenNetwork, look_at_part
from aetherist.components.types import Embedding, Image
from aetherist.core import NameOrPath, component

SIZE = 112
_WIDTHS = (32, 32, 64, 128)


class _Stage(nn.Module):
    """Halve the resolution, then add two depthwise convolutions to what came out."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.point = nn.Conv2d(channels, width, 1, bias=False)
        self.down = nn.Conv2d(width, width, 3, stride=2, padding=1, groups=width, bias=False)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.prelu0, self.prelu1, self.prelu2 = (nn.PReLU(width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        short: Tensor = self.prelu0(self.down(self.point(x)))
        y: Tensor = self.prelu2(self.conv2(self.prelu1(self.conv1(short))))
        return short + y


@component("embedding.mobileface")
class MobileFace(FrozenNetwork):
    """Describe a face by 256 numbers that are alike for pictures of one person; small enough for a training loss.

    The picture should show the face alone, upright, from brow to chin and a little around it: see ``crop``.
    """

    class Config(CropConfig):
        """Which weights, and where the face is."""

        weights: NameOrPath | None = "mobileface"
        """A name from ``aetherist weights list``, or the path of a file; nothing for random ones."""

    config: Config

    scale: Tensor
    shift: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.conv = nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)
        self.prelu = nn.PReLU(32)
        self.stages = nn.ModuleList(_Stage(a, b) for a, b in zip((32, *_WIDTHS[:-1]), _WIDTHS, strict=True))
        self.fc = nn.Linear(2048, 256, bias=False)
        self.register_buffer("scale", torch.ones(256))
        self.register_buffer("shift", torch.zeros(256))
        self.freeze()

    def forward(self, image: Image["B 3 H W"]) -> Embedding["B 256"]:
        """Return the embedding of each picture; compare them by their cosine."""
        # The network takes (0..255 - 127.5) / 128.
        x = look_at_part(image, self.config.crop, SIZE) * (127.5 / 128)
        x = self.prelu(self.conv(x))
        for stage in self.stages:
            x = stage(x)
        return F.linear(x.flatten(1), self.fc.weight) * self.scale + self.shift
