from __future__ import annotations

import pytest
import torch

from aetherist.graphs.inversion import Photo, StyleSpace
from aetherist.graphs.inversion.sight import Sight
from aetherist.graphs.model import Model

SMALL = [
    "settings.resolution=32",
    "components.superres.input_resolution=16",
    "components.rays.resolution=16",
    "components.renderer.samples=6",
    "components.renderer.importance_samples=6",
]


@pytest.fixture(scope="package")
def model() -> Model:
    """A small model. Its people are clouds, no two alike; as in a trained one, final pictures look like raw ones."""
    model = Model.build("tiny", overrides=SMALL)
    with torch.no_grad():
        for name, parameter in model.components["superres"].named_parameters():
            parameter.mul_(0.02 if ".torgb.weight" in name else 1.0)
    return model


@pytest.fixture(scope="package")
def space(model: Model) -> StyleSpace:
    return StyleSpace.of(model)


@pytest.fixture(scope="package")
def sight(model: Model) -> Sight:
    return Sight(model)


@pytest.fixture(scope="package")
def person(space: StyleSpace) -> torch.Tensor:
    """The coordinates of somebody who is to be found."""
    return space.draw(1, seed=5)[0]


def picture(sight: Sight, styles: torch.Tensor, camera: torch.Tensor) -> torch.Tensor:
    """What a model shows, ``(3, R, R)``."""
    with torch.no_grad():
        return sight.show(styles, camera, whole=True)["image"][0].clamp(-1, 1)


@pytest.fixture(scope="package")
def photo(sight: Sight, space: StyleSpace, person: torch.Tensor) -> Photo:
    """A picture of that person, a little from the side."""
    return Photo(picture(sight, space.styles(person), sight.camera(0.2, 0.1)))
