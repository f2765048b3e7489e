"""Imported by the server that forks processes: what takes long for the first time is done once, before they start."""

from __future__ import annotations

import torch

from tests.graphs.training import toys

torch.set_num_threads(1)
toys.trainer(toys.gan(length=8)).run()
