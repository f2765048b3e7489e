"""Every operation of the API keeps to its description, whatever it is sent: schemathesis against running servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.serve.proofs.serving import Served, until

SETTINGS = """
max-stream-events = 2
request-timeout = 60

# The description says what a request looks like, and not that an avatar has to exist, or a model to know an attribute.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", 401, 403, 404, 409, 413, 416, 422, 429]

[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503, 504, 507]

# Its bodies are those of the other operations, told apart by their kind: the bounds of each were covered there.
[[operations]]
include-name = "POST /v1/jobs"
phases.coverage.enabled = false
"""


def keeps_its_word(served: Served, folder: Path, *options: str) -> None:
    """Hold a server to its description; what it answered may be no failure of its own either."""
    (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    tool = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
    command = [sys.executable, "-c", tool, f"--config-file={folder / 'settings.toml'}", "run"]
    command += [f"{served.url}/openapi.json", "--generation-deterministic", "--no-color", "--no-shrink", *options]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "CI": ""}
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    failed = [row for row in served.logged() if row["event"] == "request failed" and row.get("code") == "internal"]
    assert not failed, failed


def cancels_what_waits(served: Served) -> None:
    """Leave nothing at work for the tests that follow."""
    for status in ("queued", "running"):
        for job in served.client.get("/v1/jobs", params={"status": status, "limit": 200}).json()["items"]:
            assert served.client.post(job["links"]["cancel"]).status_code == 202
    until(lambda: not served.client.get("/v1/jobs?status=running").json()["items"])


def test_all_that_the_description_allows_and_forbids_is_answered_as_it_says(served: Served, tmp_path: Path) -> None:
    keeps_its_word(
        served, tmp_path, "--phases=examples,coverage,fuzzing", "--max-examples=3", "--exclude-checks=ignored_auth"
    )
    cancels_what_waits(served)
    assert served.healthy()


def test_where_keys_are_needed_they_are_needed_everywhere(
    guarded: tuple[Served, dict[str, str]], tmp_path: Path
) -> None:
    server, keys = guarded
    header = f"--header=Authorization: Bearer {keys['admin']}"
    # It would find the ids of keys in earlier answers, and revoke its own.
    spared = "--exclude-name=DELETE /v1/admin/keys/{id}"
    keeps_its_word(server, tmp_path, "--phases=examples,fuzzing", "--max-examples=2", header, spared)
    assert server.ready()
