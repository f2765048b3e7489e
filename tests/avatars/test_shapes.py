"""The shape of an avatar agrees with what is rendered of it."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import torch

import aetherist
from aetherist.avatars import AvatarModel
from aetherist.avatars.shapes import Extent, Field, mesh_of, overlap, write_density
from aetherist.components import rendering
from aetherist.export.meshes import LEVEL
from aetherist.graphs.model import Model

RADIUS = 0.3


@pytest.fixture(scope="module")
def ball() -> AvatarModel:
    """A model whose people are all one ball: green above, magenta below."""
    overrides = ["renderer.samples=64", "renderer.box_warp=0.8", "rays.resolution=32"]
    model = Model.build("tiny", overrides=[f"components.{change}" for change in overrides])
    renderer = model.components["renderer"]

    class Ball(torch.nn.Module):
        def forward(self, features: torch.Tensor) -> rendering.Field:
            place = features[..., :3]
            above = (place[..., 1:2] > 0).float()
            colours = torch.cat([1 - above, above, 1 - above], dim=-1)
            density = 2000 * (RADIUS - place.norm(dim=-1, keepdim=True))
            return rendering.Field(density, colours.repeat(1, 1, 3)[..., :8])

    renderer.decoder = Ball()
    renderer._reader = lambda *_, **__: lambda points: points.movedim(0, -1)
    return AvatarModel(model)


def test_a_mesh_covers_what_is_rendered(ball):
    mesh = mesh_of(ball.avatar(0), resolution=48)
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - (RADIUS - (LEVEL + 1) / 2000)).max() < 2e-3
    assert min(overlap(ball.avatar(0), mesh)) > 0.9
    grown = attrs.evolve(mesh, vertices=mesh.vertices * 1.3)
    turned = attrs.evolve(mesh, vertices=mesh.vertices + np.float32(0.1))
    for wrong in (grown, turned):
        assert max(overlap(ball.avatar(0), wrong)) < 0.85


def test_colours_are_those_of_the_field(ball):
    mesh = mesh_of(ball.avatar(0), resolution=24)
    clear = np.abs(mesh.vertices[:, 1]) > 0.05
    above = mesh.vertices[:, 1] > 0
    assert (mesh.colours[clear & above] == [0, 255, 0]).all()
    assert (mesh.colours[clear & ~above] == [255, 0, 255]).all()


def test_the_extent_is_that_of_the_renderer(ball):
    assert Extent.of(ball.avatar(0)) == Extent(side=0.8, shift=-1.0)


def test_density_and_colour_of_the_same_points_are_looked_up_once(ball, monkeypatch):
    field = Field(ball.avatar(0))
    asked = []
    look = ball.field
    monkeypatch.setattr(ball, "field", lambda *args: asked.append(1) or look(*args))
    points = torch.rand(5, 3)
    field.density(points), field.colour(points)
    assert len(asked) == 1
    field.density(points.clone())
    assert len(asked) == 2


def test_a_volume_spans_the_field(ball, tmp_path):
    mrcfile = pytest.importorskip("mrcfile")
    assert write_density(ball.avatar(0), tmp_path / "ball.mrc", resolution=16) == (16, 16, 16)
    with mrcfile.open(tmp_path / "ball.mrc") as file:
        assert file.voxel_size.tolist() == pytest.approx((0.05,) * 3)
        assert file.data[8, 8, 8] > 40
        assert file.data[0, 0, 0] < 0.01


def test_a_model_without_a_field_has_no_shape():
    model = aetherist.load("tiny", overrides=["graphs.field=null"])
    with pytest.raises(ValueError, match="has no graph 'field'"):
        mesh_of(model.avatar(0))
