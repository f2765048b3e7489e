"""Style directions as people read them: what a step is, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from aetherist.cli.console import columns, show, write

if TYPE_CHECKING:
    from aetherist.components.styles import DirectionSet
    from aetherist.graphs.styles import Effect, Measured

HEADS = ("direction", "strength 1", "response", "range", "monotonic", "identity", "leaks most into")


def show_measured(measured: Measured) -> None:
    """Print what directions do, and what was read how well."""
    show(Text(f"{measured.people} people, seen from the front", style="bold"), "")
    columns(HEADS, [_row(effect) for effect in measured.effects])
    names = [target.name for target in measured.targets]
    show(
        "",
        Text("a strength of 1 changes other attributes by so many standard deviations of the data", style="bold"),
        "",
    )
    rows = [
        [effect.name, *("" if name not in effect.leaks else f"{effect.leaks[name]:+.2f}" for name in names)]
        for effect in measured.effects
    ]
    columns(["direction", *names], rows, right=names)
    show("", "response: steps of the attribute at a strength of 1, for people who have room for it; 1 is as documented")
    for target in measured.targets:
        show(
            f"{target.name} is read with a mean error of {target.error:.3g} for people kept apart (always guessing the "
            f"mean: {target.guessing:.3g})"
        )
    if measured.others is not None:
        show(
            f"identity: cosine with the unedited person by {measured.network}; of two people it is "
            f"{measured.others:.2f}"
        )


def _row(effect: Effect) -> list[str]:
    worst = effect.worst
    return [
        effect.name,
        effect.unit,
        "-" if effect.slope is None else f"{effect.slope:.2f}",
        _span(effect.range),
        "-" if effect.monotonic is None else f"{effect.monotonic:.0%}",
        "-" if effect.identity is None else f"{effect.identity:.2f}",
        "-" if worst is None else f"{worst[0]} {worst[1]:+.2f} sd",
    ]


def _span(span: Sequence[float] | None) -> str:
    return "-" if span is None else f"{span[0]:.3g} to {span[1]:.3g}"


def described(directions: DirectionSet) -> dict[str, Any]:
    """Return a set as plain JSON, without its vectors."""
    return {
        "model": directions.model,
        "model_digest": directions.model_digest,
        "directions": [
            {
                "name": each.name,
                "unit": each.unit,
                "step": each.step,
                "scale": each.scale,
                "layers": None if each.layers is None else list(each.layers),
                "range": None if each.range is None else list(each.range),
                "quality": dict(each.quality),
            }
            for each in directions.directions
        ],
        "about": dict(directions.about),
    }


def listed(directions: DirectionSet, *, markdown: bool) -> None:
    """Print the axes of a set with their figures."""
    measured = {effect["name"]: effect for effect in directions.about.get("measured", {}).get("effects", ())}
    rows = []
    for each in directions.directions:
        quality = each.quality
        rows.append(
            [
                each.name,
                each.unit,
                _figure(quality, "response", "{:.2f}"),
                _span(each.range),
                _figure(quality, "monotonic", "{:.0%}"),
                _figure(quality, "identity", "{:.2f}"),
                _worst(measured.get(each.name)),
                "all" if each.layers is None else ",".join(map(str, each.layers)),
            ]
        )
    heads = [*HEADS, "layers"]
    if markdown:
        write(_row_of(heads) + _row_of(["---"] * len(heads)) + "".join(map(_row_of, rows)))
        return
    name = directions.model or "a model"
    show(Text.assemble((f"{len(directions)} directions of {name}", "bold"), f"  {directions.model_digest}"), "")
    columns(heads, rows)
    learned = directions.about.get("learned", {})
    if learned:
        told = ", ".join(f"{key} {learned[key]}" for key in ("method", "source", "people", "data") if key in learned)
        show("", f"learned by {told}")
    told = directions.about.get("measured", {})
    if told:
        others = "" if told["others"] is None else f"; the identity of two people is {told['others']:.2f}"
        show(f"measured on {told['people']} people{others}")


def _worst(effect: Mapping[str, Any] | None) -> str:
    leaks = {} if effect is None else effect["leaks"]
    if not leaks:
        return "-"
    name = max(leaks, key=lambda each: abs(leaks[each]))
    return f"{name} {leaks[name]:+.2f} sd"


def _figure(quality: Mapping[str, float], name: str, form: str) -> str:
    return form.format(quality[name]) if name in quality else "-"


def _row_of(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"
