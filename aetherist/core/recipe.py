"""The schema of a recipe, and recipes that have been read against it."""

from __future__ import annotations

import hashlib
import json
import keyword
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import attrs
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from aetherist.base.document import Node, dotted
from aetherist.base.document import Path as Place
from aetherist.core.config import compose
from aetherist.core.errors import Diagnostic, Position, RecipeError, Severity, did_you_mean
from aetherist.core.interpolation import HOLE


class _Unset:
    def __repr__(self) -> str:
        return "<no default>"


UNSET: Any = _Unset()
"""The default of an input that has none (``null`` is a default like any other)."""


def _identifier(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii() or name.startswith("_"):
        raise ValueError("a name is letters, digits and _, starts with a letter, and is no Python keyword")
    return name


Name = Annotated[str, AfterValidator(_identifier)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True)


class ComponentSpec(_Spec):
    """A component: its registered type, and the fields of that type's config beside it."""

    model_config = ConfigDict(extra="allow")

    type: str
    """The registered name, such as ``renderer.volume``."""

    @property
    def fields(self) -> dict[str, Any]:
        """The config fields as written."""
        return dict(self.__pydantic_extra__ or {})


class InputSpec(_Spec):
    """An input of a graph: a type, and a default if it may be left out."""

    type: str
    """A named type (``Camera``), one with a shape (``Image[B 3 512 512]``), ``int``, ``float``, ``bool`` or ``str``."""
    default: Any = UNSET
    """The value where none is given."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"type": data} if isinstance(data, str) else data


class StepSpec(_Spec):
    """One call: of a component, of an operation of one (``renderer.query``), or of another graph."""

    call: str
    """What is called."""
    inputs: dict[Name, Any] = Field(default_factory=dict, alias="with")
    """What goes into each port: ``input``, ``step``, ``step.output``, a number, or ``{value: text}``."""


class OutputSpec(_Spec):
    """An output of a graph: where it comes from, and a type to hold it to if wanted."""

    source: str = Field(alias="from")
    """``step``, ``step.output`` or the name of an input."""
    type: str | None = None
    """A type that the value must fit."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"from": data} if isinstance(data, str) else data


class GraphSpec(_Spec):
    """A graph: typed inputs, steps in any order, named outputs."""

    description: str = ""
    """For readers."""
    inputs: dict[Name, InputSpec] = Field(default_factory=dict)
    """What the caller gives."""
    steps: dict[Name, StepSpec] = Field(default_factory=dict)
    """The calls; their order follows from their wiring."""
    outputs: dict[Name, OutputSpec] = Field(default_factory=dict)
    """What the caller may ask for."""


class RecipeSpec(_Spec):
    """A recipe as it stands once composed."""

    name: str = ""
    """What the recipe is called."""
    description: str = ""
    """For readers."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Values to refer to as ``${settings.name}``."""
    components: dict[Name, ComponentSpec] = Field(default_factory=dict)
    """The parts that own weights."""
    graphs: dict[Name, GraphSpec] = Field(default_factory=dict)
    """How the parts are wired."""
    training: dict[str, Any] | None = None
    """How the parts are trained; ``aetherist.graphs.training`` says what may stand here."""


@attrs.define(eq=False)
class Recipe:
    """A composed recipe, its faults so far, and where everything in it was written.

    ``broken`` holds the places of entries that were dropped because they are at fault: what refers to them is not
    reported again.
    """

    spec: RecipeSpec
    root: Node
    diagnostics: list[Diagnostic]
    texts: dict[str, str]
    broken: set[Place]
    trusted: bool = True

    @classmethod
    def read(
        cls,
        source: str | Path | Mapping[str, Any],
        *,
        profile: str | None = None,
        overrides: Iterable[str] = (),
        trusted: bool = True,
        text: str | None = None,
    ) -> Recipe:
        """Compose a recipe and hold it against the schema; see :func:`aetherist.core.config.compose`.

        Faults of single entries do not raise: they are in ``diagnostics``.

        Raises:
            RecipeError: If there is nothing to speak of: unreadable, no YAML, cyclic ``extends``.
        """
        made = compose(source, profile=profile, overrides=overrides, trusted=trusted, text=text)
        broken = {path for path, node in made.root.walk() if node.value is HOLE}
        spec, faults, dropped = _validated(made.root, broken)
        if not spec.name:
            spec = spec.model_copy(update={"name": _name_of(source)})
        return cls(spec, made.root, made.diagnostics + faults, made.texts, broken | dropped, trusted)

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self.spec.name

    def where(self, *path: str | int, of_key: bool = False) -> Position:
        """Return where ``path`` was written."""
        return self.root.position(path, of_key=of_key)

    def is_broken(self, *path: str | int) -> bool:
        """Whether something at, above or below ``path`` was dropped."""
        return any(path[: len(b)] == b or b[: len(path)] == path for b in self.broken)

    def fault(self, code: str, message: str, *path: str | int, of_key: bool = False, **more: Any) -> Diagnostic:
        """Return a diagnostic that stands at ``path``; says so where the value came from an interpolation."""
        node = self.root.find(path)
        if node is not None and node.source is not None:
            more["notes"] = (*more.get("notes", ()), f"the value {node.value!r} comes from {node.source}")
        return Diagnostic(code, message, where=self.where(*path, of_key=of_key), path=dotted(path), **more)

    def raise_for_errors(self) -> None:
        """Raise :class:`RecipeError` if an error has been found."""
        errors = [d for d in self.diagnostics if d.severity is Severity.ERROR]
        if errors:
            raise RecipeError(sorted(errors, key=Diagnostic.sort_key))

    def plain(self) -> dict[str, Any]:
        """Return what the recipe composes to, as plain data."""
        data: dict[str, Any] = self.root.plain()
        return {"name": self.name, **{key: value for key, value in data.items() if key != "name"}}

    def to_yaml(self) -> str:
        """Return what the recipe composes to, as YAML."""
        return yaml.dump(self.plain(), Dumper=_Dumper, sort_keys=False, width=110, default_flow_style=None)

    @property
    def digest(self) -> str:
        """A name for the recipe's content: the SHA-256 of what it composes to."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()


class _Dumper(yaml.SafeDumper):
    """Writes text so that our reader, whose scalars are those of YAML 1.2, reads it as text again."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    from aetherist.base.document import scalar

    quoted = "\n" not in data and not isinstance(scalar(data), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="'" if quoted else None)


_Dumper.add_representer(str, _write_text)


def _name_of(source: Any) -> str:
    return Path(str(source)).stem if isinstance(source, str | Path) else "recipe"


def _validated(root: Node, holes: set[Place]) -> tuple[RecipeSpec, list[Diagnostic], set[Place]]:
    """Validate what is there; drop each entry at fault and validate the rest."""
    faults: list[Diagnostic] = []
    dropped: set[Place] = {_entry(path) for path in holes if path and path[0] != "settings"}
    data = _without(root.plain(), dropped)
    for _ in range(4):
        try:
            return RecipeSpec.model_validate(data), faults, dropped
        except ValidationError as error:
            fresh: set[Place] = set()
            for item in error.errors():
                place = item["loc"][:-1] if _is_key_fault(item) else item["loc"]
                faults.append(_schema_fault(root, place, item))
                fresh.add(_entry(place))
            dropped |= fresh
            data = _without(data, fresh)
    raise AssertionError("the schema found faults without end")


def _entry(path: Place) -> Place:
    """Return the smallest entry around ``path`` that can be left out alone."""
    if path[:1] == ("components",):
        return path[:2]
    if path[:1] == ("graphs",) and len(path) >= 4 and path[2] in ("inputs", "steps", "outputs"):
        return path[:4]
    return path[:2] if path[:1] == ("graphs",) else path[:1]


def _without(data: dict[str, Any], places: set[Place]) -> dict[str, Any]:
    def copy(value: Any, path: Place) -> Any:
        if isinstance(value, dict):
            return {k: copy(v, (*path, k)) for k, v in value.items() if (*path, k) not in places}
        return value

    copied: dict[str, Any] = copy(data, ())
    return copied


def _schema_fault(root: Node, place: Place, item: Any) -> Diagnostic:
    kind, path = item["type"], dotted(place)
    if kind == "extra_forbidden":
        notes = (did_you_mean(str(place[-1]), _keys_at(place)),)
        where = root.position(place, of_key=True)
        return Diagnostic("AE105", f"'{place[-1]}' is no key here", where=where, path=path, notes=notes)
    if kind == "missing":
        where = root.position(place[:-1], of_key=True)
        return Diagnostic(
            "AE106", f"'{place[-1]}' is missing", where=where, path=dotted(place[:-1]), fix=f"add {place[-1]}: ..."
        )
    message = re.sub(r"^(Value error|Assertion failed), ", "", item["msg"])
    message = re.sub(r"valid dictionary( or instance of \w+)?", "map", message)
    if _is_key_fault(item):
        where = root.position(place, of_key=True)
        return Diagnostic("AE115", f"'{place[-1]}' is no name: {message}", where=where, path=path)
    given = _spell(item.get("input"))
    return Diagnostic(
        "AE107",
        f"{given} does not fit '{place[-1] if place else 'recipe'}': {message}",
        where=root.position(place),
        path=path,
    )


def _is_key_fault(item: Any) -> bool:
    return bool(item["type"] == "value_error" and item["loc"][-1:] == ("[key]",))


def _keys_at(place: Place) -> list[str]:
    model: type[BaseModel] = RecipeSpec
    if place[0] == "graphs" and len(place) > 2:
        inner: dict[str, type[BaseModel]] = {"inputs": InputSpec, "steps": StepSpec, "outputs": OutputSpec}
        model = inner.get(str(place[2]), GraphSpec) if len(place) > 4 else GraphSpec
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return [*keys, "extends", "profiles"] if model is RecipeSpec else keys


def _spell(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
