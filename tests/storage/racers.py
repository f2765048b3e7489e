"""What other processes do to a storage at the same time: ``python -m tests.storage.racers WHAT DATABASE PLACE NAME``.

Each says ``ready``, waits for a line, does it, and prints what came of it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from aetherist.storage import Storage


def claim_all(storage: Storage, name: str) -> None:
    """Claim jobs until there are none, and end each."""
    while (job := storage.jobs.claim(name)) is not None:
        artifact = storage.artifacts.put(f"result of {job.id}".encode(), "text/plain")
        storage.jobs.finish(job.id, name, {"by": name}, [artifact.digest])
        print(job.id, flush=True)


def claim_and_die(storage: Storage, name: str) -> None:
    """Claim a job and be killed."""
    job = storage.jobs.claim(name)
    assert job is not None
    storage.jobs.progress(job.id, name, 0.5)
    print(job.id, flush=True)
    sys.stdin.read()


def places(storage: Storage) -> tuple[str, str]:
    """Return what other processes open a storage with."""
    return storage.database.url.render_as_string(hide_password=False), storage.artifacts.place


def race(what: str, where: tuple[str, str], *names: str) -> list[subprocess.Popen[str]]:
    """Start a process for each name, on a database and a place of artifacts, and let them all go at once."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.storage.racers", what, *where, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for name in names
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return started


def printed(*processes: subprocess.Popen[str]) -> list[list[str]]:
    """Wait for processes, all of them; return the lines that each printed."""
    outs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [out.split() for out in outs]


if __name__ == "__main__":
    what, database, artifacts, name = sys.argv[1:]
    if what == "open":
        print("ready", flush=True)
        sys.stdin.readline()
        with Storage.open(database, artifacts, lock_seconds=20) as storage:
            print(storage.jobs.create("opened", {"by": name})[0].id)
    else:
        with Storage.open(database, artifacts, lock_seconds=20) as storage:
            print("ready", flush=True)
            sys.stdin.readline()
            {"claim_all": claim_all, "claim_and_die": claim_and_die}[what](storage, name)
