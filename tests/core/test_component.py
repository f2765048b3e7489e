"""Components: modules with a validated config, whose declaration is checked when it is registered."""

from __future__ import annotations

import copy

import pytest
import torch
from jaxtyping import Float
from pydantic import ValidationError
from torch import Tensor

import aetherist.core as core
from aetherist.core import Component, ComponentConfig, ComponentError, Nested, PowerOfTwo, operation
from aetherist.core.registry import Registry
from tests.core.parts import Encode, Linear, Wrap, registry

HERE = {"registry": registry}


def test_create_validates_the_fields_and_constructs_the_module() -> None:
    made = Linear.create(width_in=3, width_out=5)
    assert made.config == Linear.Config(width_in=3, width_out=5)
    assert made(torch.ones(2, 3)).shape == (2, 5)
    with pytest.raises(ValueError, match=r"^test.linear: width_in: Input should be greater than 0$"):
        Linear.create(width_in=0)
    with pytest.raises(ValueError, match=r"^test.linear: 'widht_in' is no setting of this component; did you mean"):
        Linear.create(widht_in=2)


def test_a_config_is_immutable_and_knows_no_other_fields() -> None:
    config = Linear.Config()
    with pytest.raises(ValidationError, match=r"frozen"):
        config.width_in = 8
    with pytest.raises(ValidationError, match=r"Extra inputs"):
        Linear.Config(width=8)  # type: ignore[call-arg]


def test_a_component_without_settings_needs_no_config() -> None:
    class Silent(Component):
        def forward(self, x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
            return x

    assert Silent().config == Component.Config()
    assert isinstance(Silent.create(), Silent)


@pytest.mark.parametrize("value", [1, 2, 256])
def test_powers_of_two_are_taken(value: int) -> None:
    class Config(ComponentConfig):
        size: PowerOfTwo

    assert Config(size=value).size == value


@pytest.mark.parametrize("value", [0, -2, 3, 255, 2.5])
def test_what_is_no_power_of_two_is_refused(value: float) -> None:
    class Config(ComponentConfig):
        size: PowerOfTwo

    with pytest.raises(ValidationError):
        Config(size=value)


def test_operations_are_ports_of_their_own() -> None:
    assert list(Linear.signatures) == ["forward", "transposed"]
    assert list(Encode.signatures) == ["forward"]


def test_a_fault_in_an_operation_names_the_operation() -> None:
    class Broken(Component):
        def forward(self, x: int) -> int:
            return x

        @operation
        def query(self, points) -> int:
            return 0

    with pytest.raises(ComponentError, match=r"operation 'query': argument 'points' has no annotation"):
        Registry().add("test.broken", Broken)


def test_a_component_without_forward_is_refused() -> None:
    class Headless(Component):
        pass

    with pytest.raises(ComponentError, match=r"Headless.*no forward method"):
        Registry().add("test.headless", Headless)


def test_the_word_type_belongs_to_recipes() -> None:
    class Typed(Component):
        class Config(ComponentConfig):
            type: str = "a"

        def forward(self, x: int) -> int:
            return x

    with pytest.raises(ComponentError, match=r"cannot be called 'type'"):
        Registry().add("test.typed", Typed)


def test_a_config_of_another_kind_is_refused() -> None:
    class Other(Component):
        Config = dict  # type: ignore[assignment]

        def forward(self, x: int) -> int:
            return x

    with pytest.raises(ComponentError, match=r"Config must derive from ComponentConfig"):
        Registry().add("test.other", Other)


def test_the_purpose_is_the_first_line_of_the_docstring() -> None:
    assert Encode.purpose() == "From a code to a wider one."


def test_printing_a_module_shows_its_settings() -> None:
    assert "width_in=4, width_out=4" in repr(Linear.create())


# Nested components ----------------------------------------------------------------------------------------------------


def test_a_nested_component_is_validated_as_what_it_names() -> None:
    config = Wrap.Config.model_validate({"inner": {"type": "test.linear", "width_in": 4, "width_out": 4}}, context=HERE)
    assert isinstance(config.inner.config, Linear.Config)
    assert isinstance(config.inner.build(), Linear)


def test_a_nested_component_comes_from_the_registry_that_validated_it() -> None:
    with pytest.raises(LookupError):
        core.registry.get("test.linear")
    assert isinstance(Wrap.create().inner, Linear)


def test_a_nested_component_may_be_handed_over_as_made() -> None:
    inner = Nested.model_validate({"type": "test.encode", "layers": 3}, context=HERE)
    assert Wrap.create(inner=inner).config.inner is inner
    assert Wrap.Config(inner=inner) == Wrap.Config(inner=copy.deepcopy(inner))


def test_a_nested_component_dumps_as_a_recipe_writes_it() -> None:
    assert Wrap.Config().model_dump() == {
        "inner": {"type": "test.linear", "width_in": 4, "width_out": 4},
        "width": 4,
    }
    again = Wrap.Config.model_validate(Wrap.Config().model_dump(), context=HERE)
    assert again == Wrap.Config()


@pytest.mark.parametrize("value", ["test.linear", 3, {}, {"width_in": 3}, {"type": 3}, None])
def test_what_is_no_nested_component_is_refused_with_the_form_of_one(value: object) -> None:
    with pytest.raises(ValidationError, match=r"a nested component is a mapping with a type"):
        Wrap.Config.model_validate({"inner": value}, context=HERE)


def test_components_can_be_copied_with_what_is_nested_in_them() -> None:
    made = Wrap.create()
    twin = copy.deepcopy(made)
    x = torch.ones(2, 4)
    assert torch.equal(made(x), twin(x))
    assert twin.inner is not made.inner
