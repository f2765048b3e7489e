"""The page on the command line names every command and every option that there is."""

from __future__ import annotations

import re

import pytest

from aetherist.cli.main import COMMANDS, run
from tests.docs.pages import page

TEXT = page("cli.md").text
SECTIONS = dict(re.findall(r"^## (.+)\n([\s\S]*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE))
SHARED = SECTIONS["What commands share"]
NAMES = [name for name, *_ in COMMANDS]
PARTS = {
    "import": ["eg3d"],
    "recipe": ["from"],
    "data": ["check", "heads"],
    "weights": ["list", "get"],
    "styles": ["learn", "evaluate", "show"],
    "keys": ["create", "list", "revoke"],
    "storage": ["backup", "check", "gc", "migrate", "restore"],
}
FOREIGN = {"train": {"--nproc-per-node", "--max-restarts"}}
"""Options of other programs that a section shows."""
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def test_every_command_has_its_section_and_its_line_in_the_table() -> None:
    assert set(SECTIONS) == {*NAMES, "What commands share"}
    assert all(f"[`{name}`](#{name})" in TEXT for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for part in PARTS.get(name, []):
        run([name, part, "--help"])
    run([name, "--help"])
    printed = capsys.readouterr().out
    options = set(OPTION.findall(printed))
    explained = SECTIONS[name] + SHARED
    assert not [option for option in sorted(options) if option not in explained]
    named = set(OPTION.findall(SECTIONS[name]))
    assert named <= options | {"--device", "--help"} | FOREIGN.get(name, set())


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_a_command_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([name, "--help"])
    listed = re.findall(r"^\W+([a-z0-9]+)  ", capsys.readouterr().out, flags=re.MULTILINE)
    assert sorted(listed) == sorted(PARTS[name])
    assert all(f"aetherist {name} {part}" in SECTIONS[name] for part in listed)
