"""Numbers that training steers while it runs: the strength of augmentation, by how sure the discriminator is."""

from __future__ import annotations

from collections.abc import Mapping

from aetherist.graphs.training.spec import ControlSpec


class Controls:
    """Numbers that rise while the mean sign of an output lies above its target, and fall below it.

    A discriminator that overfits takes nearly every real picture for real: the mean sign of its logits nears 1.
    Karras et al. 2020, "Training GANs with Limited Data", section 3.
    """

    def __init__(self, specs: Mapping[str, ControlSpec]) -> None:
        self.specs = dict(specs)
        self.values = {name: spec.start for name, spec in specs.items()}

    def watched(self, phase: str) -> list[str]:
        """Return the outputs of a phase whose signs are wanted."""
        pairs = [spec.watch.partition(".") for spec in self.specs.values()]
        return sorted({output for name, _, output in pairs if name == phase})

    def steer(self, signs: Mapping[str, float], images: int) -> None:
        """Move every number whose output was seen.

        Args:
            signs: The mean sign of each output, by ``phase.output``.
            images: How many images have been seen since the last time.
        """
        for name, spec in self.specs.items():
            if spec.watch in signs:
                excess = signs[spec.watch] - spec.target
                way = images / spec.over * (1 if excess > 0 else -1 if excess < 0 else 0)
                self.values[name] = min(max(self.values[name] + way, 0.0), spec.limit)

    def load(self, values: Mapping[str, float]) -> None:
        """Take up the values of a checkpoint."""
        self.values = {name: float(values.get(name, spec.start)) for name, spec in self.specs.items()}
