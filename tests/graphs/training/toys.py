"""A generative model of two parameters' width, data that fits in a page, and a recipe over them."""

from __future__ import annotations

import copy
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.types import Camera, Image, Latent, Logits, Loss, Styles
from aetherist.core import Component, ComponentConfig, component
from aetherist.graphs import Model
from aetherist.graphs.training import Trainer
from aetherist.graphs.training.events import Event, Stepped

SIZE = 4
FEEDS = {"draw", "field", "value"}


@component("toy.mapping")
class ToyMapping(Component):
    """Map a latent to a style, whose average it follows."""

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.layer = nn.Linear(4, 6)
        self.register_buffer("average", torch.zeros(6))

    def forward(self, latent: Latent["B 4"]) -> Styles["B 1 6"]:
        return self.layer(latent)[:, None]

    @torch.no_grad()
    def follow(self, styles: Tensor) -> None:
        self.average.lerp_(styles.mean(dim=(0, 1)).float(), 0.1)


@component("toy.painter")
class ToyPainter(Component):
    """Paint a picture of a style as a camera sees it; its size is a setting that no weight depends on."""

    class Config(ComponentConfig):
        """Sizes."""

        resolution: int = SIZE

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.layer = nn.Linear(6 + 25, 3 * 4)
        self.unused = nn.Parameter(torch.zeros(3))

    def forward(
        self, styles: Styles["B 1 6"], camera: Camera["B 25"], fade: float = 0.0
    ) -> Image["B 3 resolution resolution"]:
        x = self.layer(torch.cat([styles[:, 0], camera], dim=1)).reshape(-1, 3, 2, 2)
        size = self.config.resolution
        return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False).tanh() * (1.0 - fade)


@component("toy.critic")
class ToyCritic(Component):
    """Judge a picture."""

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.Softplus(), nn.Linear(8, 1))

    def forward(self, image: Image["B 3 H W"], camera: Camera["B 25"]) -> Logits["B 1"]:
        return self.layers(image.square().mean(dim=(2, 3))) + camera[:, 3:4]


@component("toy.fool")
class ToyFool(Component):
    """Small where the critic is fooled."""

    def forward(self, logits: Logits["B 1"]) -> Loss[""]:
        return F.softplus(-logits).mean()


@component("toy.tell")
class ToyTell(Component):
    """Small where the critic tells real from fake."""

    def forward(self, real: Logits["B 1"], fake: Logits["B 1"]) -> Loss[""]:
        return F.softplus(fake).mean() + F.softplus(-real).mean()


