"""What an import did, for the person who asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class ComponentReport:
    """What went into one component."""

    parameters: int = 0
    """Parameter tensors."""
    buffers: int = 0
    """Buffer tensors."""
    elements: int = 0
    """Numbers in all of them."""


@dataclass
class ImportReport:
    """What was mapped, what was left out, and what the person should look at. `text()` prints it."""

    source: Path
    out: Path
    components: dict[str, ComponentReport] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    """Constant buffers of the checkpoint that the components do not keep."""
    surplus: list[str] = field(default_factory=list)
    """Tensors of the checkpoint that no component has a place for."""
    ignored: dict[str, str] = field(default_factory=dict)
    """Arguments that do not matter here -> why."""
    unknown: list[str] = field(default_factory=list)
    """Arguments that are not understood and may matter."""
    assumed: list[str] = field(default_factory=list)
    """Arguments that are not recorded, with the defaults that stand in for them."""
    notes: list[str] = field(default_factory=list)

    @property
    def mapped(self) -> int:
        """Tensors that found their place, parameters and buffers."""
        return sum(part.parameters + part.buffers for part in self.components.values())

    def text(self) -> str:
        """The report as lines of plain text."""
        lines = [f"{self.source.name} -> {self.out}"]
        for name, part in self.components.items():
            counts = f"{part.parameters} parameters, {part.buffers} buffers, {part.elements:,} numbers"
            lines.append(f"  {name:<14} {counts}")
        lines.append(f"  mapped {self.mapped} tensors, dropped {len(self.dropped)}, surplus {len(self.surplus)}")
        lines += _listed("dropped (constant filters)", self.dropped)
        lines += _listed("surplus, not used; the checkpoint may be of another kind", self.surplus)
        lines += _listed("arguments left aside", [f"{key} ({why})" for key, why in self.ignored.items()])
        lines += _listed("arguments not understood; the pictures may differ", self.unknown)
        lines += _listed("arguments not recorded; these are assumed", self.assumed)
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def _listed(title: str, names: list[str], limit: int = 12) -> list[str]:
    if not names:
        return []
    more = [f"    and {len(names) - limit} more"] if len(names) > limit else []
    return [f"  {title}:", *(f"    {name}" for name in names[:limit]), *more]
