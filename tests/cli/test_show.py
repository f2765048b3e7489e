"""``aetherist show`` and ``aetherist graph``: what was written, what it means, how it is wired."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aetherist.core.recipe import Recipe


def test_a_recipe_is_shown_as_written(cli):
    result = cli("show", "tiny")
    assert result.code == 0
    assert result.out == Path(next(iter(Recipe.read("tiny").texts))).read_text()


def test_resolved_is_what_it_composes_to(cli, tmp_path):
    result = cli("show", "tiny", "--resolved")
    assert result.code == 0
    assert "extends" not in result.out
    assert "${" not in result.out
    again = tmp_path / "again.yaml"
    again.write_text(result.out)
    assert Recipe.read(again).plain() == Recipe.read("tiny").plain()


def test_overrides_imply_resolved(cli):
    result = cli("show", "tiny", "-o", "settings.latent_dim=7")
    assert "latent_dim: 7" in result.out
    assert "triplane.stylegan2" in result.out


def test_a_recipe_that_does_not_compose_is_explained(cli):
    result = cli("show", "tiny", "-o", "settings.a=${settings.b}")
    assert (result.code, result.out) == (1, "")
    assert "error AE110" in result.err


def test_a_graph_is_drawn_for_markdown(cli):
    result = cli("graph", "tiny", "--graph", "query")
    assert result.code == 0
    assert result.out.startswith("flowchart LR\n")
    assert 'step__field["<b>field</b><br/>renderer.volume: query"]' in result.out


def test_the_usual_graph_is_generate(cli):
    assert json.loads(cli("graph", "tiny", "--format", "json").out)["name"] == "generate"
    assert cli("graph", "tiny", "--format", "dot").out.startswith('digraph "generate" {')


def test_the_code_is_python(cli):
    code = cli("graph", "tiny", "--format", "code").out
    assert code.startswith("def forward(self, latent, pose, camera, psi = 1.0, cutoff = None):")
    compile(code, "graph", "exec")


def test_a_graph_that_is_not_there(cli):
    result = cli("graph", "tiny", "-g", "generat")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: tiny has no graph 'generat'; did you mean generate?\n"


def test_a_recipe_without_graphs(cli, tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("name: empty\n")
    assert cli("graph", path).err == "error: empty has no graphs\n"


@pytest.mark.parametrize("command", ["graph", "describe"])
def test_a_recipe_at_fault_is_explained(cli, command):
    result = cli(command, "tiny", "-o", "components.planes.type=nothing.here")
    assert (result.code, result.out) == (1, "")
    assert "error AE201  no component is called 'nothing.here'" in result.err
