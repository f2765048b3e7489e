"""Plans: generated code that runs a graph, can be pruned, bound, compiled and exported, and says which step failed."""

from __future__ import annotations

import copy
import io
import threading
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from aetherist.core.errors import InputError
from aetherist.core.plan import Plan
from tests.core.plans import plan

SMALL = """\
graphs:
  inner:
    inputs: {x: "Float[B N]"}
    steps: {doubled: {call: double, with: {x: x}}}
    outputs: {y: doubled}
  g:
    inputs: {x: "Float[B 4]", y: "Float[B 4]", times: {type: int, default: 2}}
    steps:
      a: {call: lin, with: {x: x}}
      back: {call: lin.transposed, with: {x: a}}
      halves: {call: split, with: {x: back}}
      row: {call: row, with: {x: y, times: times, offset: back, mode: {value: minus}}}
      wide: {call: inner, with: {x: halves.left}}
      sum: {call: stack, with: {parts: [a, row, y]}}
    outputs: {sum: sum, wide: wide.y, left: halves.left, x: x}
"""


def rows(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


X, Y = rows(3, 4), rows(3, 4, seed=2)


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


# Code -----------------------------------------------------------------------------------------------------------------


def test_the_generated_code_is_readable() -> None:
    assert (
        plan(SMALL).code
        == """\
def forward(self, x, y, times = 2):
    a = self.lin(x = x)
    lin_module = self.lin
    back = lin_module.transposed(x = a);  lin_module = None
    halves = self.split(x = back)
    row = self.row(x = y, times = times, offset = back, mode = 'minus');  times = back = None
    halves_left = halves.left;  halves = None
    wide_doubled = self.double_(x = halves_left)
    sum_1 = self.stack(parts = [a, row, y]);  a = row = y = None
    return {'sum': sum_1, 'wide': wide_doubled, 'left': halves_left, 'x': x}
"""
    )


def test_a_plan_computes_what_the_modules_called_by_hand_do() -> None:
    made = plan(SMALL)
    lin = made.module.lin
    results = made(x=X, y=Y)
    a = lin(X)
    back = lin.transposed(a)
    assert torch.equal(results["sum"], torch.stack([a, back - 2 * Y, Y]).sum(0))
    assert torch.equal(results["wide"], torch.cat([back[:, :2]] * 2, 1))
    assert torch.equal(results["left"], back[:, :2])
    assert results["x"] is X


def test_inputs_are_given_by_name_or_in_order() -> None:
    made = plan(SMALL)
    assert same(made(X, Y), made(y=Y, x=X))
    assert same(made(X, y=Y, times=3), made(X, Y, 3))
    with pytest.raises(ValueError, match=r"given its input 'x' twice"):
        made(X, x=X, y=Y)
    with pytest.raises(ValueError, match=r"4 inputs given"):
        made(X, Y, 3, 4)


def test_a_plan_is_pruned_to_the_outputs_that_are_asked_for() -> None:
    made = plan(SMALL, ["left"])
    assert list(made.graph.steps) == ["a", "back", "halves"]
    assert list(made.graph.inputs) == ["x"]
    assert dict(made.module.named_children()).keys() == {"lin", "split"}
    assert same(made(x=X), {"left": plan(SMALL)(x=X, y=Y)["left"]})


def test_an_unknown_output_is_answered_with_near_ones() -> None:
    with pytest.raises(ValueError, match=r"no output 'lefft'; did you mean left\?"):
        plan(SMALL, ["lefft"])


def test_outputs_come_in_the_order_they_are_asked_for_in() -> None:
    assert list(plan(SMALL, ["x", "left", "sum"])(x=X, y=Y)) == ["x", "left", "sum"]


def test_a_component_called_twice_is_one_module() -> None:
    made = plan("""\
graphs:
  g:
    inputs: {x: "Float[B 4]"}
    steps: {a: {call: lin, with: {x: x}}, b: {call: lin, with: {x: a}}}
    outputs: {b: b}
""")
    assert len(list(made.parameters())) == 1
    assert list(made.state_dict()) == ["module.lin.weight", "module.lin.scale"]


def test_names_that_python_and_pytorch_use_themselves_do_no_harm() -> None:
    linear = "".join(f"  {name}: {{type: test.linear}}\n" for name in ("train", "graph", "code", "train_"))
    text = """\
graphs:
  g:
    inputs: {input: "Float[B 4]", torch: "Float[B 4]", args: "Float[B 4]", device: {type: str, default: cpu}}
    steps:
      list: {call: train, with: {x: input}}
      print: {call: graph.transposed, with: {x: list}}
      forward: {call: code, with: {x: torch}}
      getattr: {call: half, with: {a: print, b: forward}}
      a_b: {call: half, with: {a: args, b: args}}
      a: {call: inner, with: {x: args}}
    outputs: {type: getattr, dict: a_b, inf: a.b, str: device}
  inner:
    inputs: {x: "Float[B 4]"}
    steps: {b: {call: lin, with: {x: x}}}
    outputs: {b: b}
"""
    made = plan(text, extra=linear + "  half: {type: test.add}\n")
    results = made(input=X, torch=Y, args=X)
    by = dict(made.module.named_children())
    expected = by["graph_"].transposed(by["train_"](X)) + by["code_"](Y)
    assert torch.equal(results["type"], expected)
    assert torch.equal(results["dict"], 2 * X)
    assert torch.equal(results["inf"], by["lin"](X))
    assert results["str"] == "cpu"
    assert same({"t": made.bind(input=X, args=X)(torch=Y)["type"]}, {"t": expected})


def test_a_graph_of_values_alone_is_a_plan() -> None:
    text = """\
graphs:
  g:
    inputs: {n: {type: float, default: .inf}, s: {type: str, default: "a'b"}}
    outputs: {n: n, s: s}
"""
    made = plan(text)
    assert made() == {"n": float("inf"), "s": "a'b"}
    assert made.bind()() == made()
    assert made(n=1.5)["n"] == 1.5


def test_values_written_in_the_recipe_reach_the_step() -> None:
    made = plan("""\
graphs:
  g:
    inputs: {x: "Float[B 4]", l: "Float[B]"}
    steps:
      r: {call: row, with: {x: x, times: 3, offset: null, label: {value: "quo'ted"}, negate: true}}
      t: {call: total, with: {losses: {a: l, b: l}, weights: {value: {a: 2, b: .5}}}}
    outputs: {r: r, t: t}
""")
    results = made(x=X, l=rows(3))
    assert torch.equal(results["r"], -(X * 3))
    assert torch.equal(results["t"], rows(3) * 2.5)


# Binding --------------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    st.sets(st.sampled_from(["x", "y", "times"])), st.booleans(), st.booleans(), st.permutations(["x", "y", "times"])
)
def test_binding_any_inputs_in_any_portions_equals_running(
    first: set[str], keep: bool, grad: bool, order: list[str]
) -> None:
    made = plan(SMALL)
    inputs = {"x": X, "y": Y, "times": 3}
    expected = made(**inputs)
    bound = made.bind(
        **{name: inputs[name] for name in first}, keep=["times"] if "times" not in first else [], grad=grad
    )
    left = {name: inputs[name] for name in order if name not in first}
    assert set(bound.graph.inputs) == set(left)
    assert same(bound(**left), expected)
    for name in list(left):
        bound = bound.bind(**{name: left.pop(name)}, keep=["times"] if "times" in left else [], grad=grad)
        assert same(bound(**left), expected)
    assert not list(bound.module.named_children()), "nothing is left to run"


