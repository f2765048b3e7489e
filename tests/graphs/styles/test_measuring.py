"""What is measured of directions, in a world where attributes are read off styles directly."""

from __future__ import annotations

import attrs
import pytest
import torch

from aetherist.components.styles import Direction, DirectionSet
from aetherist.graphs.styles import Sight, Target, calibrated, measure, strip, with_figures
from aetherist.graphs.styles.people import People
from tests.graphs.styles.world import small_model

AGE = Target("age", 20, "20 years older", False, 0, 10, -100, 100, 1.0, 8.0, 0.9, 1.0)
SMILE = attrs.evolve(AGE, name="smile", step=1, unit="from no smile to a full one", spread=2)


def read(images: torch.Tensor) -> torch.Tensor:
    """Age is ten times axis 0, smile is axis 1."""
    return torch.stack([10 * images[:, 0, 0], images[:, 0, 1]], dim=1).double()


def sight(**changes: object) -> Sight:
    return Sight(**{"show": lambda styles: styles, "read": read, "targets": (AGE, SMILE), **changes})  # type: ignore[arg-type]


def directions(*steps: tuple[str, list[float]]) -> DirectionSet:
    made = [Direction.of_step(name, torch.tensor(step), step=20.0, unit="20 years older") for name, step in steps]
    return DirectionSet(made, "1")


@pytest.fixture
def styles() -> torch.Tensor:
    return torch.randn(40, 1, 3, generator=torch.Generator().manual_seed(0)).expand(-1, 2, -1)


def test_response_leaks_and_range_are_what_they_are(styles: torch.Tensor) -> None:
    effect = measure(directions(("age", [1.5, 0.4, 0])), styles, sight())["age"]
    assert effect.slope == pytest.approx(15 / 20)
    assert [each.strength for each in effect.responses] == [-2, -1, 1, 2]
    assert [each.change.value for each in effect.responses if each.change] == pytest.approx(
        [-30, -15, 15, 30], abs=1e-4
    )
    assert effect.leaks == {"smile": pytest.approx(0.4 / 2)}
    assert effect.worst == ("smile", pytest.approx(0.2))
    assert effect.monotonic == 1
    assert effect.range == (-2, 2)
    assert effect.identity is None


def test_an_unsure_reading_does_not_make_a_direction_look_weak(styles: torch.Tensor) -> None:
    unsure = sight(read=lambda images: read(images) / 2, targets=(attrs.evolve(AGE, slope=0.5), SMILE))
    assert measure(directions(("age", [2.0, 0, 0])), styles, unsure)["age"].slope == pytest.approx(1)


def test_the_range_ends_where_the_attribute_stops(styles: torch.Tensor) -> None:
    ceiling = sight(read=lambda images: read(images).clamp(max=10))
    effect = measure(directions(("age", [1.0, 0, 0])), styles, ceiling, strengths=(-2, -1, 1, 2, 3, 4))["age"]
    assert effect.range == (-2, 2)
    backwards = measure(directions(("age", [-1.0, 0, 0])), styles, sight())["age"]
    assert backwards.range == (0, 0)
    assert backwards.slope == pytest.approx(-0.5)
    assert backwards.monotonic == 0


def test_only_people_with_room_are_asked_how_far_they_went(styles: torch.Tensor) -> None:
    bounded = sight(
        read=lambda images: read(images).clamp(-10, 10), targets=(attrs.evolve(AGE, low=-10, high=10), SMILE)
    )
    effect = measure(directions(("age", [2.0, 0, 0])), styles, bounded, strengths=(-1, 1))["age"]
    ages = (10 * styles[:, 0, 0].double()).clamp(-10, 10)
    after = (10 * styles[:, 0, 0].double() + 20).clamp(-10, 10)
    (older,) = (each for each in effect.responses if each.strength == 1)
    # 20 years more, and 5 years of leniency: those up to -5 have room.
    room = ages + 20 <= 15
    assert older.people == int(room.sum())
    assert older.change is not None
    assert older.change.value == pytest.approx(float((after - ages)[room].mean()), abs=1e-4)


def test_identity_is_compared_with_the_person_and_with_others(styles: torch.Tensor) -> None:
    faces = sight(recognise=lambda images: images[:, 0], network="axes")
    found = measure(directions(("age", [1.0, 0, 0])), styles, faces, strengths=(1,))
    rows = torch.nn.functional.normalize(styles[:, 0].double(), dim=1)
    moved = torch.nn.functional.normalize((styles[:, 0] + torch.tensor([1.0, 0, 0])).double(), dim=1)
    assert found["age"].identity == pytest.approx(float((rows * moved).sum(1).mean()), abs=1e-6)
    assert found.others == pytest.approx(float((rows * rows.roll(1, 0)).sum(1).mean()), abs=1e-6)
    assert found.network == "axes"


def test_calibrated_steps_do_what_is_documented(styles: torch.Tensor) -> None:
    made = directions(("age", [1.6, 0.4, 0]), ("pca1", [0.0, 0, 1]))
    better, told = calibrated(made, measure(made, styles, sight()))
    assert better["age"].scale == pytest.approx(made["age"].scale / 0.8)
    assert better["pca1"].scale == made["pca1"].scale
    again = measure(better, styles, sight(), strengths=(-1.6, -0.8, 0.8, 1.6))
    assert again["age"].slope == pytest.approx(1) == told["age"].slope
    assert told["age"].range == pytest.approx((-1.6, 1.6)) == again["age"].range
    assert told["age"].leaks == pytest.approx(again["age"].leaks, abs=1e-6)
    assert [each.strength for each in told["age"].responses] == pytest.approx([-1.6, -0.8, 0.8, 1.6])


def test_a_direction_that_hardly_responds_is_not_pushed(styles: torch.Tensor) -> None:
    made = directions(("age", [0.8, 0, 0]))
    better, told = calibrated(made, measure(made, styles, sight()))
    assert better["age"].scale == made["age"].scale
    assert told["age"].slope == pytest.approx(0.4)


def test_what_was_measured_is_kept_with_the_directions(styles: torch.Tensor, tmp_path: object) -> None:
    made = directions(("age", [2.0, 0.4, 0]), ("pca1", [0.0, 0, 1]))
    kept = with_figures(made, measure(made, styles, sight()))
    assert kept.ranges == {"age": (-2, 2)}
    assert kept["age"].quality == {"response": pytest.approx(1), "monotonic": 1, "leak": pytest.approx(0.2)}
    kept.save(f"{tmp_path}/d.safetensors")
    told = DirectionSet.load(f"{tmp_path}/d.safetensors").about["measured"]
    assert told["people"] == 40
    assert [effect["name"] for effect in told["effects"]] == ["age", "pca1"]


def test_strengths_are_compared_with_none(styles: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="give strengths other than 0"):
        measure(directions(("age", [1.0, 0, 0])), styles, sight(), strengths=(0, 1))


def test_a_strip_shows_people_at_each_strength() -> None:
    people = People(small_model())
    styles = people.styles(people.latents([0, 1]))
    direction = Direction.of_step("age", torch.randn(styles.shape[-1], generator=torch.Generator().manual_seed(0)))
    shown = strip(people, direction, styles, (1.0, -1.0))
    assert shown.shape == (2, 3, 3, 32, 32)
    plain = people.pictures(styles)
    assert torch.equal(shown[:, 1], (plain * 127.5 + 128).clamp(0, 255).to(torch.uint8))
    assert not torch.equal(shown[:, 0], shown[:, 2])
