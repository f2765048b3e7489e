"""The arithmetic inside the graphs: full, or half where autocast thinks it safe."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch.amp import GradScaler

from aetherist.graphs.training.spec import Precision

HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


def arithmetic(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context in which a graph is evaluated."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=HALF[precision])


def scaler(precision: Precision, device: torch.device) -> GradScaler:
    """Return what keeps small gradients above the least number of fp16; it does nothing in another precision."""
    return GradScaler(device.type, enabled=precision == "fp16")
