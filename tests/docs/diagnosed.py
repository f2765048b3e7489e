"""The sections of ``docs/diagnostics.md``: the wrong recipe or call, what it prints, and the right one.

Everything before a section's ``text`` block is wrong, and gives it; everything after it is right. YAML blocks are
files, ``recipe.yaml`` where they have no title; what is done with them is in a Python block, or in an ``sh`` block of
one ``aetherist check``, or else it is ``aetherist check recipe.yaml``.
"""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from tests.docs.pages import Block, Page, Section, page
from tests.docs.sandbox import checked_by, sandbox

CODE = re.compile(r"AE[0-9]{3}")


@attrs.frozen
class Case:
    """One code: the blocks that are wrong, what they give, and the blocks that are right.

    ``shared`` are the recipes of the sections before, which the examples may use.
    """

    code: str
    shared: list[Block]
    wrong: list[Block]
    expected: Block
    right: list[Block]


def documented() -> Page:
    """Read the page."""
    return page("diagnostics.md")


def cases() -> list[Case]:
    """Return a case for each section that is headed by a code."""
    found: list[Case] = []
    shared: list[Block] = []
    for section in documented().sections:
        if CODE.match(section.heading):
            found.append(_case(section, list(shared)))
        else:
            shared += [block for block in section.blocks if block.language == "yaml"]
    return found


def _case(section: Section, shared: list[Block]) -> Case:
    at = [index for index, block in enumerate(section.blocks) if block.language == "text"]
    assert len(at) == 1, f"{section.heading}: one text block shows what the wrong recipe gives"
    wrong, expected, right = section.blocks[: at[0]], section.blocks[at[0]], section.blocks[at[0] + 1 :]
    return Case(section.heading[:5], shared, wrong, expected, right)


def given_by(case: Case, side: list[Block], folder: Path) -> str:
    """Do what a side of a case shows; return the text of all that it gives."""
    folder.mkdir(parents=True, exist_ok=True)
    printed, commands = "", [line for block in side if block.language == "sh" for line in block.text.splitlines()]
    with sandbox(folder, "diagnostics.md") as box:
        for block in [*case.shared, *side]:
            if block.language == "yaml":
                box.write(block, block.title or "recipe.yaml")
        for block in side:
            if block.language == "python":
                printed += box.python(block)
        if not commands and side[0].language == "yaml":
            commands = ["aetherist check recipe.yaml"]
        found = [diagnostic for command in commands for diagnostic in checked_by(command)]
    return printed + "".join(f"{diagnostic}\n" for diagnostic in found)
