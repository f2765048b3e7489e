"""Edits: how strongly each attribute of a person is changed, and what has to hold of that.

The form is the one of the API: ``{"age": 0.5, "ethnicity": {"asian": 0.7, "european": 0.3}}``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from aetherist.core.errors import did_you_mean

Edits = Mapping[str, float | Mapping[str, float]]
"""A strength for each attribute, or for each part of one: ``{"age": 0.5, "ethnicity": {"asian": 0.7}}``."""

Beyond = Literal["warn", "error", "allow"]
"""What to do about a strength outside the range in which a direction was measured."""


def merged(edits: Edits, changes: Mapping[str, Any], attributes: Collection[str]) -> dict[str, Any]:
    """Return edits with changes: a strength replaces what there was, 0 or ``None`` takes it away.

    Raises:
        ValueError: If an attribute is unknown, or a strength no finite number.
    """
    result = dict(edits)
    for name, strength in changes.items():
        if name not in attributes:
            raise ValueError(f"there is no attribute '{name}' to edit; {did_you_mean(name, attributes)}")
        result[name] = _strength(name, strength)
    return plain(result)


def plain(edits: Mapping[str, Any]) -> dict[str, Any]:
    """Return edits in one form: names in order, strengths as floats, nothing that changes nothing."""
    result: dict[str, Any] = {}
    for name in sorted(edits):
        strength = edits[name]
        if isinstance(strength, Mapping):
            parts = {part: float(strength[part]) for part in sorted(strength) if strength[part]}
            if parts:
                result[name] = parts
        elif strength:
            result[name] = float(strength)
    return result


def blended(one: Edits, other: Edits, amount: float) -> dict[str, Any]:
    """Return edits between two: ``one`` at 0, ``other`` at 1."""
    result: dict[str, Any] = {}
    for name in {**one, **other}:
        first, second = one.get(name, 0.0), other.get(name, 0.0)
        if isinstance(first, Mapping) or isinstance(second, Mapping):
            result[name] = blended(
                first if isinstance(first, Mapping) else {}, second if isinstance(second, Mapping) else {}, amount
            )
        else:
            result[name] = first + (second - first) * amount
    return plain(result)


def watch(edits: Edits, ranges: Mapping[str, tuple[float, float]], beyond: Beyond) -> None:
    """Warn of strengths outside their measured ranges, or refuse them.

    Raises:
        ValueError: If one is outside and ``beyond`` is ``"error"``.
    """
    if beyond not in ("warn", "error", "allow"):
        raise ValueError(f"beyond={beyond!r}: write 'warn', 'error' or 'allow'")
    if beyond == "allow":
        return
    found = []
    for name, strength in flat(edits):
        low, high = ranges.get(name, (-math.inf, math.inf))
        if not low <= strength <= high:
            found.append(f"{name} = {strength:g} is outside the measured range {low:g} to {high:g}")
    if not found:
        return
    if beyond == "error":
        raise ValueError("; ".join(found) + "; beyond='allow' edits all the same")
    warnings.warn("; ".join(found) + "; the picture may not hold together", stacklevel=3)


def flat(edits: Edits) -> Iterator[tuple[str, float]]:
    """Yield each strength with the name of its axis: ``age``, ``ethnicity.asian``."""
    for name, strength in edits.items():
        if isinstance(strength, Mapping):
            yield from ((f"{name}.{part}", value) for part, value in strength.items())
        else:
            yield name, strength


def _strength(name: str, strength: Any) -> Any:
    if strength is None:
        return 0.0
    if isinstance(strength, Mapping):
        return {part: _strength(f"{name}.{part}", value) for part, value in strength.items()}
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not math.isfinite(strength):
        raise ValueError(f"the strength of '{name}' is {strength!r}; give a finite number")
    return float(strength)