@component("toy.penalty")
class ToyPenalty(Component):
    """Half the mean squared gradient of the logits by the picture."""

    def forward(self, logits: Logits["B 1"], image: Image["B 3 H W"]) -> Loss[""]:
        (gradient,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
        return gradient.square().sum(dim=(1, 2, 3)).mean() / 2


@component("toy.match")
class ToyMatch(Component):
    """Mean squared difference, and infinite once the first weight of anything is out of bounds."""

    def forward(self, image: Image["B 3 H W"], target: Image["B 3 H W"], scale: float = 1.0) -> Loss[""]:
        return (image - target).square().mean() * scale


@component("toy.terms")
class ToyTerms(Component):
    """Add two losses and tell each."""

    def forward(self, first: Loss[""], second: Float[Tensor, ""]) -> Loss[""]:
        return first + second


GAN: dict[str, Any] = {
    "name": "toy",
    "components": {
        "mapping": {"type": "toy.mapping"},
        "painter": {"type": "toy.painter"},
        "critic": {"type": "toy.critic"},
        "fool": {"type": "toy.fool"},
        "tell": {"type": "toy.tell"},
        "leaf": {"type": "image.requires_grad"},
        "penalty": {"type": "toy.penalty"},
    },
    "graphs": {
        "generate": {
            "inputs": {"latent": "Latent", "camera": "Camera", "fade": {"type": "float", "default": 0.0}},
            "steps": {
                "styles": {"call": "mapping", "with": {"latent": "latent"}},
                "final": {"call": "painter", "with": {"styles": "styles", "camera": "camera", "fade": "fade"}},
            },
            "outputs": {"image": "final", "styles": "styles"},
        },
        "fooling": {
            "inputs": {"latent": "Latent", "camera": "Camera", "fade": "float"},
            "steps": {
                "fake": {"call": "generate", "with": {"latent": "latent", "camera": "camera", "fade": "fade"}},
                "logits": {"call": "critic", "with": {"image": "fake.image", "camera": "camera"}},
                "loss": {"call": "fool", "with": {"logits": "logits"}},
            },
            "outputs": {"loss": "loss", "styles": "fake.styles"},
        },
        "telling": {
            "inputs": {"latent": "Latent", "camera": "Camera", "image": "Image", "fade": "float"},
            "steps": {
                "made": {"call": "generate", "with": {"latent": "latent", "camera": "camera", "fade": "fade"}},
                "fake": {"call": "critic", "with": {"image": "made.image", "camera": "camera"}},
                "real": {"call": "critic", "with": {"image": "image", "camera": "camera"}},
                "loss": {"call": "tell", "with": {"real": "real", "fake": "fake"}},
            },
            "outputs": {"loss": "loss", "real": "real"},
        },
        "smoothing": {
            "inputs": {"image": "Image", "camera": "Camera"},
            "steps": {
                "leaf": {"call": "leaf", "with": {"image": "image"}},
                "real": {"call": "critic", "with": {"image": "leaf", "camera": "camera"}},
                "loss": {"call": "penalty", "with": {"logits": "real", "image": "leaf"}},
            },
            "outputs": {"loss": "loss"},
        },
    },
    "training": {
        "batch_size": 4,
        "length": 48,
        "seed": 3,
        "log_every": 4,
        "ema": {"half_life": 20},
        "data": {"mirror": True},
        "feeds": {
            "latent": {"draw": "normal"},
            "camera": {"field": "camera", "swap": 0.3},
            "image": {"field": "image"},
            "fade": {"value": {"from": 0.5, "to": 0.0, "over": 24}},
        },
        "phases": {
            "generator": {
                "graph": "fooling",
                "update": ["mapping", "painter"],
                "optimizer": {"lr": {"from": 0.01, "to": 0.001, "over": 40}},
                "after": {"mapping.follow": "styles"},
            },
            "discriminator": {"graph": "telling", "update": ["critic"], "optimizer": {"lr": 0.01}},
            "r1": {
                "graph": "smoothing",
                "update": ["critic"],
                "every": 2,
                "lazy": True,
                "optimizer": "discriminator",
            },
        },
        "controls": {"strength": {"watch": "discriminator.real", "over": 100}},
        "snapshots": {"every": 24, "images_every": 24, "grid": [2, 2]},
        "checkpoints": {"every": 8},
    },
}
"""Adversarial training as the EG3D recipe does it: three phases over three graphs."""


def gan(**training: Any) -> dict[str, Any]:
    """Return the recipe with changes laid over its ``training:``; ``None`` takes an entry away."""
    recipe = copy.deepcopy(GAN)
    _lay(recipe["training"], training)
    return recipe


def _lay(base: dict[str, Any], over: dict[str, Any]) -> None:
    for key, value in over.items():
        if value is None:
            base.pop(key, None)
        elif isinstance(value, dict) and isinstance(base.get(key), dict) and not base[key].keys() & FEEDS:
            _lay(base[key], value)
        else:
            base[key] = value


class Album:
    """Ten pictures in bytes, each with a camera of its own."""

    fields = ("camera", "image")

    def __init__(self, count: int = 10) -> None:
        generator = torch.Generator().manual_seed(0)
        self.images = torch.randint(0, 256, (count, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)
        self.cameras = torch.stack([camera(0.1 * index) for index in range(count)])

    def __len__(self) -> int:
        return len(self.images)

    def read(self, index: int, fields: Collection[str], mirrored: bool) -> dict[str, Tensor]:
        row = {"image": self.images[index], "camera": self.cameras[index]}
        if mirrored:
            row = {"image": row["image"].flip(-1), "camera": mirror(row["camera"])}
        return {name: row[name] for name in fields}


def camera(shift: float) -> Tensor:
    pose = torch.eye(4)
    pose[0, 3] = shift
    return torch.cat([pose.flatten(), torch.tensor([4.0, 0, 0.5, 0, 4.0, 0.5, 0, 0, 1])])


def mirror(vector: Tensor) -> Tensor:
    pose = vector[:16].reshape(4, 4).clone()
    for row, column in ((0, 1), (0, 2), (0, 3), (1, 0), (2, 0)):
        pose[row, column] *= -1
    return torch.cat([pose.flatten(), vector[16:]])


def trainer(recipe: Any = None, **options: Any) -> Trainer:
    """Return a trainer of a fresh model."""
    model = Model.build(GAN if recipe is None else recipe, seed=0)
    return Trainer(model, options.pop("data", None) or Album(), **options)


def recorded(recipe: Any = None, **options: Any) -> list[Stepped]:
    """Train to the end and return what each interval told."""
    found: list[Event] = []
    trainer(recipe, observers=[found.append], **options).run()
    return [event for event in found if isinstance(event, Stepped)]


def losses(steps: list[Stepped]) -> list[dict[str, float]]:
    return [dict(step.terms) for step in steps]


def write_recipe(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path
