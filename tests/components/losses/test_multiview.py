"""Multi-view consistency on a scene that is known exactly: a small ball before a wall, both painted."""

from __future__ import annotations

import torch

from aetherist.components.cameras import camera_from_angles
from aetherist.components.losses.multiview import Consistency, MultiviewConsistency, View, look_across
from aetherist.components.rendering.rays import pinhole_rays

BALL, RADIUS, WALL = torch.tensor([0.0, 0.0, 0.35]), 0.12, -0.2
SIZE = 48


def scene(yaw: float, paint: float = 0.0) -> View:
    """Return what a camera sees; ``paint`` changes the colours of the ball."""
    camera = camera_from_angles(yaw, 0.05)[None]
    origins, directions = pinhole_rays(camera, SIZE)
    from_ball = origins - BALL
    b = (from_ball * directions).sum(-1)
    discriminant = b.square() - from_ball.square().sum(-1) + RADIUS**2
    hits_ball = discriminant > 0
    depth = torch.where(hits_ball, -b - discriminant.clamp(min=0).sqrt(), (WALL - origins[..., 2]) / directions[..., 2])
    points = origins + depth[..., None] * directions
    wall_colours, ball_colours = torch.sin(9 * points), torch.cos(12 * points + paint)
    colours = torch.where(hits_ball[..., None], ball_colours, wall_colours)
    return View(colours.permute(0, 3, 1, 2), depth[:, None], camera, hits_ball[:, None].float())


def compare(one: View, two: View, masked: bool = False, **config: float) -> Consistency:
    alphas = (one.alpha, two.alpha) if masked else (None, None)
    loss = MultiviewConsistency.create(**config)
    return loss(one.image, one.depth, one.camera, two.image, two.depth, two.camera, *alphas)


def test_one_scene_is_consistent_with_itself() -> None:
    same, shifted = compare(scene(-0.1), scene(0.1)), compare(scene(-0.1), scene(0.1, paint=1.0))
    assert same.overlap > 0.6
    assert same.loss < 0.02
    assert shifted.loss > 3 * same.loss


def test_one_view_is_consistent_with_itself_exactly() -> None:
    view = scene(0.2)
    result = compare(view, view)
    assert result.loss < 1e-5
    assert result.overlap == 1


def test_it_is_not_a_comparison_of_pixels_at_one_place() -> None:
    one, two = scene(-0.1), scene(0.1)
    assert (one.image - two.image).abs().mean() > 10 * compare(one, two).loss


def test_what_is_hidden_from_the_other_eye_is_not_compared() -> None:
    one, two = scene(-0.15), scene(0.15)
    _, mask = look_across(one, two, tolerance=0.02, opacity=0.5)
    origins, directions = pinhole_rays(one.camera, SIZE)
    points = origins + one.depth[:, 0, :, :, None] * directions
    eye = two.camera[:, :16].reshape(1, 4, 4)[:, :3, 3]
    toward = torch.nn.functional.normalize(points - eye, dim=-1)
    closest = (BALL - eye) - ((BALL - eye) * toward).sum(-1, keepdim=True) * toward
    behind_ball = (closest.norm(dim=-1) < RADIUS - 0.02) & (one.alpha[:, 0] == 0)
    assert behind_ball.sum() > 20
    assert (mask[:, 0][behind_ball] == 0).all()


def test_comparing_hidden_surfaces_too_would_be_wrong() -> None:
    one, two = scene(-0.15), scene(0.15)
    assert compare(one, two, tolerance=100.0).loss > 4 * compare(one, two).loss


def test_opacity_keeps_the_background_out() -> None:
    one, two = scene(-0.1), scene(0.1)
    seen = compare(one, two, masked=True)
    assert 0 < seen.overlap <= min(one.alpha.mean(), two.alpha.mean())
    assert seen.loss < 0.05


def test_cameras_that_share_no_surface_compare_nothing() -> None:
    result = compare(scene(0.0), scene(3.14159 / 2), masked=True, tolerance=1e-6)
    assert result.overlap < 0.01
    assert result.loss.isfinite()


def test_wrong_depth_is_paid_for_and_its_gradient_points_back() -> None:
    one, two = scene(-0.1), scene(0.1)
    amounts = [0.0, 0.02, 0.04]
    values = [compare(one._replace(depth=one.depth + a), two, tolerance=0.2).loss.item() for a in amounts]
    assert values == sorted(values)
    off = torch.tensor(0.03, requires_grad=True)
    compare(one._replace(depth=one.depth + off), two, tolerance=0.2).loss.backward()
    assert off.grad is not None
    assert off.grad > 0
