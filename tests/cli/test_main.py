"""What holds for every command: help, errors, exit codes, where things are printed."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys

import pytest
from cyclopts import App

from aetherist import __version__
from aetherist.cli import main

NAMES = [name for name, *_ in main.COMMANDS]


def process(*tokens: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aetherist", *tokens],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        check=False,
    )


def test_no_help_imports_torch():
    script = """
import sys
from aetherist.cli.main import COMMANDS, run
helps = [[name, "--help"] for name, *_ in COMMANDS]
for tokens in [["--help"], ["--version"], ["chekc"], ["check"], ["import", "eg3d", "--help"], *helps]:
    run(tokens)
heavy = {"torch", "numpy", "pydantic", "omegaconf", "aetherist.core"} & set(sys.modules)
assert not heavy, heavy
"""
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


def test_keys_storage_and_top_work_without_torch(tmp_path):
    script = f"""
import sys
from aetherist.cli.main import run
commands = ["keys create me", "keys list", "storage migrate", "storage check", "storage gc"]
for command in [*commands, "storage backup {tmp_path}/backup.zip"]:
    assert run([*command.split(), "--data-folder", "{tmp_path}/data"]) == 0, command
assert run(["storage", "restore", "{tmp_path}/backup.zip", "--data-folder", "{tmp_path}/other"]) == 0
assert run(["top", "http://127.0.0.1:9"]) == 1
heavy = {{"torch", "numpy", "aetherist.core"}} & set(sys.modules)
assert not heavy, heavy
"""
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(cli, name):
    result = cli(name, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: aetherist {name}")


def test_the_summaries_are_those_of_the_commands():
    for name, place, _, purpose in main.COMMANDS:
        module, _, attribute = place.partition(":")
        command = getattr(importlib.import_module(f"aetherist.cli.{module}"), attribute)
        told = command.help if isinstance(command, App) else inspect.getdoc(command).partition("\n")[0]
        assert purpose == told, name


def test_the_help_names_every_command_and_the_exit_codes(cli):
    out = cli("--help").out
    assert all(f"│ {name} " in out for name in NAMES)
    assert "Exit codes: 0 done, 1 faults were found" in out


def test_the_version(cli):
    assert cli("--version").out == f"{__version__}\n"


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["chek"], 'Unknown command "chek". Did you mean "check"?'),
        (["show"], "parameter RECIPE requires an argument"),
        (["check", "tiny", "--level", "deep"], 'Invalid value "deep" for --level'),
        (["describe", "tiny", "--batch", "0"], 'Invalid value "0" for --batch'),
        (["check", "tiny", "--colour"], "--colour"),
    ],
)
def test_a_command_line_that_is_not_understood_is_one_line_and_exits_2(cli, tokens, words):
    result = cli(*tokens)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert words in result.err.splitlines()[0]
    assert "--help' shows what can be said" in result.err


@pytest.mark.parametrize(
    ("command", "option", "same"),
    [
        *((name, "--psi", "--trunc") for name in ("render", "video", "batch --out o", "export", "evaluate --data d")),
        ("video", "--path", "--motion"),
    ],
)
def test_options_that_have_another_name_over_http_take_that_too(cli, command, option, same):
    name, *needed = command.split()
    app = main.build(name)
    bound = [app.parse_args([name, "tiny", *needed, word, "1"])[1].arguments for word in (option, same)]
    assert bound[0] == bound[1]
    assert option in cli(name, "--help").out


@pytest.mark.parametrize("tokens", [["show"], ["describe"], ["graph"]])
def test_a_recipe_that_is_not_there_exits_2_and_offers_the_near_ones(cli, tokens):
    result = cli(*tokens, "tinny")
    assert result.code == 2
    assert result.out == ""
    assert "error AE101  there is no recipe 'tinny'" in result.err
    assert "did you mean tiny?" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("tokens", [["render"], ["generate"], ["video"], ["export"], ["profile"]])
def test_a_model_that_is_not_there_exits_2_and_offers_the_near_ones(cli, tokens):
    result = cli(*tokens, "portrat")
    assert (result.code, result.out) == (2, "")
    assert "error AE101  there is no model 'portrat'" in result.err
    assert "did you mean portrait?" in result.err


def test_a_bug_is_one_line_unless_the_traceback_is_asked_for(cli, monkeypatch):
    def broken(*_args, **_options):
        raise RuntimeError("no such luck")

    monkeypatch.setattr("aetherist.core.recipe.Recipe.read", broken)
    result = cli("show", "tiny")
    assert (result.code, result.out) == (1, "")
    assert result.err == "error: RuntimeError: no such luck\n  run again with --debug to see where it comes from\n"
    shown = cli("show", "tiny", "--debug").err
    assert shown.startswith("Traceback (most recent call last)")
    assert shown.endswith("error: RuntimeError: no such luck\n")
    monkeypatch.setenv("AETHERIST_DEBUG", "1")
    assert "Traceback" in cli("show", "tiny").err


def test_running_out_of_memory_says_what_takes_less(cli, monkeypatch):
    def greedy(*_args, **_options):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 10 bytes")

    monkeypatch.setattr("aetherist.core.recipe.Recipe.read", greedy)
    result = cli("show", "tiny")
    assert result.code == 1
    assert "a smaller --batch" in result.err


def test_no_command_is_a_request_for_help(cli):
    result = cli()
    assert (result.code, result.err) == (0, "")
    assert result.out == cli("--help").out


def test_an_interrupt_exits_130(cli, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("aetherist.core.recipe.Recipe.read", interrupted)
    result = cli("show", "tiny")
    assert (result.code, result.err) == (130, "error: interrupted\n")


def test_the_module_runs_and_exits_with_the_code():
    made = process("check", "nowhere")
    assert made.returncode == 2
    assert "there is no recipe 'nowhere'" in made.stdout


def test_a_reader_that_goes_away_is_no_error():
    command = f"{sys.executable} -m aetherist schema | head -1"
    made = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert made.stdout == "{\n"
    assert made.stderr == ""


def test_nothing_is_coloured_but_a_terminal(cli, monkeypatch):
    assert "\x1b" not in cli("check", "tiny").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in cli("check", "tiny").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;32m" not in cli("check", "tiny").out
