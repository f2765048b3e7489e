"""One call that holds a component to its contract."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatch
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from aetherist.core.component import Component, ComponentConfig
from aetherist.core.dims import Symbol
from aetherist.core.dryrun import matches
from aetherist.core.errors import did_you_mean
from aetherist.core.parts import Part
from aetherist.core.ports import PortType
from aetherist.testing.strategies import draw_inputs, part_of, sizes_of

ROWS = 3


def check_component(
    component: str | type[Component],
    config: Mapping[str, Any] | ComponentConfig | None = None,
    *,
    operation: str = "forward",
    sizes: Mapping[str, int] | None = None,
    always: Collection[str] = (),
    rows_independent: bool = True,
    no_gradient: Collection[str] = (),
    gradients: bool = True,
    export: bool = True,
) -> None:
    """Hold a component to its contract.

    Declared, fake and real shapes are the same, with and without the optional inputs; the rows of a batch do not touch
    each other; inputs are left as they were; gradients reach every parameter and every floating input and are finite;
    the same call gives the same result; the state survives a save and a load; ``deepcopy`` and ``torch.export`` with a
    dynamic batch work.

    Args:
        component: A class, or a registered name.
        config: Fields of its config; small ones keep the check fast.
        operation: Which of its operations to check.
        sizes: Sizes for the names in its shapes (2 for a name left out; the batch is ``B``).
        always: Optional inputs that this config cannot do without.
        rows_independent: Whether the rows of a batch must not touch each other.
        no_gradient: Parameters and inputs, as patterns, that a gradient does not reach by design: ``"*.noise_*"``.
        gradients: Whether gradients are checked; not for a penalty, which differentiates one input by another, where
            inputs drawn apart will not do.
        export: Whether it can be exported.

    Raises:
        AssertionError: At the first promise that is not kept; says which.
    """
    case = _Case(part_of(component, config), operation, {"B": ROWS, **(sizes or {})}, frozenset(always))
    promises: list[tuple[str, Callable[[], None]]] = [
        ("declared, fake and real shapes agree", lambda: case.shapes(optional=False)),
        ("they agree with the optional inputs too", lambda: case.shapes(optional=True)),
        ("inputs are left as they were", case.inputs_untouched),
        ("the same call gives the same result", case.repeatable),
        ("the state survives a save and a load", case.state_survives),
        ("a deep copy is the same", case.copies),
    ]
    if gradients:
        promises.append(("gradients flow and are finite", lambda: case.gradients(set(no_gradient))))
    if rows_independent:
        promises.append(("rows do not touch each other", case.rows_apart))
    if export:
        promises.append(("it can be exported", case.exports))
    for promise, look in promises:
        try:
            look()
        except AssertionError:
            raise
        except Exception as error:
            at = ", ".join(f"{name} = {size}" for name, size in case.sizes.items())
            error.add_note(f"{case.name}: while checking that {promise}, at {at}")
            raise


class _Case:
    """A component at one config and one set of sizes."""

    def __init__(self, part: Part, operation: str, sizes: dict[str, int], always: frozenset[str]) -> None:
        self.part = part
        self.operation = operation
        self.sizes = sizes
        self.always = always
        self.name = part.name if operation == "forward" else f"{part.name}.{operation}"
        known = {symbol.name for port in part.cls.signatures[operation].ports() for symbol in sizes_of(port.type, part)}
        for name in sizes.keys() - known - {"B"}:
            raise ValueError(f"{self.name} has no size '{name}'; {did_you_mean(name, known)}")
        torch.manual_seed(0)
        self.module: nn.Module = part.build().eval()

    def inputs(self, optional: bool = False) -> dict[str, Any]:
        return draw_inputs(self.part, self.operation, self.sizes, always=self.always, optional=optional)

    def call(self, module: nn.Module, inputs: Mapping[str, Any]) -> Any:
        function: Callable[..., Any] = module if self.operation == "forward" else getattr(module, self.operation)
        return function(**inputs)

    def outputs(self, result: Any) -> dict[str, Any]:
        signature = self.part.cls.signatures[self.operation]
        return {name: result if signature.single else getattr(result, name) for name in signature.outputs}

    def expect(self, condition: bool, promise: str) -> None:
        if not condition:
            raise AssertionError(f"{self.name}: {promise}")

    def shapes(self, optional: bool) -> None:
        """Hold declared, fake and real shapes against each other."""
        inputs = self.inputs(optional)
        with torch.no_grad():
            self._declared("real", inputs, self.outputs(self.call(self.module, inputs)))
            with FakeTensorMode(allow_non_fake_inputs=True) as mode:
                module = self.part.build().eval()
                fake = {name: _mapped(value, mode.from_tensor) for name, value in inputs.items()}
                self._declared("fake", inputs, self.outputs(self.call(module, fake)))

    def _declared(self, how: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        signature = self.part.cls.signatures[self.operation]
        sizes: dict[Symbol, int] = {}
        for ports, values in ((signature.inputs, inputs), (signature.outputs, outputs)):
            for name, value in values.items():
                for label, tensor in _tensors({name: value}).items():
                    type_ = ports[name].type.item or ports[name].type
                    agrees = matches(self.part.sized(type_.shape), tuple(tensor.shape), sizes)
                    self.expect(agrees, f"'{label}' is declared as {type_}; its {how} shape is {tuple(tensor.shape)}")
                    dtype = str(tensor.dtype).removeprefix("torch.")
                    fits = type_.dtypes is None or dtype in type_.dtypes
                    self.expect(fits, f"'{label}' is declared as {type_}; its {how} dtype is {dtype}")
                    for anonymous in [symbol for symbol in sizes if symbol.name == "_"]:
                        del sizes[anonymous]

    def inputs_untouched(self) -> None:
        inputs = self.inputs(optional=True)
        before = copy.deepcopy(inputs)
        with torch.no_grad():
            self.call(self.module, inputs)
        for name, value in _tensors(inputs).items():
            self.expect(torch.equal(value, _tensors(before)[name]), f"it changes its input '{name}'")

    def repeatable(self) -> None:
        inputs = self.inputs(optional=True)
        with torch.no_grad():
            first, second = (_tensors(self.outputs(self.call(self.module, inputs))) for _ in range(2))
        for name, value in first.items():
            self.expect(torch.equal(value, second[name]), f"the same call gives another '{name}'")

    def rows_apart(self) -> None:
        """Hold each row of a batch against the row alone."""
        inputs = self.inputs()
        signature = self.part.cls.signatures[self.operation]
        batched = {n for n, p in {**signature.inputs, **signature.outputs}.items() if _is_batched(p.type)}
        with torch.no_grad():
            whole = _tensors(self.outputs(self.call(self.module, inputs)))
            for row in range(self.sizes["B"]):
                alone = {n: _mapped(v, _row(row)) if n in batched else v for n, v in inputs.items()}
                results = self.outputs(self.call(self.module, alone))
                for name, value in _tensors({n: v for n, v in results.items() if n in batched}).items():
                    error = (value[0] - whole[name][row]).abs().max().item() if value.numel() else 0.0
                    scale = whole[name].abs().max().item() if value.numel() else 1.0
                    near = error <= 1e-5 * max(scale, 1.0)
                    self.expect(near, f"row {row} of '{name}' depends on the other rows (by {error:.2g})")

    def gradients(self, excused: set[str]) -> None:
        module = self.part.build()
        inputs = self.inputs()
        for value in _tensors(inputs).values():
            if value.is_floating_point():
                value.requires_grad_()
        outputs = _tensors(self.outputs(self.call(module, inputs))).values()
        total = sum(v.double().square().mean() for v in outputs if v.is_floating_point())
        leaves: dict[str, Tensor] = {n: p for n, p in module.named_parameters() if p.requires_grad}
        leaves |= {n: v for n, v in _tensors(inputs).items() if v.requires_grad}
        if not leaves or not isinstance(total, Tensor) or not total.requires_grad:
            left = [name for name in leaves if not any(fnmatch(name, pattern) for pattern in excused)]
            self.expect(not left, f"no gradient flows through it to {', '.join(left)}")
            return
        found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
        for name, gradient in zip(leaves, found, strict=True):
            if not any(fnmatch(name, pattern) for pattern in excused):
                self.expect(gradient is not None, f"no gradient reaches '{name}'")
            finite = gradient is None or bool(gradient.isfinite().all())
            self.expect(finite, f"the gradient of '{name}' is not finite")

    def state_survives(self) -> None:
        torch.manual_seed(1)
        other = self.part.build().eval()
        other.load_state_dict(self.module.state_dict())
        self._same(other, "a saved and loaded state gives another")

    def copies(self) -> None:
        self._same(copy.deepcopy(self.module), "a deep copy gives another")

    def _same(self, other: nn.Module, broken: str) -> None:
        inputs = self.inputs()
        with torch.no_grad():
            mine, its = (_tensors(self.outputs(self.call(m, inputs))) for m in (self.module, other))
        for name, value in mine.items():
            self.expect(torch.equal(value, its[name]), f"{broken} '{name}'")

    def exports(self) -> None:
        """Export at one batch size, run at another."""
        inputs = {n: v for n, v in self.inputs().items() if _tensors({n: v})}
        ports = self.part.cls.signatures[self.operation].inputs
        batch = torch.export.Dim("B", min=1, max=64)
        rules = {True: lambda _: {0: batch}, False: lambda _: None}
        dynamic = {name: _mapped(value, rules[_is_batched(ports[name].type)]) for name, value in inputs.items()}
        target = self.module if self.operation == "forward" else _Operation(self.module, self.operation)
        with torch.no_grad():
            program = torch.export.export(target, (), inputs, dynamic_shapes=dynamic, strict=False)
            larger = _Case(self.part, self.operation, {**self.sizes, "B": self.sizes["B"] + 2}, self.always)
            fresh = {name: value for name, value in larger.inputs().items() if name in inputs}
            exported = _tensors({"": program.module()(**fresh)}).values()
            real = _tensors({"": self.call(self.module, fresh)}).values()
        for left, right in zip(exported, real, strict=True):
            near = torch.allclose(left, right, rtol=1e-4, atol=1e-5 * max(1.0, right.abs().max().item()))
            self.expect(near, "the exported program gives another result at another batch size")


class _Operation(nn.Module):
    """An operation of a component, as the forward of a module."""

    def __init__(self, module: nn.Module, operation: str) -> None:
        super().__init__()
        self.module = module
        self.forward = getattr(module, operation)


def _is_batched(type_: PortType) -> bool:
    shape = (type_.item or type_).shape
    return bool(shape.axes) and str(shape.axes[0]) == "B"


def _tensors(values: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return every tensor among the values and in their lists and dicts, by name: ``image``, ``features.0``."""
    found: dict[str, Tensor] = {}
    for name, value in values.items():
        if isinstance(value, Tensor):
            found[name] = value
        elif isinstance(value, list | tuple | dict):
            parts = value if isinstance(value, dict) else dict(enumerate(value))
            found |= _tensors({f"{name}.{key}": part for key, part in parts.items()})
    return found


def _mapped(value: Any, rule: Callable[[Tensor], Any]) -> Any:
    """Return a value with ``rule`` applied to the tensors in it."""
    if isinstance(value, Tensor):
        return rule(value)
    if isinstance(value, list):
        return [_mapped(part, rule) for part in value]
    return {key: _mapped(part, rule) for key, part in value.items()} if isinstance(value, dict) else value


def _row(index: int) -> Callable[[Tensor], Tensor]:
    return lambda tensor: tensor[index : index + 1]
