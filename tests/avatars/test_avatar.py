"""An avatar: what it holds, what it is equal to, and how it is changed into others."""

from __future__ import annotations

import io
import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aetherist.avatars import Avatar, AvatarModel
from aetherist.components.cameras import Cameras
from aetherist.components.styles import slerp
from aetherist.graphs.generate import latent_of_seed

# What it is -----------------------------------------------------------------------------------------------------------


def test_equal_content_is_equal_and_hashes_alike(editable: AvatarModel) -> None:
    one, other = editable.avatar(7), editable.avatar(7)
    assert one == other
    assert len({one, other, editable.avatar(8)}) == 2
    assert one.edit(age=0.5) == other.edit(age=0.5)
    assert one.edit(age=0.5) != one.edit(age=0.6)
    assert one != "an avatar"


def test_nothing_that_is_handed_out_changes_it(avatar: Avatar) -> None:
    before = avatar.digest
    edited = avatar.edit(ethnicity={"asian": 0.5})
    avatar.base.zero_()
    avatar.styles.zero_()
    assert avatar.latent is not None
    avatar.latent.zero_()
    edited.edits["ethnicity"]["asian"] = 9.0
    edited.edits["age"] = 1.0
    assert avatar.base.abs().sum() > 0
    assert edited.edits == {"ethnicity": {"asian": 0.5}}
    assert avatar.digest == Avatar(avatar.model, **avatar.tensors(), edits={}, seed=7).digest == before


def test_nothing_that_was_handed_in_changes_it(editable: AvatarModel) -> None:
    styles = torch.ones(editable.style_shape)
    avatar = editable.avatar(styles=styles)
    styles.zero_()
    assert avatar.base.min() == 1


def test_it_says_what_it_is(avatar: Avatar) -> None:
    assert repr(avatar.truncate(0.5).edit(age=1)).startswith("Avatar(tiny, seed=7, psi=0.5, age=1.0, digest=")


# Edits ----------------------------------------------------------------------------------------------------------------


def test_edits_add_up_and_replace_each_other(avatar: Avatar) -> None:
    both = avatar.edit(age=0.5).edit(smile=1)
    assert both == avatar.edit({"age": 0.5, "smile": 1.0}) == avatar.edit(age=2.0).edit({"smile": 1}, age=0.5)
    assert torch.equal(both.base, avatar.base)
    assert not torch.equal(both.styles, avatar.styles)


def test_a_strength_of_nothing_takes_the_edit_away(avatar: Avatar) -> None:
    edited = avatar.edit(age=0.5, ethnicity={"asian": 0.7})
    assert edited.edit(age=0, ethnicity=None) == avatar
    assert edited.edit(age=None, ethnicity={"asian": 0}) == avatar


def test_an_unknown_attribute_is_answered_with_near_ones(avatar: Avatar) -> None:
    with pytest.raises(ValueError, match=r"no attribute 'smil' to edit; did you mean smile\?"):
        avatar.edit(smil=1)


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), "much", True])
def test_a_strength_is_a_finite_number(avatar: Avatar, strength: object) -> None:
    with pytest.raises(ValueError, match=r"strength of 'age' is .*; give a finite number"):
        avatar.edit(age=strength)


def test_strengths_out_of_the_measured_range_warn_or_fail_or_pass_as_asked(avatar: Avatar) -> None:
    with pytest.warns(UserWarning, match="age = 3 is outside the measured range -2 to 2") as caught:
        avatar.edit(age=3)
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match=r"ethnicity\.asian = 1\.5 is outside the measured range 0 to 1"):
        avatar.edit(ethnicity={"asian": 1.5}, beyond="error")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        avatar.edit(age=2, smile=50, ethnicity={"asian": 1.0})
        avatar.edit(age=3, beyond="allow")
    with pytest.raises(ValueError, match="write 'warn', 'error' or 'allow'"):
        avatar.edit(age=3, beyond="never")  # type: ignore[arg-type]


def test_without_directions_an_edit_says_how_to_get_them(model: AvatarModel) -> None:
    with pytest.raises(ValueError, match=r"tiny has no style directions.*aetherist styles learn"):
        model.avatar(7).edit(age=1)


# Mixtures -------------------------------------------------------------------------------------------------------------


