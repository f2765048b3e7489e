"""Small components of every kind, in a registry of their own: what the tests of the core wire together."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from aetherist.core import Component, ComponentConfig, NamedPort, Nested, PowerOfTwo, operation
from aetherist.core.registry import Registry

registry = Registry()
component = registry.component


def _in_unit_range(values: Tensor) -> str | None:
    return None if bool(((values >= 0) & (values <= 1)).all()) else "they leave [0, 1]"


Code = registry.add_type(NamedPort("Code", Float, "B D", meaning="code"))
Signed = registry.add_type(NamedPort("Signed", Float, "B 3 H W", meaning="image.signed"))
Unit = registry.add_type(NamedPort("Unit", Float, "B 3 H W", meaning="image.unit", check=_in_unit_range))
Picture = registry.add_type(NamedPort("Picture", Float, "B 3 H W", meaning="image"))
Seeds = registry.add_type(NamedPort("Seeds", Int, "B"))


@component("test.linear")
class Linear(Component):
    """A matrix of weights."""

    class Config(ComponentConfig):
        """Sizes."""

        width_in: PositiveInt = 4
        width_out: PositiveInt = 4

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.weight = nn.Parameter(torch.randn(config.width_out, config.width_in))
        self.register_buffer("scale", torch.tensor(0.5))

    def forward(self, x: Float[Tensor, "B width_in"]) -> Float[Tensor, "B width_out"]:
        return x @ self.weight.t() * self.scale

    @operation
    def transposed(self, x: Float[Tensor, "B width_out"]) -> Float[Tensor, "B width_in"]:
        """Go the other way."""
        return x @ self.weight * self.scale


@component("test.encode")
class Encode(Component):
    """From a code to a wider one."""

    class Config(ComponentConfig):
        """Sizes."""

        dim: PositiveInt = 4
        layers: PositiveInt = 2

        @property
        def total(self) -> int:
            """The size of what comes out."""
            return self.dim * self.layers

    config: Config

    def forward(self, code: Code["B dim"], gain: float = 1.0) -> Code["B total"]:
        return code.repeat(1, self.config.layers) * gain


@component("test.pass")
class Pass(Component):
    """Hands on what it gets, whatever it means."""

    def forward(self, x: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
        return x + 0.0


_Anything = NamedPort("Anything", Float, "*any", meaning="?m")


@component("test.keep")
class Keep(Component):
    """Hands on tensor and meaning."""

    def forward(self, x: _Anything["*any"]) -> _Anything["*any"]:
        return x * 1.0


@component("test.mix")
class Mix(Component):
    """The mean of two of a kind."""

    def forward(self, a: _Anything["*any"], b: _Anything["*any"]) -> _Anything["*any"]:
        return (a + b) / 2


@component("test.add")
class Add(Component):
    """A sum."""

    def forward(self, a: Float[Tensor, "B N"], b: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        return a + b


@component("test.join")
class Join(Component):
    """Two side by side."""

    def forward(self, a: Float[Tensor, "B N"], b: Float[Tensor, "B M"]) -> Float[Tensor, "B N+M"]:
        return torch.cat([a, b], 1)


@component("test.double")
class Double(Component):
    """Twice as wide."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B 2*N"]:
        return torch.cat([x, x], 1)


@component("test.halve")
class Halve(Component):
    """Half as wide; takes even widths."""

    def forward(self, x: Float[Tensor, "B 2*N"]) -> Float[Tensor, "B N"]:
        return x[:, ::2].contiguous()


class Resized(NamedTuple):
    """A row under the name of the row it was made from."""

    x: Float[Tensor, "B width_out"]
    mean: Float[Tensor, "B"]


@component("test.resize")
class Resize(Component):
    """Takes a row and gives one of another width under the same name."""

    class Config(ComponentConfig):
        """Sizes."""

        width_in: PositiveInt = 4
        width_out: PositiveInt = 6

    config: Config

    def forward(self, x: Float[Tensor, "B width_in"]) -> Resized:
        return Resized(x.repeat(1, self.config.width_out)[:, : self.config.width_out], x.mean(1))


