from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from aetherist.cli.main import run
from aetherist.graphs.model import Model


@dataclass
class Result:
    """What a command left behind: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run the command line in this process."""
    for name in ("AETHERIST_DEBUG", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def call(*tokens: object) -> Result:
        capsys.readouterr()
        code = run([str(token) for token in tokens])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A saved model of the tiny recipe."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    Model.build("tiny").save(folder)
    return str(folder)
