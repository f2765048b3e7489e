"""Pictures from seeds: who a seed is, what a camera changes, how values become pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aetherist.components.cameras import camera_from_angles
from aetherist.graphs.generate import Generator, Stage, latent_of_seed, to_pixels
from aetherist.graphs.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.build("tiny")


def pictures(generator, seeds, cameras, **options):
    front = camera_from_angles(0.0, 0.0)
    return {(p.seed, p.view): p for p in generator.pictures(seeds, cameras, front, **options)}


CAMERAS = [camera_from_angles(yaw, 0.1) for yaw in (-0.3, 0.3)]


def test_a_seed_is_the_person_that_other_scripts_draw():
    assert np.array_equal(latent_of_seed(7, 512).numpy(), np.random.RandomState(7).randn(1, 512).astype(np.float32))


def test_pictures_do_not_depend_on_their_batch(model):
    generator = Generator(model)
    alone, together = (pictures(generator, [0, 5, 9], CAMERAS, batch=batch) for batch in (1, 3))
    assert alone.keys() == together.keys() == {(s, v) for s in (0, 5, 9) for v in (0, 1)}
    assert all(torch.equal(alone[key].pixels, together[key].pixels) for key in alone)


def test_the_identity_is_computed_once_however_many_cameras_look(model):
    calls = []
    handle = model.components["planes"].register_forward_hook(lambda *_: calls.append(1))
    try:
        pictures(Generator(model), [0, 1], CAMERAS * 3)
    finally:
        handle.remove()
    assert len(calls) == 2


def test_seeds_and_cameras_matter_and_the_pose_is_apart(model):
    made = pictures(Generator(model), [0, 1], CAMERAS)
    assert not torch.equal(made[0, 0].pixels, made[1, 0].pixels)
    assert not torch.equal(made[0, 0].pixels, made[0, 1].pixels)
    assert torch.equal(made[0, 1].camera, CAMERAS[1])
    assert torch.equal(made[0, 1].pose, camera_from_angles(0.0, 0.0))


def test_no_truncation_is_nobody_in_particular(model):
    made = pictures(Generator(model, psi=0.0), [0, 1], CAMERAS[:1])
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
    ]
    generator = Generator(Model.build("tiny", overrides=overrides))
    alone, together = (pictures(generator, [3, 4], CAMERAS[:1], batch=batch) for batch in (1, 2))
    assert alone[3, 0].pose is None
    assert all(torch.equal(alone[key].pixels, together[key].pixels) for key in alone)


def test_what_is_no_picture_is_refused(model):
    overrides = ["graphs.generate.outputs.planes=planes"]
    with pytest.raises(ValueError, match="the output 'planes' of graph 'generate' is no picture: it is Planes"):
        Generator(Model.build("tiny", overrides=overrides), output="planes")


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
        Generator(model, **options)


def test_truncation_needs_a_graph_that_takes_it():
    overrides = ["graphs.generate.inputs.psi=null", "graphs.generate.steps.styles.with.psi=1.0"]
    model = Model.build("tiny", overrides=overrides)
    with pytest.raises(ValueError, match="graph 'generate' takes no truncation: it has no input 'psi'"):
        Generator(model, psi=0.7)


def test_the_stage_is_that_of_the_recipe(model):
    assert Stage.of(model) == Stage(2.7, (0.0, 0.0, 0.2), 4.2647)
    other = Model.build("tiny", overrides=["settings.camera_radius=1.7", "settings.camera_pivot=[0, 1, 2]"])
    assert Stage.of(other) == Stage(1.7, (0.0, 1.0, 2.0), 4.2647)


@pytest.mark.parametrize("setting", ["camera_radius=far", "camera_pivot=[1, 2]", "camera_focal=true"])
def test_a_stage_that_makes_no_sense_is_named(setting):
    with pytest.raises(ValueError, match=f"settings.{setting.partition('=')[0]} of tiny is .*; it should be a"):
        Stage.of(Model.build("tiny", overrides=[f"settings.{setting}"]))


@pytest.mark.parametrize(
    ("meaning", "values", "pixels", "scale"),
    [
        ("image.signed", [-1.0, 0.0, 1.0, 3.0], [0, 128, 255, 255], None),
        ("image.unit", [0.0, 0.5, 1.0, -3.0], [0, 128, 255, 0], None),
        ("mask.alpha", [0.0, 1.0, 0.25, 0.1], [0, 255, 64, 26], None),
        ("depth.ray", [2.0, 3.0, 2.5, 2.0], [255, 0, 128, 255], (3.0, 2.0)),
        (None, [1.0, 3.0, 2.0, 1.0], [0, 255, 128, 0], (1.0, 3.0)),
        ("depth.ray", [2.0, 2.0, 2.0, 2.0], [0, 0, 0, 0], (2.0, 2.0)),
    ],
)
def test_values_become_pixels_by_their_meaning(meaning, values, pixels, scale):
    made, told = to_pixels(torch.tensor(values).reshape(1, 2, 2), meaning)
    assert made.flatten().tolist() == pixels
    assert told == scale
