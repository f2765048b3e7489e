"""Pictures of people: of seeds and of styles, from cameras, with panes beside them."""

from __future__ import annotations

import pytest
import torch

from aetherist.components.cameras import camera_from_angles
from aetherist.components.rendering import normals_from_depth
from aetherist.graphs.generate import Stage, to_pixels
from aetherist.graphs.model import Model
from aetherist.graphs.viewer import Viewer


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.build("tiny")


def pictures(viewer, seeds, cameras, **options):
    made = viewer.pictures(map(viewer.of_seed, seeds), cameras, **options)
    return {(picture.subject.told["seed"], picture.view): picture for picture in made}


CAMERAS = [camera_from_angles(yaw, 0.1) for yaw in (-0.3, 0.3)]


def test_pictures_do_not_depend_on_their_batch(model):
    viewer = Viewer(model)
    alone, together = (pictures(viewer, [0, 5, 9], CAMERAS, batch=batch) for batch in (1, 3))
    assert alone.keys() == together.keys() == {(s, v) for s in (0, 5, 9) for v in (0, 1)}
    assert all(torch.equal(alone[key].pixels, together[key].pixels) for key in alone)


def test_the_identity_is_computed_once_however_many_cameras_look(model):
    calls = []
    handle = model.components["planes"].register_forward_hook(lambda *_: calls.append(1))
    try:
        pictures(Viewer(model), [0, 1], CAMERAS * 3)
    finally:
        handle.remove()
    assert len(calls) == 2


def test_seeds_and_cameras_matter_and_the_pose_is_apart(model):
    made = pictures(Viewer(model), [0, 1], CAMERAS)
    assert not torch.equal(made[0, 0].pixels, made[1, 0].pixels)
    assert not torch.equal(made[0, 0].pixels, made[0, 1].pixels)
    assert torch.equal(made[0, 1].camera, CAMERAS[1])
    assert made[0, 1].subject.told["pose"] == camera_from_angles(0.0, 0.0).tolist()


def test_no_truncation_is_nobody_in_particular(model):
    made = pictures(Viewer(model, psi=0.0), [0, 1], CAMERAS[:1])
    assert torch.equal(made[0, 0].pixels, made[1, 0].pixels)


def test_a_graph_may_know_no_pose_and_take_seeds_for_its_noise():
    overrides = [
        "components.mapping.camera_dim=0",
        "components.planes.noise=random",
        "graphs.generate.inputs.pose=null",
        "graphs.generate.inputs.seeds=Seeds",
        "graphs.generate.steps.styles.with.camera=null",
        "graphs.generate.steps.planes.with.seeds=seeds",
        "graphs.query=null",
        "graphs.map=null",
    ]
    viewer = Viewer(Model.build("tiny", overrides=overrides))
    alone, together = (pictures(viewer, [3, 4], CAMERAS[:1], batch=batch) for batch in (1, 2))
    assert "pose" not in alone[3, 0].subject.told
    assert all(torch.equal(alone[key].pixels, together[key].pixels) for key in alone)


def test_what_is_no_picture_is_refused(model):
    overrides = ["graphs.generate.outputs.planes=planes"]
    with pytest.raises(ValueError, match="the output 'planes' of graph 'generate' is no picture: it is Planes"):
        Viewer(Model.build("tiny", overrides=overrides), output="planes")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"graph": "nope"}, "has no graph 'nope'"),
        ({"output": "nope"}, "has no output 'nope'"),
        ({"graph": "query", "output": "density"}, "needs the input 'points'"),
        ({"graph": "query", "output": "density", "cutoff": 3}, "needs the input 'points'"),
    ],
)
def test_what_cannot_be_generated_is_said(model, options, words):
    with pytest.raises(ValueError, match=words):
        Viewer(model, **options)


def test_truncation_needs_a_graph_that_takes_it():
    overrides = ["graphs.generate.inputs.psi=null", "graphs.generate.steps.styles.with.psi=1.0"]
    model = Model.build("tiny", overrides=overrides)
    with pytest.raises(ValueError, match="graph 'generate' takes no truncation: it has no input 'psi'"):
        Viewer(model, psi=0.7)