def test_a_mixture_goes_from_one_to_the_other(editable: AvatarModel) -> None:
    one, other = editable.avatar(1).edit(age=1), editable.avatar(2).edit(ethnicity={"asian": 0.5})
    assert torch.equal(one.mix(other, 0).styles, one.styles)
    assert torch.allclose(one.mix(other, 1).styles, other.styles, atol=1e-6)
    half = one.mix(other)
    assert torch.allclose(half.styles, (one.styles + other.styles) / 2, atol=1e-6)
    assert half.edits == {"age": 0.5, "ethnicity": {"asian": 0.25}}
    assert half.edit(age=0, ethnicity=None) == editable.avatar(1).mix(editable.avatar(2))


def test_latents_are_mixed_on_their_sphere(editable: AvatarModel) -> None:
    one, other = editable.avatar(1, psi=0.5), editable.avatar(2, psi=1.0)
    half = one.mix(other, space="z")
    assert one.latent is not None
    assert other.latent is not None
    assert half == editable.avatar(latent=slerp(one.latent, other.latent, 0.5), psi=0.75)
    assert torch.allclose(one.mix(other, 1.0, space="z").styles, other.styles, atol=1e-5)


def test_what_has_no_latent_is_not_mixed_as_one(editable: AvatarModel) -> None:
    one, other = editable.avatar(1), editable.avatar(2)
    with pytest.raises(ValueError, match="an avatar of styles has none"):
        one.mix(editable.avatar(styles=other.styles), space="z")
    with pytest.raises(ValueError, match="truncated differently"):
        editable.avatar(1, psi=0.5, cutoff=2).mix(other, space="z")
    with pytest.raises(ValueError, match="latents have none"):
        one.mix(other, layers=[0], space="z")


def test_layers_are_mixed_as_they_are_edited(editable: AvatarModel) -> None:
    one, other = editable.avatar(1), editable.avatar(2).edit(smile=1)
    mixed = one.mix(other, 1.0, layers=range(4, 8))
    assert torch.equal(mixed.styles[:4], one.styles[:4])
    assert torch.equal(mixed.styles[4:], other.styles[4:])
    assert mixed.edits == {}
    with pytest.raises(ValueError, match="no layer 8: the styles have 8, from 0"):
        one.mix(other, layers=[8])


def test_avatars_of_different_models_do_not_mix(editable: AvatarModel, other_model: AvatarModel) -> None:
    one, other = editable.avatar(1), other_model.avatar(1)
    with pytest.raises(ValueError, match=f"{editable.digest}, and of tiny with the digest {other_model.digest}"):
        one.mix(other)


@pytest.mark.parametrize("space", ["w", "z"])
def test_interpolation_begins_with_one_and_ends_with_the_other(editable: AvatarModel, space: str) -> None:
    one, other = editable.avatar(1), editable.avatar(2)
    steps = list(one.interpolate(other, 5, space=space))  # type: ignore[arg-type]
    assert len(steps) == 5
    assert torch.allclose(steps[0].styles, one.styles, atol=1e-6)
    assert torch.allclose(steps[-1].styles, other.styles, atol=1e-5)
    with pytest.raises(ValueError, match="takes 2 or more"):
        one.interpolate(other, 1)


@given(st.integers(0, 100), st.integers(0, 100), st.floats(0, 1))
def test_slerp_keeps_to_the_arc(one: int, other: int, amount: float) -> None:
    first, second = latent_of_seed(one, 16)[0], latent_of_seed(other, 16)[0]
    mixed = slerp(first, second, amount)
    length = torch.lerp(first.norm(), second.norm(), amount)
    assert torch.isclose(mixed.norm(), length, rtol=1e-4)
    assert torch.allclose(mixed, slerp(second, first, 1 - amount), atol=1e-4)


def test_slerp_of_opposites_does_not_break() -> None:
    first = latent_of_seed(1, 16)[0]
    assert slerp(first, -first, 0.5).abs().max() < 1e-6
    assert torch.equal(slerp(first, first, 0.5), first)


# Truncation -----------------------------------------------------------------------------------------------------------


def test_truncation_afterwards_is_truncation_at_once(average: AvatarModel) -> None:
    late, early = average.avatar(7).truncate(0.5), average.avatar(7, psi=0.5)
    assert torch.allclose(late.styles, early.styles, atol=1e-6)
    assert (late.seed, late.psi) == (7, 0.5)
    again = average.avatar(7, psi=0.8).truncate(0.5)
    assert torch.allclose(again.styles, average.avatar(7, psi=0.4).styles, atol=1e-6)
    assert again.psi == pytest.approx(0.4)


