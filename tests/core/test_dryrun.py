"""The dry check: the real modules under fake tensors, at two sizes, on a device that need not be there."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from aetherist.core import Component, ComponentConfig, operation
from aetherist.core.check import Report, check
from aetherist.core.errors import Severity
from aetherist.core.recipe import Recipe
from aetherist.core.registry import Registry
from tests.core.checking import graph
from tests.core.parts import registry as shared

own = Registry()
built: list[str] = []


@own.component("dry.honest")
class Honest(Component):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.weight = nn.Parameter(torch.ones(4, 4))
        self.register_buffer("table", torch.arange(4.0))

    def forward(self, x: Float[Tensor, "B 4"]) -> Float[Tensor, "B 4"]:
        built.append(type(x).__name__)
        return x @ self.weight + self.table


@own.component("dry.wide")
class Wide(Component):
    """Gives more than it declares."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return torch.cat([x, x], 1)


@own.component("dry.batch")
class Batch(Component):
    """Right for two rows only."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x.reshape(2, -1) if x.shape[0] == 2 else x[:2]


@own.component("dry.fixed")
class Fixed(Component):
    """Fails for any other batch than two."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x.reshape(2, x.shape[1])


@own.component("dry.dtype")
class Dtype(Component):
    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x.long()


@own.component("dry.none")
class Nothing(Component):
    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return None


@own.component("dry.tuple")
class Pair(Component):
    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x, x


@own.component("dry.plain")
class Plain(Component):
    def forward(self, x: Float[Tensor, "B N"]) -> int:
        return "three"


class Two(NamedTuple):
    good: Float[Tensor, "B N"]
    bad: Float[Tensor, "B"]


@own.component("dry.two")
class TwoOutputs(Component):
    def forward(self, x: Float[Tensor, "B N"]) -> Two:
        return Two(x, x)


@own.component("dry.item")
class Item(Component):
    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x * x.sum().item() if x.sum().item() > 0 else x


@own.component("dry.nonzero")
class Nonzero(Component):
    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "M"]:
        return x[x > 0]


@own.component("dry.unbuildable")
class Unbuildable(Component):
    class Config(ComponentConfig):
        size: int = -3

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.weight = nn.Parameter(torch.ones(config.size))

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return x


