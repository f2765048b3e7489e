"""``aetherist components``, ``schema`` and ``doctor``: what is installed, and what it takes."""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint, PackageNotFoundError

import pytest

from aetherist.cli import doctor
from aetherist.core.component import registry


@pytest.fixture
def broken_plugin(monkeypatch):
    monkeypatch.setattr(
        registry, "_component_plugins", [*registry._component_plugins, EntryPoint("acme", "no.such", "g")]
    )
    yield
    registry.failures.clear()
    registry._loaded.discard("acme = no.such (unknown distribution)")


def test_components_are_listed_with_their_purposes(cli):
    result = cli("components")
    assert result.code == 0
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines()[1:] if line)
    assert lines["rays.pinhole"] == "Cast one ray through each pixel of a pinhole camera."
    assert list(lines)[:-1] == registry.names()


def test_a_broken_plugin_is_listed_at_the_end(cli, broken_plugin):
    result = cli("components")
    assert result.code == 0
    assert result.out.splitlines()[-1] == (
        "broken plugin: acme = no.such (unknown distribution): ModuleNotFoundError: No module named 'no'"
    )


def test_one_component_in_full(cli):
    out = cli("components", "renderer.volume").out
    assert out.startswith("renderer.volume  Render a radiance field")
    assert "aetherist.components.rendering.volume.VolumeRenderer of aetherist " in out
    assert "rendering/volume.py:" in out
    rows = [line.split() for line in out.splitlines()]
    assert ["decoder", "component", "decoder.softplus"] in [row[:3] for row in rows]
    assert ["samples", "int", ">=", "4", "48", "Coarse", "samples", "a", "ray."] in rows
    assert ["near", "float", "|", "auto", "2.25"] in [row[:5] for row in rows]
    assert ["aggregate", "mean", "|", "sum", "mean"] in [row[:5] for row in rows]
    assert ["in", "planes", "Planes[B", "3", "channels", "R", "R]", "planes.triplane"] in rows
    assert ["in", "seeds", "Seeds[B]", "|", "None", "seed", "default", "null"] in rows
    assert ["out", "depth", "Depth[B", "1", "H", "W]", "depth.ray"] in rows
    assert "operation query  Return density" in out


def test_every_component_can_be_shown(cli):
    for name in registry.names():
        result = cli("components", name)
        assert (result.code, result.err) == (0, ""), name


def test_a_component_that_is_not_there(cli):
    result = cli("components", "renderer.volum")
    assert result.code == 1
    assert result.err == "error: no component is called 'renderer.volum'; did you mean renderer.volume?\n"


def test_the_schema_is_printed_or_written(cli, tmp_path):
    printed = cli("schema").out
    assert json.loads(printed)["title"] == "Aetherist recipe"
    path = tmp_path / "recipe.json"
    result = cli("schema", "--out", path)
    assert (result.code, result.out) == (0, "")
    assert path.read_text() == printed
    assert cli("schema", "--out", tmp_path / "no" / "where.json").code == 2


def test_doctor_tells_versions_devices_recipes_and_extras(cli):
    result = cli("doctor")
    assert result.code == 0
    for words in ("torch", sys.executable, "  cpu ", "cuda", "recipes", "tiny", "of aetherist ", "extras", "testing"):
        assert words in result.out
    assert result.out.endswith("nothing is wrong\n")


def test_doctor_names_a_broken_plugin_with_its_traceback(cli, broken_plugin):
    result = cli("doctor")
    assert result.code == 1
    assert "fault: the plugin acme = no.such (unknown distribution) is broken:" in result.out
    assert "ModuleNotFoundError: No module named 'no'" in result.out
    assert "nothing is wrong" not in result.out


def test_doctor_says_how_to_get_what_is_missing(cli, monkeypatch):
    real = doctor.metadata.version

    def version(name):
        if name == "einops":
            raise PackageNotFoundError(name)
        return "1.0" if name == "rich" else real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    result = cli("doctor")
    assert result.code == 1
    assert "fault: einops is missing; run pip install 'einops>=0.8'" in result.out
    assert "fault: rich is 1.0, and <15,>=14 is needed" in result.out


def test_doctor_says_how_to_get_an_extra(cli, monkeypatch):
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["attrs>=24", 'unheard-of>=2; extra == "far"'])
    result = cli("doctor")
    assert result.code == 0
    assert ["far", "lacks", "unheard-of", "pip", "install", "'aetherist[far]'"] in [
        line.split() for line in result.out.splitlines()
    ]
