"""A small model, and data about people of its own whose attributes are known functions of their styles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aetherist.components.cameras import camera_from_angles
from aetherist.graphs.model import Model
from aetherist.graphs.styles import People
from tests.data.helpers import png, write_set

SMALL = [
    "settings.resolution=32",
    "components.superres.input_resolution=16",
    "components.rays.resolution=8",
    "components.renderer.samples=4",
    "components.renderer.importance_samples=4",
]
WIDTH = 32


def small_model(seed: int = 0) -> Model:
    return Model.build("tiny", seed=seed, overrides=SMALL)


def truth() -> Tensor:
    """Return what attributes are of styles: weights ``(WIDTH, 3)`` of age, smile, and a score of ethnicity."""
    return torch.randn(WIDTH, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def attributes_of(styles: Tensor) -> list[dict[str, Any]]:
    """Return the attributes of people by their styles ``(N, WIDTH)``."""
    scores = styles.double() @ truth()
    share = torch.sigmoid(scores[:, 2])
    return [
        {"age": 40 + 10 * float(age), "smile": float(smile), "ethnicity": {"asian": float(s), "european": float(1 - s)}}
        for age, smile, s in zip(scores[:, 0], scores[:, 1], share, strict=True)
    ]


def known_people(folder: Path, model: Model, count: int = 400, views: int = 1) -> Path:
    """Write a data set that says the latents of people of the model; the pictures show nothing."""
    people = People(model)
    latents = torch.randn(count, people.latent_dim, generator=torch.Generator().manual_seed(5))
    rows = attributes_of(people.styles(latents)[:, 0])
    index: dict[str, Any] = {"labels": [], "attributes": {}}
    files = {"images/0.png": png(1)}
    for number, (latent, row) in enumerate(zip(latents.tolist(), rows, strict=True)):
        for view in range(views):
            name = f"images/{number * views + view}.png"
            files[name] = files["images/0.png"]
            index["labels"].append([name, camera_from_angles(0.1 * view, 0.0).tolist()])
            index["attributes"][name] = {"identity": number, "latent": latent, "hair": "long", **row}
    return write_set(folder, index, files)
