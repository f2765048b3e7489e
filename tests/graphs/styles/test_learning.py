"""Directions learned where what they should be is known in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from aetherist.components.styles import DirectionSet
from aetherist.graphs.model import Model
from aetherist.graphs.styles import Label, Learning, People, digest_of, learn
from aetherist.graphs.styles.supervised import linear_directions, logistic_directions
from tests.graphs.styles.world import WIDTH, known_people, small_model, truth


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def data(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return known_people(tmp_path_factory.mktemp("data") / "people", model, views=2)


@pytest.fixture(scope="module")
def learned(model: Model, data: Path) -> DirectionSet:
    return learn(model, data, Learning(("age", "smile", "ethnicity")))


def people(count: int = 2000) -> tuple[torch.Tensor, list[Label]]:
    """Return styles that attributes act on along two axes, and those attributes: a person who is older smiles more."""
    draws = torch.Generator().manual_seed(0)
    age = torch.randn(count, generator=draws, dtype=torch.float64)
    smile = 0.5 * age + torch.randn(count, generator=draws, dtype=torch.float64)
    axes = torch.eye(8, dtype=torch.float64)
    rows = (
        3 * age[:, None] * axes[0] + smile[:, None] * (axes[0] + axes[1]) + 0.1 * torch.randn(count, 8, generator=draws)
    )
    labels = [Label("age", age, 2.0, "two more"), Label("smile", smile, 1.0, "one more")]
    return rows[:, None].expand(-1, 4, -1).float(), labels


def test_a_step_is_what_one_attribute_adds_while_the_others_stay() -> None:
    styles, labels = people()
    age, smile = linear_directions(styles, labels, torch.arange(2000))
    torch.testing.assert_close(age.shift(4)[0, :3], torch.tensor([6.0, 0, 0]), atol=0.03, rtol=0)
    torch.testing.assert_close(smile.shift(4)[0, :3], torch.tensor([1.0, 1, 0]), atol=0.03, rtol=0)
    assert age.quality["r2"] > 0.99
    assert (age.unit, age.step) == ("two more", 2.0)


def test_what_is_held_stays_and_gets_no_direction() -> None:
    styles, labels = people()
    (age,) = linear_directions(styles, labels[:1], torch.arange(2000), hold=labels[1:])
    torch.testing.assert_close(age.shift(4)[0, :3], torch.tensor([6.0, 0, 0]), atol=0.03, rtol=0)
    (alone,) = linear_directions(styles, labels[:1], torch.arange(2000))
    torch.testing.assert_close(alone.shift(4)[0, :3], torch.tensor([7.0, 1, 0]), atol=0.15, rtol=0)


def test_orthogonal_directions_still_reach_their_attribute() -> None:
    styles, labels = people()
    age, smile = linear_directions(styles, labels, torch.arange(2000), orthogonal=True)
    assert abs(float(age.vector @ smile.vector)) < 1e-6
    torch.testing.assert_close(age.shift(4)[0, :3], torch.tensor([6.0, 0, 0]), atol=0.03, rtol=0)
    # Smiles are read off axis 1 alone: there the step is as long as it was.
    torch.testing.assert_close(smile.shift(4)[0, :3], torch.tensor([0.0, 1, 0]), atol=0.05, rtol=0)


def test_directions_that_are_the_same_cannot_be_made_orthogonal() -> None:
    styles, labels = people()
    twin = Label("elder", labels[0].values + 1e-3 * labels[1].values, 1.0, "")
    with pytest.raises(ValueError, match="hardly anything of 'elder' is left"):
        logistic_directions(styles, [labels[0], twin], torch.arange(2000), orthogonal=True)


def test_the_normal_between_more_and_less_parts_them() -> None:
    styles, labels = people()
    (age,) = logistic_directions(styles, labels[:1], torch.arange(2000))
    assert age.quality["accuracy"] > 0.95
    # Age is a third of axis 0 less axis 1.
    torch.testing.assert_close(age.vector[:2], torch.tensor([0.7, -0.7]), atol=0.1, rtol=0)
    along = styles[:, 0].double() @ age.vector.double()
    older, younger = (along[(labels[0].values - at).abs() < 0.1].mean() for at in (1, -1))
    assert float(older - younger) == pytest.approx(age.scale, rel=0.1)


def test_latents_of_the_data_lead_to_the_attributes_of_the_model(learned: DirectionSet, model: Model) -> None:
    assert learned.names == ("age", "smile", "ethnicity.asian", "ethnicity.european")
    assert learned.about["learned"]["source"] == "latents"
    assert learned.about["learned"]["people"] == 400
    moved = learned.apply(torch.zeros(8, WIDTH), {"age": 1.0})[0].double() @ truth()
    # Attributes are linear in the styles, so a step of 20 years is 20 years, and the rest stays.
    assert float(10 * moved[0]) == pytest.approx(20, abs=1e-3)
    assert abs(float(moved[1])) < 1e-4
    assert learned["age"].quality["r2"] > 0.999


def test_parts_of_a_whole_grow_at_each_others_expense(learned: DirectionSet) -> None:
    asian, european = learned["ethnicity.asian"].shift(8), learned["ethnicity.european"].shift(8)
    torch.testing.assert_close(asian, -european, atol=1e-5, rtol=0)
    assert float((asian[0].double() @ truth())[2]) > 1


def test_it_is_learned_alike_twice_and_belongs_to_the_model(learned: DirectionSet, model: Model, data: Path) -> None:
    again = learn(small_model(), data, Learning(("age", "smile", "ethnicity")))
    for one, other in zip(learned.directions, again.directions, strict=True):
        assert torch.equal(one.vector, other.vector)
    assert again.model_digest == learned.model_digest == digest_of(model)
    with pytest.raises(ValueError, match="belong to another model"):
        learned.require(digest_of(small_model(seed=1)), "tiny")


def test_layers_are_those_that_were_asked_for(model: Model, data: Path) -> None:
    made = learn(model, data, Learning(("age",), layers=(0, 1)))
    assert made["age"].layers == (0, 1)
    assert not made.apply(torch.zeros(8, WIDTH), {"age": 1.0})[2:].any()
    with pytest.raises(ValueError, match="there is no layer 8: the styles of tiny have 8, from 0"):
        learn(model, data, Learning(("age",), layers=(8,)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"attributes": ("agee",)}, r"400 of 400 pictures say no number for 'agee'; did you mean age\?"),
        ({"attributes": ("hair",)}, "say no number for 'hair'; known: age, ethnicity, smile"),
    ],
)
def test_attributes_that_are_no_numbers_are_named(model: Model, data: Path, settings: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        learn(model, data, Learning(**settings))


def test_what_makes_no_sense_is_said_at_once(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no method is called 'magic'; there are linear, logistic, sefa, pca"):
        Learning(method="magic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the method 'sefa' holds no attributes"):
        Learning(method="sefa", hold=("age",))
    with pytest.raises(ValueError, match="'age' is both to be learned and to be held"):
        Learning(("age",), hold=("age",))
    with pytest.raises(ValueError, match="the method 'linear' learns from labelled data; name a data set"):
        learn(model)
    with pytest.raises(ValueError, match="10 people are too few to learn directions from; give at least 32"):
        learn(model, known_people(tmp_path / "few", model, count=10), Learning(("age",)))


def test_data_about_other_people_has_no_latents_to_learn_from(model: Model, data: Path) -> None:
    other = Model.build("tiny", overrides=["settings.latent_dim=16"])
    with pytest.raises(ValueError, match="the latents have 32 numbers, and the model takes 16; learn from the model's"):
        learn(other, data, Learning(("age",), source="latents"))


def test_a_model_without_the_graphs_is_refused() -> None:
    with pytest.raises(ValueError, match="tiny has no graph 'show'; style directions need 'map'"):
        People(Model.build("tiny", overrides=["graphs.show=null"]))