def test_truncation_can_stop_at_a_layer(average: AvatarModel) -> None:
    late, early = average.avatar(7).truncate(0.5, cutoff=3), average.avatar(7, psi=0.5, cutoff=3)
    assert torch.allclose(late.styles, early.styles, atol=1e-6)
    assert late.cutoff == 3
    assert torch.equal(late.styles[3:], average.avatar(7).styles[3:])


def test_what_no_latent_gives_keeps_none(average: AvatarModel) -> None:
    avatar = average.avatar(7, psi=0.5, cutoff=3).truncate(0.5)
    assert (avatar.latent, avatar.seed, avatar.psi) == (None, None, 1.0)


def test_truncation_keeps_edits(avatar: Avatar) -> None:
    assert avatar.edit(age=1).truncate(0.5) == avatar.truncate(0.5).edit(age=1)
    assert avatar.truncate(0).base.abs().max() == 0


# Pictures -------------------------------------------------------------------------------------------------------------


def test_a_picture_comes_in_the_form_that_is_asked_for(avatar: Avatar) -> None:
    picture, array, values = (avatar.render(0.3, as_=form) for form in ("pil", "numpy", "tensor"))
    assert isinstance(picture, Image.Image)
    assert (picture.mode, picture.size) == ("RGB", (32, 32))
    assert np.array_equal(np.asarray(picture), array)
    expected = (values * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
    assert np.array_equal(expected.movedim(0, -1).numpy(), array)
    assert avatar.render(output="alpha", as_="numpy").shape == (8, 8)
    assert avatar.render(output="depth", as_="tensor").shape == (1, 8, 8)
    with pytest.raises(ValueError, match="write 'pil', 'tensor' or 'numpy'"):
        avatar.render(as_="jpeg")


def test_a_camera_can_be_given_instead_of_angles(avatar: Avatar) -> None:
    camera = avatar.camera(0.3, 0.1)
    assert isinstance(camera, Cameras)
    shown = avatar.render(0.3, 0.1, as_="tensor")
    assert torch.equal(shown, avatar.render(camera=camera, as_="tensor"))
    assert torch.equal(shown, avatar.render(camera=camera.vector, as_="tensor"))
    assert not torch.equal(shown, avatar.render(camera=avatar.camera(0.3, 0.1, fov=30), as_="tensor"))


def test_an_unknown_output_is_answered_with_near_ones(avatar: Avatar) -> None:
    with pytest.raises(ValueError, match=r"no output 'dept'; did you mean depth\?"):
        avatar.render(output="dept")


def test_an_orbit_is_a_full_turn_at_one_elevation(avatar: Avatar) -> None:
    frames = list(avatar.orbit(4, elevation=0.1, as_="numpy"))
    for frame, turn in zip(frames, range(4), strict=True):
        assert np.abs(frame.astype(int) - avatar.render(turn * math.pi / 2, 0.1, as_="numpy")).max() <= 1


def test_a_sway_is_an_ellipse_before_the_face(avatar: Avatar) -> None:
    frames = list(avatar.sway(4, as_="numpy"))
    assert np.array_equal(frames[0], avatar.render(0.0, 0.2, as_="numpy"))
    assert np.array_equal(frames[1], avatar.render(0.4, 0.0, as_="numpy"))
    assert np.array_equal(list(avatar.sway(4, yaw=0.1, as_="numpy"))[3], avatar.render(-0.1, 0.0, as_="numpy"))


@pytest.mark.parametrize("angle", [math.nan, math.inf, "left", None])
def test_an_angle_is_a_finite_number(avatar: Avatar, angle: Any) -> None:
    for name in ("yaw", "pitch"):
        with pytest.raises(ValueError, match=f"^{name}={angle!r}: give a finite number, in radians$"):
            avatar.render(**{name: angle})
    with pytest.raises(ValueError, match=r"^elevation=.* in radians$"):
        avatar.orbit(elevation=angle)


def test_notebooks_show_it(avatar: Avatar) -> None:
    with Image.open(io.BytesIO(avatar._repr_png_())) as picture:
        assert np.array_equal(np.asarray(picture), avatar.render(as_="numpy"))


def test_density_is_what_the_graph_says(avatar: Avatar) -> None:
    points = torch.rand(5, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    with torch.no_grad():
        field = avatar.model.plan("field")(styles=avatar.styles[None], points=points[None])
    assert torch.equal(avatar.density(points), field["density"][0, :, 0])
    with pytest.raises(ValueError, match=r"give \(N, 3\)"):
        avatar.density(points[None])
