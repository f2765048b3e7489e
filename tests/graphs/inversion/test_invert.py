"""A person whom the model itself shows is found again."""

from __future__ import annotations

import attrs
import pytest
import torch

from aetherist.components.cameras import Cameras
from aetherist.graphs.evaluation.similarity import psnr
from aetherist.graphs.inversion import Photo, Settings, Weights, invert
from aetherist.graphs.inversion.sight import Sight
from aetherist.graphs.model import Model
from tests.graphs.inversion.conftest import picture

PIXELS = Weights(perceptual=0, identity=0)
QUICK = Settings(steps=4, layer_steps=3, candidates=2, weights=PIXELS)


@pytest.fixture(scope="module")
def found(model, photo, sight):
    settings = Settings(steps=60, layer_steps=60, candidates=8, rate=0.2, weights=PIXELS)
    return invert(model, photo, camera=sight.camera(0.2, 0.1)[0], settings=settings)


def test_a_person_of_the_model_is_found_again(found):
    start, _ = found.losses["w"]
    _, end = found.losses["layers"]
    assert end < 0.4 * start


def test_who_is_found_looks_right_from_elsewhere_too(found, sight, space, person):
    elsewhere = sight.camera(-0.2, 0.0)
    true, average, ours = (
        picture(sight, styles, elsewhere) for styles in (space.styles(person), space.mean, found.styles)
    )
    assert psnr(ours[None], true[None]) > psnr(average[None], true[None]) + 8


def test_the_picture_and_the_camera_are_what_is_shown(found, sight):
    assert torch.equal(found.picture.clamp(-1, 1), picture(sight, found.styles, found.camera.vector[None]))
    assert torch.allclose(found.camera.vector, sight.camera(0.2, 0.1)[0])


def test_the_same_arguments_give_the_same_bits_and_the_model_stays(model, photo):
    before = {name: tensor.clone() for name, tensor in model.components["planes"].state_dict().items()}
    one, same, other = (invert(model, photo, settings=attrs.evolve(QUICK, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(one.styles, same.styles)
    assert torch.equal(one.camera.vector, same.camera.vector)
    assert not torch.equal(one.styles, other.styles)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.components["planes"].state_dict().items())
    assert all(parameter.grad is None for parameter in model.components["planes"].parameters())


def test_a_camera_that_is_not_known_is_found_with_the_person(model, sight, space):
    """The average person, who is tried from all around first, is seen from where the picture was taken."""
    photo = Photo(picture(sight, space.mean, sight.camera(0.31, 0.03)))
    found = invert(model, photo, settings=Settings(steps=50, layer_steps=0, candidates=0, rate=0.02, weights=PIXELS))
    yaw, pitch, _ = found.camera.spherical()
    assert (yaw.item(), pitch.item()) == pytest.approx((0.31, 0.03), abs=0.03)


def test_what_the_mask_leaves_out_does_not_matter(model, photo, sight):
    mask = torch.zeros_like(photo.image[:1])
    mask[:, 8:24, 8:24] = 1
    spoilt = torch.where(mask > 0, photo.image, 1.0)
    camera, weights = sight.camera(0.2, 0.1)[0], attrs.evolve(PIXELS, silhouette=0)
    settings = attrs.evolve(QUICK, weights=weights, layer_steps=0)
    one, other = (
        invert(model, Photo(image, mask), camera=camera, settings=settings) for image in (photo.image, spoilt)
    )
    assert torch.equal(one.styles, other.styles)
    bare = invert(model, Photo(spoilt), camera=camera, settings=settings)
    assert not torch.allclose(bare.styles, one.styles, atol=0.1)


def test_tuning_brings_the_photo_nearer_and_makes_another_model(model, photo, sight, found):
    settings = attrs.evolve(QUICK, tune_steps=20, tune_rate=0.003)
    tuned = invert(model, photo, camera=found.camera, settings=settings)
    assert tuned.model is not model
    first, last = tuned.losses["tune"]
    assert last < first
    plain = picture(sight, tuned.styles, tuned.camera.vector[None])
    assert psnr(tuned.picture[None].clamp(-1, 1), photo.image[None]) > psnr(plain[None], photo.image[None]) + 1
    assert torch.equal(tuned.picture.clamp(-1, 1), picture(Sight(tuned.model), tuned.styles, tuned.camera.vector[None]))


def test_every_step_is_told(model, photo):
    told = []
    invert(model, photo, settings=attrs.evolve(QUICK, tune_steps=2), observe=told.append)
    stages = list(dict.fromkeys(step.stage for step in told))
    assert stages == ["search", "w", "layers", "tune"]
    assert told[0].steps == 3 * 21
    for stage in stages:
        mine = [step for step in told if step.stage == stage]
        assert [step.step for step in mine] == list(range(1, mine[0].steps + 1))
    assert all(step.loss == pytest.approx(sum(step.terms.values())) for step in told if step.stage != "search")
    sizes = {step.stage: step.picture.shape for step in told if step.picture is not None}
    assert sizes == {"w": (3, 16, 16), "layers": (3, 32, 32), "tune": (3, 32, 32)}


def test_networks_that_are_not_there_are_left_out_with_the_way_to_get_them(model, photo, tmp_path, monkeypatch):
    monkeypatch.setenv("AETHERIST_CACHE", str(tmp_path))
    settings = attrs.evolve(QUICK, weights=Weights())
    found = invert(model, photo, settings=settings)
    assert [line.partition(":")[0] for line in found.left_out] == ["perceptual", "identity"]
    assert found.left_out[1].endswith("to get it: aetherist weights get mobileface")
    assert found.labels == ()


def test_a_photo_of_another_size_is_refused(model):
    with pytest.raises(ValueError, match="read it at that resolution"):
        invert(model, Photo(torch.zeros(3, 64, 64)))


def test_one_camera_only(model, photo, sight):
    two = Cameras.from_vector(sight.camera(0.0, 0.0).expand(2, -1))
    with pytest.raises(ValueError, match="is taken from one"):
        invert(model, photo, camera=two)


def test_a_model_without_the_graphs_is_refused(photo):
    with pytest.raises(ValueError, match="tiny has no graph 'show'"):
        invert(Model.build("tiny", overrides=["graphs.show=null"]), photo)


def test_a_loss_that_is_not_finite_says_so(photo):
    model = Model.build("tiny", overrides=["settings.resolution=32", "components.superres.input_resolution=16"])
    with torch.no_grad():
        next(model.components["planes"].parameters()).fill_(torch.nan)
    with pytest.raises(ValueError, match=r"not finite \(pixels\)"):
        invert(model, photo, settings=attrs.evolve(QUICK, candidates=0))


@pytest.mark.parametrize("wrong", [{"steps": -1}, {"rate": 0.0}, {"tune_rate": float("nan")}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)
