"""A batch that is killed at any moment: what is there is whole, what is recorded stays, and the rest is made."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aetherist.batch import FolderStore
from tests.batch.helpers import contents, manifest, recorded, whole

ROOT = Path(__file__).parents[2]
PEOPLE = 12


def count(folder: Path) -> int:
    """Return how many pictures there are."""
    return sum(len(list(shard.iterdir())) for shard in folder.glob("pictures/*"))


class Victims:
    """Begins batches that can be killed."""

    def __init__(self) -> None:
        self.program = subprocess.Popen(
            [sys.executable, "-m", "tests.batch.victims"],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.hear() == "ready"

    def hear(self) -> str:
        assert self.program.stdout is not None
        return self.program.stdout.readline().strip()

    def run(self, folder: Path, batch: int, moments: random.Random | None = None, pause: float = 0.02) -> bool:
        """Run the batch; kill it at a random moment. Return whether it came to its end."""
        assert self.program.stdin is not None
        self.program.stdin.write(f"{folder} {PEOPLE} {batch}\n")
        self.program.stdin.flush()
        pid = int(self.hear())
        if moments is not None:
            enough = count(folder) + moments.randint(0, 8)
            while count(folder) < min(enough, PEOPLE * 4):
                time.sleep(0.001)
            time.sleep(moments.uniform(0, pause))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return self.hear() == "0"


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    made = Victims()
    with made.program:
        yield made
        assert made.program.stdin is not None
        made.program.stdin.close()


@pytest.fixture(scope="module")
def undisturbed(victims: Victims, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a batch that nothing happens to."""
    folder = tmp_path_factory.mktemp("whole")
    assert victims.run(folder, 1)
    return contents(folder)


@pytest.mark.parametrize(("batch", "seed"), [(1, 0), (3, 1)])
def test_killing_at_random_moments(victims, undisturbed, tmp_path, batch, seed) -> None:
    store = FolderStore(tmp_path / "out")
    moments = random.Random(seed)
    before: dict = {}
    kills = 0
    while not victims.run(store.folder, batch, moments, 0.02 * (kills + 1)):  # in the end it gets time to end
        kills += 1
        there = recorded(store)
        assert all(there.get(key) == record for key, record in before.items()), "what is recorded stays"
        assert all(whole(store, record) for record in there.values()), "nobody is half there"
        named = {file["path"] for record in there.values() for file in record.files}
        loose = {Path(name).name[:11] for name in store.names("pictures") if name not in named}
        assert len(loose) <= batch, "no more are lost than were at work"
        before = there
    assert kills >= 3
    assert contents(store.folder) == undisturbed, "in the end it is as if nothing had happened"
    assert len(manifest(store)) == PEOPLE * 4


def test_a_run_that_was_killed_does_not_keep_others_out(victims, tmp_path) -> None:
    assert not victims.run(tmp_path, 1, random.Random(0))
    assert victims.run(tmp_path, 1)