def test_what_depends_on_bound_inputs_alone_runs_once() -> None:
    made = plan(SMALL)
    calls = dict.fromkeys(("lin", "row"), 0)

    def count(name: str) -> Any:
        return lambda *_: calls.__setitem__(name, calls[name] + 1)

    for name in calls:
        made.module.get_submodule(name).register_forward_hook(count(name))
    bound = made.bind(x=X)
    assert calls == {"lin": 1, "row": 0}
    for _ in range(3):
        bound(y=Y)
    assert calls == {"lin": 1, "row": 3}


def test_defaults_are_bound_unless_they_are_kept() -> None:
    made = plan(SMALL)
    assert list(made.bind(x=X).graph.inputs) == ["y"]
    kept = made.bind(x=X, keep=["times"])
    assert list(kept.graph.inputs) == ["y", "times"]
    assert same(kept(y=Y, times=5), made(x=X, y=Y, times=5))
    with pytest.raises(ValueError, match=r"no input 'tims'; did you mean times"):
        made.bind(x=X, keep=["tims"])


def test_binding_nothing_and_binding_everything_are_plans_too() -> None:
    made = plan(SMALL)
    assert same(made.bind(keep=["times"])(x=X, y=Y), made(x=X, y=Y))
    assert same(made.bind(x=X, y=Y)(), made(x=X, y=Y))


def test_binding_checks_what_is_bound() -> None:
    made = plan(SMALL)
    with pytest.raises(InputError, match=r"AE503"):
        made.bind(x=rows(3, 5))
    with pytest.raises(InputError, match=r"AE502"):
        made.bind(z=X)
    with pytest.raises(InputError, match=r"AE503"):
        made.bind(x=X)(y=rows(2, 4))


