"""Direction sets: what they add to styles, what they refuse, and their files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from aetherist.components.styles import Direction, DirectionSet

LAYERS, WIDTH = 4, 6


def axis(index: int) -> torch.Tensor:
    return torch.eye(WIDTH)[index]


@pytest.fixture
def directions() -> DirectionSet:
    return DirectionSet(
        [
            Direction("age", axis(0), 2.0, unit="+20 years", step=20.0, range=(-2, 3), quality={"r2": 0.9}),
            Direction("smile", axis(1), 0.5, layers=(0, 2)),
            Direction("ethnicity.asian", axis(2), 1.0),
            Direction("ethnicity.european", axis(3), 3.0),
        ],
        model_digest="1234",
        model="portrait",
        about={"method": "linear"},
    )


@pytest.fixture
def styles() -> torch.Tensor:
    return torch.randn(3, LAYERS, WIDTH, generator=torch.Generator().manual_seed(0))


def test_a_strength_of_one_is_one_step(directions: DirectionSet, styles: torch.Tensor) -> None:
    older = directions.apply(styles, {"age": 1.0})
    assert torch.equal(older - styles - 2 * axis(0) < 1e-6, torch.ones(3, LAYERS, WIDTH, dtype=torch.bool))
    torch.testing.assert_close(directions.apply(styles, {"age": -0.5}), styles - axis(0))


def test_the_founding_form_mixes_parts_and_adds_up(directions: DirectionSet, styles: torch.Tensor) -> None:
    edited = directions.apply(styles, {"age": 0.5, "ethnicity": {"asian": 0.7, "european": 0.3}})
    torch.testing.assert_close(edited, styles + axis(0) + 0.7 * axis(2) + 0.9 * axis(3))
    one_by_one = directions.apply(
        directions.apply(styles, {"ethnicity": {"asian": 0.7, "european": 0.3}}), {"age": 0.5}
    )
    torch.testing.assert_close(edited, one_by_one)


def test_an_axis_applies_to_its_layers_alone(directions: DirectionSet, styles: torch.Tensor) -> None:
    change = directions.apply(styles, {"smile": 2.0}) - styles
    torch.testing.assert_close(change[:, [0, 2]], axis(1).expand(3, 2, -1))
    assert not change[:, [1, 3]].any()


def test_an_axis_may_differ_from_layer_to_layer(styles: torch.Tensor) -> None:
    step = torch.arange(LAYERS * WIDTH, dtype=torch.float32).reshape(LAYERS, WIDTH)
    directions = DirectionSet([Direction.of_step("age", step)], "1")
    torch.testing.assert_close(directions.apply(styles, {"age": 2.0}), styles + 2 * step)


def test_no_edits_change_nothing_and_none_change_in_place(directions: DirectionSet, styles: torch.Tensor) -> None:
    before = styles.clone()
    assert torch.equal(directions.apply(styles, {}), before)
    directions.apply(styles, {"age": 1.0})
    assert torch.equal(styles, before)


def test_one_person_is_edited_like_many(directions: DirectionSet, styles: torch.Tensor) -> None:
    assert torch.equal(directions.apply(styles[1], {"age": 1.0}), directions.apply(styles, {"age": 1.0})[1])


def test_it_says_what_can_be_edited_and_how_far(directions: DirectionSet) -> None:
    assert directions.attributes == ("age", "smile", "ethnicity")
    assert directions.parts("ethnicity") == ("asian", "european")
    assert directions.ranges == {"age": (-2, 3)}
    assert directions.select(["ethnicity", "age"]).names == ("ethnicity.asian", "ethnicity.european", "age")


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"agee": 1.0}, r"no attribute 'agee' to edit; did you mean age\?"),
        ({"ethnicity": {"asia": 1.0}}, r"'ethnicity' has no part 'asia' to edit; did you mean asian\?"),
        ({"ethnicity": 1.0}, r"'ethnicity' has parts: write \{\"ethnicity\": \{\"asian\": \.\.\., \"european\""),
        ({"age": {"old": 1.0}}, "'age' has no parts: give it one strength"),
        ({"age": float("nan")}, "the strength of 'age' is nan; give a finite number"),
    ],
)
def test_what_it_cannot_edit_it_names(
    directions: DirectionSet, styles: torch.Tensor, edits: dict[str, float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        directions.apply(styles, edits)


def test_styles_of_other_sizes_are_refused(directions: DirectionSet) -> None:
    with pytest.raises(ValueError, match="directions have 6 numbers a layer; these styles 7"):
        directions.apply(torch.zeros(LAYERS, 7), {"age": 1.0})
    with pytest.raises(ValueError, match="'smile' applies to 3 style layers; these styles have 2"):
        directions.apply(torch.zeros(2, WIDTH), {"smile": 1.0})


def test_another_model_is_refused_by_both_digests(directions: DirectionSet) -> None:
    directions.require("1234", "portrait")
    with pytest.raises(ValueError, match=r"to portrait with the digest 1234, and tiny has 99; learn them on it"):
        directions.require("99", "tiny")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Direction("age", 2 * axis(0), 1.0), "'age': the vector has the length 2; it should be 1"),
        (lambda: Direction("age", axis(0), float("inf")), "'age': the scale is inf"),
        (lambda: Direction("age", axis(0), 1.0, layers=(1, 1)), "name each layer once"),
        (lambda: Direction.of_step("age", torch.zeros(3)), "a step of the length 0 leads nowhere"),
        (lambda: DirectionSet([Direction("age", axis(0), 1.0)] * 2, "1"), "two directions 'age'"),
        (lambda: DirectionSet([Direction("a.b.c", axis(0), 1.0)], "1"), "'a.b.c' is no name of a direction"),
        (
            lambda: DirectionSet([Direction("age", axis(0), 1.0), Direction("age.old", axis(0), 1.0)], "1"),
            "'age' is a direction, so it has no part 'old'",
        ),
    ],
)
def test_what_makes_no_sense_is_not_made(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]


def test_a_file_brings_everything_back(directions: DirectionSet, styles: torch.Tensor, tmp_path: Path) -> None:
    directions.save(tmp_path / "d.safetensors")
    loaded = DirectionSet.load(tmp_path / "d.safetensors")
    assert (loaded.model_digest, loaded.model, loaded.about) == ("1234", "portrait", {"method": "linear"})
    for one, other in zip(directions.directions, loaded.directions, strict=True):
        assert torch.equal(one.vector, other.vector)
        assert (one.name, one.scale, one.unit, one.step) == (other.name, other.scale, other.unit, other.step)
        assert (one.layers, one.range, one.quality) == (other.layers, other.range, other.quality)
    edits = {"age": 0.5, "smile": -1.0}
    assert torch.equal(loaded.apply(styles, edits), directions.apply(styles, edits))
    assert [file.name for file in tmp_path.iterdir()] == ["d.safetensors"]


def test_files_of_other_things_are_refused(directions: DirectionSet, tmp_path: Path) -> None:
    path = tmp_path / "d.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="holds no directions: it is no whole safetensors file"):
        DirectionSet.load(path)
    save_file({"age": axis(0)}, path)
    with pytest.raises(ValueError, match=r"metadata have no 'aetherist\.directions'"):
        DirectionSet.load(path)
    save_file({"age": axis(0)}, path, metadata={"aetherist.directions": '{"format": 2}'})
    with pytest.raises(ValueError, match="has format 2; this version of Aetherist reads format 1"):
        DirectionSet.load(path)
    directions.save(path)
    path.write_bytes(path.read_bytes().replace(b'\\"scale\\":2.0', b'\\"scale\\":NaN'))
    with pytest.raises(ValueError, match="is damaged"):
        DirectionSet.load(path)
