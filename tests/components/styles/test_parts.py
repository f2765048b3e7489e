"""Edits, mixtures and truncation as components."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from aetherist.components.styles import (
    Direction,
    DirectionSet,
    EditStyles,
    MixStyles,
    SlerpLatents,
    TruncateStyles,
    slerp,
)
from aetherist.core.check import check

LAYERS, WIDTH = 4, 6
CONFIG = {"axes": ["ethnicity.asian", "age"], "style_dim": WIDTH, "style_layers": LAYERS}


@pytest.fixture
def directions() -> DirectionSet:
    axes = torch.eye(WIDTH)
    return DirectionSet(
        [Direction("age", axes[0], 2.0, layers=(1, 2)), Direction("ethnicity.asian", axes[1], 3.0)], "1234"
    )


@pytest.fixture
def file(directions: DirectionSet, tmp_path: Path) -> str:
    directions.save(tmp_path / "d.safetensors")
    return str(tmp_path / "d.safetensors")


def some(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_rows_are_edited_by_strengths_of_their_own(directions: DirectionSet, file: str) -> None:
    part = EditStyles.create(**CONFIG, directions=file)
    styles, strengths = some(2, LAYERS, WIDTH), torch.tensor([[0.7, 0.5], [0.0, -1.0]])
    edited = part(styles, strengths)
    torch.testing.assert_close(edited[:1], directions.apply(styles[:1], {"age": 0.5, "ethnicity": {"asian": 0.7}}))
    torch.testing.assert_close(edited[1:], directions.apply(styles[1:], {"age": -1.0}))


def test_strengths_may_be_settled_in_the_recipe(directions: DirectionSet, file: str) -> None:
    styles = some(2, LAYERS, WIDTH)
    assert torch.equal(EditStyles.create(**CONFIG, directions=file)(styles), styles)
    part = EditStyles.create(**CONFIG, directions=file, strengths=[0.0, 2.0])
    torch.testing.assert_close(part(styles), directions.apply(styles, {"age": 2.0}))


def test_steps_come_with_the_weights(file: str) -> None:
    part, fresh = EditStyles.create(**CONFIG, directions=file), EditStyles.create(**CONFIG)
    fresh.load_state_dict(part.state_dict())
    styles, strengths = some(2, LAYERS, WIDTH), some(2, 2, seed=1)
    assert torch.equal(part(styles, strengths), fresh(styles, strengths))


def test_a_set_that_does_not_fit_is_refused(file: str) -> None:
    with pytest.raises(ValueError, match="belong to another model: to one with the digest 1234, and the model that"):
        EditStyles.create(**CONFIG, directions=file, model_digest="99")
    with pytest.raises(ValueError, match="directions have 6 numbers a layer, and style_dim is 8"):
        EditStyles.create(**{**CONFIG, "style_dim": 8}, directions=file)
    with pytest.raises(ValueError, match=r"no attribute 'smile'"):
        EditStyles.create(**{**CONFIG, "axes": ["smile"]}, directions=file)
    with pytest.raises(ValueError, match="1 strengths for 2 axes"):
        EditStyles.create(**CONFIG, strengths=[1.0])


def test_layers_are_mixed_and_the_others_are_the_first_ones() -> None:
    one, other = some(2, LAYERS, WIDTH), some(2, LAYERS, WIDTH, seed=1)
    mixed = MixStyles.create(layers=[0, 3], style_layers=LAYERS)(one, other, 1.0)
    torch.testing.assert_close(mixed[:, [0, 3]], other[:, [0, 3]])
    assert torch.equal(mixed[:, [1, 2]], one[:, [1, 2]])
    torch.testing.assert_close(MixStyles.create(style_layers=LAYERS)(one, other), (one + other) / 2)
    with pytest.raises(ValueError, match="there is no layer 4: the styles have 4, from 0"):
        MixStyles.create(layers=[4], style_layers=LAYERS)


def test_truncation_leads_to_the_average() -> None:
    styles, average = some(2, LAYERS, WIDTH), some(2, LAYERS, WIDTH, seed=1)
    part = TruncateStyles.create()
    torch.testing.assert_close(part(styles, average, 0.0), average)
    half = part(styles, average, 0.5, 2)
    torch.testing.assert_close(half[:, :2], (styles + average)[:, :2] / 2)
    assert torch.equal(half[:, 2:], styles[:, 2:])


def test_latents_are_mixed_on_their_arc() -> None:
    one, other = torch.tensor([[2.0, 0], [1, 0], [1, 0], [1, 1e-8]]), torch.tensor([[0.0, 4], [1, 0], [-1, 0], [1, 0]])
    half = SlerpLatents.create()(one, other, 0.5)
    torch.testing.assert_close(half[0], torch.tensor([3.0, 3]) / math.sqrt(2))
    torch.testing.assert_close(half[1:], torch.tensor([[1.0, 0], [0, 0], [1, 0]]))
    third = slerp(torch.tensor([1.0, 0]), torch.tensor([0.0, 1]), 1 / 3)
    torch.testing.assert_close(third, torch.tensor([math.cos(math.pi / 6), math.sin(math.pi / 6)]))


RECIPE = """
name: edited
extends: tiny
components:
  edit: {type: styles.edit, axes: [age], style_dim: 32, style_layers: 8}
graphs:
  older:
    inputs: {styles: Styles, camera: Camera, strengths: "Float[B 1]"}
    steps:
      edited: {call: edit, with: {styles: styles, strengths: strengths}}
      planes: {call: planes, with: {styles: edited}}
      rays: {call: rays, with: {camera: camera}}
      view: {call: renderer, with: {planes: planes, origins: rays.origins, directions: rays.directions}}
    outputs: {image: view.image}
"""


def test_recipes_wire_them(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    report = check(str(tmp_path / "recipe.yaml"), level="dry")
    assert report.ok, report.diagnostics
