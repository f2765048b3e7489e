"""``aetherist check``: every fault with its line, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aetherist.cli.diagnostics import annotation, render
from aetherist.core.errors import Diagnostic, Position, Severity, Side

BROKEN = """\
name: broken
extends: tiny
components:
  mapping: {style_dim: 48, layerz: 3}
graphs:
  generate:
    steps:
      final: {call: superres, with: {image: view.image, features: view.featurs, styles: styles}}
"""

GOLDEN = """\
broken.yaml:4:28  error AE202  'layerz' is no setting of this component
4 |   mapping: {style_dim: 48, layerz: 3}
  |                            ^^^^^^
  did you mean layers?

broken.yaml:8:67  error AE208  'view' has no output 'featurs'
8 |       final: {call: superres, with: {image: view.image, features: view.featurs, styles: styles}}
  |                                                                   ^^^^^^^^^^^^
  did you mean features?

2 errors in broken.yaml
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("broken.yaml").write_text(BROKEN)
    return "broken.yaml"


def test_a_sound_recipe_exits_0(cli):
    result = cli("check", "tiny")
    assert result.code == 0
    assert result.out == "no faults in recipes/tiny.yaml\n"
    assert result.err == ""


def test_every_fault_is_shown_with_its_line_and_a_caret_and_exits_1(cli, broken):
    result = cli("check", broken)
    assert result.code == 1
    assert result.out == GOLDEN


def test_both_sides_of_a_mismatch_are_shown_with_their_places(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("narrow.yaml").write_text("extends: tiny\ncomponents:\n  mapping: {style_dim: 48}\n")
    result = cli("check", "narrow.yaml")
    assert result.code == 1
    assert "error AE204" in result.out
    assert "narrow.yaml:3:" in result.out
    assert "  fix: " in result.out


def test_json_is_the_list_of_diagnostics(cli, broken):
    result = cli("check", broken, "--format", "json")
    assert result.code == 1
    found = json.loads(result.out)
    assert [item["code"] for item in found] == ["AE202", "AE208"]
    assert found[0]["where"] == {"file": "broken.yaml", "line": 4, "column": 28}
    assert found[0]["severity"] == "error"
    assert json.loads(cli("check", "tiny", "--format", "json").out) == []


def test_github_gets_an_annotation_a_fault(cli, broken):
    result = cli("check", broken, "--format", "github")
    assert result.code == 1
    assert result.out.splitlines()[0] == (
        "::error file=broken.yaml,line=4,col=28,title=AE202::"
        "'layerz' is no setting of this component%0Adid you mean layers?"
    )


def test_several_recipes_are_checked_and_the_worst_decides(cli, broken):
    assert cli("check", "tiny", broken).code == 1
    result = cli("check", broken, "nowhere", "tiny")
    assert result.code == 2
    assert "2 errors in broken.yaml" in result.out
    assert "1 error in nowhere" in result.out
    assert "no faults in" in result.out


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"a: [1", b"[]: 3", b"x" * 5_000_000], ids=["no text", "no YAML", "odd key", "too large"]
)
def test_what_cannot_be_read_exits_2(cli, tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_bytes(text)
    result = cli("check", path)
    assert result.code == 2
    assert "Traceback" not in result.out + result.err


def test_an_override_at_fault_is_named(cli):
    result = cli("check", "tiny", "-o", "components.planes.chanels=4")
    assert result.code == 1
    assert "-o components.planes.chanels=4  error AE202  'chanels'" in result.out


def test_profiles_and_overrides_are_laid_over(cli):
    result = cli("check", "tiny", "--profile", "nope")
    assert result.code == 1
    assert "there is no profile 'nope'" in result.out
    assert cli("check", "tiny", "-o", "settings.channel_base=512", "-o", "components.rays.resolution=8").code == 0


def test_the_dry_level_builds_and_runs_for_a_device_that_is_not_there(cli):
    result = cli("check", "tiny", "--level", "dry", "--device", "cuda", "-o", "components.planes.noise=random")
    assert result.code == 1
    assert "'planes' fails at these sizes: ValueError: triplane.stylegan2: noise is 'random'" in result.out


def test_a_long_line_is_shown_around_the_fault():
    line = "x: [" + "1, " * 200 + "wrong, " + "2, " * 200 + "]"
    where = Position("long.yaml", 1, line.index("wrong") + 1)
    shown = render(Diagnostic("AE107", "no", where=where), {"long.yaml": line}).plain.splitlines()
    assert max(map(len, shown)) < 160
    assert shown[1][shown[2].index("^") :].startswith("wrong")
    assert shown[2].count("^") == len("wrong")


def test_a_word_in_quotes_and_an_interpolation_are_underlined_whole():
    text = 'a: "two words"\nb: ${settings.missing}'
    shown = render(Diagnostic("AE107", "no", where=Position("r", 1, 4)), {"r": text}).plain
    assert shown.splitlines()[2].count("^") == len('"two words"')
    shown = render(Diagnostic("AE110", "no", where=Position("r", 2, 4)), {"r": text}).plain
    assert shown.splitlines()[2].count("^") == len("${settings.missing}")


def test_a_place_that_is_not_there_is_shown_without_its_line():
    shown = render(Diagnostic("AE107", "no", where=Position("gone.yaml", 3, 4))).plain
    assert shown == "gone.yaml:3:4  error AE107  no"
    shown = render(Diagnostic("AE107", "no", where=Position("r", 9, 4)), {"r": "one line"}).plain
    assert shown == "r:9:4  error AE107  no"


def test_annotations_escape_what_github_would_read():
    sides = (Side("a", "B 25", Position("b.yaml", 2, 3)),)
    diagnostic = Diagnostic(
        "AE204", "100% wrong\r\nreally", Severity.WARNING, Position("a,b:c.yaml", 2, 3), "", sides, ("note",), "mend it"
    )
    assert annotation(diagnostic) == (
        "::warning file=a%2Cb%3Ac.yaml,line=2,col=3,title=AE204::"
        "100%25 wrong%0D%0Areally%0Aa  B 25  (b.yaml:2:3)%0Anote%0Afix: mend it"
    )
    override = Diagnostic("AE113", "no", Severity.NOTE, Position("-o x", 0))
    assert annotation(override) == "::notice title=AE113::-o x: no"


def test_control_characters_in_a_recipe_do_not_reach_the_terminal(cli, tmp_path):
    diagnostic = Diagnostic("AE107", "no", where=Position("r", 1, 1))
    assert "\x1b" not in render(diagnostic, {"r": "a\x1b[31mb"}).plain
    path = tmp_path / "hostile.yaml"
    path.write_text('components: {a: {type: "x\\e[31m"}}\n"\\e[2J": 1\n')
    result = cli("check", path)
    assert result.code == 1
    assert "\x1b" not in result.out
    assert "x\\x1b[31m" in result.out
