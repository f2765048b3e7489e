"""Runs what the pages show, in a folder that holds nothing but what the page made."""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import shlex
import sys
import types
from collections.abc import Iterator
from pathlib import Path

from aetherist.core.check import Report, check
from aetherist.core.component import registry
from aetherist.core.errors import Diagnostic, RecipeError
from aetherist.core.recipe import Recipe
from aetherist.graphs.training import check_training
from aetherist.serve.config import ConfigRefused, Problem, load
from tests.docs.pages import Block

MODULE = "example"


class Sandbox:
    """A folder and a Python namespace."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.module = types.ModuleType(MODULE)

    def python(self, block: Block) -> str:
        """Run a block; return what it prints."""
        file = f"{self.name}:{block.line}"
        linecache.cache[file] = (len(block.text), None, block.text.splitlines(keepends=True), file)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.text, file, "exec"), self.module.__dict__)
        return trimmed(printed.getvalue())

    def write(self, block: Block, name: str) -> None:
        """Write a block as the file that it shows."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")


@contextlib.contextmanager
def sandbox(folder: Path, name: str) -> Iterator[Sandbox]:
    """Enter a fresh folder and namespace; components that are registered inside are forgotten afterwards."""
    registry.names(), registry.types()
    kept = [(table, dict(table)) for table in (registry._components, registry._types, registry._conflicts)]
    before = Path.cwd()
    made = Sandbox(folder, name)
    sys.modules[MODULE] = made.module
    os.chdir(folder)
    try:
        yield made
    finally:
        os.chdir(before)
        del sys.modules[MODULE]
        for table, content in kept:
            table.clear()
            table.update(content)


def checked(block: Block) -> list[Diagnostic]:
    """Check a recipe that a page shows; return everything that is found."""
    try:
        return _found(check(Recipe.read(block.title or "recipe.yaml", text=block.text)))
    except RecipeError as error:
        return list(error.diagnostics)


def faults(block: Block) -> list[Problem]:
    """Read a gateway's configuration that a page shows and that was written; return everything that is wrong."""
    try:
        load(block.title, environ={})
    except ConfigRefused as error:
        return list(error.problems)
    return []


def checked_by(command: str) -> list[Diagnostic]:
    """Do what ``aetherist check SOURCE [options]`` does; return everything that is found."""
    words = shlex.split(command)
    assert words[:2] == ["aetherist", "check"], command
    source, options = words[2], iter(words[3:])
    given: dict[str, object] = {"overrides": []}
    for option in options:
        value = next(options)
        if option == "-o":
            given["overrides"].append(value)
        else:
            given[{"--profile": "profile", "--level": "level", "--device": "device"}[option]] = value
    try:
        return _found(check(source, **given))
    except RecipeError as error:
        return list(error.diagnostics)


def _found(report: Report) -> list[Diagnostic]:
    """Return what is found in a recipe, its ``training:`` included."""
    return sorted([*report.diagnostics, *check_training(report)], key=Diagnostic.sort_key)


def trimmed(text: str) -> str:
    """Return the text without the blanks that end its lines."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
