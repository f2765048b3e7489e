"""A TorchScript network small enough to be made by the tests that need one."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import warnings
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn


class PixelMeans(nn.Module):
    """Mean colours of the quarters of a picture, twelve numbers."""

    def forward(self, image: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(image, [2, 2]).flatten(1)


@cache
def pixel_means() -> Path:
    """Return the path of the network's file, which lasts as long as the process."""
    folder = Path(tempfile.mkdtemp(prefix="aetherist-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(PixelMeans()), folder / "means.pt")
    return folder / "means.pt"
