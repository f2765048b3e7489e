"""Inputs at the call: there, known, of the right type, and of one size where they share a name."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from aetherist.components.cameras import camera_from_angles
from aetherist.core.errors import InputError
from aetherist.core.plan import Plan
from aetherist.graphs.model import Model
from tests.core.plans import plan

TYPED = """\
graphs:
  g:
    inputs:
      x: "Float[B 4]"
      n: {type: int, default: 3}
      mode: {type: str, default: a}
      flag: {type: bool, default: false}
      rate: {type: float, default: 0.5}
      more: {type: "Float[B 2] | None", default: null}
      seeds: "Int[B]"
    outputs: {x: x, n: n, mode: mode, flag: flag, rate: rate, more: more, seeds: seeds}
"""


def passing(inputs: str) -> Plan:
    """Return the plan of a graph that hands its inputs on."""
    names = [part.partition(":")[0].strip() for part in inputs.strip("{}").split(", ")]
    outputs = ", ".join(f"{name}: {name}" for name in names)
    return plan(f"graphs:\n  g:\n    inputs: {inputs}\n    outputs: {{{outputs}}}\n")


def faults(made: Plan, **inputs: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        made(**inputs)
    return [(d.code, d.path.removeprefix("graphs.g.inputs.")) for d in caught.value.diagnostics]


def zeros(*shape: int) -> Tensor:
    return torch.zeros(shape)


GOOD = {"x": zeros(2, 4), "seeds": torch.zeros(2, dtype=torch.int64)}


def test_inputs_that_fit_are_taken_and_defaults_fill_the_rest() -> None:
    results = plan(TYPED)(**GOOD)
    assert results["x"] is GOOD["x"]
    assert (results["n"], results["mode"], results["flag"], results["rate"], results["more"]) == (
        3,
        "a",
        False,
        0.5,
        None,
    )


@pytest.mark.parametrize(
    "inputs",
    [
        {"n": 7, "mode": "b", "flag": True, "rate": 1, "more": None},
        {"more": zeros(2, 2)},
        {"x": zeros(2, 4).half()},
        {"x": zeros(2, 4).bfloat16()},
        {"x": torch.nn.Parameter(zeros(2, 4))},
        {"x": zeros(4, 2).t()},
        {"seeds": torch.zeros(2, dtype=torch.int32)},
    ],
)
def test_every_value_of_a_type_is_taken(inputs: dict[str, Any]) -> None:
    results = plan(TYPED)(**(GOOD | inputs))
    assert all(results[name] is value for name, value in inputs.items())


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"x": None}, ("AE504", "x")),
        ({"x": [[0.0] * 4] * 2}, ("AE504", "x")),
        ({"x": np.zeros((2, 4), np.float32)}, ("AE504", "x")),
        ({"x": torch.zeros(2, 4, dtype=torch.int64)}, ("AE504", "x")),
        ({"seeds": zeros(2)}, ("AE504", "seeds")),
        ({"n": 1.0}, ("AE504", "n")),
        ({"n": True}, ("AE504", "n")),
        ({"n": None}, ("AE504", "n")),
        ({"flag": 1}, ("AE504", "flag")),
        ({"rate": "fast"}, ("AE504", "rate")),
        ({"mode": 3}, ("AE504", "mode")),
        ({"n": zeros(1)}, ("AE504", "n")),
        ({"more": 3}, ("AE504", "more")),
        ({"x": zeros(2, 5)}, ("AE503", "x")),
        ({"x": zeros(2, 4, 1)}, ("AE503", "x")),
        ({"x": zeros(4)}, ("AE503", "x")),
        ({"more": zeros(3, 2)}, ("AE503", "more")),
        ({"seeds": torch.zeros(3, dtype=torch.int64)}, ("AE503", "seeds")),
        ({"xs": zeros(2, 4)}, ("AE502", "xs")),
    ],
)
def test_an_input_that_does_not_fit_is_one_diagnostic(inputs: dict[str, Any], expected: tuple[str, str]) -> None:
    assert faults(plan(TYPED), **(GOOD | inputs)) == [expected]


def test_what_is_missing_says_what_it_takes_and_where_it_is_declared() -> None:
    with pytest.raises(InputError) as caught:
        plan(TYPED)(seeds=GOOD["seeds"])
    [found] = caught.value.diagnostics
    assert (found.code, str(found.where)) == ("AE501", "r.yaml:4:10")
    assert 'it takes Float["B 4"]' in found.message


def test_several_faults_are_raised_together() -> None:
    assert faults(plan(TYPED), seeds=zeros(2), n="x", more=zeros(2, 3), odd=1) == [
        ("AE502", "odd"),
        ("AE501", "x"),
        ("AE504", "seeds"),
        ("AE504", "n"),
        ("AE503", "more"),
    ]


def test_a_wrong_shape_shows_what_is_expected_and_what_other_inputs_fix() -> None:
    with pytest.raises(InputError) as caught:
        plan(TYPED)(x=zeros(2, 4), seeds=torch.zeros(3, dtype=torch.int64))
    [found] = caught.value.diagnostics
    assert [(side.label, side.text) for side in found.sides] == [
        ("expected", 'Int["B"]'),
        ("given", "int64 (3,)"),
    ]
    assert found.notes == ("other inputs fix B = 2",)


def test_near_names_are_offered() -> None:
    with pytest.raises(InputError, match=r"did you mean seeds\?"):
        plan(TYPED)(x=GOOD["x"], seed=GOOD["seeds"])


# Sizes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "good", "bad"),
    [
        ('{a: "Float[B N]", b: "Float[B N]"}', [(2, 3), (2, 3)], [(2, 3), (2, 4)]),
        ('{a: "Float[H H]"}', [(3, 3)], [(3, 4)]),
        ('{a: "Float[B 2*N]"}', [(2, 6)], [(2, 5)]),
        ('{a: "Float[2*N]", b: "Float[N]"}', [(6,), (3,)], [(6,), (4,)]),
        ('{b: "Float[N]", a: "Float[2*N]"}', [(3,), (6,)], [(3,), (7,)]),
        ('{a: "Float[N+M]", b: "Float[N-M]"}', [(7,), (3,)], [(6,), (3,)]),
        ('{a: "Float[H*W]", b: "Float[H W]"}', [(12,), (3, 4)], [(12,), (3, 5)]),
        ('{a: "Float[N-4]"}', [(0,)], None),
        ('{a: "Float[4-N]"}', [(4,)], [(5,)]),
        ('{a: "Float[B *deep 3]"}', [(2, 5, 6, 3)], [(2, 5, 6, 4)]),
        ('{a: "Float[B *deep 3]"}', [(2, 3)], [(3,)]),
        ('{a: "Float[*deep]", b: "Float[*deep 2]"}', [(4, 5), (4, 5, 2)], [(4, 5), (4, 6, 2)]),
        ('{a: "Float[*deep]", b: "Float[1 *deep]"}', [(), (1,)], [(), (1, 1)]),
        ('{a: "Float[_ _]"}', [(3, 4)], [(3,)]),
        ('{a: "Float[... 3]", b: "Float[... 3]"}', [(1, 3), (2, 2, 3)], [(1, 3), (2, 2)]),
        ('{a: "Float[]"}', [()], [(1,)]),
    ],
)
def test_names_in_shapes_stand_for_one_size_across_all_inputs(
    inputs: str, good: list[tuple[int, ...]], bad: list[tuple[int, ...]] | None
) -> None:
    made = passing(inputs)
    names = list(made.graph.inputs)
    assert set(made(**{name: zeros(*shape) for name, shape in zip(names, good, strict=True)})) == set(names)
    if bad is not None:
        codes = [code for code, _ in faults(made, **{n: zeros(*s) for n, s in zip(names, bad, strict=True)})]
        assert codes == ["AE503"]


def test_sizes_of_bound_inputs_bind_those_that_come_later() -> None:
    made = passing('{a: "Float[B 2*N *deep]", b: "Float[B N *deep]"}')
    bound = made.bind(a=zeros(2, 6, 7))
    assert bound(b=zeros(2, 3, 7))["b"].shape == (2, 3, 7)
    for shape in ((3, 3, 7), (2, 4, 7), (2, 3, 8)):
        assert faults(bound, b=zeros(*shape)) == [("AE503", "b")]


# Values ---------------------------------------------------------------------------------------------------------------


def test_values_are_looked_at_where_the_meaning_shows_in_them() -> None:
    made = passing('{u: "Unit[B 3 2 2]"}')
    assert made(u=zeros(1, 3, 2, 2))["u"].shape == (1, 3, 2, 2)
    with pytest.raises(InputError, match=r"AE505  the values of 'u' do not fit: they leave \[0, 1\]"):
        made(u=zeros(1, 3, 2, 2) - 1)


def test_how_much_is_checked_can_be_chosen() -> None:
    made = passing('{u: "Unit[B 3 2 2]"}')
    bad_values, bad_shape = zeros(1, 3, 2, 2) - 1, zeros(1, 4, 2, 2)
    made.checks = "shapes"
    assert made(u=bad_values)["u"] is bad_values
    assert faults(made, u=bad_shape) == [("AE503", "u")]
    made.checks = "off"
    assert made(u=bad_shape)["u"] is bad_shape


def test_the_choice_is_kept_when_binding() -> None:
    made = passing('{u: "Unit[B 3 2 2]", x: "Float[B]"}')
    made.checks = "shapes"
    bound = made.bind(x=zeros(1))
    assert bound.checks == "shapes"
    assert bound(u=zeros(1, 3, 2, 2) - 1)["u"].min() == -1


def test_a_tensor_is_looked_into_again_once_it_has_been_written_to() -> None:
    tiny = Model.build("tiny").plan("generate", ["depth"])
    camera = camera_from_angles(0.0, 0.0)[None]
    inputs = {"latent": torch.zeros(1, 32), "pose": camera_from_angles(0.0, 0.0)[None], "camera": camera}
    tiny(**inputs)
    tiny(**inputs)
    camera[0, 16] = 500.0
    with pytest.raises(InputError, match="in pixels"):
        tiny(**inputs)
    pickle.loads(pickle.dumps(tiny._inputs))
