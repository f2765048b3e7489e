"""What a data set says of its people, as numbers to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor

from aetherist.core.errors import did_you_mean
from aetherist.data.layout import Record

ATTRIBUTES = ("age", "gender", "smile", "ethnicity")
"""What is learned where nothing else is asked for."""

UNITS: dict[str, tuple[float, str]] = {
    "age": (20.0, "20 years older"),
    "gender": (1.0, "from male to female"),
    "smile": (1.0, "from no smile to a full one"),
    "grey": (1.0, "from no grey hair to all of it"),
    "beard": (1.0, "from no beard to a full one"),
}
"""What one step is, in the attribute's own units, and in words."""


@attrs.frozen(eq=False)
class Label:
    """An attribute, or a part of one, of every picture.

    Attributes:
        name: ``age``, or ``ethnicity.asian``.
        values: ``(N,)``, in double precision.
        step: What a strength of 1 changes it by.
        unit: That in words.
        shared: Whether the parts of its attribute share a whole, so that none grows but at the others' expense.
    """

    name: str
    values: Tensor
    step: float
    unit: str
    shared: bool = False

    @property
    def attribute(self) -> str:
        """The attribute that it is, or is a part of."""
        return self.name.partition(".")[0]

    def rows(self, chosen: Tensor) -> Label:
        """Return the label of some pictures."""
        return attrs.evolve(self, values=self.values[chosen])


def read_labels(records: Sequence[Record], attributes: Iterable[str], path: object = "the data") -> list[Label]:
    """Read attributes of pictures: numbers, or parts by name that are numbers.

    Args:
        records: Of the data set.
        attributes: Which.
        path: Of the data set, for messages.

    Raises:
        ValueError: If a picture does not say one, or it is no number; names the attributes that are.
    """
    labels: list[Label] = []
    for name in dict.fromkeys(attributes):
        found = [record.attributes.get(name) for record in records]
        if not all(_numeric(each) for each in found):
            known = [key for key, value in records[0].attributes.items() if _numeric(value)]
            usual = [key for key in known if key not in ("identity", "view", "yaw", "pitch", "seeds")]
            count = sum(not _numeric(each) for each in found)
            raise ValueError(
                f"{path}: {count} of {len(found)} pictures say no number for '{name}'; {did_you_mean(name, usual)}"
            )
        shares = [dict(each) for each in found if isinstance(each, Mapping)]
        if shares:
            labels += _parts(name, shares, len(found), path)
        else:
            labels.append(_label(name, torch.tensor(found, dtype=torch.float64)))
    return labels


def identities_of(records: Sequence[Record]) -> Tensor:
    """Return who is on each picture, ``(N,)``, numbered from 0; everybody somebody else where the data does not say."""
    named = [record.attributes.get("identity") for record in records]
    if None in named:
        return torch.arange(len(records))
    numbers = {name: number for number, name in enumerate(dict.fromkeys(named))}
    return torch.tensor([numbers[name] for name in named])


def held_out(identities: Tensor, share: float, seed: int) -> Tensor:
    """Return which rows are of the people kept apart, ``(N,)`` bool; each person is on one side alone."""
    people = torch.unique(identities)
    count = max(1, round(share * len(people)))
    drawn = people[torch.randperm(len(people), generator=torch.Generator().manual_seed(seed))[:count]]
    return torch.isin(identities, drawn)


def _numeric(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value) and all(_numeric(part) for part in value.values())
    return isinstance(value, int | float) and not isinstance(value, bool)


def _label(name: str, values: Tensor) -> Label:
    if name in UNITS:
        step, unit = UNITS[name]
        return Label(name, values, step, unit)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and 0.5 < high <= 1:
        return Label(name, values, 1.0, "from 0 to 1")
    spread = float(values.std(unbiased=False)) or 1.0
    return Label(name, values, spread, f"{spread:.3g} more, one standard deviation")


def _parts(name: str, found: list[dict[str, float]], count: int, path: object) -> list[Label]:
    names = list(found[0])
    if len(found) < count or any(each.keys() != found[0].keys() for each in found):
        raise ValueError(f"{path}: not all pictures say the same parts of '{name}'")
    table = torch.tensor([[each[part] for part in names] for each in found], dtype=torch.float64)
    shared = len(names) > 1 and bool(((table.sum(dim=1) - 1).abs() < 0.01).all())
    if shared:
        table = table / table.sum(dim=1, keepdim=True)  # Rounded shares miss 1 by a hair, and that hair can be fitted.
    else:
        return [_label(f"{name}.{part}", table[:, index]) for index, part in enumerate(names)]
    return [
        Label(f"{name}.{part}", table[:, index], 1.0, f"from none of {part} to all of it", shared=True)
        for index, part in enumerate(names)
    ]
