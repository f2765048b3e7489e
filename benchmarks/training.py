"""Training: what a step costs and what makes it cheaper, whether data keeps up, and what a second process brings.

Every variant is a training of its own, started as a user starts it, and read from its ``stats.jsonl``; the first
record, which holds compilation and warming up, is left out.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader

from aetherist.components.cameras import camera_from_angles
from aetherist.data import TrainingData
from benchmarks.measure import table

SAMPLE = Path(__file__).parent.parent / "aetherist" / "data" / "sample" / "heads64.zip"
QUIET = ("training.snapshots.images_every=null", "training.snapshots.every=null", "training.checkpoints.every=1M")

Variants = dict[str, tuple[str, ...]]


def variants(recipe: str, generator: str) -> Variants:
    """Return the overrides of each variant; ``generator`` is the phase that is compiled and whose memory is saved."""
    phase = f"training.phases.{generator}"
    return {
        f"{recipe}, fp32": (),
        "checkpointing": (f"{phase}.checkpoint_activations=[planes, renderer, superres]",),
        "bf16": ("training.precision=bf16", "training.full_precision=[renderer]"),
        "compiled": (f"{phase}.compile=true",),
        "bf16 and compiled": (
            "training.precision=bf16", "training.full_precision=[renderer]", f"{phase}.compile=true",
        ),
    }  # fmt: skip


def steps(recipe: str, generator: str, data: Path, batch: int, records: int) -> str:
    """Measure the variants of a training: images a second and peak memory."""
    rows, base = [], None
    for name, overrides in variants(recipe, generator).items():
        speed, memory = train(recipe, data, batch, records, overrides)
        base = base or (speed, memory)
        figures = (f"{speed:.3g}", f"{speed / base[0]:.2f}", f"{memory / 1e9:.2f} GB", f"{memory / base[1]:.2f}")
        rows.append((name, *figures))
    head = ("", "images/s", "ratio", "peak memory", "ratio")
    return table(f"Training step, {recipe}, batch of {batch}", head, rows)


def train(
    recipe: str, data: Path, batch: int, records: int, overrides: tuple[str, ...], processes: int = 1, threads: int = 0
) -> tuple[float, int]:
    """Train for ``records`` records of a few steps and return the median of images a second, and peak memory."""
    each = batch * (4 if records > 2 else 1)
    settings = (
        f"training.batch_size={batch}", f"training.log_every={each}", f"training.length={each * (records + 1)}",
        *QUIET, *overrides,
    )  # fmt: skip
    start = [sys.executable, "-m"]
    if processes > 1:
        start += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    with tempfile.TemporaryDirectory() as out:
        command = [*start, "aetherist", "train", recipe, "--data", str(data), "--out", out, "--device", "cpu"]
        for setting in settings:
            command += ["-o", setting]
        environment = os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {})
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
        lines = next(Path(out).glob("*/stats.jsonl")).read_text().splitlines()
    measured = [json.loads(line) for line in lines][1:]
    return statistics.median(each["speed"] for each in measured), max(each["memory"] for each in measured)


def loading(need: float) -> str:
    """Measure how many pictures a second are read, with camera, depth and mask, against what a training step needs."""
    album = TrainingData(SAMPLE, {"image", "camera", "mask", "depth"})
    fields = ("image", "camera", "mask", "depth")

    class Rows(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
        def __len__(self) -> int:
            return 40 * len(album)

        def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
            return album.read(index % len(album), fields, False)

    rows = []
    for workers in (0, 1, 2):
        loader = DataLoader(Rows(), batch_size=8, num_workers=workers)
        batches = iter(loader)
        next(batches)
        start, seen = time.perf_counter(), 0
        for batch in batches:
            seen += len(batch["image"])
        speed = seen / (time.perf_counter() - start)
        rows.append((f"{workers} workers", f"{speed:.0f}", f"{speed / need:.0f}"))
    return table(f"Reading 64-pixel heads (tiny-train needs {need:.3g} images/s)", ("", "images/s", "ratio"), rows)


def processes(data: Path, batch: int, records: int) -> str:
    """Measure what two processes of one thread do beside one process of one thread, and of two."""
    one, _ = train("tiny-train", data, batch, records, (), threads=1)
    threaded, _ = train("tiny-train", data, batch, records, (), threads=2)
    two, _ = train("tiny-train", data, batch, records, (), processes=2, threads=1)
    rows = [
        ("one process, one thread", f"{one:.3g}", "1.00"),
        ("one process, two threads", f"{threaded:.3g}", f"{threaded / one:.2f}"),
        ("two processes, one thread each", f"{two:.3g}", f"{two / one:.2f}"),
    ]
    return table(f"Two processes, tiny-train, batch of {batch} in all", ("", "images/s", "ratio"), rows)


def noise(folder: Path, resolution: int, count: int = 8) -> Path:
    """Write a data set of noise, for sizes that no sample has."""
    random = np.random.default_rng(0)
    labels = []
    for number in range(count):
        Image.fromarray(random.integers(0, 255, (resolution, resolution, 3), np.uint8)).save(folder / f"{number}.png")
        labels.append([f"{number}.png", camera_from_angles(0.1 * number, 0.0).tolist()])
    (folder / "dataset.json").write_text(json.dumps({"labels": labels}))
    return folder


def main(quick: bool = False) -> Iterator[str]:
    """Yield tables as they are measured. What is compiled takes minutes before its first step."""
    yield steps("tiny-train", "generator", SAMPLE, 4, 3 if quick else 8)
    need, _ = train("tiny-train", SAMPLE, 4, 3, ())
    yield loading(need)
    yield processes(SAMPLE, 8, 3 if quick else 8)
    if not quick:
        with tempfile.TemporaryDirectory() as folder:
            yield steps("eg3d-ffhq512-train", "generator", noise(Path(folder), 512), 1, 2)
