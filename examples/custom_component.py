"""A component of one's own in a recipe: pictures are darkened towards their corners.

    python examples/custom_component.py out/vignette.png

The recipe is `vignette.yaml`. A package would register the component with an entry point, so that every command knows
it (see the page on contributing); here importing this module is enough.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from pydantic import Field

import aetherist
from aetherist import AvatarModel
from aetherist.components.types import Image
from aetherist.core import Component, ComponentConfig, component

RECIPE = Path(__file__).with_name("vignette.yaml")


@component("example.vignette")
class Vignette(Component):
    """Darken a picture towards its corners."""

    class Config(ComponentConfig):
        """How much."""

        strength: float = Field(0.5, ge=0, le=1)
        """What is taken of the light in the corners."""

    config: Config

    def forward(self, image: Image["B 3 H W"]) -> Image["B 3 H W"]:
        """Return the picture, black being -1."""
        height, width = image.shape[-2:]
        rows = torch.linspace(-1, 1, height, dtype=image.dtype, device=image.device)
        columns = torch.linspace(-1, 1, width, dtype=image.dtype, device=image.device)
        distance = (rows[:, None].square() + columns.square()) / 2
        return (image + 1) * (1 - self.config.strength * distance) - 1


def framed(donor: AvatarModel | None = None) -> AvatarModel:
    """Return the model of the recipe, with the weights of ``donor`` where it has any that fit."""
    model = aetherist.load(RECIPE)
    if donor is not None:
        for name, part in donor.model.components.items():
            model.model.components[name].load_state_dict(part.state_dict())
    return model


if __name__ == "__main__":
    framed().avatar(seed=7).render(yaw=0.3).save(sys.argv[1] if len(sys.argv) > 1 else "vignette.png")
