"""A mesh is the surface of the density: its place, its size, its sense, and no hole in it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from aetherist.export import lattice, meshes, nearby
from aetherist.export.lattice import Box, Lattice
from aetherist.export.meshes import LEVEL, Mesh, extract_mesh, raw_level, simplify
from aetherist.export.simplifying import parted, unfolded
from tests.export.shapes import RADIUS, RING, TUBE, quadrants, sphere, torus


def as_trimesh(mesh: Mesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.faces)


def noise(points: torch.Tensor) -> torch.Tensor:
    grid = torch.randn(1, 1, 20, 20, 20, generator=torch.Generator().manual_seed(0))
    return LEVEL + F.grid_sample(grid, 2 * points[None, None, None], align_corners=False)[0, 0, 0, 0]


@pytest.mark.parametrize(
    ("density", "volume", "area", "holes"),
    [
        (sphere, 4 / 3 * math.pi * RADIUS**3, 4 * math.pi * RADIUS**2, 0),
        (torus, 2 * math.pi**2 * RING * TUBE**2, 4 * math.pi**2 * RING * TUBE, 1),
    ],
)
def test_a_mesh_has_the_volume_area_and_holes_of_the_body(density, volume, area, holes):
    mesh = extract_mesh(density, resolution=64)
    assert mesh.volume == pytest.approx(volume, rel=0.01)
    assert mesh.area == pytest.approx(area, rel=0.01)
    assert mesh.watertight
    opened = as_trimesh(mesh)
    assert opened.is_watertight
    assert opened.is_winding_consistent
    assert opened.volume == pytest.approx(mesh.volume)
    assert opened.euler_number == 2 - 2 * holes


def test_vertices_lie_on_the_surface_and_normals_point_outwards():
    mesh = extract_mesh(sphere, resolution=48)
    lengths = np.linalg.norm(mesh.vertices, axis=1, keepdims=True)
    assert np.abs(lengths - RADIUS).max() < 1e-3
    assert ((mesh.normals * mesh.vertices / lengths).sum(axis=1)).min() > 0.99


def test_axes_keep_their_names():
    middle = torch.tensor([0.2, 0.4, 0.6])
    box = Box((-0.1, -0.2, -0.3), (0.4, 0.6, 0.8))
    mesh = extract_mesh(lambda p: LEVEL + 30 * (0.1 - (p - middle).norm(dim=-1)), box=box, resolution=64)
    assert (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2 == pytest.approx(middle.numpy(), abs=2e-3)


@settings(max_examples=6)
@given(slab=st.integers(1, 7), density=st.sampled_from([sphere, torus, noise]), closed=st.booleans())
def test_the_surface_does_not_depend_on_how_many_layers_are_held(slab, density, closed):
    options = {"resolution": 20, "closed": closed, "parts": "all"}
    whole = extract_mesh(density, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lattice, "SLAB", slab * 20 * 20)
        parts = extract_mesh(density, **options)
    assert parts.vertices.shape == whole.vertices.shape
    assert parts.faces.shape == whole.faces.shape
    assert np.sort(parts.vertices, axis=0) == pytest.approx(np.sort(whole.vertices, axis=0), abs=1e-6)
    assert parts.watertight == whole.watertight
    assert parts.volume == pytest.approx(whole.volume, abs=1e-6)


def test_any_density_has_a_watertight_surface():
    mesh = extract_mesh(noise, resolution=40, parts="all")
    assert mesh.watertight
    assert as_trimesh(mesh).is_watertight


def test_a_body_that_leaves_the_box_is_closed_on_its_faces_or_left_open():
    def ball(points):
        return sphere(points) + 6  # of radius 0.6

    closed = extract_mesh(ball, resolution=32)
    assert closed.watertight
    assert closed.vertices.min(axis=0) == pytest.approx([-0.5] * 3)
    assert closed.vertices.max(axis=0) == pytest.approx([0.5] * 3)
    assert not extract_mesh(ball, resolution=32, closed=False).watertight
    everything = extract_mesh(lambda points: torch.full((len(points),), 99.0), resolution=8)
    assert everything.watertight
    assert everything.volume == pytest.approx(1.0, rel=0.06)  # its edges are bevelled


def test_a_box_crops():
    half = extract_mesh(sphere, box=Box((-0.5, -0.5, 0.0), (0.5, 0.5, 0.5)), resolution=64)
    assert half.volume == pytest.approx(2 / 3 * math.pi * RADIUS**3, rel=0.01)
    assert half.vertices[:, 2].min() == pytest.approx(0.0, abs=1e-6)


def test_cells_are_about_cubic_whatever_the_box():
    grid = Lattice.of(Box((0, 0, 0), (1, 0.5, 0.26)), 20)
    assert grid.counts == (20, 10, 5)
    assert grid.spacing == pytest.approx([0.05, 0.05, 0.052])


def test_the_largest_part_is_kept_or_all():
    def two(points):
        small = LEVEL + 30 * (0.05 - (points - 0.4).norm(dim=-1))
        return torch.maximum(sphere(points), small)

    assert extract_mesh(two, resolution=48).volume < extract_mesh(two, resolution=48, parts="all").volume
    assert as_trimesh(extract_mesh(two, resolution=48)).body_count == 1
    assert as_trimesh(extract_mesh(two, resolution=48, parts="all")).body_count == 2


def test_levels_are_physical_whether_or_not_the_density_is():
    shift = -1.0

    def before_softplus(points):
        return 40 * (0.4 - points.norm(dim=-1))

    def physical(points):
        return F.softplus(before_softplus(points) + shift)

    raw = extract_mesh(before_softplus, level=2.0, shift=shift, resolution=64)
    plain = extract_mesh(physical, level=2.0, resolution=64)
    radius = 0.4 - raw_level(2.0, shift) / 40
    assert np.abs(np.linalg.norm(raw.vertices, axis=1) - radius).max() < 1e-3
    assert np.abs(np.linalg.norm(plain.vertices, axis=1) - radius).max() < 4e-3


@given(level=st.floats(1e-3, 1e3), shift=st.floats(-5, 5))
def test_a_raw_level_is_the_inverse_of_the_softplus(level, shift):
    raw = torch.tensor(raw_level(level, shift), dtype=torch.float64)
    assert F.softplus(raw + shift, threshold=50).item() == pytest.approx(level, rel=1e-6)


def test_a_simplified_mesh_keeps_its_shape():
    mesh = simplify(extract_mesh(torus, resolution=64), 2000)
    assert len(mesh.faces) <= 2000
    assert mesh.watertight
    assert mesh.volume == pytest.approx(2 * math.pi**2 * RING * TUBE**2, rel=0.02)


def test_vertices_have_the_colours_of_their_places():
    mesh = extract_mesh(torus, resolution=32, colour=quadrants)
    assert mesh.colours is not None
    assert mesh.colours.dtype == np.uint8
    above, right = mesh.vertices[:, 1] > 0, mesh.vertices[:, 0] > 0
    assert (mesh.colours[:, 0] == np.where(above, 191, 64)).all()
    assert (mesh.colours[:, 1] == np.where(right, 191, 64)).all()


def test_what_is_done_is_told():
    told: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lattice, "SLAB", 4 * 16 * 16)
        extract_mesh(sphere, resolution=16, progress=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"level": 1000.0}, r"no surface: the density in the box lies between .* and .*, and the level is 1000"),
        ({"level": -1.0, "shift": -1.0}, "a level of -1.0: a density is positive"),
        ({"resolution": 1}, "a resolution of 1: give 2 or more"),
        ({"box": Box((0, 0, 0), (1, 1, 1)), "faces": 2}, "faces=2: a closed surface has 4 at least"),
    ],
)
def test_what_makes_no_mesh_is_refused(options, text):
    with pytest.raises(ValueError, match=text):
        extract_mesh(sphere, **{"resolution": 16, **options})


def test_damaged_densities_and_boxes_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        extract_mesh(lambda points: points[:, 0] / 0, resolution=8)
    with pytest.raises(ValueError, match=r"has the shape \(512, 3\); give one a point"):
        extract_mesh(lambda points: points, resolution=8)
    with pytest.raises(ValueError, match="has no volume"):
        Box((0, 0, 0), (1, 0, 1))


def test_a_soft_surface_has_the_colour_that_a_ray_sees():
    def fog(points):
        return 20 * (points.norm(dim=-1) < 0.4).float() + 0.0

    def brightness(points):
        return points.norm(dim=-1, keepdim=True).expand(-1, 3) / 0.5

    plain = extract_mesh(fog, resolution=48, colour=brightness)
    seen = extract_mesh(fog, resolution=48, colour=brightness, seen=True)
    into = np.linspace(0, 0.16, 10_000)
    light = np.exp(-20 * into)
    expected = ((0.4 - into) / 0.5 * light).sum() / light.sum() * 255
    assert np.median(plain.colours) == pytest.approx(0.4 / 0.5 * 255, abs=3)
    assert np.median(seen.colours) == pytest.approx(expected, abs=3)
    assert expected < 0.75 * 255


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("density", [sphere, torus, lambda points: sphere(points) + 6])
def test_sampling_near_the_surface_only_gives_the_same_mesh(density, closed, monkeypatch):
    monkeypatch.setattr(meshes, "COARSE", 20)
    monkeypatch.setattr(nearby, "COARSE", 20)
    asked = []

    def counted(points):
        asked.append(len(points))
        return density(points)

    options = {"box": Box((-0.5, -0.5, -0.3), (0.5, 0.5, 0.6)), "resolution": 70, "closed": closed}
    thorough = extract_mesh(counted, thorough=True, **options)
    total = sum(asked)
    asked.clear()
    mesh = extract_mesh(counted, **options)
    assert sum(asked) < 0.8 * total
    assert (mesh.faces == thorough.faces).all()
    assert mesh.vertices == pytest.approx(thorough.vertices, abs=1e-5)


def test_simplifying_leaves_no_faces_back_to_back():
    sheet = extract_mesh(lambda points: LEVEL + 30 * (0.02 - points[:, 2].abs()), resolution=40)
    assert sheet.watertight
    assert all(simplify(sheet, faces).watertight for faces in (1000, 300))
    folded = np.array([[0, 1, 2], [2, 1, 3], [1, 2, 3], [3, 4, 5]])
    assert unfolded(folded).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_bodies_that_touch_in_an_edge_are_parted():
    corners = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 0, 1], [-1, 0, 0], [-1, 0, 1]], np.float32)
    one = [[0, 1, 2], [1, 0, 3], [2, 1, 3], [0, 2, 3]]
    other = [[0, 4, 1], [1, 5, 0], [4, 5, 1], [0, 5, 4]]
    touching = Mesh(corners, np.array(one + other))
    assert not touching.watertight
    mesh = Mesh(*parted(touching.vertices, touching.faces))
    assert mesh.watertight
    assert as_trimesh(mesh).is_watertight
    assert as_trimesh(mesh).body_count == 2
    assert len(mesh.vertices) == 8