@component("test.outer")
class Outer(Component):
    """Every product of two rows."""

    def forward(self, a: Float[Tensor, "B N"], b: Float[Tensor, "B M"]) -> Float[Tensor, "B N*M"]:
        return (a[:, :, None] * b[:, None, :]).flatten(1)


class Halves(NamedTuple):
    """Two parts of a row."""

    left: Float[Tensor, "B N"]
    right: Float[Tensor, "B N"]


@component("test.split")
class Split(Component):
    """A row in two."""

    def forward(self, x: Float[Tensor, "B 2*N"]) -> Halves:
        left, right = x.chunk(2, dim=1)
        return Halves(left.contiguous(), right.contiguous())


@component("test.paint")
class Paint(Component):
    """A picture from a code."""

    class Config(ComponentConfig):
        """Sizes."""

        resolution: PowerOfTwo = 4

    config: Config

    def forward(self, code: Code["B D"]) -> Signed["B 3 resolution resolution"]:
        size = self.config.resolution
        return torch.tanh(code.mean(1)).view(-1, 1, 1, 1).expand(-1, 3, size, size).contiguous()


@component("test.show")
class Show(Component):
    """The mean colour of any picture."""

    def forward(self, picture: Picture["B 3 H W"]) -> Float[Tensor, "B 3"]:
        return picture.mean((2, 3))


@component("test.tounit")
class ToUnit(Component):
    """From [-1, 1] to [0, 1]."""

    def forward(self, picture: Signed["B 3 H W"]) -> Unit["B 3 H W"]:
        return picture / 2 + 0.5


@component("test.print")
class Print(Component):
    """Takes pictures in [0, 1] only."""

    def forward(self, picture: Unit["B 3 H W"]) -> Float[Tensor, "B"]:
        return picture.mean((1, 2, 3))


@component("test.stack")
class Stack(Component):
    """Adds up a list."""

    def forward(self, parts: list[Float[Tensor, "B N"]]) -> Float[Tensor, "B N"]:
        return torch.stack(list(parts)).sum(0)


@component("test.total")
class Total(Component):
    """A weighted sum of named losses."""

    def forward(
        self, losses: dict[str, Float[Tensor, "B"]], weights: dict[str, float] | None = None
    ) -> Float[Tensor, "B"]:
        weights = weights or {}
        return torch.stack([loss * weights.get(name, 1.0) for name, loss in losses.items()]).sum(0)


@component("test.row")
class Row(Component):
    """A row from a code word, numbers and an optional offset."""

    def forward(
        self,
        x: Float[Tensor, "B N"],
        mode: Literal["plus", "minus"] = "plus",
        times: int = 1,
        offset: Float[Tensor, "B N"] | None = None,
        label: str = "",
        negate: bool = False,
    ) -> Float[Tensor, "B N"]:
        sign = 1.0 if mode == "plus" else -1.0
        y = x * (sign * times)
        if offset is not None:
            y = y + offset
        return -y if negate else y


@component("test.noise")
class Noise(Component):
    """A row of values a seed; how wide, nobody knows before."""

    def forward(self, seeds: Seeds["B"]) -> Float[Tensor, "B N"]:
        return torch.stack([seeds, seeds + 1, seeds + 2], 1).float().sin()


@component("test.wrap")
class Wrap(Component):
    """A part inside a part."""

    class Config(ComponentConfig):
        """What is inside."""

        inner: Nested = Field(default_factory=lambda: Nested.model_validate({"type": "test.linear"}, context=_HERE))
        width: PositiveInt = 4

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.inner = config.inner.build()

    def forward(self, x: Float[Tensor, "B width"]) -> Float[Tensor, "B width"]:
        return self.inner(x)


_HERE = {"registry": registry}


@component("test.mask")
class Mask(Component):
    """Which are positive."""

    def forward(self, x: Float[Tensor, "*any"]) -> Bool[Tensor, "*any"]:
        return x > 0


@component("test.boom")
class Boom(Component):
    """Fails when asked to."""

    class Config(ComponentConfig):
        """When to fail."""

        limit: int = 3

    config: Config

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        if x.shape[0] > self.config.limit:
            raise ZeroDivisionError(f"{x.shape[0]} rows are too many")
        return x * 2
