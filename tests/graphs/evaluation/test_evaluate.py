"""What an evaluation says of models that are known exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aetherist.graphs.evaluation import METRICS, Evaluation, Settings, evaluate
from aetherist.graphs.model import Model
from tests.components.embeddings.scripted import pixel_means
from tests.graphs.evaluation.spheres import Balls, balls_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return balls_set(tmp_path_factory.mktemp("data") / "balls.zip")


def measured(model: Balls | Model, data: Path, *metrics: str, **options) -> Evaluation:
    network = str(pixel_means())
    options = {"features": network, "identity": network, "images": 16} | options
    return evaluate(model, data, Settings(metrics=metrics or tuple(METRICS), **options))


@pytest.fixture(scope="module")
def perfect(data: Path) -> Evaluation:
    return measured(Balls(), data, *(name for name in METRICS if name != "lpips"))


def test_a_perfect_model_is_as_good_as_the_data(perfect):
    assert not perfect.missing
    for name in ("fid", "kid"):
        figure = perfect[name]
        assert figure.estimate.low <= figure.yardstick.high
        assert figure.yardstick_images == figure.images == 16


def test_a_perfect_model_has_no_error_of_depth(perfect):
    # Depth is stored in steps of 0.0005, of a ball that shows 0.35.
    assert perfect["depth"].estimate.value < 0.1
    assert perfect["iou"].estimate.value > 0.999
    assert perfect["psnr"].estimate.value > 45
    assert perfect["ssim"].estimate.value > 0.999


def test_a_model_of_one_world_agrees_with_itself_as_the_data_does(perfect):
    figure = perfect["reprojection"]
    assert figure.estimate.value == pytest.approx(figure.yardstick.value, abs=0.3)
    assert figure.estimate.value < 1
    assert perfect["photometric"].estimate.value < 0.05


def test_one_person_is_more_alike_than_two(perfect):
    assert perfect["identity"].estimate.low > perfect["others"].estimate.high
    assert perfect["identity"].details[0]["yaw_between"] == [0, 15]
    assert sum(part["pairs"] for part in perfect["identity"].details) == perfect["identity"].images / 2


def test_an_error_of_depth_is_reported_in_the_size_of_the_head(data):
    figure = measured(Balls(farther=0.01), data, "depth")["depth"]
    assert figure.estimate.value == pytest.approx(100 * 0.01 / 0.34, rel=0.1)
    assert "0.0100" in figure.notes[0]


def test_depths_that_disagree_between_cameras_are_found(data, perfect):
    figure = measured(Balls(leaning=0.02), data, "reprojection")["reprojection"]
    assert figure.estimate.low > 2 * perfect["reprojection"].estimate.high


def test_a_model_without_conditioning_has_its_fid_as_fid3d(perfect, data):
    assert perfect["fid3d"].estimate == perfect["fid"].estimate
    assert "FID3D is FID" in perfect["fid3d"].notes[-1]
    alone = measured(Balls(), data, "fid3d")
    assert [figure.metric for figure in alone.figures] == ["fid3d"]
    assert alone["fid3d"].estimate == perfect["fid"].estimate


def test_a_model_that_hides_the_pose_in_the_person_has_another_fid3d(data):
    found = measured(Balls(pose_tints=True), data, "fid", "fid3d")
    assert found["fid"].estimate.value > found["fid3d"].estimate.high


def test_every_figure_says_how_it_was_made(perfect):
    for figure in perfect.figures:
        assert figure.estimate.low <= figure.estimate.value <= figure.estimate.high
        assert figure.images > 0
        assert (figure.network is None) == (figure.standard is None)
    assert "not the network that papers use" in perfect["fid"].network
    assert perfect["fid"].standard is False
    assert "real pictures" in perfect["pose"].notes[0]


def test_the_report_is_plain_json(perfect):
    plain = json.loads(json.dumps(perfect.to_dict(), allow_nan=False))
    assert [row["metric"] for row in plain["figures"]] == [name for name in METRICS if name != "lpips"]
    assert plain["data"]["people"] == 12
    assert plain["figures"][0]["comparable_with_papers"] is False


def test_few_pictures_for_many_numbers_carry_a_warning(data):
    few = measured(Balls(), data, "fid", images=8)["fid"]
    assert any("no more than the 12 numbers" in note for note in few.notes)


def test_more_pictures_than_half_the_data_are_said_to_compare_with_fewer(data):
    figure = measured(Balls(), data, "fid", images=30)["fid"]
    assert figure.images == 30
    assert figure.yardstick_images == 18
    assert any("18 pictures a side, not of 30" in note for note in figure.notes)


def test_the_seed_decides_and_the_batch_does_not(data):
    metrics = ("fid", "identity", "reprojection", "depth")
    one = measured(Balls(), data, *metrics, batch=3)
    again = measured(Balls(), data, *metrics, batch=3)
    other = measured(Balls(), data, *metrics, batch=16)
    assert one.figures == again.figures
    for figure in one.figures:
        assert other[figure.metric].estimate.value == pytest.approx(figure.estimate.value, rel=1e-4)
    assert measured(Balls(), data, "fid", seed=1)["fid"].estimate != one["fid"].estimate


def test_what_cannot_be_measured_is_listed_with_the_way_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("AETHERIST_CACHE", str(tmp_path / "empty"))
    blind = balls_set(tmp_path / "blind.zip", truth=False)
    found = evaluate(Balls(outputs=frozenset({"image"})), blind, Settings(images=8))
    assert not found.figures
    missing = {each.metric: each for each in found.missing}
    assert list(missing) == list(METRICS)
    assert missing["fid"].fix == "aetherist weights get inception-nsfwjs"
    assert missing["others"].fix == "aetherist weights get face-recognition"
    assert "no output alpha and no output depth" in missing["reprojection"].reason
    assert "attributes.latent" in missing["depth"].reason


def test_what_lacks_a_network_does_not_keep_the_rest_from_being_measured(data, tmp_path, monkeypatch):
    monkeypatch.setenv("AETHERIST_CACHE", str(tmp_path))
    found = measured(Balls(), data, "psnr", "lpips")
    assert [figure.metric for figure in found.figures] == ["psnr"]
    assert [(each.metric, each.fix) for each in found.missing] == [("lpips", "aetherist weights get vgg16-hed")]


def test_a_model_that_shows_nobody_where_the_data_does_has_no_error_of_depth(data):
    class Nobody(Balls):
        def show(self, latents, cameras, poses=None):
            shown = super().show(latents, cameras, poses)
            return shown | {"alpha": shown["alpha"] * 0}

    found = measured(Nobody(), data, "depth", "iou", "reprojection")
    assert [each.metric for each in found.missing] == ["reprojection", "depth"]
    assert found["iou"].estimate.value == 0


def test_a_recipe_is_measured_as_it_is(data):
    found = measured(Model.build("tiny"), data, "kid", "fid3d", "photometric", images=8)
    assert [figure.metric for figure in found.figures] == ["kid", "fid3d", "photometric"]
    assert found.model["name"] == "tiny"
    assert found.model["conditioned"]
    assert found["kid"].estimate.value > found["kid"].yardstick.high


def test_faults_are_named():
    with pytest.raises(ValueError, match="no metric is called 'fidd'"):
        Settings(metrics=("fidd",))
    with pytest.raises(ValueError, match="too few"):
        Settings(images=2)
