"""Composition: from YAML files to one positioned tree.

In this order: ``extends`` (several levels), the recipe itself, the chosen profile, overrides, interpolation. Maps merge
by key to any depth, lists and scalars replace, ``null`` removes a component, graph, step, input or output.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from aetherist.base import document
from aetherist.base.document import Node, dotted, fault, merged
from aetherist.core.errors import Diagnostic, Position, RecipeError, did_you_mean
from aetherist.core.interpolation import interpolated

MAX_LEVELS = 16

_RECIPE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_REMOVABLE = (
    ("components",),
    ("graphs",),
    ("graphs", "*", "inputs"),
    ("graphs", "*", "steps"),
    ("graphs", "*", "outputs"),
)


@attrs.define
class Composition:
    """One composed recipe: its tree, its faults so far, and the texts it was made from."""

    root: Node
    diagnostics: list[Diagnostic]
    texts: dict[str, str]


def recipe_folders() -> list[Path]:
    """Return where a recipe's name is looked up: ``./recipes``, then the recipes that ship with Aetherist."""
    package = Path(str(files("aetherist")))
    shipped = package / "recipes"
    return [Path("recipes"), shipped if shipped.is_dir() else package.parent / "recipes"]


def recipe_names() -> list[str]:
    """Return the name of every recipe that can be given without a path."""
    return sorted({path.stem for folder in recipe_folders() if folder.is_dir() for path in folder.glob("*.yaml")})


def compose(
    source: str | Path | Mapping[str, Any],
    *,
    profile: str | None = None,
    overrides: Iterable[str] = (),
    trusted: bool = True,
    text: str | None = None,
) -> Composition:
    """Compose a recipe.

    Args:
        source: A recipe's name, its file, a model folder, or plain data.
        profile: The entry of ``profiles`` to lay over the recipe.
        overrides: ``dotted.path=value`` each; the value is YAML.
        trusted: Whether the recipe may name files and environment variables. Recipes from outside may not.
        text: The YAML itself, for which ``source`` is then only a name in messages.

    Raises:
        RecipeError: If there is no tree to speak of (unreadable, no YAML, cyclic ``extends``).
    """
    reader = _Reader(trusted)
    if isinstance(source, Mapping):
        root = reader.extended(Node.of(dict(source), Position("<recipe>", 0)), Path(), ())
    elif text is not None:
        reader.texts[str(source)] = text
        root = reader.extended(document.parse(text, str(source)), Path(str(source)).parent, ())
    else:
        root = reader.load(str(source), Path(), None, ())
    faults: list[Diagnostic] = []
    root = _with_profile(root, profile, faults)
    for override in overrides:
        root = _with_override(root, override, faults)
    root = _without_nulls(root)
    root = interpolated(root, trusted, faults)
    return Composition(root, faults, reader.texts)


class _Reader:
    """Finds and reads recipe files and what they extend."""

    def __init__(self, trusted: bool) -> None:
        self.trusted = trusted
        self.texts: dict[str, str] = {}

    def load(self, name: str, folder: Path, asked: Position | None, chain: tuple[Path, ...]) -> Node:
        path = self._find(name, folder, asked)
        if path.resolve() in chain:
            cycle = " -> ".join(_shown(p) for p in (*chain, path.resolve()))
            raise fault("AE109", "a recipe extends itself", asked or Position(_shown(path), 0), notes=(cycle,))
        if len(chain) >= MAX_LEVELS:
            raise fault("AE103", f"extends goes deeper than {MAX_LEVELS} levels", asked or Position(_shown(path), 0))
        shown = _shown(path)
        try:
            if path.stat().st_size > document.MAX_BYTES:
                raise fault("AE103", f"the document is larger than {document.MAX_BYTES:,} bytes", Position(shown, 0))
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise fault("AE101", f"the recipe cannot be read: {reason}", asked or Position(shown, 0)) from None
        self.texts[shown] = text
        return self.extended(document.parse(text, shown), path.parent, (*chain, path.resolve()))

    def extended(self, node: Node, folder: Path, chain: tuple[Path, ...]) -> Node:
        if not isinstance(node.value, dict):
            raise fault("AE107", "a recipe is a map of name, components, graphs, ...", node.where)
        base = node.value.get("extends")
        if base is None or base.value is None:
            return node
        if not isinstance(base.value, str):
            raise fault("AE107", "extends names one recipe, or gives its path", base.where)
        if not self.trusted and not _RECIPE_NAME.fullmatch(base.value):
            raise fault("AE112", "a recipe from outside can extend only a recipe that is known by name", base.where)
        under = self.load(base.value, folder, base.where, chain)
        return merged(under, node)

    def _find(self, name: str, folder: Path, asked: Position | None) -> Path:
        given = folder / name
        if self.trusted:
            for path in (given / "recipe.yaml", given):
                if is_file(path):
                    return path
        if _RECIPE_NAME.fullmatch(name):
            places = ([folder] if self.trusted else []) + recipe_folders()[0 if self.trusted else 1 :]
            for place in places:
                if is_file(place / f"{name}.yaml"):
                    return place / f"{name}.yaml"
        known = did_you_mean(name, recipe_names())
        folder_alone = self.trusted and is_folder(given)
        raise fault(
            "AE108" if asked else "AE101",
            f"the folder '{name}' holds no recipe.yaml" if folder_alone else f"there is no recipe '{name}'",
            asked or Position(name, 0),
            notes=(known,),
            fix="give the name of a recipe, the path of a YAML file, or a model folder",
        )