def test_a_plan_can_be_bound_many_times_and_stays_as_it_was() -> None:
    made = plan(SMALL)
    before = made.code
    one, two = made.bind(x=X), made.bind(x=Y)
    assert same(one(y=Y), made(x=X, y=Y))
    assert same(two(y=Y), made(x=Y, y=Y))
    assert made.code == before
    assert one.module.row is two.module.row is made.module.row


def test_bound_values_are_no_state_and_move_with_the_plan() -> None:
    bound = plan(SMALL).bind(x=X).bind(y=Y)
    assert list(bound.state_dict()) == []
    assert {value.dtype for value in bound.to(torch.float64)().values()} == {torch.float64}
    assert X.dtype == torch.float32


def test_binding_leaves_the_mode_of_the_components_alone() -> None:
    made = plan(SMALL)
    made.module.row.eval()
    made.module.lin.train()
    bound = made.bind(x=X)
    assert (made.module.row.training, made.module.lin.training, bound.training) == (False, True, made.training)
    assert made.eval().bind(x=X).training is False


def test_without_gradients_a_bound_plan_has_none() -> None:
    made = plan(SMALL)
    latent = nn.Parameter(X.clone())
    bound = made.bind(x=latent)
    assert not bound(y=Y)["wide"].requires_grad
    assert not bound(y=Y)["x"].requires_grad
    assert list(bound.parameters()) == []


def test_with_gradients_they_reach_bound_inputs_and_components() -> None:
    made = plan(SMALL)
    latent = X.clone().requires_grad_()
    bound = made.bind(x=latent, grad=True)
    bound(y=Y)["sum"].square().sum().backward()
    got = latent.grad, made.module.lin.weight.grad
    other = X.clone().requires_grad_()
    made.zero_grad()
    made(x=other, y=Y)["sum"].square().sum().backward()
    assert torch.equal(got[0], other.grad)  # type: ignore[arg-type]
    assert torch.allclose(got[1], made.module.lin.weight.grad)


def test_binding_with_gradients_inside_no_grad_still_has_them() -> None:
    with torch.no_grad():
        bound = plan(SMALL).bind(x=X.clone().requires_grad_(), grad=True)
    assert bound(y=Y)["sum"].requires_grad


# Failures -------------------------------------------------------------------------------------------------------------

FAILING = """\
graphs:
  inner:
    inputs: {x: "Float[B N]"}
    steps: {bang: {call: boom, with: {x: x}}}
    outputs: {y: bang}
  g:
    inputs: {input: "Float[B 4]", y: "Float[B 4]"}
    steps:
      a: {call: lin, with: {x: input}}
      b: {call: lin, with: {x: y}}
      c: {call: inner, with: {x: b}}
      d: {call: stack, with: {parts: [a, c.y]}}
    outputs: {d: d}
"""
BOOM = "  boom: {type: test.boom}\n"


def note_of(call: Any) -> str:
    with pytest.raises(ZeroDivisionError, match=r"5 rows are too many") as caught:
        call()
    [note] = caught.value.__notes__
    return str(note)


def test_a_failing_step_keeps_its_error_and_gains_a_note() -> None:
    made, many = plan(FAILING, extra=BOOM), rows(5, 4)
    expected = "in step 'c.bang', which calls boom (test.boom), r.yaml:4:13\n  x = float32 (5, 4) on cpu"
    assert note_of(lambda: made(input=many, y=many)) == expected
    assert note_of(lambda: made.bind(y=many)) == expected
    assert note_of(lambda: made.bind(input=many)(y=many)) == expected
    assert note_of(lambda: copy.deepcopy(made)(input=many, y=many)) == expected


def test_the_note_shows_lists_values_and_what_was_bound() -> None:
    text = """\
graphs:
  g:
    inputs: {input: "Float[B 4]", y: "Float[B 4]"}
    steps: {d: {call: fail, with: {parts: [input, y], named: {one: input}, count: 3, word: {value: hi}}}}
    outputs: {d: d}
"""
    from jaxtyping import Float

    from aetherist.core import Component
    from aetherist.core.check import check
    from aetherist.core.recipe import Recipe
    from aetherist.core.registry import Registry

    own = Registry()

    class Fail(Component):
        def forward(self, parts: Any, named: Any, count: Any, word: Any) -> Any:
            raise KeyError("lost")

    row = Float[Tensor, "B 4"]
    Fail.forward.__annotations__ = {
        "parts": list[row],
        "named": dict[str, row],
        "count": int,
        "word": str,
        "return": row,
    }
    own.add("test.fail", Fail)
    report = check(Recipe.read("r.yaml", text=text + "components: {fail: {type: test.fail}}\n"), registry=own)
    made = Plan.build(report.graphs["g"], {"fail": Fail()})
    for call in (lambda: made(input=X, y=Y), lambda: made.bind(input=X)(y=Y)):
        with pytest.raises(KeyError) as caught:
            call()
        assert caught.value.__notes__ == [
            "in step 'd', which calls fail (test.fail), r.yaml:4:13\n"
            "  parts = [float32 (3, 4) on cpu, float32 (3, 4) on cpu]\n"
            "  named = {one: float32 (3, 4) on cpu}\n"
            "  count = 3\n"
            "  word = 'hi'"
        ]


