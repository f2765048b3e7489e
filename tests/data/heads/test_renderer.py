"""What is rendered is seen from the camera it says: depth and mask agree with geometry, and views with each other."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from aetherist.data.heads import (
    Attributes,
    CameraDistribution,
    NoRendererError,
    Renderer,
    View,
    build_head,
    sample_background,
    sample_light,
)
from aetherist.data.heads.matrices import orthographic, perspective

BALD = Attributes(
    age=30, gender=0.2, smile=0, european=0, asian=1, african=0, hair_style="bald", hair_colour="dark", grey=0, beard=0
)


def see(renderer: Renderer, person: Attributes, *angles: tuple[float, float], seed: int = 4) -> list[View]:
    head = renderer.load(build_head(person, seed))
    views = [
        renderer.render(head, CameraDistribution().camera(*pair), sample_light(seed), sample_background(seed))
        for pair in angles
    ]
    head.release()
    return views


def rays(camera: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the origin ``(3,)`` and unit directions ``(H, W, 3)`` of the rays through the pixels' centres."""
    pose, intrinsics = camera[:16].reshape(4, 4), camera[16:].reshape(3, 3)
    place = (np.arange(size) + 0.5) / size
    u, v = np.meshgrid(place, place)
    local = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(intrinsics).T
    directions = local @ pose[:3, :3].T
    return pose[:3, 3], directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def test_projection_matrices_agree_with_the_pinhole_camera() -> None:
    camera = CameraDistribution().camera(0.7, -0.2)
    camera[[17, 18, 21]] = 0.02, 0.45, 0.56
    points = np.random.default_rng(0).uniform(-0.3, 0.3, (20, 3))
    pose, intrinsics = camera[:16].reshape(4, 4), camera[16:].reshape(3, 3)
    seen = (points - pose[:3, 3]) @ pose[:3, :3] @ intrinsics.T
    clip = np.concatenate([points, np.ones((20, 1))], 1) @ perspective(camera).T
    device = clip[:, :2] / clip[:, 3:]
    assert np.allclose((device[:, 0] + 1) / 2, seen[:, 0] / seen[:, 2])
    assert np.allclose((1 - device[:, 1]) / 2, seen[:, 1] / seen[:, 2])
    assert np.allclose(np.linalg.det(orthographic(np.array([0, 1.0, 0]), 1.0)[:3, :3]), -1)


def test_the_picture_is_a_head_before_a_backdrop(renderer: Renderer) -> None:
    (view,) = see(renderer, BALD, (0.0, 0.0))
    size = renderer.resolution
    assert view.colour.shape == (size, size, 3)
    assert view.mask.shape == view.distance.shape == (size, size)
    assert view.mask[size // 2, size // 2] == 255
    assert view.mask[:3].max() == 0
    assert 0.3 < (view.mask > 127).mean() < 0.8
    assert view.colour.std() > 20
    assert ((view.distance > 0) == (view.mask > 0)).mean() > 0.999
    covered = view.distance[view.mask == 255]
    assert 2.2 < covered.min() < covered.max() < 3.2


def test_the_face_is_in_front_and_left_is_left(renderer: Renderer) -> None:
    front, right = see(renderer, BALD, (0.0, 0.0), (1.2, 0.0))
    middle = renderer.resolution // 2
    assert front.distance[middle, middle] < 2.7 - 0.1
    # From the head's left side (+x) the nose points to the left of the picture.
    columns = np.flatnonzero((right.mask > 127)[middle - 8 : middle + 8].any(0))
    assert middle - columns[0] > columns[-1] - middle - 4


def test_depth_of_one_view_lands_on_the_surface_of_another(renderer: Renderer) -> None:
    angles = (-0.25, 0.05), (0.2, -0.1)
    first, second = see(renderer, BALD, *angles)
    size = renderer.resolution
    origin, directions = rays(CameraDistribution().camera(*angles[0]), size)
    solid = first.mask == 255
    points = origin + directions[solid] * first.distance[solid][:, None]
    camera = CameraDistribution().camera(*angles[1])
    pose, intrinsics = camera[:16].reshape(4, 4), camera[16:].reshape(3, 3)
    seen = (points - pose[:3, 3]) @ pose[:3, :3] @ intrinsics.T
    column, row = (seen[:, :2] / seen[:, 2:] * size).astype(int).T
    kept = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    expected = np.linalg.norm(points - pose[:3, 3], axis=1)[kept]
    found = second.distance[row[kept], column[kept]]
    visible = np.abs(expected - found) < 0.012
    hidden = expected > found + 0.012
    assert visible.mean() > 0.85
    # What is not seen again is hidden behind something; nothing floats before the surface.
    assert (visible | hidden).mean() > 0.985
    assert np.median(np.abs(expected - found)[visible]) < 0.003


def test_the_mask_is_the_projection_of_the_mesh(renderer: Renderer) -> None:
    (view,) = see(renderer, BALD, (0.4, 0.1))
    camera = CameraDistribution().camera(0.4, 0.1)
    points = build_head(BALD, 4).skin.attributes["position"]
    pose, intrinsics = camera[:16].reshape(4, 4), camera[16:].reshape(3, 3)
    seen = (points - pose[:3, 3]) @ pose[:3, :3] @ intrinsics.T
    column, row = np.floor(seen[:, :2] / seen[:, 2:] * renderer.resolution).astype(int).T
    inside = (column >= 0) & (column < renderer.resolution) & (row >= 0) & (row < renderer.resolution)
    assert (view.mask[row[inside], column[inside]] > 0).mean() > 0.99


def test_the_same_is_rendered_twice_and_the_head_does_not_depend_on_light_or_background(renderer: Renderer) -> None:
    (first,), (second,) = see(renderer, BALD, (0.3, 0.0)), see(renderer, BALD, (0.3, 0.0))
    assert np.array_equal(first.colour, second.colour)
    assert np.array_equal(first.distance, second.distance)
    head = renderer.load(build_head(BALD, 4))
    camera = CameraDistribution().camera(0.3, 0.0)
    other = renderer.render(head, camera, sample_light(8), sample_background(4))
    elsewhere = renderer.render(head, camera, sample_light(4), sample_background(9))
    head.release()
    assert np.array_equal(other.mask, first.mask)
    assert not np.array_equal(other.colour, first.colour)
    assert np.array_equal(elsewhere.colour[first.mask == 255], first.colour[first.mask == 255])
    assert not np.array_equal(elsewhere.colour[first.mask == 0], first.colour[first.mask == 0])


def test_a_smile_changes_the_lower_face_alone(renderer: Renderer) -> None:
    (plain,), (smiling,) = (see(renderer, attrs.evolve(BALD, smile=smile), (0.0, 0.0)) for smile in (0.0, 1.0))
    change = np.abs(plain.colour.astype(int) - smiling.colour).max(-1)
    rows = renderer.resolution
    assert change[: rows // 4].max() <= 2
    assert change[rows // 2 : 3 * rows // 4].max() > 40


def test_missing_packages_and_drivers_are_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "moderngl", None)
    with pytest.raises(NoRendererError, match=r"aetherist\[heads\]"):
        Renderer(8)


def test_a_machine_without_egl_names_the_debian_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    moderngl = pytest.importorskip("moderngl", reason="rendering heads needs the extra 'heads'")
    pytest.importorskip("scipy", reason="rendering heads needs the extra 'heads'")

    def fail(**_: object) -> None:
        raise ImportError("libEGL.so not found")

    monkeypatch.setattr(moderngl, "create_context", fail)
    with pytest.raises(NoRendererError, match="libegl1") as caught:
        Renderer(8)
    assert "\n" not in str(caught.value)
