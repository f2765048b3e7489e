"""Interpolation: ``${settings.name}`` and ``${oc.env:NAME}`` in a composed tree.

What may not be, goes round in circles or grows without bound is told apart before anything is resolved; what refers to
something at fault is not reported again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from aetherist.base import document
from aetherist.base.document import Node, dotted
from aetherist.core.errors import Diagnostic, Position, did_you_mean

MAX_CHAIN = 32
MAX_EXPANSION = 100_000
MAX_TOTAL = 1_000_000

_INTERPOLATION = re.compile(r"\$\{([^${}]*)\}")


class Hole:
    """Stands where a value could not be made out; its fault is reported already."""

    def __repr__(self) -> str:
        return "<unresolved>"


HOLE = Hole()


def interpolated(root: Node, trusted: bool, faults: list[Diagnostic]) -> Node:
    """Replace every ``${...}``: whole values keep their type, parts of a text are put into it."""
    sites = {path: node for path, node in root.walk() if isinstance(node.value, str) and "${" in node.value}
    if not sites:
        return root
    expansion = _Expansion(root, sites, trusted, faults)
    replaced = {path: Node(HOLE, node.where, node.key) for path, node in sites.items()}
    copies = {path: plain for path in expansion.sound if (plain := _plain_copy(root, sites, path)) is not None}
    others = [path for path in expansion.sound if path not in copies]
    used = {target for path in others for target in expansion.reached(path)}
    settings = OmegaConf.create(_only(root, used).plain() or {})
    for path in expansion.sound:
        node = sites[path]
        try:
            plain = copies[path].plain() if path in copies else _resolved(settings, node.value)
        except OmegaConfBaseException as error:
            reason = str(error).splitlines()[0]
            message = f"'{node.value}' cannot be resolved: {reason}"
            faults.append(Diagnostic("AE110", message, where=node.where, path=dotted(path)))
            continue
        replaced[path] = Node.of(plain, node.where, _written_at(root, node.value), len(path))
        replaced[path].key = node.key
    return _replace(root, (), replaced)


def _plain_copy(root: Node, sites: Mapping[document.Path, Node], path: document.Path) -> Node | None:
    """Return what a text is a copy of, if it is one interpolation of something in which there are no others."""
    whole = _whole(sites[path].value)
    target = root.find(whole) if whole is not None else None
    if whole is None or target is None or any(inner in sites for inner, _ in target.walk(whole)):
        return None
    return target


def _only(node: Node, paths: set[document.Path]) -> Node:
    """Return the part of a tree that the paths lead to; lists stay whole."""
    if () in paths or not isinstance(node.value, dict):
        return node
    below = {name: {path[1:] for path in paths if path[0] == name} for name in {path[0] for path in paths}}
    return Node({name: _only(node.value[name], rest) for name, rest in below.items() if name in node.value}, node.where)


def _resolved(settings: Any, text: str) -> Any:
    probe = OmegaConf.create({"value": text})
    probe._set_parent(settings)
    value = probe["value"]
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


class _Expansion:
    """Tells the interpolations that can be resolved: allowed, in no circle, within bounds. ``sound`` lists them.

    What refers to something at fault is not reported again.
    """

    def __init__(
        self, root: Node, sites: Mapping[document.Path, Node], trusted: bool, faults: list[Diagnostic]
    ) -> None:
        self.root = root
        self.targets: dict[document.Path, list[document.Path]] = {}
        self.refused: set[document.Path] = set()
        self.sizes: dict[document.Path, float] = {}
        self.sound: list[document.Path] = []
        for path, node in sites.items():
            problem = _refusal(root, node.value, trusted)
            if problem is None:
                self.targets[path] = [_target(e) for e in _INTERPOLATION.findall(node.value) if ":" not in e]
            else:
                code, message, notes = problem
                self.refused.add(path)
                faults.append(Diagnostic(code, message, where=node.where, path=dotted(path), notes=notes))
        total = 0.0
        for path in self.targets:
            size = self._size(path, ())
            message = ""
            if size == math.inf:
                message = f"'{sites[path].value}' refers to itself"
            elif size > MAX_EXPANSION:
                message = f"'{sites[path].value}' grows beyond {MAX_EXPANSION:,} characters"
            elif not math.isnan(size):
                total += size
                self.sound.append(path)
                if total > MAX_TOTAL:
                    message = f"the interpolations up to here grow beyond {MAX_TOTAL:,} characters"
            if message:
                faults.append(Diagnostic("AE110", message, where=sites[path].where, path=dotted(path)))
            if total > MAX_TOTAL:
                self.sound.clear()
                return

    def reached(self, path: document.Path) -> set[document.Path]:
        """Return everything that a value is made from, directly or not."""
        waiting, found = list(self.targets.get(path, ())), set[document.Path]()
        while waiting:
            target = waiting.pop()
            node = self.root.find(target)
            if target not in found and node is not None:
                found.add(target)
                waiting += [more for inner, _ in node.walk(target) for more in self.targets.get(inner, ())]
        return found

    def _size(self, path: document.Path, chain: tuple[document.Path, ...]) -> float:
        """Return about how many characters a value has once resolved: infinite in a circle, NaN if it is at fault."""
        if path in chain or len(chain) > MAX_CHAIN:
            return math.inf
        if path not in self.sizes:
            node = self.root.find(path)
            assert node is not None
            size = 0.0
            for inner, child in node.walk(path):
                size += 16 + (len(child.value) if isinstance(child.value, str) else 0)
                if inner in self.refused:
                    size = math.nan
                for target in self.targets.get(inner, ()):
                    size += self._size(target, (*chain, path))
            self.sizes[path] = size
        return self.sizes[path]


def _refusal(root: Node, text: str, trusted: bool) -> tuple[str, str, tuple[str, ...]] | None:
    if "${" in _INTERPOLATION.sub("", text):
        return "AE110", f"'{text}' is no interpolation: write ${{settings.name}}, not nested in another", ()
    for expression in _INTERPOLATION.findall(text):
        if ":" in expression:
            resolver = expression.partition(":")[0].strip()
            if resolver != "oc.env":
                return (
                    "AE111",
                    f"'{resolver}' is no resolver of recipes",
                    ("known: oc.env, which reads the environment",),
                )
            if not trusted:
                return "AE112", "a recipe from outside cannot read the environment", ()
            continue
        target = _target(expression)
        if "" in target:
            return "AE110", f"'${{{expression}}}' names no setting: write ${{settings.name}}", ()
        if target[0] == "graphs":
            return "AE110", f"'${{{expression}}}' points into graphs; a recipe refers to settings and components", ()
        for length in range(1, len(target) + 1):
            if root.find(target[:length]) is None:
                around = root.find(target[: length - 1])
                near = around.value if around is not None and isinstance(around.value, dict) else ()
                hint = did_you_mean(str(target[length - 1]), near)
                return "AE110", f"'${{{expression}}}' points to nothing", (hint,)
    return None


def _target(expression: str) -> document.Path:
    return tuple(int(part) if part.isdecimal() else part for part in expression.strip().split("."))


def _written_at(root: Node, text: str) -> Position | None:
    whole = _whole(text)
    node = root.find(whole) if whole is not None else None
    return node.where if node is not None else None


def _whole(text: str) -> document.Path | None:
    """Return what a text points to that is one interpolation and nothing else."""
    match = _INTERPOLATION.fullmatch(text)
    return _target(match.group(1)) if match and ":" not in match.group(1) else None


def _replace(node: Node, path: document.Path, replaced: Mapping[document.Path, Node]) -> Node:
    if path in replaced:
        return replaced[path]
    if isinstance(node.value, dict):
        value: Any = {name: _replace(child, (*path, name), replaced) for name, child in node.value.items()}
    elif isinstance(node.value, list):
        value = [_replace(child, (*path, index), replaced) for index, child in enumerate(node.value)]
    else:
        return node
    return Node(value, node.where, node.key, node.source)