def test_a_failing_plan_can_be_run_again() -> None:
    made = plan(FAILING, extra=BOOM)
    note_of(lambda: made(input=rows(5, 4), y=rows(5, 4)))
    assert made(input=X, y=Y)["d"].shape == (3, 4)


# PyTorch's own tools --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_plan_compiles_as_one_graph(backend: str) -> None:
    made = plan(SMALL)
    compiled = torch.compile(made, fullgraph=True, backend=backend)
    for size in (3, 5):
        x, y = rows(size, 4), rows(size, 4, seed=2)
        expected, given = made(x=x, y=y), compiled(x=x, y=y)
        assert all(torch.allclose(expected[name], given[name]) for name in expected)


def test_a_bound_plan_compiles_as_one_graph() -> None:
    bound = plan(SMALL).bind(x=X)
    assert same(torch.compile(bound, fullgraph=True, backend="eager")(y=Y), bound(y=Y))


@pytest.mark.parametrize("bound", [False, True])
def test_a_plan_is_exported_with_a_free_batch(bound: bool) -> None:
    whole = plan(SMALL)
    made = whole.bind(times=2) if not bound else whole.bind(times=2, grad=False)
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(
        made.module, (), {"x": X, "y": Y}, dynamic_shapes={"x": {0: batch}, "y": {0: batch}}, strict=bound
    )
    for size in (2, 7):
        x, y = rows(size, 4), rows(size, 4, seed=2)
        assert same(program.module()(x=x, y=y), made(x=x, y=y))


def test_a_plan_is_an_ordinary_module() -> None:
    made = plan(SMALL)
    assert {name for name, _ in made.named_parameters()} == {"module.lin.weight"}
    twin = plan(SMALL, seed=9)
    assert not same(twin(x=X, y=Y), made(x=X, y=Y))
    buffer = io.BytesIO()
    torch.save(made.state_dict(), buffer)
    buffer.seek(0)
    twin.load_state_dict(torch.load(buffer, weights_only=True))
    assert same(twin(x=X, y=Y), made(x=X, y=Y))
    assert "g(x, y, times) -> sum, wide, left, x" in repr(made)


def test_a_copy_is_independent_of_its_original() -> None:
    made = plan(SMALL)
    for original in (made, made.bind(x=X)):
        inputs = {"y": Y} if "x" not in original.graph.inputs else {"x": X, "y": Y}
        twin = copy.deepcopy(original)
        assert same(twin(**inputs), original(**inputs))
        assert list(twin.state_dict()) == list(original.state_dict())
        assert twin.module.row is not original.module.row
        twin.checks = "off"
        assert original.checks == "values"
    twin = copy.deepcopy(made)
    with torch.no_grad():
        twin.module.lin.weight.zero_()
    assert made(x=X, y=Y)["left"].abs().sum() > 0


def test_threads_may_call_one_plan_at_once() -> None:
    made = plan(SMALL)
    batches = [(rows(size, 4), rows(size, 4, seed=2)) for size in range(1, 9)]
    expected = [made(x=x, y=y) for x, y in batches]
    wrong: list[int] = []

    def work(index: int) -> None:
        x, y = batches[index]
        for _ in range(30):
            if not same(made(x=x, y=y), expected[index]) or not same(made.bind(x=x)(y=y), expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_steps_can_be_looked_up_by_the_nodes_of_the_generated_module() -> None:
    made = plan(SMALL)
    calling = {node.name for node in made.module.graph.nodes if node.op in ("call_module", "call_method")}
    assert set(made.steps) == calling
    assert made.steps["wide_doubled"].name == "wide.doubled"


# Graphs ---------------------------------------------------------------------------------------------------------------


def test_a_graph_tells_what_depends_on_what() -> None:
    made = plan(SMALL).graph
    network = made.network()
    assert set(network.predecessors("sum")) == {"a", "row"}
    assert set(network.predecessors("wide.doubled")) == {"halves"}
    assert [step.name for step in made.needed(["wide"])] == ["a", "back", "halves", "wide.doubled"]
    assert set(made.parts) == {"lin", "split", "row", "double", "stack"}
    assert list(made.select(["x"]).steps) == []
