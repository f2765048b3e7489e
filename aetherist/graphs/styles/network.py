"""A small network that reads attributes off pictures."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIZE = 128
"""Rows and columns of the pictures that it takes."""

_LOOK = 64
_FACE = (44, 108, 32, 96)
"""Top, bottom, left and right of the face in pictures cropped as FFHQ is, or rendered by ``aetherist.data.heads``."""

_WIDTHS = (24, 48, 96, 128)


class AttributeNetwork(nn.Module):
    """Looks at the whole picture at half its size, and at the face at all of it; then one number an attribute.

    Args:
        outputs: How many numbers.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.whole, self.face = _features(), _features()
        self.head = nn.Sequential(nn.Linear(2 * _WIDTHS[-1] * (_LOOK // 16) ** 2, 128), nn.SiLU())
        self.last = nn.Linear(128, outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Map pictures ``(B, 3, SIZE, SIZE)`` in [-1, 1] to ``(B, outputs)``."""
        top, bottom, left, right = _FACE
        whole = self.whole(F.avg_pool2d(images, SIZE // _LOOK))
        face = self.face(images[..., top:bottom, left:right])
        numbers: Tensor = self.last(self.head(torch.cat([whole, face], dim=1)))
        return numbers


def _features() -> nn.Sequential:
    """Return convolutions that halve a picture four times."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise((3, *_WIDTHS)):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GroupNorm(4, after), nn.SiLU()]
        if before > 3:
            layers += [nn.Conv2d(after, after, 3, padding=1, groups=4), nn.GroupNorm(4, after), nn.SiLU()]
    return nn.Sequential(*layers, nn.Flatten())


def sized(images: Tensor) -> Tensor:
    """Return pictures ``(B, 3, H, W)`` at the size that the network looks at, rounded to 8 bits as files are."""
    if images.shape[-1] != SIZE:
        images = F.interpolate(images, size=(SIZE, SIZE), mode="bilinear", align_corners=False, antialias=True)
    return (images * 127.5 + 127.5).round().clamp(0, 255) / 127.5 - 1


def disturbed(images: Tensor, draws: torch.Generator) -> Tensor:
    """Return pictures mirrored, softened, brightened and darkened by chance: what attributes do not hang on."""
    count = len(images)

    def chance(*shape: int) -> Tensor:
        return torch.rand(shape, generator=draws).to(images.device)

    mirrored = chance(count, 1, 1, 1) < 0.5
    images = torch.where(mirrored, images.flip(-1), images)
    coarse = SIZE - int(chance(1) * SIZE // 2)
    soft = F.interpolate(images, size=(coarse, coarse), mode="bilinear", align_corners=False, antialias=True)
    soft = F.interpolate(soft, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    images = torch.where(chance(count, 1, 1, 1) < 0.5, soft, images)
    return images * (0.85 + 0.3 * chance(count, 1, 1, 1)) + 0.2 * (chance(count, 1, 1, 1) - 0.5)


def fit(
    network: AttributeNetwork, images: Tensor, wanted: Tensor, *, epochs: int, batch: int, seed: int
) -> list[float]:
    """Train the network; return the mean loss of each epoch.

    Args:
        network: On the device to use.
        images: ``(N, 3, SIZE, SIZE)`` uint8.
        wanted: ``(N, outputs)``, standardised.
        epochs: How often each picture is looked at.
        batch: Pictures a step.
        seed: Of everything that is drawn.
    """
    device = next(network.parameters()).device
    draws = torch.Generator().manual_seed(seed)
    steps = epochs * -(-len(images) // batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    losses = []
    network.train()
    for _ in range(epochs):
        total = 0.0
        for rows in torch.split(torch.randperm(len(images), generator=draws), batch):
            shown = disturbed(images[rows].to(device).float() / 127.5 - 1, draws)
            loss = F.smooth_l1_loss(network(shown), wanted[rows].to(device))
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        losses.append(total / len(images))
    network.eval()
    return losses