def test_a_graph_of_styles_shows_the_same_people(model):
    one, other = (pictures(Viewer(model, graph=graph, psi=0.6), [0, 5], CAMERAS) for graph in ("generate", "show"))
    assert all(torch.equal(one[key].pixels, other[key].pixels) for key in one)
    viewer = Viewer(model, graph="show")
    styles = viewer.of_seed(5).inputs["styles"][0]
    subject = viewer.of_styles("ada", styles, {"avatar": 1})
    (picture,) = viewer.pictures([subject], CAMERAS[:1])
    plain = pictures(viewer, [5], CAMERAS[:1])[5, 0]
    assert torch.equal(picture.pixels, plain.pixels)
    assert (picture.subject.name, picture.subject.told) == ("ada", {"avatar": 1})


def test_without_a_way_from_a_seed_styles_are_still_shown(model):
    alone = Model.build("tiny", overrides=["graphs.map=null"])
    viewer = Viewer(alone, graph="show")
    with pytest.raises(ValueError, match="takes styles, and tiny has no graph 'map' that makes them of a seed"):
        viewer.of_seed(0)
    styles = Viewer(model, graph="show").of_seed(5).inputs["styles"][0]
    (picture,) = viewer.pictures([viewer.of_styles("ada", styles)], CAMERAS[:1])
    assert torch.equal(picture.pixels, pictures(Viewer(model), [5], CAMERAS[:1])[5, 0].pixels)


def test_a_pane_stands_beside_the_picture_and_changes_nothing_in_it(model):
    plain = pictures(Viewer(model), [3], CAMERAS)
    for pane in ("depth", "normal"):
        beside = pictures(Viewer(model, pane=pane), [3], CAMERAS)
        for key, picture in beside.items():
            assert picture.pixels.shape == (3, 64, 128)
            assert torch.equal(picture.pixels[:, :, :64], plain[key].pixels)
    raw = pictures(Viewer(model, output="raw", pane="depth"), [3], CAMERAS)[3, 0]
    assert raw.pixels.shape == (3, 16, 32)


def test_the_pane_of_depth_is_white_where_it_is_near(model):
    stage = Stage.of(model)
    picture = pictures(Viewer(model, output="raw", pane="depth"), [3], CAMERAS)[3, 0]
    plan = model.plan("show")
    styles = Viewer(model, graph="show").of_seed(3).inputs["styles"]
    with torch.no_grad():
        made = plan(styles=styles, camera=CAMERAS[0][None])
    distance = (CAMERAS[0][[3, 7, 11]] - torch.tensor(stage.pivot)).norm()
    half = 0.5 * stage.radius / stage.focal
    expected = ((distance + half - made["depth"][0]) / (2 * half)).clamp(0, 1) * made["alpha"][0].clamp(0, 1)
    assert (picture.pixels[0, :, 16:].float() / 255 - expected[0]).abs().max() < 0.003


def test_the_pane_of_normals_is_red_to_the_right_green_up_and_blue_towards_us(model):
    picture = pictures(Viewer(model, output="raw", pane="normal"), [3], CAMERAS)[3, 0]
    styles = Viewer(model, graph="show").of_seed(3).inputs["styles"]
    with torch.no_grad():
        made = model.plan("show")(styles=styles, camera=CAMERAS[0][None])
    right, down, forward = normals_from_depth(made["depth"], CAMERAS[0][None])[0]
    expected = (torch.stack([right, -down, -forward]) * 0.5 + 0.5) * made["alpha"][0].clamp(0, 1)
    assert (picture.pixels[:, :, 16:].float() / 255 - expected).abs().max() < 0.003


def test_a_pane_needs_depth():
    model = Model.build("tiny", overrides=["graphs.generate.outputs.depth=null"])
    with pytest.raises(
        ValueError, match="a pane of normal is made of depth, and graph 'generate' has no output 'depth'"
    ):
        Viewer(model, pane="normal")


def test_a_picture_of_depth_has_a_scale_of_its_own(model):
    picture = pictures(Viewer(model, output="depth"), [3], CAMERAS)[3, 0]
    far, near = picture.scale
    assert far > near
    assert picture.pixels.shape == (1, 16, 16)
    assert to_pixels(torch.full((1, 2, 2), 0.5), "image.unit")[1] is None


def test_numbers_that_are_not_finite_name_who_they_are_of():
    model = Model.build("tiny")
    with torch.no_grad():
        model.components["planes"].b4.const.fill_(float("nan"))
    with pytest.raises(ValueError, match="the picture of seed0003 has numbers that are not finite"):
        pictures(Viewer(model), [3], CAMERAS[:1])