def is_file(path: Path) -> bool:
    """Whether a path names a file here, whatever was given as one."""
    return _is(Path.is_file, path)


def is_folder(path: Path) -> bool:
    """Whether a path names a folder here, whatever was given as one."""
    return _is(Path.is_dir, path)


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    try:
        return kind(path)
    except (OSError, ValueError):  # no name of a file here, or in a folder that cannot be read
        return False


def _shown(path: Path) -> str:
    """Return a path as a reader would write it, one that opens: relative to the current folder where that is near."""
    path = path.resolve()
    relative = os.path.relpath(path)
    return relative if Path(relative).parts[:2] != ("..", "..") else str(path)


def _with_profile(root: Node, profile: str | None, faults: list[Diagnostic]) -> Node:
    profiles = root.value.get("profiles") or Node({}, root.where)
    rest = {name: child for name, child in root.value.items() if name not in ("profiles", "extends")}
    bare = Node(rest, root.where)
    for path, node in [(("profiles",), profiles), *((("profiles", n), c) for n, c in _children(profiles).items())]:
        if not isinstance(node.value, dict | None):
            message = "profiles is a map of names to what each lays over the recipe, which is a map"
            faults.append(Diagnostic("AE107", message, where=node.where, path=dotted(path)))
            return bare
    if profile is None:
        return bare
    known = profiles.value or {}
    if profile not in known:
        message, notes = f"there is no profile '{profile}'", (did_you_mean(profile, known),)
        faults.append(Diagnostic("AE114", message, where=profiles.where, notes=notes))
        return bare
    return merged(bare, known[profile]) if known[profile].value is not None else bare


def _children(node: Node) -> dict[str, Node]:
    return node.value if isinstance(node.value, dict) else {}


def _with_override(root: Node, override: str, faults: list[Diagnostic]) -> Node:
    where = Position(f"-o {override}", 0)
    name, equals, text = override.partition("=")
    parts = name.strip().split(".")
    if not equals or not all(parts) or len(parts) > document.MAX_DEPTH // 2:
        faults.append(
            Diagnostic(
                "AE113",
                "an override is dotted.path=value",
                where=where,
                fix="for example -o components.mapping.layers=4",
            )
        )
        return root
    for length in range(1, len(parts)):
        node = root.find(tuple(parts[:length]))
        if node is not None and isinstance(node.value, list):
            message = f"{'.'.join(parts[:length])} is a list, which is replaced as a whole"
            faults.append(Diagnostic("AE113", message, where=where))
            return root
    section = root.value.get(parts[0])
    if len(parts) > 2 and section is not None and isinstance(section.value, dict) and parts[1] not in section.value:
        near = did_you_mean(parts[1], section.value)
        faults.append(Diagnostic("AE113", f"{parts[0]} has no '{parts[1]}' to override", where=where, notes=(near,)))
        return root
    for name in ("components", "graphs", "settings"):
        inside = root.value.get(name)
        if section is None and inside is not None and isinstance(inside.value, dict) and parts[0] in inside.value:
            fix = f"write -o {name}.{override}"
            message = f"a recipe has no '{parts[0]}' of its own; its {name} have"
            faults.append(Diagnostic("AE113", message, where=where, fix=fix))
            return root
    try:
        value = _at(document.parse(text, where.file), where)
    except RecipeError as error:
        faults += [attrs.evolve(d, where=where) for d in error.diagnostics]
        return root
    for part in reversed(parts):
        value.key = where
        value = Node({part: value}, where)
    return merged(root, value)


def _at(node: Node, where: Position) -> Node:
    return Node.of(node.plain(), where)


def _without_nulls(root: Node) -> Node:
    for pattern in _REMOVABLE:
        for node in _matching(root, pattern):
            if isinstance(node.value, dict):
                node.value = {name: child for name, child in node.value.items() if child.value is not None}
    return root


def _matching(node: Node, pattern: Sequence[str]) -> list[Node]:
    if not pattern:
        return [node]
    if not isinstance(node.value, dict):
        return []
    names = list(node.value) if pattern[0] == "*" else [pattern[0]] if pattern[0] in node.value else []
    return [found for name in names for found in _matching(node.value[name], pattern[1:])]