@own.component("dry.here")
class Here(Component):
    """Makes a tensor where it was not asked to."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return torch.ones(x.shape, device="cpu")


@own.component("dry.huge")
class Huge(Component):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.weight = nn.Parameter(torch.empty(100_000, 100_000))

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B 100000"]:
        return x.mean(1, keepdim=True).expand(-1, 100_000) @ self.weight


@own.component("dry.grow")
class Grow(Component):
    """How wide the noise is, nobody says; ``widen`` claims to keep it."""

    def forward(self, x: Float[Tensor, "B 4"]) -> Float[Tensor, "B K"]:
        return torch.cat([x, x, x], 1)

    @operation
    def widen(self, x: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        return torch.cat([x, x], 1)


def dry(steps: str, outputs: str, inputs: str = '{x: "Float[B 4]"}', **options: Any) -> Report:
    parts = "".join(f"  {name.removeprefix('dry.')}: {{type: {name}}}\n" for name in own.names())
    text = f"graphs:\n  g:\n    inputs: {inputs}\n    steps: {steps}\n    outputs: {outputs}\ncomponents:\n{parts}"
    return check(Recipe.read("r.yaml", text=text), "dry", registry=own, **options)


def found(report: Report) -> list[tuple[str, str]]:
    return [(d.code, str(d.where)) for d in report.diagnostics if d.code not in ("AE302", "AE304")]


def test_an_honest_graph_runs_with_fake_tensors_and_allocates_none() -> None:
    built.clear()
    report = dry("{s: {call: honest, with: {x: x}}}", "{y: s}")
    assert found(report) == []
    assert built == ["FakeTensor", "FakeTensor"], "once for each of two probe sizes"


def test_modules_larger_than_memory_are_rehearsed() -> None:
    report = dry("{s: {call: huge, with: {x: x}}}", "{y: s}")
    assert found(report) == []


def test_the_static_check_builds_nothing() -> None:
    graphs = "{g: {inputs: {x: 'Float[B 4]'}, steps: {s: {call: u, with: {x: x}}}, outputs: {y: s}}}"
    recipe = Recipe.read("r.yaml", text=f"components: {{u: {{type: dry.unbuildable}}}}\ngraphs: {graphs}\n")
    assert check(recipe, registry=own).ok
    report = check(recipe, "dry", registry=own)
    [fault] = report.diagnostics
    assert (fault.code, str(fault.where), fault.path) == ("AE401", "r.yaml:1:14", "components.u")
    assert "dry.unbuildable cannot be built" in fault.message


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ("wide", "AE403", "the shape is (2, 8) at B = 2"),
        ("batch", "AE403", "the shape is (2, 4) at B = 3"),
        ("fixed", "AE402", "'s' fails at these sizes: RuntimeError"),
        ("dtype", "AE403", "the dtype is int64"),
        ("none", "AE403", "it gives null"),
        ("tuple", "AE403", "it gives a tuple"),
        ("plain", "AE403", "it is 'three', which is no int"),
        ("item", "AE404", "depends on values"),
        ("nonzero", "AE404", "depends on values"),
    ],
)
def test_a_declaration_that_does_not_hold_is_one_diagnostic_at_its_step(call: str, code: str, message: str) -> None:
    report = dry(f"{{s: {{call: {call}, with: {{x: x}}}}}}", "{y: s}")
    assert found(report) == [(code, "r.yaml:4:13")]
    fault = next(d for d in report.diagnostics if d.code == code)
    assert message in fault.message
    assert fault.path == "graphs.g.steps.s"
    assert report.ok is (code == "AE404")


def test_a_lie_shows_what_is_declared_and_what_is_given() -> None:
    report = dry("{s: {call: wide, with: {x: x}}}", "{y: s}")
    fault = next(d for d in report.diagnostics if d.code == "AE403")
    assert [(side.label, side.text) for side in fault.sides] == [
        ("declares", 'Float["B 4"]'),
        ("gives", "float32 (2, 8)"),
    ]


def test_a_lie_about_the_batch_is_found_by_the_second_probe() -> None:
    report = dry("{s: {call: batch, with: {x: x}}}", "{y: s}")
    fault = next(d for d in report.diagnostics if d.code == "AE403")
    assert "B = 3" in fault.message


def test_of_several_outputs_the_one_at_fault_is_named() -> None:
    report = dry("{s: {call: two, with: {x: x}}}", "{y: s.good, z: s.bad}")
    [fault] = [d for d in report.diagnostics if d.code == "AE403"]
    assert "'s.bad'" in fault.message


def test_what_follows_a_step_at_fault_is_not_reported() -> None:
    report = dry(
        "{s: {call: wide, with: {x: x}}, t: {call: honest, with: {x: s}}, u: {call: honest, with: {x: t}}}", "{y: u}"
    )
    assert [code for code, _ in found(report)] == ["AE403"]


def test_a_failing_step_shows_the_shapes_that_went_in() -> None:
    report = dry("{s: {call: fixed, with: {x: x}}}", "{y: s}")
    fault = next(d for d in report.diagnostics if d.code == "AE402")
    assert fault.notes == ("x: float32 (3, 4)",)


def test_a_size_that_nothing_determines_is_one_size_in_the_whole_graph() -> None:
    honest = dry("{s: {call: grow, with: {x: x}}, t: {call: grow.widen, with: {x: s}}}", "{y: t}")
    assert [code for code, _ in found(honest)] == ["AE403"]
    fault = next(d for d in honest.diagnostics if d.code == "AE403")
    assert "'t'" in fault.message


def test_a_fault_inside_a_nested_graph_is_reported_once_where_it_is() -> None:
    text = """\
graphs:
  inner:
    inputs: {x: "Float[B N]"}
    steps: {s: {call: wide, with: {x: x}}}
    outputs: {y: s}
  g:
    inputs: {x: "Float[B 4]"}
    steps: {one: {call: inner, with: {x: x}}, two: {call: inner, with: {x: one.y}}}
    outputs: {y: two.y}
