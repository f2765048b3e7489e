"""``aetherist batch``."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter
from cyclopts.types import NonNegativeInt, PositiveInt

from aetherist.cli import numbers
from aetherist.cli.console import say, show, stderr, warn
from aetherist.cli.failures import FAULTY, UsageError, asked
from aetherist.cli.looks import (
    CAMERA,
    FILES,
    MACHINE,
    WHAT,
    WHO,
    Angles,
    Batch,
    Cutoff,
    Fov,
    Metadata,
    Pivot,
    Radius,
    Trunc,
    path_of,
    placed,
    stills,
)
from aetherist.cli.models import device_named
from aetherist.cli.options import Device, Overrides, Source

if TYPE_CHECKING:
    from aetherist.avatars import AvatarModel
    from aetherist.batch import Engine, Item, Job, Progress, Store, Summary, Views

ENGINE = Group("Engine", sort_key=6)

SHOWN = 20
"""Bad rows and failed items that are listed."""

EVERY = 10.0
"""Seconds between two lines of progress, where there is no terminal."""


def batch(
    model: Source,
    /,
    *,
    out: Annotated[str, Parameter(group=FILES)],
    seeds: Annotated[str | None, Parameter(group=WHO)] = None,
    attributes: Annotated[Path | None, Parameter(group=WHO)] = None,
    trunc: Trunc = None,
    cutoff: Cutoff = None,
    directions: Annotated[Path | None, Parameter(group=WHO)] = None,
    beyond: Annotated[Literal["warn", "error", "allow"], Parameter(group=WHO)] = "warn",
    yaw: Angles = None,
    pitch: Angles = None,
    draw: Annotated[Literal["gaussian", "uniform", "sphere"] | None, Parameter(group=CAMERA)] = None,
    views: Annotated[PositiveInt | None, Parameter(group=CAMERA)] = None,
    camera_seed: Annotated[NonNegativeInt, Parameter(group=CAMERA)] = 0,
    cameras: Annotated[Path | None, Parameter(group=CAMERA)] = None,
    radius: Radius = None,
    fov: Fov = None,
    pivot: Pivot = None,
    outputs: Annotated[str, Parameter(group=WHAT)] = "image",
    format: Annotated[Literal["png", "jpeg", "webp"], Parameter(group=FILES)] = "png",
    quality: Annotated[int | None, Parameter(group=FILES)] = None,
    metadata: Metadata = True,
    override: Annotated[Overrides, Parameter(group=WHAT)] = None,
    on_error: Annotated[Literal["skip", "stop"], Parameter(group=ENGINE)] = "stop",
    verify: Annotated[bool, Parameter(group=ENGINE, negative="")] = False,
    engine: Annotated[Literal["local", "ray"], Parameter(group=ENGINE)] = "local",
    workers: Annotated[NonNegativeInt, Parameter(group=ENGINE)] = 0,
    device: Annotated[Device, Parameter(group=MACHINE)] = "auto",
    batch: Batch = 1,
) -> int:
    """Make pictures of very many people, in runs that can stop and go on.

    The same command goes on where the last one ended, and more seeds can be asked for later. Every file is written
    whole, an item is recorded when all of its files are there, and what is recorded is not made again. `manifest.jsonl`
    (and `manifest.parquet` where pyarrow is installed) names every file with its seed, camera, attributes and digest.

    Args:
        out: A folder, or the address of an object store: `s3://bucket/folder` (extra `batch`).
        seeds: `0-99999`, or `0-3,7`. With a table: a seed for each row in order, or one for all.
        attributes: A CSV file with a row for each person. Its first row names the columns, of `seed`, `yaw`, `pitch`,
            `psi` and what the model's directions edit: `age`, `ethnicity.asian`.
        directions: The file of the style directions, where they are not the model's own.
        beyond: What to do about rows with strengths outside the measured range: `warn`, take them for bad (`error`),
            or `allow` them.
        yaw: Radians; several with commas for several views of each person. With `--draw` the spread (0.3).
        pitch: The same; with `--draw` the spread (0.155).
        draw: Draw cameras for each person: `gaussian` or `uniform` angles around the front, or all over the `sphere`.
        views: How many cameras to draw for each person; 1 by default.
        camera_seed: Another one draws other cameras.
        cameras: The views are the cameras of this JSON file.
        outputs: What to write of each view, with commas: `image`, `depth` (PNG of 16 bits, in steps of 0.0005 world
            units), `alpha`, `raw`.
        format: `png`, `jpeg` or `webp`.
        quality: 1 to 100, of JPEG (95 by default) or WebP (lossless by default).
        on_error: What a bad row of the table, or a person that cannot be made, does: `stop` the run, or be reported
            and `skip`ped; the exit code is then 1.
        verify: First read every file that is there, and make again what is missing or damaged.
        engine: `local` processes, or the `ray` cluster of `RAY_ADDRESS`, or one of this machine (extra `ray`).
        workers: So many processes with one thread each; 0 is this process with all of its threads, or with `ray` one
            for each core.
    """
    if seeds is None and attributes is None:
        raise UsageError("nobody is asked for: give --seeds, --attributes, or both")
    numbered = None if seeds is None else numbers.seeds(seeds)
    from aetherist.batch import Job, open_store, run

    with asked():
        store = open_store(out)
        given: dict[str, Any] = {
            "source": model,
            "outputs": tuple(part.strip() for part in outputs.split(",")),
            "format": format,
            "quality": quality,
            "psi": trunc,
            "cutoff": cutoff,
            "metadata": metadata,
            "overrides": tuple(override or ()),
            "directions": None if directions is None else str(directions),
            "device": device_named(device),
        }
        job = Job(views=_front(), **given)
        opened = job.open()
        if opened.model.manifest is None:
            warn(f"{model} is a recipe: its weights are fresh and untrained (seed 0)")
        views_asked = _views(opened, (yaw, pitch), draw, views, camera_seed, cameras, (radius, fov, pivot))
        job = Job(views=views_asked, **given)
        items, skipped = _items(opened, numbered, attributes, beyond, on_error)
        engine_asked = _engine(engine, job, store, opened, workers)
    stop = threading.Event()
    with _interruptible(stop), _watched() as tell:
        found = run(
            job,
            items,
            store,
            engine_asked,
            job.settings(opened),
            batch=batch,
            on_error=on_error,
            verify=verify,
            stopping=stop.is_set,
            tell=tell,
        )
    return _report(found, store, skipped, stop.is_set())


def _front() -> Views:
    from aetherist.batch import FixedViews
    from aetherist.components.cameras import Cameras

    return FixedViews(Cameras.from_angles(0.0, 0.0).reshape(1))


def _views(
    model: AvatarModel,
    angles: tuple[str | None, str | None],
    draw: Any,
    count: int | None,
    seed: int,
    file: Path | None,
    place: tuple[float | None, float | None, str | None],
) -> Views:
    import torch

    from aetherist.batch import DrawnViews, FixedViews
    from aetherist.components.cameras import Cameras

    stage = placed(model.stage, *place)
    if file is not None:
        if draw is not None or angles != (None, None):
            raise UsageError("--cameras takes no --yaw, --pitch and --draw: its file says where the cameras are")
        return FixedViews(path_of(file).reshape(-1))
    if draw is None:
        if count is not None:
            raise UsageError("--views is how many cameras to --draw; --yaw -0.4,0,0.4 names three")
        return FixedViews(Cameras.from_vector(torch.stack(stills(stage, *angles))))
    spread: dict[str, float] = {}
    for name, text in zip(("yaw", "pitch"), angles, strict=True):
        if text is None:
            continue
        named = numbers.decimals(text, f"--{name}")
        if draw == "sphere" or len(named) > 1 or named[0] < 0:
            raise UsageError(f"--{name} {text}: --draw {draw} takes {'none' if draw == 'sphere' else 'one spread'}")
        spread[name] = named[0]
    return DrawnViews(draw, stage, count or 1, seed=seed, **spread)


def _items(
    model: AvatarModel, seeds: list[int] | None, table: Path | None, beyond: str, on_error: str
) -> tuple[list[Item], int]:
    """Return who is asked for, and how many rows are bad."""
    from aetherist.batch import items_of_seeds, read_table
    from aetherist.components.styles import edits as editing

    if table is None:
        assert seeds is not None
        return items_of_seeds(seeds), 0
    if not table.is_file():
        raise UsageError(f"--attributes {table}: there is no such file")
    directions = model.directions
    far: list[str] = []

    def check(edits: Any) -> None:
        if directions is None or beyond == "allow":
            return
        try:
            editing.watch(edits, directions.ranges, "error")
        except ValueError as error:
            text = str(error).partition("; beyond=")[0]
            if beyond == "error":
                raise ValueError(text) from None
            far.append(text)

    read = read_table(table, () if directions is None else directions.names, seeds=seeds, check=check)
    if far:
        warn(f"{len(far)} rows have strengths outside the measured range, the first one: {far[0]}")
    for row in read.bad[:SHOWN]:
        say(str(row))
    if len(read.bad) > SHOWN:
        say(f"... and {len(read.bad) - SHOWN} more bad rows")
    if read.bad and on_error == "stop":
        raise UsageError(f"{table}: {_rows(len(read.bad))}; --on-error skip goes on without them")
    if not read.items:
        raise UsageError(f"{table} has no rows to make pictures of")
    return list(read.items), len(read.bad)


def _engine(name: str, job: Job, store: Store, model: AvatarModel, workers: int) -> Engine:
    from aetherist.batch import Processes, ThisProcess
    from aetherist.batch.maker import Maker

    if name == "ray":
        from aetherist.batch.cluster import Cluster

        return Cluster(job, store, model.digest, workers)
    if workers:
        return Processes(job, store, model.digest, workers)
    return ThisProcess(Maker(job, store, model))


@contextlib.contextmanager
def _interruptible(stop: threading.Event) -> Iterator[None]:
    """Set ``stop`` at the first Ctrl-C or SIGTERM, and give up at once at the second."""

    def asked_to_stop(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt("interrupted: what is recorded is there, and the same command goes on")
        stop.set()
        say("finishing what is at work; once more to leave it")

    before = {number: signal.signal(number, asked_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _watched() -> Iterator[Callable[[Progress], None]]:
    """Show how far a run is: a bar on a terminal, a line now and then elsewhere."""
    console = stderr()
    if not console.is_terminal:
        said = [-1e9]

        def line(progress: Progress) -> None:
            now = time.monotonic()
            ended = progress.done + progress.failed == progress.total
            if now - said[0] >= EVERY or ended:
                said[0] = now
                say(f"{progress.done}/{progress.total} {_speed(progress)}".rstrip())

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("people"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"), console=console
    )
    with bar:
        task = bar.add_task("", total=None, speed="")

        def tell(progress: Progress) -> None:
            bar.update(task, total=progress.total, completed=progress.done, speed=_speed(progress))

        yield tell


def _speed(progress: Progress) -> str:
    failed = f"{progress.failed} failed  " if progress.failed else ""
    if progress.left is None:
        return failed
    return f"{failed}{progress.rate:.3g}/s  {clock(progress.left)} left"


def clock(seconds: float) -> str:
    """Return a time to wait for: ``0:42``, ``1:02:03``, ``2 d 3 h``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _report(found: Summary, store: Store, skipped: int, interrupted: bool) -> int:
    for failed in found.failed[:SHOWN]:
        say(f"{failed.item.name}: {failed.reason}")
    if len(found.failed) > SHOWN:
        say(f"... and {len(found.failed) - SHOWN} more")
    progress = found.progress
    there = f"{progress.done} of {progress.total} people are in {store.place}, each of them whole"
    if interrupted and found.stopped:
        raise KeyboardInterrupt(f"interrupted: {there}; the same command goes on")
    show(f"{there}: {found.files} files, named in {' and '.join(found.manifests)}")
    if found.failed:
        say(f"{len(found.failed)} could not be made; errors.jsonl names them" + _go_on(found))
    if skipped:
        say(f"{_rows(skipped)} skipped")
    return FAULTY if found.failed or skipped else 0


def _go_on(found: Summary) -> str:
    return "; --on-error skip goes on without them" if found.stopped else ""


def _rows(count: int) -> str:
    return f"{count} bad row{'s' if count > 1 else ''}"
