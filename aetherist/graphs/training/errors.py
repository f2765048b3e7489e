"""What can go wrong while a model trains, said so that it can be mended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from aetherist.core.errors import AetheristError


class TrainingError(AetheristError, RuntimeError):
    """Training that cannot start or go on."""


class NonFiniteError(TrainingError):
    """A loss that is not a number, or infinite.

    Attributes:
        phase: Where.
        step: In which step, from 0.
        terms: What the phase reported, by output.
    """

    def __init__(self, phase: str, step: int, images: int, minimised: str, terms: Mapping[str, float]) -> None:
        self.phase, self.step, self.terms = phase, step, dict(terms)
        guilty = [name for name, value in terms.items() if not math.isfinite(value) and name != minimised]
        fine = [f"{name} = {value:.4g}" for name, value in terms.items() if math.isfinite(value)]
        blame = f"; so is {', '.join(guilty)}" if guilty else ""
        rest = f", while {', '.join(fine)}" if fine else ""
        self.text = (
            f"step {step} ({images} images), phase '{phase}': {minimised} is {terms[minimised]}{blame}{rest}. "
            "The phase has moved nothing"
        )
        super().__init__(self.text)

    def with_checkpoint(self, path: Path | None) -> NonFiniteError:
        """Say what to go on from."""
        last = f"the last good checkpoint is {path}" if path is not None else "there is no checkpoint yet"
        advice = "lower the learning rate, clip the gradient, or set training.nonfinite: skip"
        self.args = (f"{self.text}; {last}. {advice[0].upper()}{advice[1:]}",)
        return self
