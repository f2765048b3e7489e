"""How exactly GPUs compute."""

from __future__ import annotations

from typing import Any

import torch


def exact_arithmetic() -> None:
    """Keep convolutions from rounding float32 to fewer bits, and from choosing algorithms at random."""
    cudnn: Any = torch.backends.cudnn
    cudnn.conv.fp32_precision = "ieee"
    cudnn.deterministic = True
    torch.backends.cuda.matmul.fp32_precision = "ieee"
