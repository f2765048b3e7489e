"""Hold that the PyTorch that was installed is of the kind that was asked for: ``cpu`` or ``cuda``."""

import sys

import torch


def fault(asked: str, cuda: str | None) -> str | None:
    """Say what is wrong with a build of PyTorch for ``cuda``, or for none."""
    if asked not in ("cpu", "cuda"):
        return f"VARIANT={asked}: write cpu or cuda"
    if asked == "cpu" and cuda is not None:
        return f"VARIANT=cpu, and these wheels are for CUDA {cuda}: give an index of CPU wheels as TORCH_INDEX"
    if asked == "cuda" and cuda is None:
        return "VARIANT=cuda, and these wheels are for the CPU: leave TORCH_INDEX out, or give an index of CUDA wheels"
    return None


if __name__ == "__main__":
    sys.exit(fault(sys.argv[1], torch.version.cuda))
