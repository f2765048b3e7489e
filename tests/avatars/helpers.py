"""A small model with directions, to make avatars with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

SMALL = [
    "settings.resolution=32",
    "components.superres.input_resolution=16",
    "components.rays.resolution=8",
    "components.renderer.samples=4",
    "components.renderer.importance_samples=4",
]


@attrs.frozen(eq=False)
class Axes:
    """Directions as plain as they can be: an axis each, an attribute of parts being the sum of theirs."""

    model_digest: str
    axes: dict[str, Tensor]
    ranges: dict[str, tuple[float, float]]

    @classmethod
    def made(cls, digest: str, width: int) -> Axes:
        names = ["age", "smile", "ethnicity.asian", "ethnicity.european"]
        generator = torch.Generator().manual_seed(0)
        axes = {name: torch.randn(width, generator=generator) for name in names}
        return cls(digest, axes, {"age": (-2.0, 2.0), "ethnicity.asian": (0.0, 1.0)})

    @classmethod
    def load(cls, path: str | Path) -> Axes:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()["axes"])
            axes = {name: file.get_tensor(name) for name in facts["names"]}
        return cls(facts["digest"], axes, {name: tuple(span) for name, span in facts["ranges"].items()})

    def save(self, path: str | Path) -> None:
        facts = {"digest": self.model_digest, "names": list(self.axes), "ranges": self.ranges}
        save_file(self.axes, path, metadata={"axes": json.dumps(facts)})

    @property
    def attributes(self) -> list[str]:
        return sorted({name.partition(".")[0] for name in self.axes})

    def apply(self, styles: Tensor, edits: Mapping[str, Any]) -> Tensor:
        for name, strength in edits.items():
            parts = strength if isinstance(strength, Mapping) else {"": strength}
            for part, value in parts.items():
                key = f"{name}.{part}" if part else name
                if key not in self.axes:
                    raise ValueError(f"there is no '{key}' to edit")
                styles = styles + value * self.axes[key]
        return styles
