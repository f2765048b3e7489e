"""A model that makes avatars: whom it makes, and that a picture depends on nothing but its avatar and its camera."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import nn

import aetherist
from aetherist.avatars import AvatarModel
from aetherist.components.cameras import Cameras
from aetherist.graphs.generate import latent_of_seed
from aetherist.graphs.model import Model
from tests.avatars.helpers import SMALL, some_directions

# People ---------------------------------------------------------------------------------------------------------------


def test_a_seed_is_the_person_that_generate_shows(model: AvatarModel) -> None:
    stage = model.stage
    inputs = {"latent": latent_of_seed(7, 32), "pose": stage.camera()[None], "camera": stage.camera(0.2, 0.1)[None]}
    with torch.no_grad():
        [picture] = model.plan("generate", ["image"])(**inputs)["image"]
    assert torch.equal(model.avatar(7).render(0.2, 0.1, as_="tensor"), picture)


def test_an_avatar_is_made_of_a_seed_a_latent_or_styles(model: AvatarModel) -> None:
    by_seed = model.avatar(7)
    by_latent = model.avatar(latent=latent_of_seed(7, model.latent_dim)[0])
    assert torch.equal(by_seed.styles, by_latent.styles)
    assert by_seed.looks == by_latent.looks
    assert by_seed != by_latent  # one knows its seed
    wide = model.avatar(styles=torch.ones(model.style_shape[1]))
    assert wide == model.avatar(styles=torch.ones(model.style_shape))
    assert [each.seed for each in model.avatars([3, 1])] == [3, 1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "a seed, a latent or styles: give one"),
        ({"seed": 1, "styles": torch.ones(8, 32)}, "a seed, a latent or styles: give one"),
        ({"latent": torch.ones(1, 32)}, r"latent of the shape \(1, 32\): an avatar of tiny takes \(32,\)"),
        ({"styles": torch.ones(8, 31)}, r"takes \(8, 32\) or \(32,\)"),
        ({"styles": torch.full((8, 32), float("nan"))}, "not finite"),
        ({"styles": torch.ones(8, 32), "psi": 0.5}, "truncate the avatar"),
        ({"seed": -1}, "whole number from 0"),
    ],
)
def test_what_makes_no_avatar_is_refused(model: AvatarModel, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        model.avatar(**given)


# Batches --------------------------------------------------------------------------------------------------------------


def test_pictures_do_not_depend_on_what_else_is_asked_for(model: AvatarModel) -> None:
    people = model.avatars([1, 2, 3, 2])
    cameras = Cameras.stack([model.camera(yaw) for yaw in (0.0, 0.1, 0.2, 0.3)])
    together = model.render(people, cameras, ("image", "depth"))
    assert together["image"].shape == (4, 3, 32, 32)
    for index, (avatar, camera) in enumerate(zip(people, cameras, strict=True)):
        model.memory.clear()
        alone = model.render(avatar, camera, ("depth", "image"))
        assert all(torch.equal(alone[name][0], together[name][index]) for name in together)
        assert torch.equal(avatar.render(camera=camera, as_="tensor"), together["image"][index])


def test_one_of_either_is_for_all(model: AvatarModel) -> None:
    person, cameras = model.avatar(1), torch.stack([model.camera(yaw).vector for yaw in (0.0, 0.2)])
    assert model.render(person, cameras)["image"].shape[0] == 2
    assert model.render(model.avatars(range(3)))["image"].shape[0] == 3
    assert torch.equal(
        model.render([person], cameras, "raw")["raw"], model.render([person] * 2, cameras, ("raw",))["raw"]
    )
    with pytest.raises(ValueError, match="3 avatars and 2 cameras: give as many, or one for all"):
        model.render(model.avatars(range(3)), cameras)
    with pytest.raises(ValueError, match="0 avatars"):
        model.render([])
    with pytest.raises(ValueError, match="25 numbers each"):
        model.render(person, torch.ones(2, 16))


def test_an_avatar_of_another_model_is_not_shown(model: AvatarModel, other_model: AvatarModel) -> None:
    with pytest.raises(
        ValueError, match=f"digest {other_model.digest}, and this is tiny with the digest {model.digest}"
    ):
        model.render(other_model.avatar(1))
    twin = aetherist.load("tiny", overrides=SMALL)
    assert torch.equal(model.render(twin.avatar(1))["image"], model.render(model.avatar(1))["image"])


def test_planes_are_computed_once_a_person(model: AvatarModel, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    planes = model.model.components["planes"]
    handle = planes.register_forward_hook(lambda *_: calls.append(1))
    try:
        model.memory.clear()
        avatar = model.avatar(123)
        list(avatar.orbit(3))
        avatar.render(0.7, output="depth")
        avatar.density(torch.zeros(1, 3))
        model.render([avatar, model.avatar(124)] * 2)
        assert len(calls) == 2
        monkeypatch.setattr(model.memory, "limit", 0)
        model.memory.clear()
        list(avatar.orbit(3))
        assert len(calls) == 3
        assert len(model.memory) == 0
    finally:
        handle.remove()


# Threads --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [0, 1, 100])
def test_threads_get_what_each_would_get_alone(editable: AvatarModel, people: int) -> None:
    def look(model: AvatarModel, index: int) -> torch.Tensor:
        avatar = model.avatar(index % 3).edit(age=(index % 2) * 0.5)
        shown = avatar.render(0.1 * index, output=("image", "raw", "depth")[index % 3], as_="tensor")
        assert torch.is_grad_enabled()
        return shown

    alone = [look(editable, index) for index in range(24)]
    fresh = aetherist.load("tiny", overrides=SMALL, directions=editable.directions, memory=people * 100_000)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda index: look(fresh, index), range(24)))
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))
    assert len(fresh.memory) == min(people, 6)


def test_iterating_leaves_autograd_as_it_is(model: AvatarModel) -> None:
    for _ in model.avatar(1).orbit(2):
        assert torch.is_grad_enabled()


# Other PyTorch code ---------------------------------------------------------------------------------------------------


def test_a_graph_is_a_module_for_other_code(model: AvatarModel) -> None:
    plan = model.plan("generate", ["image"])
    assert isinstance(plan, nn.Module)
    latent = torch.randn(2, model.latent_dim, generator=torch.Generator().manual_seed(0), requires_grad=True)
    camera = model.camera().vector.expand(2, 25)
    nn.Sequential(plan)[0](latent=latent, pose=camera, camera=camera)["image"].mean().backward()
    assert latent.grad is not None


# Models that make none ------------------------------------------------------------------------------------------------


def test_a_model_without_the_graphs_says_which_is_missing() -> None:
    with pytest.raises(ValueError, match="tiny makes no avatars: it has no graph 'show'"):
        aetherist.load("tiny", overrides=["graphs.show=null"])


def test_a_graph_that_needs_more_than_an_avatar_gives_says_so() -> None:
    more = ["graphs.show.inputs.planes={type: Planes}", "graphs.show.steps.planes=null"]
    more += ["graphs.show.steps.view.with.planes=planes"]
    with pytest.raises(ValueError, match="graph 'show' of tiny needs the input 'planes'"):
        aetherist.load("tiny", overrides=more)


def test_a_recipe_can_do_without_pose_and_truncation() -> None:
    changes = [f"graphs.{graph}.inputs.pose=null" for graph in ("map", "generate", "query")]
    changes += [f"graphs.{graph}.steps.styles.with.camera=null" for graph in ("map", "generate", "query")]
    changes += ["graphs.map.inputs.psi=null", "graphs.map.steps.styles.with.psi=1.0", "components.mapping.camera_dim=0"]
    model = aetherist.load("tiny", overrides=[*SMALL, *changes])
    assert model.avatar(1).render().size == (32, 32)
    with pytest.raises(ValueError, match="tiny takes no psi"):
        model.avatar(1, psi=0.5)
    with pytest.raises(ValueError, match="knows no average person"):
        model.avatar(1).truncate(0.5)


def test_directions_of_another_model_are_refused_with_both_digests(model: AvatarModel) -> None:
    with pytest.raises(ValueError, match=f"the digest 123, and tiny has {model.digest}"):
        AvatarModel(model.model, directions=some_directions("123", 32))


def test_noise_of_the_picture_follows_from_the_seed() -> None:
    changes = ["components.superres.noise=random", "graphs.show.inputs.seeds=Seeds"]
    changes += ["graphs.show.steps.final.with.seeds=seeds"]
    changes += ["graphs.generate.inputs.seeds=Seeds", "graphs.generate.steps.final.with.seeds=seeds"]
    inner = Model.build("tiny", overrides=[*SMALL, *changes])
    for name, weight in inner.components["superres"].named_parameters():
        if name.endswith("noise_strength"):
            weight.data.fill_(1.0)
    model = AvatarModel(inner)
    one, other = model.avatar(1), model.avatar(2)
    batch = model.render([one, other])["image"]
    assert torch.equal(batch[1], other.render(as_="tensor"))
    camera = model.stage.camera()[None]
    with torch.no_grad():
        made = inner.plan("generate")(latent=latent_of_seed(2, 32), pose=camera, camera=camera, seeds=torch.tensor([2]))
    assert torch.equal(batch[1], made["image"][0])
