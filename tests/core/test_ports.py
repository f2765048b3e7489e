"""Ports: read from the annotations of a method, and nowhere else."""

from __future__ import annotations

import typing
from typing import Annotated, Any, Literal, NamedTuple, Optional, Union

import jaxtyping
import numpy as np
import pytest
import torch
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from torch import Tensor

from aetherist.core import Component, ComponentError, Meaning, NamedPort
from aetherist.core.ports import Port, PortType, misfit, read_annotation
from aetherist.core.registry import Registry

Styles = NamedPort("Styles", Float, "B L style_dim", meaning="latent.w", doc="One row a layer.")


def signature(forward: Any) -> Any:
    """Declare a component with the given forward method and return its signature."""
    made = type("Sample", (Component,), {"forward": forward, "__module__": __name__})
    Registry().add("test.sample", made)
    return made.signatures["forward"]


def declaration_error(forward: Any) -> str:
    with pytest.raises(ComponentError) as caught:
        signature(forward)
    return str(caught.value)


# Annotations ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "spelled"),
    [
        (Float[Tensor, "B 25"], 'Float["B 25"]'),
        (Int[Tensor, ""], 'Int[""]'),
        (Bool[Tensor, "*rest"], 'Bool["*rest"]'),
        (Shaped[Tensor, "B"], 'Shaped["B"]'),
        (UInt8[Tensor, "H W"], 'UInt8["H W"]'),
        (Styles["B layers 512"], 'Styles["B layers 512"]'),
        (Styles, 'Styles["B L style_dim"]'),
        (Float[Tensor, "B"] | None, 'Float["B"] | None'),
        (Optional[Styles["B 1 8"]], 'Styles["B 1 8"] | None'),  # noqa: UP045
        (Union[int, None], "int | None"),  # noqa: UP007
        (int, "int"),
        (float | None, "float | None"),
        (str, "str"),
        (bool, "bool"),
        (Literal["zeros", "border"], "'zeros' | 'border'"),
        (list[Float[Tensor, "B N"]], 'list[Float["B N"]]'),
        (list[int], "list[int]"),
        (dict[str, Styles["B L 8"]], 'dict[str, Styles["B L 8"]]'),
        (list[int] | None, "list[int] | None"),
    ],
)
def test_every_form_of_annotation_is_read(annotation: Any, spelled: str) -> None:
    assert str(read_annotation(annotation)) == spelled


def test_a_tensor_port_has_dtype_shape_and_meaning() -> None:
    port = read_annotation(Styles["B layers 512"])
    assert (port.kind, port.name, port.meaning, str(port.shape)) == ("tensor", "Styles", "latent.w", "B layers 512")
    assert port.dtypes is not None
    assert {"float32", "float16", "bfloat16", "float64"} <= port.dtypes
    assert "int64" not in port.dtypes
    assert port.named is Styles


def test_shaped_takes_any_dtype() -> None:
    assert read_annotation(Shaped[Tensor, "B"]).dtypes is None


def test_a_nameless_annotation_can_be_given_a_meaning() -> None:
    port = read_annotation(Annotated[Float[Tensor, "B"], Meaning("angle.radians")])
    assert (port.name, port.meaning) == ("Float", "angle.radians")
    assert read_annotation(Annotated[int, "how often"]) == read_annotation(int)


def test_a_named_type_takes_its_default_shape_where_none_is_given() -> None:
    assert str(Styles.type().shape) == "B L style_dim"
    assert str(Styles.type("B 1 8").shape) == "B 1 8"


@pytest.mark.parametrize(
    "annotation",
    [
        *(Tensor, np.ndarray, None, object, Any, tuple[int, int], list, dict, dict[int, int], set[int], "B 3", 3),
        *(int | str, int | str | None, list[Tensor], jaxtyping.Float, complex),
    ],
)
def test_what_is_no_port_type_is_refused_with_what_would_be(annotation: Any) -> None:
    with pytest.raises(ValueError, match=r"is no port type: use a named type|has several types"):
        read_annotation(annotation)


# Signatures -----------------------------------------------------------------------------------------------------------


def test_arguments_are_inputs_and_the_return_value_is_the_output() -> None:
    def forward(self, styles: Styles["B L 8"], *, psi: float = 0.7) -> Float[Tensor, "B"]: ...

    read = signature(forward)
    assert list(read.inputs) == ["styles", "psi"]
    assert read.single
    assert read.outputs == {"output": Port("output", read_annotation(Float[Tensor, "B"]))}
    assert (read.inputs["styles"].required, read.inputs["psi"].required) == (True, False)
    assert read.inputs["psi"].default == 0.7


def test_a_default_makes_an_input_optional_and_a_default_of_none_takes_null() -> None:
    def forward(
        self, must: Float[Tensor, "B"] | None, pose: Float[Tensor, "B 25"] | None = None, seeds: Int[Tensor, "B"] = None
    ) -> int: ...

    read = signature(forward)
    assert [(p.required, p.type.nullable) for p in read.inputs.values()] == [(True, True), (False, True), (False, True)]


class Rendered(NamedTuple):
    image: Float[Tensor, "B 3 H W"]
    depth: Annotated[Float[Tensor, "B 1 H W"], Meaning("depth.ray")]
    count: int


def test_a_named_tuple_is_several_outputs() -> None:
    def forward(self, x: int) -> Rendered: ...

    read = signature(forward)
    assert not read.single
    assert {name: str(port.type) for name, port in read.outputs.items()} == {
        "image": 'Float["B 3 H W"]',
        "depth": 'Float["B 1 H W"]',
        "count": "int",
    }
    assert read.outputs["depth"].type.meaning == "depth.ray"


