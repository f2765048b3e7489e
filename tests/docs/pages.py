"""The pages of the documentation, cut into sections and fenced blocks."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs"

_FENCE = re.compile(r"^(`{3,})(\w*)[ \t]*(.*)$")
_TITLE = re.compile(r'title="([^"]*)"')
_HEADING = re.compile(r"^(#{1,6}) (.*?)(?: +\{#([\w-]+)\})?$")
_TICKS = re.compile(r"`[^`]*`")


@attrs.frozen
class Block:
    """A fenced block: its language, its title if it has one, its text, and the line its text starts at, from 1."""

    language: str
    title: str
    text: str
    line: int


@attrs.frozen
class Section:
    """A heading, its anchor, and the blocks under it."""

    heading: str
    anchor: str
    blocks: list[Block]


@attrs.frozen
class Page:
    """One Markdown file."""

    path: Path
    text: str
    sections: list[Section]
    prose: list[tuple[int, str]]
    """The lines outside fences, with their numbers; what stands between backticks is left out."""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def blocks(self) -> list[Block]:
        """Every fenced block, in order."""
        return [block for section in self.sections for block in section.blocks]

    @property
    def anchors(self) -> set[str]:
        """What a link may point to."""
        return {section.anchor for section in self.sections}


def read_page(path: Path) -> Page:
    """Read one page."""
    sections = [Section("", "", [])]
    prose: list[tuple[int, str]] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        fence = _FENCE.match(line)
        if fence:
            start = number
            while lines[number].rstrip() != fence[1]:
                number += 1
            title = _TITLE.search(fence[3])
            text = "".join(f"{inner}\n" for inner in lines[start:number])
            sections[-1].blocks.append(Block(fence[2], title[1] if title else "", text, start + 1))
            number += 1
            continue
        heading = _HEADING.match(line)
        if heading:
            sections.append(Section(heading[2], heading[3] or _slug(heading[2]), []))
        prose.append((number, _TICKS.sub("``", line)))
    return Page(path, "\n".join(lines) + "\n", sections, prose)


def pages() -> list[Page]:
    """Read every page."""
    return [read_page(path) for path in sorted(FOLDER.glob("**/*.md"))]


def page(name: str) -> Page:
    """Read the page called ``name``."""
    return read_page(FOLDER / name)


def replaced(page: Page, changes: dict[int, str]) -> str:
    """Return the page's text with other texts in the blocks that start at the given lines."""
    lines = page.text.splitlines()
    for block in sorted(page.blocks, key=lambda block: -block.line):
        if block.line in changes:
            start = block.line - 1
            lines[start : start + len(block.text.splitlines())] = changes[block.line].splitlines()
    return "\n".join(lines) + "\n"


def _slug(heading: str) -> str:
    """Return the anchor that the site's builder gives a heading."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())
