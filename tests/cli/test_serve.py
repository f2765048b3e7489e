"""``aetherist serve``: settings from the command line, what is printed, and what is refused before anything starts."""

from __future__ import annotations

import logging
import socket
import sys

import pytest
import yaml

from aetherist.cli import serve
from aetherist.serve.config import load
from aetherist.serve.live import LiveConfig


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("AETHERIST_HOME", str(tmp_path / "home"))
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = before


def test_every_setting_is_printed_with_where_it_comes_from(cli, tmp_path, monkeypatch):
    file = tmp_path / "gateway.yaml"
    file.write_text("limits: {queue: 5}\n", encoding="utf-8")
    monkeypatch.setenv("AETHERIST_JOBS__CONCURRENCY", "3")
    words = [
        "--config",
        file,
        "--profile",
        "production",
        "--port",
        9000,
        "--model",
        "face=tiny",
        "-o",
        "limits.rate=5/second",
    ]
    result = cli("serve", *words, "--print-config")
    assert (result.code, result.err) == (0, "")
    told = {line.split(":")[0].strip(): line.partition("# ")[2] for line in result.out.splitlines() if "# " in line}
    assert told["queue"] == f"{file}:1"
    assert told["port"] == "flag --port"
    assert told["sources"] == "flag --model"
    assert told["rate"] == "flag -o limits.rate"
    assert told["concurrency"] == "environment AETHERIST_JOBS__CONCURRENCY"
    assert told["keys"] == "profile production"
    assert told["host"] == "default"
    assert yaml.safe_load(result.out)["models"] == {
        "sources": {"face": "tiny"},
        "default": "face",
        "device": "auto",
        "threads": None,
    }


def test_models_and_devices_are_named_as_often_as_there_are(cli):
    out = cli(
        "serve",
        "--model",
        "tiny",
        "--model",
        "b=./models/b.yaml",
        "--device",
        "cuda:0",
        "--device",
        "cuda:1",
        "--print-config",
    ).out
    models = yaml.safe_load(out)["models"]
    assert models["sources"] == {"tiny": "tiny", "b": "./models/b.yaml"}
    assert models["device"] == ["cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["-o", "limits.queu=3"],
            "error: flag -o limits.queu: limits.queu: there is no such setting; did you mean queue?",
        ),
        (["-o", "limits.queue"], "write a setting and its value: -o limits.queue=32"),
        (["--profile", "prod"], "there is no profile 'prod'; known: development, production"),
        (["--config", "nowhere.yaml"], "error: nowhere.yaml: No such file or directory"),
        (["--model", "=tiny"], "--model =tiny: write NAME=SOURCE"),
        (["--host", "0.0.0.0", "-o", "security.keys=off"], "'off' is taken only where no other machine"),
        (
            ["--model", "portait"],
            "flag --model: models.sources.portait: there is no model 'portait'; did you mean portrait?",
        ),
        (["--model", "face=./nowhere/face"], "models.sources.face: there is no model './nowhere/face'"),
        (["--device", "gpu"], "flag --device: models.device gpu: write cpu, cuda, cuda:1, mps or auto"),
        (["-o", "models.device=cuda:77"], "flag -o models.device: models.device cuda:77: this PyTorch sees"),
        (["--port", "70000"], "flag --port: server.port: 70000: input should be less than or equal to 65535"),
    ],
)
def test_settings_that_cannot_be_used_exit_2_before_anything_starts(cli, words, text):
    result = cli("serve", *words)
    assert result.code == 2
    assert text in result.err
    assert "Traceback" not in result.err


def test_a_port_that_was_asked_for_and_is_taken_exits_2(cli):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = cli("serve", "--port", port)
    assert result.code == 2
    assert (
        result.err
        == f"error: port {port} of 127.0.0.1 is taken; name another with --port, or none for the next free one\n"
    )


def test_a_missing_extra_is_one_line(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = cli("serve")
    assert result.code == 1
    assert result.err == "error: this needs the package uvicorn; run pip install 'aetherist[serve]'\n"


def test_a_database_that_cannot_be_opened_is_one_line(cli, tmp_path):
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database, however long it is looked at" * 40)
    result = cli("serve", "--port", 0, "--database", f"sqlite:///{broken}")
    assert result.code == 1
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err


def test_it_says_where_it_is_and_how_a_key_is_made(capsys, tmp_path):
    flags = {"server.data_folder": (tmp_path, "--data-folder"), "security.keys": ("required", "-o")}
    config = LiveConfig(*load(flags=flags, environ={}))
    serve._ready("http://127.0.0.1:8000", config)
    printed = capsys.readouterr()
    assert printed.out == "http://127.0.0.1:8000\n"
    assert printed.err.rstrip().endswith(f"aetherist keys create NAME --data-folder {tmp_path}")
    other = {**flags, "storage.database": ("postgresql://me:secret@host/faces", "--database")}
    serve._ready("http://127.0.0.1:8000", LiveConfig(*load(flags=other, environ={})))
    printed = capsys.readouterr()
    assert printed.err.rstrip().endswith("aetherist keys create NAME --database postgresql://me:***@host/faces")
    serve._ready("http://127.0.0.1:8000", LiveConfig(*load(environ={})))
    assert "key" not in capsys.readouterr().err
