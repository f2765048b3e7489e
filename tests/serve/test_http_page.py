"""What docs/http.md shows runs against a gateway as it says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import Block, page

EXAMPLES = [block for block in page("http.md").blocks if block.language == "sh"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a gateway answers that `aetherist serve` started."""
    folder = tmp_path_factory.mktemp("serve")
    command = [sys.executable, "-m", "aetherist", "serve", "--port", "0", "--model", "portrait=tiny"]
    command += ["--data-folder", str(folder), "--device", "cpu", "--override", "models.threads=1"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://"), (folder / "log").read_text()
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("example", EXAMPLES, ids=[str(block.line) for block in EXAMPLES])
def test_an_example_runs(example: Block, address: str, tmp_path: Path) -> None:
    script = example.text.replace("curl -s", "curl -sf --retry 20 --retry-all-errors --retry-delay 1")
    script = script.replace("http://127.0.0.1:8000", address).replace("ws://127.0.0.1:8000", f"ws{address[4:]}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "AETHERIST_KEY": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    for file in tmp_path.iterdir():
        assert file.stat().st_size > 100, file