def test_annotations_of_modules_that_postpone_them_are_read_too() -> None:
    def forward(self, x: Styles["B L 2*H-1"], flags: list[Literal["a", "b"]]) -> Rendered: ...

    assert isinstance(forward.__annotations__["x"], str), "this module postpones annotations"
    read = signature(forward)
    assert str(read.inputs["x"].type) == 'Styles["B L 2*H-1"]'
    assert str(read.inputs["flags"].type) == "list['a' | 'b']"


def test_the_components_of_the_helper_module_do_not_postpone_theirs() -> None:
    from tests.core.parts import Linear, Split

    assert not isinstance(Linear.forward.__annotations__["x"], str)
    assert str(Linear.signatures["transposed"].inputs["x"].type) == 'Float["B width_out"]'
    assert list(Split.signatures["forward"].outputs) == ["left", "right"]


# Faults of a declaration ----------------------------------------------------------------------------------------------


def _unannotated(self, x) -> int: ...
def _starred(self, *xs: int) -> int: ...
def _keywords(self, **xs: int) -> int: ...
def _positional(self, x: int, /) -> int: ...
def _bare(self, x: Tensor) -> int: ...
def _garbled(self, x: Float[Tensor, "B (("]) -> int: ...
def _divided(self, x: Float[Tensor, "B H/2"]) -> int: ...
def _broadcast(self, x: Float[Tensor, "B #C"]) -> int: ...
def _two_runs(self, x: Float[Tensor, "*a *b"]) -> int: ...
def _two_types(self, x: int | str) -> int: ...
def _unknown(self, x: Nowhere) -> int: ...
def _attribute(self, x: typing.Nowhere) -> int: ...
def _misfit_default(self, x: float = "much") -> int: ...
def _literal_default(self, x: Literal["a"] = "b") -> int: ...


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        (_unannotated, "has no annotation"),
        (_starred, "*args, **kwargs or positional only"),
        (_keywords, "*args, **kwargs or positional only"),
        (_positional, "*args, **kwargs or positional only"),
        (_bare, "is no port type"),
        (_garbled, "is no size"),
        (_divided, "is no size"),
        (_broadcast, "is no size"),
        (_two_runs, "more than once"),
        (_two_types, "has several types"),
        (_unknown, "'Nowhere' is not defined"),
        (_attribute, "Nowhere"),
        (_misfit_default, "is 'much', which is no float"),
        (_literal_default, "is 'b', which is no 'a'"),
    ],
)
def test_a_fault_names_the_component_the_class_and_the_argument(forward: Any, reason: str) -> None:
    message = declaration_error(forward)
    assert "component 'test.sample'" in message
    assert f"({__name__}.Sample)" in message
    assert "'x'" in message or "'xs'" in message
    assert reason in message


def test_an_output_that_is_no_port_is_a_fault() -> None:
    def nothing(self, x: int): ...
    def none(self, x: int) -> None: ...
    def bare(self, x: int) -> tuple[int, int]: ...

    for forward in (nothing, none, bare):
        assert "output 'output'" in declaration_error(forward)


class _Untyped(NamedTuple):
    image: Tensor


def test_an_output_of_a_named_tuple_is_named_when_it_is_at_fault() -> None:
    def forward(self, x: int) -> _Untyped: ...

    assert "output 'image'" in declaration_error(forward)


def test_a_named_tuple_whose_annotations_cannot_be_read_is_a_fault_of_the_component() -> None:
    class Hidden:
        pass

    class Local(NamedTuple):
        image: Float[Tensor, "B"]
        other: Hidden

    def forward(self, x: int) -> int: ...

    forward.__annotations__["return"] = Local
    message = declaration_error(forward)
    assert "output 'other'" in message
    assert "Hidden" in message


# Plain values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (int, [0, -3], [1.0, True, "1", None, [1]]),
        (float, [0, 1.5, float("inf")], [True, "1", None]),
        (bool, [True, False], [0, 1, "true", None]),
        (str, ["", "a"], [1, None]),
        (Literal["a", 1], ["a", 1], ["b", True, 1.0, None]),
        (int | None, [1, None], ["1"]),
        (list[int], [[], [1, 2]], [[1, "2"], (1,), {"a": 1}, 1, None]),
        (dict[str, float], [{}, {"a": 1}], [{"a": "1"}, [1.0], None]),
        (Float[Tensor, "B"], [], [1.0, [1.0], None]),
        (Float[Tensor, "B"] | None, [None], [0]),
    ],
)
def test_a_value_fits_its_own_type_and_no_other(annotation: Any, good: list[Any], bad: list[Any]) -> None:
    type_ = read_annotation(annotation)
    assert [misfit(value, type_) for value in good] == [None] * len(good)
    for value in bad:
        assert misfit(value, type_), value


def test_named_types_carry_a_check_of_values_and_a_way_to_draw_them() -> None:
    port = NamedPort(
        "Seed",
        Int,
        "B",
        check=lambda values: "negative" if bool((values < 0).any()) else None,
        sample=lambda shape, generator: torch.randint(0, 9, shape, generator=generator),
    )
    named = port.type().named
    assert named is port
    assert port.check is not None
    assert port.sample is not None
    assert port.check(port.sample((4,), torch.Generator().manual_seed(0))) is None
    assert port.check(torch.tensor([-1])) == "negative"


def test_types_are_compared_by_what_they_say_and_not_by_their_helpers() -> None:
    plain, checked = NamedPort("A", Float, "B"), NamedPort("A", Float, "B", check=lambda _: None)
    assert plain.type() == checked.type()
    assert isinstance(plain.type(), PortType)
