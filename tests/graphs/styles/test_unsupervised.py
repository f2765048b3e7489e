"""Directions out of weights and styles, against decompositions by hand."""

from __future__ import annotations

import math

import pytest
import torch

from aetherist.graphs.model import Model
from aetherist.graphs.styles import Learning, People, learn, modulations
from aetherist.graphs.styles.unsupervised import factorised
from tests.graphs.styles.world import WIDTH, small_model


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


def test_the_factors_of_a_weight_are_the_directions_that_it_lengthens_most() -> None:
    weight = torch.diag(torch.tensor([1.0, 3.0, 2.0], dtype=torch.float64))
    (first, share), (second, _), (third, _) = factorised([weight])
    torch.testing.assert_close(torch.stack([first, second, third]), torch.eye(3, dtype=torch.float64)[[1, 2, 0]])
    assert share == pytest.approx(9 / 14)


def test_every_affine_map_is_found_with_its_layer(model: Model) -> None:
    found = {each.name: each for each in modulations(People(model))}
    planes = [name for name in found if name.startswith("planes.")]
    expected = {name for name, _ in model.components["planes"].named_modules() if name.endswith(".affine")}
    assert {name.removeprefix("planes.") for name in planes} == expected
    assert {found[f"planes.{name}.affine"].layer for name in ("b4.conv1", "b8.conv0", "b8.conv1")} == {0, 1, 2}
    assert found["planes.b4.torgb.affine"].layer == 1
    assert {each.layer for name, each in found.items() if name.startswith("superres.")} == {7}
    weight = model.components["planes"].get_submodule("b8.conv0.affine").weight
    torch.testing.assert_close(
        found["planes.b8.conv0.affine"].weight, weight.detach().double() / math.sqrt(WIDTH), atol=1e-6, rtol=0
    )


def test_sefa_is_the_eigen_decomposition_of_all_weights_of_the_layers(model: Model) -> None:
    made = learn(model, settings=Learning(method="sefa", count=3, layers=(1, 2)))
    assert made.names == ("sefa1", "sefa2", "sefa3")
    planes = model.components["planes"]
    names = ["b8.conv0", "b4.torgb", "b8.conv1"]
    stack = torch.cat([planes.get_submodule(f"{name}.affine").weight.detach().double() for name in names])
    values, vectors = torch.linalg.eigh(stack.T @ stack)
    for index, direction in enumerate(made.directions):
        assert abs(float(direction.vector.double() @ vectors[:, -1 - index])) == pytest.approx(1, abs=1e-5)
        assert direction.quality["share"] == pytest.approx(float(values[-1 - index] / values.sum()), rel=1e-4)
        assert direction.layers == (1, 2)
        assert float(direction.vector[direction.vector.abs().argmax()]) > 0


def test_a_step_without_labels_is_one_deviation_of_the_styles(model: Model) -> None:
    people = People(model)
    styles = people.styles(torch.randn(4096, people.latent_dim, generator=torch.Generator().manual_seed(9)))[:, 0]
    for method in ("sefa", "pca"):
        for direction in learn(model, settings=Learning(method=method, count=3)).directions:
            spread = float((styles @ direction.vector).std())
            assert direction.scale == pytest.approx(spread, rel=0.05)
            assert direction.step is None


def test_principal_axes_are_orthogonal_and_the_first_is_the_widest(model: Model) -> None:
    made = learn(model, settings=Learning(method="pca", count=5)).directions
    axes = torch.stack([direction.vector for direction in made])
    torch.testing.assert_close(axes @ axes.T, torch.eye(5), atol=1e-5, rtol=0)
    assert [direction.scale for direction in made] == sorted((d.scale for d in made), reverse=True)


def test_there_are_no_more_directions_than_axes(model: Model) -> None:
    for method in ("sefa", "pca"):
        with pytest.raises(ValueError, match=rf"{WIDTH + 1} directions: the styles have between 1 and {WIDTH}"):
            learn(model, settings=Learning(method=method, count=WIDTH + 1))
