"""Half precision: which dtype is meant, and what keeps small gradients from vanishing in it."""

from __future__ import annotations

import torch
from torch.amp import GradScaler

from aetherist.graphs.training.spec import Precision

HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


def scaler(precision: Precision, device: torch.device) -> GradScaler:
    """Return what keeps small gradients above the least number of fp16; it does nothing in another precision."""
    return GradScaler(device.type, enabled=precision == "fp16")