components: {wide: {type: dry.wide}}
"""
    report = check(Recipe.read("r.yaml", text=text), "dry", registry=own)
    assert found(report) == [("AE403", "r.yaml:4:13")]


def test_an_input_that_no_tensor_can_be_is_a_fault_of_the_input() -> None:
    for shape in ("B H-40", "B 4611686018427387904 8"):
        report = graph(f'graphs:\n  g:\n    inputs: {{x: "Float[{shape}]"}}\n    outputs: {{y: x}}\n', level="dry")
        assert ("AE402", "r.yaml:3:17") in [(d.code, str(d.where)) for d in report.diagnostics]


@pytest.mark.parametrize(
    "steps",
    [
        "{two: {call: double, with: {x: a}}, one: {call: double, with: {x: b}}, "
        "three: {call: join, with: {a: one, b: b}}, sum: {call: add, with: {a: two, b: three}}}",
        "{square: {call: outer, with: {a: a, b: b}}, sum: {call: add, with: {a: square, b: b}}}",
        "{square: {call: outer, with: {a: a, b: a}}, sum: {call: add, with: {a: square, b: a}}}",
    ],
)
def test_the_probes_are_sizes_that_the_graph_can_have(steps: str) -> None:
    inputs = '{a: "Float[B N]", b: "Float[B M]"}'
    text = f"graphs:\n  g:\n    inputs: {inputs}\n    steps: {steps}\n    outputs: {{y: sum, b: b}}\n"
    report = graph(text, level="dry")
    assert [d.code for d in report.diagnostics if d.code != "AE302"] == ["AE304"]
    assert report.ok


@pytest.mark.parametrize(
    "inputs",
    [
        '{x: "Float[B 4]", n: {type: int, default: 3}}',
        '{x: "Float[B 4]", n: int}',
        '{x: "Float[B 4]", n: {type: "int | None", default: null}}',
        '{x: "Float[B 4]", n: "Int[B]"}',
        '{x: "Float[B 4]", n: str}',
        '{x: "Float[B 4]", n: {type: "Float[B 4] | None", default: null}}',
    ],
)
def test_inputs_of_every_kind_are_made_up(inputs: str) -> None:
    report = dry("{s: {call: honest, with: {x: x}}}", "{y: s, n: n}", inputs)
    assert [d for d in report.diagnostics if d.severity is Severity.ERROR] == []


def test_the_helper_components_keep_their_word() -> None:
    text = """\
graphs:
  g:
    inputs: {x: "Float[B 4]", c: "Code[B 4]", s: Seeds, p: "Picture[B 3 H W]", l: "Float[B]"}
    steps:
      a: {call: lin, with: {x: x}}
      b: {call: lin.transposed, with: {x: a}}
      halves: {call: split, with: {x: b}}
      wide: {call: join, with: {a: halves.left, b: halves.right}}
      twice: {call: double, with: {x: wide}}
      half: {call: halve, with: {x: twice}}
      squared: {call: outer, with: {a: half, b: x}}
      sum: {call: stack, with: {parts: [a, b, half]}}
      row: {call: row, with: {x: sum, offset: a, mode: {value: minus}, negate: true}}
      code: {call: enc, with: {code: c, gain: 2}}
      picture: {call: paint, with: {code: code}}
      kept: {call: keep, with: {x: picture}}
      mixed: {call: mix, with: {a: kept, b: picture}}
      unit: {call: unit, with: {picture: mixed}}
      printed: {call: prints, with: {picture: unit}}
      shown: {call: show, with: {picture: p}}
      loss: {call: total, with: {losses: {p: printed, l: l}}}
      noise: {call: noise, with: {seeds: s}}
      mask: {call: mask, with: {x: noise}}
      passed: {call: passing, with: {x: squared}}
    outputs: {row: row, shown: shown, loss: loss, mask: mask, passed: passed, code: code}
"""
    for device in ("cpu", "cuda"):
        report = graph(text, level="dry", device=device)
        assert [str(d) for d in report.diagnostics if d.severity is not Severity.NOTE and d.code != "AE302"] == []


# Devices --------------------------------------------------------------------------------------------------------------


def test_a_graph_is_rehearsed_for_cuda_on_a_machine_without_one() -> None:
    report = dry("{s: {call: honest, with: {x: x}}, t: {call: here, with: {x: s}}}", "{y: t}", device="cuda")
    assert found(report) == [("AE403", "r.yaml:4:46")]
    assert "it is on cpu, and the graph runs on cuda" in report.diagnostics[0].message
    assert found(dry("{t: {call: here, with: {x: x}}}", "{y: t}")) == []


def test_a_rehearsal_leaves_no_trace_in_the_process() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    dry("{s: {call: honest, with: {x: x}}}", "{y: s}", device="cuda")
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.is_grad_enabled()
    assert type(torch.ones(2)) is Tensor
    assert torch.ones(2).device.type == "cpu"


def test_shared_components_are_registered_apart() -> None:
    assert set(own.names()).isdisjoint(shared.names())
