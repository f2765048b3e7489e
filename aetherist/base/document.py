"""YAML in, as a tree that remembers where each value was written; refuses what is too large.

Scalars follow YAML 1.2: ``true`` and ``false`` alone are booleans, ``1e-3`` is a number, ``010`` is ten, and a number
of more than a hundred digits is text. A merge key (``<<``) merges maps deeply, as ``extends`` and ``profiles`` do: one
rule everywhere. Of a list of maps to merge, the earlier go before the later.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import attrs
import yaml

from aetherist.base.errors import Diagnostic, Position, RecipeError

MAX_BYTES = 4_000_000
MAX_DEPTH = 48
MAX_NODES = 400_000
MAX_DIGITS = 100

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".inf": math.inf, ".Inf": math.inf, ".INF": math.inf, "+.inf": math.inf, "-.inf": -math.inf, "-.Inf": -math.inf,
    "-.INF": -math.inf, ".nan": math.nan, ".NaN": math.nan, ".NAN": math.nan,
}  # fmt: skip

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Value = Any
Path = tuple[str | int, ...]


@attrs.define(eq=False)
class Node:
    """A value and where it stands: a dict of nodes, a list of nodes, or a scalar.

    ``key`` is where its name stands; ``source`` is where an interpolated value was written.
    """

    value: Value
    where: Position
    key: Position | None = None
    source: Position | None = None

    @classmethod
    def of(cls, value: Any, where: Position, source: Position | None = None, depth: int = 0) -> Node:
        """Return plain data as nodes that all stand at one place.

        Raises:
            RecipeError: AE103 for data that nest too deep, or hold themselves.
        """
        if depth > MAX_DEPTH:
            raise fault("AE103", f"values nest deeper than {MAX_DEPTH} levels", where)
        if isinstance(value, dict):
            children = {str(name): cls.of(child, where, source, depth + 1) for name, child in value.items()}
            return cls(children, where, None, source)
        if isinstance(value, list | tuple):
            return cls([cls.of(child, where, source, depth + 1) for child in value], where, None, source)
        return cls(value, where, None, source)

    def plain(self) -> Any:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {name: child.plain() for name, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def find(self, path: Path) -> Node | None:
        """Return the node at ``path``, or ``None``."""
        node: Node | None = self
        for part in path:
            if node is None:
                return None
            if isinstance(node.value, dict):
                node = node.value.get(part)
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
            else:
                return None
        return node

    def position(self, path: Path, *, of_key: bool = False) -> Position:
        """Return where ``path`` stands, or the nearest thing around it that exists."""
        for length in range(len(path), -1, -1):
            node = self.find(path[:length])
            if node is not None:
                return (node.key or node.where) if of_key else node.where
        return self.where

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Node]]:
        """Yield every node with its path, parents first."""
        yield path, self
        children: Any = ()
        if isinstance(self.value, dict):
            children = self.value.items()
        elif isinstance(self.value, list):
            children = enumerate(self.value)
        for name, child in children:
            yield from child.walk((*path, name))


def merged(base: Node, over: Node) -> Node:
    """Lay ``over`` on ``base``: maps merge by key, everything else replaces.

    A component whose ``type`` changes starts afresh: the settings of the old type mean nothing to the new one.
    """
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    if "type" in base.value and "type" in over.value and base.value["type"].value != over.value["type"].value:
        return over
    children = dict(base.value)
    for name, child in over.value.items():
        children[name] = merged(children[name], child) if name in children else child
    return Node(children, over.where, over.key)


def dotted(path: Path) -> str:
    """Return a path as a reader writes it."""
    return ".".join(str(part) for part in path)


def fault(code: str, message: str, where: Position, **more: Any) -> RecipeError:
    """Return the error of one diagnostic."""
    return RecipeError([Diagnostic(code, message, where=where, **more)])


def parse(text: str, file: str) -> Node:
    """Read one YAML document.

    Raises:
        RecipeError: AE102 for text that is no YAML, AE103 beyond the limits, AE104 for a key written twice.
    """
    try:
        if len(text.encode("utf-8")) > MAX_BYTES:
            raise fault("AE103", f"the document is larger than {MAX_BYTES:,} bytes", Position(file))
    except UnicodeEncodeError as error:
        before = text[: error.start]
        where = Position(file, before.count("\n") + 1, error.start - before.rfind("\n"))
        raise fault("AE102", "this is no valid YAML: half of a surrogate pair is no character", where) from None
    try:
        return _Composer(file).compose(yaml.parse(text.removeprefix("\ufeff"), Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
        raise fault(
            "AE102",
            f"this is no valid YAML: {error.problem or error}",
            where,
            notes=_context(error),
            fix=_hint(text, where),
        ) from None
    except yaml.YAMLError as error:
        raise fault("AE102", f"this is no valid YAML: {error}", Position(file)) from None


def _context(error: yaml.MarkedYAMLError) -> tuple[str, ...]:
    """Say what the parser was in the middle of, and where that began."""
    if not error.context:
        return ()
    mark = error.context_mark
    return (f"{error.context}{f', which began at {mark.line + 1}:{mark.column + 1}' if mark else ''}",)


def _hint(text: str, where: Position) -> str | None:
    """Name the slip behind a parser's complaint, where it is one of the usual ones."""
    lines = text.splitlines()
    line = lines[where.line - 1] if where.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces; YAML takes no tabs"
    near = "\n".join(lines[max(where.line - 2, 0) : where.line])
    if re.search(r"[{,\[][^\"'\n]*[:,\[{]\s*\$\{", near):
        return 'inside {...} or [...] put quotes around an interpolation: "${settings.name}"'
    return None


