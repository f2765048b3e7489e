"""What a job names and its model has not: found by what the model says of itself, before the job is promised.

Whatever is refused here would fail as well where it is done; what only that can tell is left to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aetherist.base.errors import did_you_mean
from aetherist.serve.jobs.requests import BatchBody, GenerateJob, MeshJob, RunJob, VideoJob
from aetherist.serve.people import Spec
from aetherist.serve.schemas.people import MixedPerson

Place = tuple[str | int, ...]
Fault = dict[str, Any]
"""As pydantic tells of faults, so that all of them reach a client in one form."""


def unknown_names(body: Any, known: Mapping[str, Any]) -> list[Fault]:
    """Return a fault for each name in a job that its model has not.

    Args:
        body: One of :mod:`aetherist.serve.jobs.requests`, and no recipe from outside.
        known: What the engine says of the model, see :class:`~aetherist.serve.engine.Describe`.
    """
    if isinstance(body, RunJob):
        return list(_in_graphs(body, known["steps"]))
    faults = [fault for place, attributes in _attributes(body) for fault in _in_axes(place, attributes, known)]
    output = getattr(body, "output", None)
    if output is not None and output not in known["outputs"]:
        faults.append(_fault(("output",), f"the model has no output '{output}'", output, known["outputs"]))
    if isinstance(body, MeshJob) and not known["field"]:
        faults.append(_fault(("model",), "the model has no graph 'field', so its people have no shape to give"))
    return faults


def _in_graphs(body: RunJob, steps: Mapping[str, list[str]]) -> Iterator[Fault]:
    if body.graph not in steps:
        yield _fault(("graph",), f"the model has no graph '{body.graph}'", body.graph, steps)
    elif body.until is not None and body.until not in steps[body.graph]:
        words = f"graph '{body.graph}' has no step '{body.until}'"
        yield _fault(("until",), words, body.until, steps[body.graph])


def _attributes(body: Any) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Yield the attributes that a job names, and where."""
    match body:
        case VideoJob():
            yield from _of_people(("people",), body.people)
        case MeshJob():
            yield from _of(("person",), body.person)
        case GenerateJob():
            yield from _of_people(("people",), body.people or ())
            yield ("attributes",), body.attributes
        case BatchBody():
            yield ("attributes",), body.attributes


def _of_people(place: Place, specs: Iterable[Spec]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for at, spec in enumerate(specs):
        yield from _of((*place, at), spec)


def _of(place: Place, spec: Spec) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    yield (*place, "attributes"), spec.attributes
    if isinstance(spec, MixedPerson):
        yield from _of_people((*place, "mix"), spec.mix)


def _in_axes(place: Place, attributes: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the names of attributes; of parts, only where a strength changes anything."""
    if attributes and not known["editable"]:
        yield _fault(place, "the model has no style directions, so its people cannot be edited")
        return
    axes: dict[str, list[str]] = {}
    for each in known["directions"]:
        axes.setdefault(each["attribute"], []).extend([each["axis"]] if each["axis"] else [])
    for name, strength in attributes.items():
        here = (*place, name)
        parts = axes.get(name)
        if parts is None:
            yield _fault(here, f"there is no attribute '{name}' to edit", name, axes)
        elif isinstance(strength, Mapping):
            wrong = [part for part, value in strength.items() if value and part not in parts]
            if wrong and not parts:
                yield _fault(here, f"'{name}' has no parts: give it one strength")
                continue
            for part in wrong:
                yield _fault((*here, part), f"'{name}' has no part '{part}' to edit", part, parts)
        elif strength and parts:
            shown = ", ".join(f'"{part}": ...' for part in parts)
            yield _fault(here, f"'{name}' has parts: write {{\"{name}\": {{{shown}}}}}")


def _fault(place: Place, words: str, name: str | None = None, known: Iterable[str] = ()) -> Fault:
    message = words if name is None else f"{words}; {did_you_mean(name, known)}"
    return {"type": "unknown_name", "loc": ("body", *place), "msg": message}
