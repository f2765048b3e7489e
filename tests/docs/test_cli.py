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


def test_every_command_has_its_section_and_its_line_in_the_table() -> None:
    assert set(SECTIONS) == {*NAMES, "What commands share"}
    assert all(f"[`{name}`](#{name})" in TEXT for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([name, "--help"] if name != "import" else ["import", "eg3d", "--help"])
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", capsys.readouterr().out))
    explained = SECTIONS[name] + SHARED
    assert not [option for option in sorted(options) if f"{option}" not in explained]
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", SECTIONS[name]))
    assert named <= options | {"--device", "--help"}