def scalar(text: str, *, plain: bool = True) -> Any:
    """Return the value that a YAML scalar stands for; a quoted one is always text."""
    if not plain:
        return text
    if text in _SPECIAL:
        return _SPECIAL[text]
    if len(text) > MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


class _Frame:
    """A collection that is being read."""

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: str | None = None
        self.key_at: Position | None = None
        self.merges: list[Node] = []


class _Composer:
    """Builds nodes from parser events with an explicit stack, so that depth and size are bounded as they grow."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.anchors: dict[str, Node] = {}
        self.sizes: dict[int, int] = {}
        self.count = 0
        self.stack: list[_Frame] = []
        self.root: Node | None = None

    def compose(self, events: Any) -> Node:
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise fault("AE102", "a second document starts here; a recipe is one", self._at(event))
            elif isinstance(event, yaml.ScalarEvent):
                value = scalar(event.value, plain=event.implicit[0] and event.tag is None)
                self._tag(event, ("tag:yaml.org,2002:str",))
                where = self._at(event)
                self._add(Node(value, where), event.anchor, where)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._tag(event, ())
                if len(self.stack) >= MAX_DEPTH:
                    raise fault("AE103", f"values nest deeper than {MAX_DEPTH} levels", self._at(event))
                empty: Value = {} if isinstance(event, yaml.MappingStartEvent) else []
                self.stack.append(_Frame(Node(empty, self._at(event)), event.anchor))
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self._close()
        return self.root if self.root is not None else Node(None, Position(self.file))

    def _at(self, event: Any) -> Position:
        return Position(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _tag(self, event: Any, allowed: tuple[str, ...]) -> None:
        if event.tag not in (None, "!", *allowed):
            raise fault("AE102", f"the tag {event.tag} is not read; recipes hold plain values", self._at(event))

    def _grow(self, size: int, where: Position) -> None:
        self.count += size
        if self.count > MAX_NODES:
            raise fault("AE103", f"the document holds (or its aliases expand to) over {MAX_NODES:,} values", where)

    def _alias(self, event: Any) -> None:
        where = self._at(event)
        target = self.anchors.get(event.anchor)
        if target is None:
            raise fault("AE102", f"the alias *{event.anchor} has no anchor before it", where)
        self._grow(self.sizes[id(target)] - 1, where)
        if len(self.stack) + _depth(target) > MAX_DEPTH:
            raise fault("AE103", f"values nest deeper than {MAX_DEPTH} levels", where)
        self._add(Node(target.value, target.where), None, where)

    def _close(self) -> None:
        frame = self.stack.pop()
        for base in frame.merges:  # the first of a list has the last word, as YAML has it
            children = merged(base, Node(frame.node.value, frame.node.where)).value
            frame.node.value = children
        self._add(frame.node, frame.anchor, frame.node.where)

    def _add(self, node: Node, anchor: str | None, where: Position) -> None:
        self._grow(1, where)
        if anchor is not None:
            self.anchors[anchor] = node
            self.sizes[id(node)] = _size(node)
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if isinstance(frame.node.value, list):
            frame.node.value.append(node)
        elif frame.key is None:
            self._name(frame, node, where)
        else:
            self._put(frame, node, where)

    def _name(self, frame: _Frame, node: Node, where: Position) -> None:
        if isinstance(node.value, dict | list):
            raise fault("AE102", "a map or list cannot be a key", where)
        frame.key = node.value if isinstance(node.value, str) else _as_written(node.value)
        frame.key_at = where

    def _put(self, frame: _Frame, node: Node, where: Position) -> None:
        name, at = frame.key, frame.key_at
        frame.key = frame.key_at = None
        assert name is not None
        if name == "<<":
            parts = node.value if isinstance(node.value, list) else [node]
            if not all(isinstance(part.value, dict) for part in parts):
                raise fault("AE102", "<< merges a map, or a list of maps", where)
            frame.merges += parts
        elif name in frame.node.value:
            first = frame.node.value[name].key
            raise fault("AE104", f"the key '{name}' is written twice", at or where, notes=(f"first at {first}",))
        else:
            frame.node.value[name] = Node(node.value, node.where, at)


def _as_written(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _size(node: Node) -> int:
    return sum(1 for _ in node.walk())


def _depth(node: Node) -> int:
    children: Any = ()
    if isinstance(node.value, dict):
        children = node.value.values()
    elif isinstance(node.value, list):
        children = node.value
    return 1 + max((_depth(child) for child in children), default=0) if children else 1
