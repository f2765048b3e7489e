"""Batch generation: pictures a second by the size of the batch, and by the number of processes that make them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from aetherist.avatars import AvatarModel
from aetherist.batch import Engine, FixedViews, FolderStore, Job, Processes, Progress, ThisProcess, items_of_seeds, run
from aetherist.batch.maker import Maker
from aetherist.components.cameras import Cameras
from aetherist.graphs.sources import model_names
from benchmarks.measure import table

SIZES = (1, 2, 4, 8, 16)
WORKERS = (1, 2)


def rate(job: Job, model: AvatarModel, count: int, batch: int, engine: Callable[[FolderStore], Engine]) -> float:
    """Return pictures a second, written to a folder: of the last three quarters, when everybody is at work."""
    reached: dict[int, float] = {}

    def note(progress: Progress) -> None:
        reached[progress.made] = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        run(job, items_of_seeds(range(count)), store, engine(store), job.settings(model), batch=batch, tell=note)
    begin = count // 4
    return (count - begin) / (reached[count] - reached[begin])


def by_batch(job: Job, model: AvatarModel, count: int, sizes: tuple[int, ...]) -> str:
    """Measure in this process by the size of the batch."""

    def engine(store: FolderStore) -> Engine:
        return ThisProcess(Maker(job, store, model))

    rates = [rate(job, model, count, size, engine) for size in sizes]
    rows = [(size, f"{each:.3g}", f"{each / rates[0]:.2f}") for size, each in zip(sizes, rates, strict=True)]
    title = f"{job.source}: pictures by the size of the batch, one process, {torch.get_num_threads()} threads"
    return table(title, ("batch", "pictures a second", "against 1"), rows)


def by_workers(job: Job, model: AvatarModel, count: int) -> str:
    """Measure by the number of processes, of one thread each, beside this process with all of its threads."""

    def processes(workers: int) -> Callable[[FolderStore], Engine]:
        return lambda store: Processes(job, store, model.digest, workers)

    rates = [rate(job, model, count, 1, processes(workers)) for workers in WORKERS]
    here = rate(job, model, count, 1, lambda store: ThisProcess(Maker(job, store, model)))
    rows = [
        (f"{workers} process{'es' if workers > 1 else ''} of one thread", f"{each:.3g}", f"{each / rates[0]:.2f}")
        for workers, each in zip(WORKERS, rates, strict=True)
    ]
    rows.append((f"this process, {torch.get_num_threads()} threads", f"{here:.3g}", f"{here / rates[0]:.2f}"))
    return table(f"{job.source}: pictures by who makes them", ("", "pictures a second", "against one process"), rows)


def main(quick: bool = False) -> list[str]:
    """Measure, and return tables."""
    tables = []
    for source, count in [("tiny", 16)] if quick else [("tiny", 256), *((name, 96) for name in model_names())]:
        views = FixedViews(Cameras.from_angles(0.0, 0.0).reshape(1))
        job = Job(source, views)
        model = job.open()
        tables += [by_batch(job, model, count, SIZES[:2] if quick else SIZES), by_workers(job, model, count)]
    return tables


if __name__ == "__main__":
    print(*main(), sep="\n")
