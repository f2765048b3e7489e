"""What the pages show runs, page by page, in a folder that holds nothing but what the page made.

YAML blocks are recipes without faults; a title names the file they become. What Python blocks print stands in the
``text`` block after them. ``console`` blocks are the command line's: ``...`` stands for anything. ``diagnostics.md`` has
tests of its own.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from aetherist.cli.main import run
from tests.docs.pages import Block, Page, pages
from tests.docs.sandbox import Sandbox, checked, sandbox

PAGES = {each.name: each for each in pages() if each.name != "diagnostics.md"}
SHOWN = {"", "sh", "mermaid"}
"""Languages of blocks that are only read."""


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_the_examples_of_a_page_run(page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sandbox(tmp_path, page.name) as box:
        printed = ""
        for block in page.blocks:
            where = f"{page.name}:{block.line}"
            if block.language == "python":
                printed = box.python(block)
            elif block.language == "text":
                assert printed == block.text, where
            elif block.language == "yaml":
                recipe(box, block, where)
            elif block.language == "console":
                for command, expected in commands(block):
                    capsys.readouterr()
                    run(shlex.split(command)[1:])
                    assert matches(expected, capsys.readouterr().out), f"{where}: {command}"
            elif block.language == "json":
                json.loads(block.text)
            elif block.language == "toml":
                tomllib.loads(block.text)
            else:
                assert block.language in SHOWN, where


def recipe(box: Sandbox, block: Block, where: str) -> None:
    if block.title:
        box.write(block, block.title)
    found = checked(block)
    assert not found, f"{where}: " + "\n".join(map(str, found))


def commands(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a block, each with what it is said to print."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def matches(expected: str, printed: str) -> bool:
    """Whether a command printed what is expected; nothing is expected where nothing is shown."""
    if not expected:
        return True
    shown = re.escape("".join(f"{line.rstrip()}\n" for line in expected.splitlines()))
    lines = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch(shown.replace(r"\.\.\.", r"[\s\S]*?"), lines) is not None
