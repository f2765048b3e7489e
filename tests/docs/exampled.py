"""Does what a page shows, block by block, and tells what each block is said to give and what it gives."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import tomllib
from collections.abc import Iterator

import attrs

from aetherist.cli.main import run
from tests.docs.pages import Block, Page
from tests.docs.sandbox import Sandbox, checked, faults, trimmed

GATEWAY = "gateway.yaml"
SHOWN = {"", "sh"}
"""Languages of blocks that are only read."""


@attrs.frozen
class Outcome:
    """What a block, or one command of it, is said to give, and what it gives. ``...`` of a console is anything."""

    block: Block
    what: str
    expected: str
    given: str

    @property
    def agrees(self) -> bool:
        """Whether what is said is what is."""
        if self.block.language != "console":
            return self.given == self.expected
        pattern = re.escape(self.expected).replace(r"\.\.\.", r"[\s\S]*?")
        return re.fullmatch(pattern, self.given) is not None


def outcomes(page: Page, box: Sandbox) -> Iterator[Outcome]:
    """Do what the page shows in ``box``.

    YAML blocks are recipes without faults, those with the title ``gateway.yaml`` configurations of a gateway; a title
    names the file they become. What Python blocks print stands in the ``text`` block after them. ``console`` blocks are
    the command line's.
    """
    printed = ""
    for block in page.blocks:
        if block.language == "python":
            printed = box.python(block)
        elif block.language == "text":
            yield Outcome(block, "print", block.text, printed)
        elif block.language == "yaml":
            if block.title:
                box.write(block, block.title)
            found = faults(block) if block.title == GATEWAY else checked(block)
            yield Outcome(block, "check", "", "".join(f"{fault}\n" for fault in found))
        elif block.language == "console":
            for command, expected in _commands(block):
                yield Outcome(block, command, expected or "...", _command(command, bool(expected)))
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
        else:
            assert block.language in SHOWN, f"{page.name}:{block.line}: what is {block.language}?"


def _commands(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a block, each with what it is said to print."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _command(command: str, may_fail: bool) -> str:
    """Run ``aetherist ...`` in this process; return its standard output. Where no output is shown it must succeed."""
    name, *words = shlex.split(command)
    assert name == "aetherist", command
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    assert may_fail or code == 0, f"{command}: {err.getvalue()}"
    return trimmed(out.getvalue())
