"""Style directions: along which axes of the styles a person gets older, or smiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import attrs
import torch
from torch import Tensor

from aetherist.components.styles.edits import Edits, flat
from aetherist.core.errors import did_you_mean


def _tensor(values: Tensor) -> Tensor:
    return values.detach().to("cpu", torch.float32, copy=True)


def _dict(facts: Mapping[str, Any]) -> dict[str, Any]:
    return dict(facts)


def _tuple(directions: Iterable[Direction]) -> tuple[Direction, ...]:
    return tuple(directions)


@attrs.frozen(eq=False)
class Direction:
    """One axis of the styles, and how far along it one step goes.

    Attributes:
        name: What edits call it: ``age``, or ``ethnicity.asian`` for a part of an attribute.
        vector: Of length 1: ``(D,)`` for all layers alike, or ``(L, D)``.
        scale: How long the step of strength 1 is.
        unit: What that step does, in words: ``+20 years``.
        step: The same as a number, in the units of the attribute; ``None`` where an axis has no attribute.
        layers: Which style layers it applies to, from 0; ``None`` for all.
        range: The strengths between which it was measured to do as it says; ``None`` if it was not.
        quality: Figures by name: of the fit, and of the measured response.

    Raises:
        ValueError: If the vector is not of length 1 or the scale no finite number.
    """

    name: str
    vector: Tensor = attrs.field(converter=_tensor)
    scale: float = attrs.field(converter=float)
    unit: str = ""
    step: float | None = None
    layers: tuple[int, ...] | None = attrs.field(default=None)
    range: tuple[float, float] | None = attrs.field(default=None)
    quality: Mapping[str, float] = attrs.field(factory=dict, converter=_dict)

    @vector.validator
    def _unit_length(self, _: object, value: Tensor) -> None:
        if value.ndim not in (1, 2):
            raise ValueError(
                f"direction '{self.name}': the vector has the shape {tuple(value.shape)}; give (D,) or (L, D)"
            )
        length = float(value.double().norm())
        if not abs(length - 1) < 1e-3:
            raise ValueError(f"direction '{self.name}': the vector has the length {length:g}; it should be 1")

    @scale.validator
    def _finite(self, _: object, value: float) -> None:
        if not math.isfinite(value):
            raise ValueError(f"direction '{self.name}': the scale is {value}; give a finite number")

    @layers.validator
    def _each_once(self, _: object, value: tuple[int, ...] | None) -> None:
        if value is not None and (not value or len(set(value)) < len(value) or min(value) < 0):
            raise ValueError(f"direction '{self.name}': layers {list(value)}: name each layer once, from 0")

    @range.validator
    def _in_order(self, _: object, value: tuple[float, float] | None) -> None:
        if value is not None and not value[0] <= value[1]:
            raise ValueError(f"direction '{self.name}': a range goes from the lesser to the greater, not {value}")

    @classmethod
    def of_step(cls, name: str, added: Tensor, **facts: Any) -> Self:
        """Return the direction whose strength of 1 adds so much to the styles: ``(D,)`` or ``(L, D)``.

        Raises:
            ValueError: If that is nothing.
        """
        length = float(added.double().norm())
        if not (math.isfinite(length) and length > 0):
            raise ValueError(f"direction '{name}': a step of the length {length:g} leads nowhere")
        return cls(name, added.double() / length, length, **facts)

    @property
    def attribute(self) -> str:
        """The attribute, of which the axis may be a part: ``ethnicity``."""
        return self.name.partition(".")[0]

    @property
    def part(self) -> str:
        """Which part of the attribute: ``asian``; empty where it has none."""
        return self.name.partition(".")[2]

    def shift(self, layers: int) -> Tensor:
        """Return what a strength of 1 adds to styles of so many layers, ``(L, D)``.

        Raises:
            ValueError: If the direction is made for styles of fewer or of more layers.
        """
        known = self.vector.ndim == 1 or len(self.vector) == layers
        if not known or (self.layers is not None and max(self.layers) >= layers):
            made_for = len(self.vector) if self.vector.ndim == 2 else max(self.layers or (0,)) + 1
            raise ValueError(f"direction '{self.name}' applies to {made_for} style layers; these styles have {layers}")
        shift = (self.vector * self.scale).expand(layers, -1)
        if self.layers is None:
            return shift
        kept = torch.zeros(layers, 1)
        kept[list(self.layers)] = 1.0
        return shift * kept


@attrs.frozen(eq=False)
class DirectionSet:
    """The style directions of one model, by name.

    ``attributes`` and ``ranges`` are what editing asks of it; :meth:`apply` edits.

    Attributes:
        directions: In the order in which tables show them.
        model_digest: Of the model that they were learned on; the styles of another mean something else.
        model: What that model is called.
        about: JSON-ready facts: how they were learned, and what was measured.

    Raises:
        ValueError: If a name occurs twice, or is that of an attribute and of its parts.
    """

    directions: tuple[Direction, ...] = attrs.field(converter=_tuple)
    model_digest: str
    model: str = ""
    about: Mapping[str, Any] = attrs.field(factory=dict, converter=_dict)

    @directions.validator
    def _distinct(self, _: object, value: tuple[Direction, ...]) -> None:
        names = [each.name for each in value]
        for name in names:
            whole, _dot, part = name.partition(".")
            if not whole or name.endswith(".") or "." in part:
                raise ValueError(f"'{name}' is no name of a direction; write 'age', or 'ethnicity.asian' for a part")
            if names.count(name) > 1:
                raise ValueError(f"there are two directions '{name}'")
            if part and whole in names:
                raise ValueError(f"'{whole}' is a direction, so it has no part '{part}'")

    @classmethod
    def load(cls, path: str | Path) -> DirectionSet:
        """Read a set from its file.

        Raises:
            ValueError: If the file is no set of directions, is damaged, or of a format that this version does not read.
            OSError: If it cannot be read.
        """
        from aetherist.components.styles.files import read_directions

        return read_directions(path)

    def save(self, path: str | Path) -> None:
        """Write the set to a file, whole or not at all.

        Raises:
            OSError: If it cannot be written.
        """
        from aetherist.components.styles.files import write_directions

        write_directions(self, path)

    @cached_property
    def _by_name(self) -> dict[str, Direction]:
        return {each.name: each for each in self.directions}

    @property
    def names(self) -> tuple[str, ...]:
        """Of all axes: ``age``, ``ethnicity.asian``."""
        return tuple(self._by_name)

    @property
    def attributes(self) -> tuple[str, ...]:
        """What can be edited: ``age``, ``ethnicity``."""
        return tuple(dict.fromkeys(each.attribute for each in self.directions))

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The strengths between which axes were measured, by name; those that were not are left out."""
        return {each.name: each.range for each in self.directions if each.range is not None}

    def parts(self, attribute: str) -> tuple[str, ...]:
        """Return the parts of an attribute; none of one that is a single axis."""
        return tuple(each.part for each in self.directions if each.attribute == attribute and each.part)

    def __getitem__(self, name: str) -> Direction:
        """Return an axis by its name.

        Raises:
            ValueError: If there is none of that name; offers those near it.
        """
        found = self._by_name.get(name)
        if found is None:
            raise ValueError(self._unknown(name))
        return found

    def __len__(self) -> int:
        return len(self.directions)

    def require(self, digest: str, model: str) -> None:
        """Refuse a model that the directions do not belong to.

        Raises:
            ValueError: If its digest is another; names both.
        """
        if digest != self.model_digest:
            own = self.model or "one"
            raise ValueError(
                f"the directions belong to another model: to {own} with the digest {self.model_digest}, and {model} "
                f"has {digest}; learn them on it with 'aetherist styles learn'"
            )

    def apply(self, styles: Tensor, edits: Edits) -> Tensor:
        """Return styles ``(..., L, D)`` as edited: ``apply(w, {"age": 0.5, "ethnicity": {"asian": 0.7}})``.

        Edits add up, in whatever order.

        Raises:
            ValueError: If an attribute or a part is unknown (offers near ones), a strength is no finite number, or the
                styles have other sizes than the directions.
        """
        total: Tensor | None = None
        for name, strength in flat(edits):
            direction = self[name]
            if not math.isfinite(strength):
                raise ValueError(f"the strength of '{name}' is {strength!r}; give a finite number")
            shift = direction.shift(styles.shape[-2]) * strength
            total = shift if total is None else total + shift
        if total is None:
            return styles.clone()
        if total.shape[-1] != styles.shape[-1]:
            raise ValueError(f"the directions have {total.shape[-1]} numbers a layer; these styles {styles.shape[-1]}")
        return styles + total.to(styles)

    def select(self, names: Iterable[str]) -> DirectionSet:
        """Return the set with only these axes, or attributes with all their parts, in this order.

        Raises:
            ValueError: If one is unknown.
        """
        chosen: list[Direction] = []
        for name in names:
            found = [each for each in self.directions if name in (each.name, each.attribute)]
            if not found:
                raise ValueError(self._unknown(name))
            chosen += found
        return attrs.evolve(self, directions=chosen)

    def _unknown(self, name: str) -> str:
        whole, _, part = name.partition(".")
        parts = self.parts(whole)
        if parts and not part:
            shown = ", ".join(f'"{each}": ...' for each in parts)
            return f"'{whole}' has parts: write {{\"{whole}\": {{{shown}}}}}"
        if parts:
            return f"'{whole}' has no part '{part}' to edit; {did_you_mean(part, parts)}"
        if part and whole in self._by_name:
            return f"'{whole}' has no parts: give it one strength"
        return f"there is no attribute '{name}' to edit; {did_you_mean(name, {*self.attributes, *self._by_name})}"
