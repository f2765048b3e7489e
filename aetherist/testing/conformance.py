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
from aetherist.core.parts import Part
from aetherist.testing.strategies import draw_inputs, part_of

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
        export: Whether it can be exported.

    Raises:
        AssertionError: At the first promise that is not kept; says which.
    """
    case = _Case(part_of(component, config), operation, {"B": ROWS, **(sizes or {})}, frozenset(always))
    case.shapes(optional=False)
    case.shapes(optional=True)
    case.inputs_untouched()
    case.repeatable()
    if rows_independent:
        case.rows_apart()
    case.gradients(set(no_gradient))
    case.state_survives()
    case.copies()
    if export:
        case.exports()


class _Case:
    """A component at one config and one set of sizes."""

    def __init__(self, part: Part, operation: str, sizes: dict[str, int], always: frozenset[str]) -> None:
        self.part = part
        self.operation = operation
        self.sizes = sizes
        self.always = always
        self.name = part.name if operation == "forward" else f"{part.name}.{operation}"
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
                fake = {name: mode.from_tensor(v) if isinstance(v, Tensor) else v for name, v in inputs.items()}
                self._declared("fake", inputs, self.outputs(self.call(module, fake)))

    def _declared(self, how: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        signature = self.part.cls.signatures[self.operation]
        sizes: dict[Symbol, int] = {}
        for ports, values in ((signature.inputs, inputs), (signature.outputs, outputs)):
            for name, value in values.items():
                type_ = ports[name].type
                if not isinstance(value, Tensor):
                    continue
                shape = self.part.sized(type_.shape)
                agrees = matches(shape, tuple(value.shape), sizes)
                self.expect(agrees, f"'{name}' is declared as {type_}; its {how} shape is {tuple(value.shape)}")
                dtype = str(value.dtype).removeprefix("torch.")
                fits = type_.dtypes is None or dtype in type_.dtypes
                self.expect(fits, f"'{name}' is declared as {type_}; its {how} dtype is {dtype}")

    def inputs_untouched(self) -> None:
        inputs = self.inputs(optional=True)
        before = copy.deepcopy(inputs)
        with torch.no_grad():
            self.call(self.module, inputs)
        for name, value in inputs.items():
            same = torch.equal(value, before[name]) if isinstance(value, Tensor) else value == before[name]
            self.expect(same, f"it changes its input '{name}'")

    def repeatable(self) -> None:
        inputs = self.inputs(optional=True)
        with torch.no_grad():
            first, second = (self.outputs(self.call(self.module, inputs)) for _ in range(2))
        for name, value in first.items():
            if isinstance(value, Tensor):
                self.expect(torch.equal(value, second[name]), f"the same call gives another '{name}'")

    def rows_apart(self) -> None:
        """Hold each row of a batch against the row alone."""
        inputs = self.inputs()
        batched = [n for n, p in self.part.cls.signatures[self.operation].inputs.items() if _is_batched(p.type.shape)]
        with torch.no_grad():
            whole = self.outputs(self.call(self.module, inputs))
            for row in range(self.sizes["B"]):
                alone = {n: v[row : row + 1] if n in batched and n in inputs else v for n, v in inputs.items()}
                for name, value in self.outputs(self.call(self.module, alone)).items():
                    declared = self.part.cls.signatures[self.operation].outputs[name].type.shape
                    if isinstance(value, Tensor) and _is_batched(declared):
                        error = (value[0] - whole[name][row]).abs().max().item() if value.numel() else 0.0
                        scale = whole[name].abs().max().item() if value.numel() else 1.0
                        near = error <= 1e-5 * max(scale, 1.0)
                        self.expect(near, f"row {row} of '{name}' depends on the other rows (by {error:.2g})")

    def gradients(self, excused: set[str]) -> None:
        module = self.part.build()
        inputs = self.inputs()
        for name, value in inputs.items():
            if isinstance(value, Tensor) and value.is_floating_point():
                inputs[name] = value.requires_grad_()
        outputs = self.outputs(self.call(module, inputs)).values()
        total = sum(v.double().square().mean() for v in outputs if isinstance(v, Tensor) and v.is_floating_point())
        leaves: dict[str, Tensor] = {n: p for n, p in module.named_parameters() if p.requires_grad}
        leaves |= {n: v for n, v in inputs.items() if isinstance(v, Tensor) and v.requires_grad}
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
            mine, its = self.outputs(self.call(self.module, inputs)), self.outputs(self.call(other, inputs))
        for name, value in mine.items():
            if isinstance(value, Tensor):
                self.expect(torch.equal(value, its[name]), f"{broken} '{name}'")

    def exports(self) -> None:
        """Export at one batch size, run at another."""
        inputs = {n: v for n, v in self.inputs().items() if isinstance(v, Tensor)}
        ports = self.part.cls.signatures[self.operation].inputs
        batch = torch.export.Dim("B", min=1, max=64)
        dynamic = {name: {0: batch} if _is_batched(ports[name].type.shape) else None for name in inputs}
        target = self.module if self.operation == "forward" else _Operation(self.module, self.operation)
        with torch.no_grad():
            program = torch.export.export(target, (), inputs, dynamic_shapes=dynamic, strict=False)
            larger = _Case(self.part, self.operation, {**self.sizes, "B": self.sizes["B"] + 2}, self.always)
            fresh = {n: v for n, v in larger.inputs().items() if isinstance(v, Tensor)}
            exported = _flat(program.module()(**fresh))
            real = _flat(self.call(self.module, fresh))
        for left, right in zip(exported, real, strict=True):
            near = torch.allclose(left, right, rtol=1e-4, atol=1e-5 * max(1.0, right.abs().max().item()))
            self.expect(near, "the exported program gives another result at another batch size")


class _Operation(nn.Module):
    """An operation of a component, as the forward of a module."""

    def __init__(self, module: nn.Module, operation: str) -> None:
        super().__init__()
        self.module = module
        self.forward = getattr(module, operation)


def _is_batched(shape: Any) -> bool:
    return bool(shape.axes) and str(shape.axes[0]) == "B"


def _flat(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [tensor for part in parts for tensor in _flat(part)]
