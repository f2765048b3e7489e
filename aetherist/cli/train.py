"""``aetherist train``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.types import NonNegativeInt

from aetherist.cli.console import say, show
from aetherist.cli.failures import UsageError
from aetherist.cli.graphs import checked
from aetherist.cli.options import Device, Overrides, Profile, Recipe

if TYPE_CHECKING:
    from aetherist.core.check import Report
    from aetherist.graphs.model import Model
    from aetherist.graphs.training import RunFolder, TrainingSpec, World
    from aetherist.graphs.training.events import Event, Observer


def train(
    recipe: Recipe,
    /,
    *,
    data: Path | None = None,
    out: Path = Path("runs"),
    resume: str | None = None,
    start: Annotated[Path | None, Parameter(name="--from")] = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    device: Device = "auto",
    workers: NonNegativeInt | None = None,
    profile: Profile = None,
    override: Overrides = None,
) -> None:
    """Train a recipe's components on a data set.

    The recipe's `training:` says how. Writes into a folder of its own below `--out`: `stats.jsonl`, pictures at fixed
    seeds, checkpoints to go on from, and model folders for `aetherist generate`. Ctrl-C and SIGTERM finish the step,
    write a checkpoint and leave; whatever ends it, `--resume latest` goes on as if nothing had happened. N processes
    share each batch under `torchrun --nproc-per-node N -m aetherist train ...`.

    Args:
        data: The data set: a folder or a zip with `dataset.json`. A recipe that reads no data needs none.
        out: Where run folders are: `00000-NAME`, `00001-NAME`, ...
        resume: Go on with `latest`, the newest run of this recipe there, or with a run's folder.
        start: Begin with the weights of this model; components that it has not get fresh ones.
        dry_run: Only say what it would take: parameters, memory, arithmetic, and time for a thousand images.
        workers: Processes that read the data ahead; by default as many as there are cores, 8 at most, for a GPU, and
            none for the CPU.
    """
    import torch

    from aetherist.cli.models import device_named
    from aetherist.graphs.training.distributed import local_device, world
    from aetherist.graphs.training.reading import read_training

    report = checked(recipe, profile, override)
    spec = read_training(report)
    place = local_device(torch.device(device_named(device)))
    if dry_run:
        from aetherist.cli.training_cost import show_cost

        show_cost(report, spec, place)
        return
    album = _data(data, spec)
    with world(place) as together:
        folder, goes_on = _folder(out, resume, report.recipe.name, together)
        model = _model(report, spec, start)
        if together.first:
            folder.recipe.write_text(report.recipe.to_yaml(), encoding="utf-8")
            say(f"run {folder.path}")
        count = (min(os.cpu_count() or 1, 8) if place.type == "cuda" else 0) if workers is None else workers
        _run(model, album, folder, together, place, count, goes_on)


def _run(model: Model, album: Any, folder: RunFolder, together: World, place: Any, workers: int, goes_on: bool) -> None:
    from aetherist.cli.training_view import view
    from aetherist.graphs.training import Trainer
    from aetherist.graphs.training.records import Records, tensorboard
    from aetherist.graphs.training.signals import stop_on_signals

    observers: list[Observer] = []
    if together.first:
        board = tensorboard(folder.path / "tensorboard")
        observers = [Records(folder.records), _painter(folder), *([board] if board is not None else [])]
    trainer = Trainer(model, album, folder=folder, world=together, device=place, observers=observers, workers=workers)
    if goes_on:
        trainer.resume()
    with stop_on_signals() as request, view() as shown:
        trainer.observers.append(shown)
        ended = trainer.run(request)
    if together.first and ended.reason == "asked":
        show(f"stopped at {ended.images} images; go on with --resume {folder.path}")
    elif together.first:
        show(f"trained on {ended.images} images; the model is {folder.model(ended.images)}")


def _data(path: Path | None, spec: TrainingSpec) -> Any:
    from aetherist.data import TrainingData
    from aetherist.graphs.training.data import OTHER
    from aetherist.graphs.training.feeds import fields_of

    feeds = [*spec.feeds.values(), *spec.snapshots.feeds.values()]
    feeds += [feed for phase in spec.phases.values() for feed in phase.feeds.values()]
    wanted = {field.removeprefix(OTHER) for feed in feeds for field in fields_of(feed)}
    if path is None:
        if wanted:
            raise UsageError(f"--data: the recipe feeds {', '.join(sorted(wanted))}; name a folder or zip of images")
        from aetherist.graphs.training.data import Nothing

        return Nothing()
    return TrainingData(path, wanted, spec.data.resolution)


def _folder(out: Path, resume: str | None, name: str, together: World) -> tuple[RunFolder, bool]:
    """Return the run's folder, and whether there is a checkpoint in it to go on from; one process decides."""
    from aetherist.graphs.training import RunFolder
    from aetherist.graphs.training.checkpoint import latest_checkpoint
    from aetherist.graphs.training.distributed import restarts

    path: Path | None = None
    if together.first:
        if resume is not None:
            path = RunFolder.to_resume(out, resume, name).path
        elif restarts() > 0:
            # Go on with the run that this job had started.
            path = next((run.path for run in RunFolder.all_of(out, name)), None)
        path = path or RunFolder.create(out, name).path
    folder = RunFolder(Path(together.from_first(str(path))))
    return folder, latest_checkpoint(folder.checkpoints) is not None


def _model(report: Report, spec: TrainingSpec, start: Path | None) -> Model:
    from aetherist.core.weights import load_weights, read_manifest
    from aetherist.graphs.model import Model
    from aetherist.graphs.sources import model_folder

    model = Model.build(report.recipe, seed=spec.seed)
    if start is not None:
        start = model_folder(start) or start
        manifest = read_manifest(start)
        held = {name: part for name, part in model.components.items() if name in manifest.components}
        fresh = [name for name in model.components if name not in held and has_weights(model, name)]
        load_weights(start, held, manifest)
        say(f"weights of {', '.join(held)} from {start}" + (f"; fresh ones for {', '.join(fresh)}" if fresh else ""))
    return model


def has_weights(model: Model, name: str) -> bool:
    """Return whether a component has parameters at all; losses have none."""
    return next(model.components[name].parameters(), None) is not None


def _painter(folder: RunFolder) -> Observer:
    """Return what writes the pictures of a training, one grid an output."""

    def paint(event: Event) -> None:
        from aetherist.export.pictures import arrange, write_picture
        from aetherist.graphs.generate import to_pixels
        from aetherist.graphs.training.events import Pictured

        if not isinstance(event, Pictured):
            return
        for name, values in event.pictures.items():
            sheet = arrange([to_pixels(row, event.meanings[name])[0] for row in values], event.columns, event.rows)
            path = folder.pictures(name, event.images)
            path.parent.mkdir(exist_ok=True)
            write_picture(path, sheet, {"images": event.images, "output": name})

    return paint
