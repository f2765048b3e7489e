"""A mesh as a camera sees it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aetherist.components.cameras import Cameras
from aetherist.export.meshes import Mesh, extract_mesh
from aetherist.export.raster import draw_mesh, rasterise, silhouette_overlap
from tests.export.shapes import RADIUS, quadrants, sphere, torus

MIDDLE = {"pivot": (0.0, 0.0, 0.0)}


def front(**angles: float) -> Cameras:
    return Cameras.from_angles(angles.get("yaw", 0.0), angles.get("pitch", 0.0), focal=2.5, **MIDDLE)


def test_a_sphere_is_seen_where_rays_meet_it():
    camera, size = front(yaw=0.5, pitch=0.3), 64
    raster = rasterise(extract_mesh(sphere, resolution=96), camera, size)
    origins, directions = camera.rays(size)
    nearest = -(origins * directions).sum(-1)
    gap = (origins + nearest[..., None] * directions).norm(dim=-1)
    hit = gap < RADIUS
    assert ((raster.face >= 0) != hit.numpy()).mean() < 0.003
    distance = nearest - (RADIUS**2 - gap.clamp(max=RADIUS) ** 2).sqrt()
    depth = distance * (directions @ camera.forward)
    clear = (gap < 0.9 * RADIUS).numpy()
    assert np.abs(raster.depth - depth.numpy())[clear].max() < 2e-3
    assert raster.weights[clear].sum(axis=-1) == pytest.approx(1.0)


def test_what_is_in_front_hides_what_is_behind():
    near = [[-1, -1, 0.5], [1, -1, 0.5], [0, 1, 0.5]]
    far = [[-2, -2, -0.5], [2, -2, -0.5], [0, 2, -0.5]]
    both = Mesh(np.array(far + near, np.float32), np.array([[0, 1, 2], [3, 4, 5]]))
    raster = rasterise(both, front(), 33)
    assert raster.face[16, 16] == 1
    assert raster.depth[16, 16] == pytest.approx(2.7 - 0.5)


def test_values_between_vertices_are_in_perspective():
    mesh = Mesh(np.array([[-0.3, -0.3, 1], [0.3, -0.3, 1], [0, 0.5, -1]], np.float32), np.array([[0, 1, 2]]))
    camera = front()
    raster = rasterise(mesh, camera, 65)
    points = raster.interpolate(mesh, mesh.vertices)[raster.face >= 0]
    seen = camera.project(torch.from_numpy(points).float(), 65)
    rows, columns = np.nonzero(raster.face >= 0)
    assert seen.pixels.numpy() == pytest.approx(np.stack([columns, rows], axis=1) + 0.5, abs=1e-3)


def test_pictures_are_the_right_way_up_and_round():
    drawn = draw_mesh(extract_mesh(torus, resolution=48, colour=quadrants), front(), 48, shading="colour")
    left_above, right_below = drawn[:, 16, 16].tolist(), drawn[:, 31, 31].tolist()
    assert left_above == [191, 64, 191]
    assert right_below == [64, 191, 191]
    assert drawn[:, 24, 24].tolist() == [255, 255, 255]


def test_grey_is_brightest_where_it_faces_the_camera_and_normals_are_the_cameras():
    mesh = extract_mesh(sphere, resolution=48)
    grey = draw_mesh(mesh, front(yaw=1.0), 64)[0]
    assert grey[32, 32] > grey[32, 18] + 20
    normals = draw_mesh(mesh, front(yaw=1.0), 64, shading="normals")[:, [32, 20, 32], [32, 32, 44]].int()
    assert normals[2, 0] > 250  # towards the camera
    assert normals[1, 1] > normals[1, 0] + 30  # upwards, above
    assert normals[0, 2] > normals[0, 0] + 30  # to the right


def test_agreement_is_one_with_itself_and_falls_as_the_shape_changes():
    cameras = Cameras.stack([front(), front(yaw=0.7)])
    mesh = extract_mesh(torus, resolution=48)
    own = torch.stack([torch.from_numpy(rasterise(mesh, c, 48).face >= 0).float() for c in cameras])[:, None]
    assert silhouette_overlap(mesh, cameras, own) == [1.0, 1.0]
    other = silhouette_overlap(extract_mesh(sphere, resolution=48), cameras, own)
    assert all(0.2 < value < 0.9 for value in other)


def test_more_than_one_camera_and_colours_that_are_not_there_are_refused():
    mesh = extract_mesh(sphere, resolution=8)
    with pytest.raises(ValueError, match=r"give one, cameras\[0\]"):
        rasterise(mesh, Cameras.stack([front()]), 8)
    with pytest.raises(ValueError, match="has no colours"):
        draw_mesh(mesh, front(), 8, shading="colour")
