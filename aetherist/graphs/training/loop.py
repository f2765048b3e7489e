"""The trainer: steps of phases, and between them records, pictures, models and checkpoints."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aetherist.core.check import check
from aetherist.graphs.model import Model
from aetherist.graphs.training import events
from aetherist.graphs.training.checkpoint import latest_checkpoint, read_checkpoint, save_checkpoint, sweep
from aetherist.graphs.training.controls import Controls
from aetherist.graphs.training.data import Dataset, Rows, batches
from aetherist.graphs.training.distributed import World
from aetherist.graphs.training.ema import Average
from aetherist.graphs.training.errors import NonFiniteError, TrainingError
from aetherist.graphs.training.feeds import Moment
from aetherist.graphs.training.folders import RunFolder
from aetherist.graphs.training.growth import adopt, grown, settings_at
from aetherist.graphs.training.interval import Interval, used_memory
from aetherist.graphs.training.optimizers import Optimizers
from aetherist.graphs.training.precision import scaler
from aetherist.graphs.training.reading import averaged_components, read_training
from aetherist.graphs.training.snapshots import draw, publish
from aetherist.graphs.training.stage import Stage, frozen


class Trainer:
    """Trains the components of a model as its recipe's ``training:`` says.

    Args:
        model: With fresh weights, or others to start from; it is moved to the device and trained in place.
        data: Where images come from.
        folder: Where records, pictures, models and checkpoints go; nothing is written without one.
        world: The processes that train together.
        device: Where to train.
        observers: Are told what happens, in the first process.
        workers: Processes that read the data ahead.

    Raises:
        RecipeError: If ``training:`` is at fault.
        ValueError: If the data has not what the feeds name, or the batch cannot be shared out.
    """

    def __init__(
        self,
        model: Model,
        data: Dataset,
        *,
        folder: RunFolder | None = None,
        world: World | None = None,
        device: str | torch.device = "cpu",
        observers: Iterable[events.Observer] = (),
        workers: int = 0,
    ) -> None:
        self.spec = read_training(model.report)
        self.base = model.recipe
        self.model = model.to(device)
        self.folder, self.world, self.device = folder, world or World(), torch.device(device)
        self.observers, self.workers = list(observers), workers
        self.kept = [name for name, part in model.components.items() if not frozen(part)]
        self.step = self.images = 0
        self.seconds = 0.0
        self.settings = settings_at(self.spec.grow, 0)
        self.interval = Interval()
        self.controls = Controls(self.spec.controls)
        self.optimizers = Optimizers(self.spec, model.components)
        self.scalers = {
            name: scaler(phase.precision or self.spec.precision, self.device)
            for name, phase in self.spec.phases.items()
        }
        averaged = averaged_components(self.spec, model.report)
        self.ema = Average(self.spec.ema, {n: model.components[n] for n in averaged}) if self.spec.ema else None
        self.stage = self._stage()
        self.mine = self.world.rows(self.spec.batch_size)
        if (self.mine.stop - self.mine.start) % self.spec.accumulate:
            raise ValueError(
                f"training.accumulate = {self.spec.accumulate} does not divide the {self.mine.stop - self.mine.start} "
                "images of each process"
            )
        self.rows = Rows(data, self.stage.fields(data), seed=self.spec.seed, mirror=self.spec.data.mirror)
        self.checkpoint: Path | None = None

    def run(self, stop: Callable[[], bool] = lambda: False) -> events.Stopped:
        """Train to the end, or until ``stop`` says so after a step; leave a checkpoint either way.

        Raises:
            NonFiniteError: If a loss is not finite; the error names the last good checkpoint.
        """
        spec = self.spec
        if self.folder is not None and self.world.first:
            sweep(self.folder.checkpoints)
        self._tell(events.Started(self.images, spec.length, spec.batch_size, self.checkpoint))
        if self.images == 0:
            self._picture()
        pin = self.device.type == "cuda"
        source = batches(
            self.rows, first=self.images, batch_size=spec.batch_size, world=self.world, workers=self.workers, pin=pin
        )
        asked = False
        while self.images < spec.length and not asked:
            before = self.images
            self._grow()
            began = time.perf_counter()
            try:
                self._step(next(source))
            except NonFiniteError as error:
                self._tell(events.Stopped(self.images, "failed"))
                raise error.with_checkpoint(self._last()) from None
            self._count(time.perf_counter() - began)
            self._keep(before)
            asked = self.world.any(stop(), self.device)
        ended = events.Stopped(self.images, "done" if self.images >= spec.length else "asked")
        self._save()
        if ended.reason == "done":
            self._picture()
            self._save_model()
        self._tell(ended)
        return ended

    def state(self) -> dict[str, Any]:
        """Return everything that the rest of the training depends on."""
        return {
            "step": self.step,
            "images": self.images,
            "seconds": self.seconds,
            "interval": self.interval.state(),
            "controls": self.controls.values,
            "components": {name: self.model.components[name].state_dict() for name in self.kept},
            "ema": self.ema.state() if self.ema is not None else None,
            "optimizers": {name: optimizer.state_dict()["state"] for name, optimizer in self.optimizers.all.items()},
            "scalers": {name: each.state_dict() for name, each in self.scalers.items()},
        }

    def resume(self) -> None:
        """Take up the latest checkpoint of the run's folder.

        Raises:
            TrainingError: If there is none, it is damaged, or it belongs to another recipe.
        """
        path = self._last()
        if path is None:
            raise TrainingError(f"{self.folder and self.folder.path} has no checkpoint to go on from")
        self.load(read_checkpoint(path))
        self.checkpoint = path

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up what :meth:`state` returned.

        Raises:
            TrainingError: If it belongs to other components or phases.
        """
        try:
            for name in self.kept:
                self.model.components[name].load_state_dict(state["components"][name])
            if self.ema is not None:
                self.ema.load(state["ema"])
            for name, optimizer in self.optimizers.all.items():
                groups = optimizer.state_dict()["param_groups"]
                optimizer.load_state_dict({"state": state["optimizers"][name], "param_groups": groups})
            for name, each in self.scalers.items():
                each.load_state_dict(state["scalers"][name])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise TrainingError(
                f"the checkpoint does not fit the recipe: {error}. Go on with the recipe it was made with"
            ) from None
        self.step, self.images, self.seconds = state["step"], state["images"], state["seconds"]
        self.controls.load(state["controls"])
        self.interval = Interval.of(state["interval"])
        self._grow()

    def _stage(self) -> Stage:
        return Stage(self.spec, self.model, self.controls, self.scalers, self.world, self.device)

    def _grow(self) -> None:
        settings = settings_at(self.spec.grow, self.images)
        if settings == self.settings:
            return
        self.settings = settings
        report = check(grown(self.base, settings))
        report.raise_for_errors()
        fresh = {name: adopt(part.build(), self.model.components[name]) for name, part in report.parts.items()}
        self.model = Model(report, fresh)  # type: ignore[arg-type]
        if self.ema is not None:
            for name, average in self.ema.models.items():
                average.module = adopt(report.parts[name].build(), average.module)
        self.stage = self._stage()
        self._tell(events.Grown(self.images, settings))

    def _step(self, data: Mapping[str, Tensor]) -> None:
        spec = self.spec
        torch.manual_seed(zlib.crc32(f"{spec.seed}.{self.step}.{self.world.rank}".encode()))
        data = {name: value.to(self.device, non_blocking=True) for name, value in data.items()}
        share = (self.mine.stop - self.mine.start) // spec.accumulate
        starts = range(0, share * spec.accumulate, share)
        parts = [{name: value[start : start + share] for name, value in data.items()} for start in starts]
        places = [slice(self.mine.start + start, self.mine.start + start + share) for start in starts]
        moments = [Moment(self.step, self.images, spec.batch_size, rows, self.controls.values) for rows in places]
        signs: dict[str, float] = {}
        for name, phase in self.stage.phases.items():
            if not phase.due(self.step, self.images):
                continue
            outcome = phase.run(self.optimizers.prepared(name, self.images), moments, parts)
            self.interval.add(name, outcome.terms, moved=outcome.moved)
            signs |= outcome.signs
        self.step += 1
        self.images += spec.batch_size
        self.controls.steer(signs, spec.batch_size)
        if self.ema is not None:
            self.ema.update(self.model.components, batch=spec.batch_size, images=self.images)

    def _count(self, seconds: float) -> None:
        self.seconds += seconds
        self.interval.seconds += seconds
        self.interval.images += self.spec.batch_size
        self._tell(events.Ticked(self.images))

    def _keep(self, before: int) -> None:
        """Write what is due since ``before`` images."""

        def due(every: int | None) -> bool:
            return every is not None and self.images // every > before // every

        if due(self.spec.log_every) or self.images >= self.spec.length:
            self._log()
        if self.images >= self.spec.length:
            return
        if due(self.spec.snapshots.images_every):
            self._picture()
        if due(self.spec.snapshots.every):
            self._save_model()
        if due(self.spec.checkpoints.every):
            self._save()

    def _log(self) -> None:
        interval, self.interval = self.interval, Interval()
        self._tell(
            events.Stepped(
                self.step,
                self.images,
                self.seconds,
                interval.images / max(interval.seconds, 1e-9),
                used_memory(self.device),
                interval.means(),
                self.optimizers.rates(),
                dict(self.controls.values),
                interval.skipped,
            )
        )

    def _shown_components(self) -> dict[str, Any]:
        return {**self.model.components, **(self.ema.components if self.ema is not None else {})}

    def _picture(self) -> None:
        stage = self.stage
        if self.spec.snapshots.images_every is None or not self.world.first:
            return
        if stage.shown is None or stage.shown_feeder is None:
            return
        pictured = draw(
            self.spec,
            stage.shown,
            self._shown_components(),
            stage.shown_feeder,
            self.rows,
            images=self.images,
            controls=self.controls.values,
            part=max((self.mine.stop - self.mine.start) // self.spec.accumulate, 1),
        )
        self._tell(pictured)

    def _save_model(self) -> None:
        if self.folder is None or not self.world.first:
            return
        path = self.folder.model(self.images)
        facts = {"images": self.images, "steps": self.step, "seconds": round(self.seconds)}
        publish(path, self.model.report, self.spec.snapshots, self._shown_components(), facts)
        self._tell(events.Saved(self.images, path, "model"))

    def _save(self) -> None:
        if self.folder is None or not self.world.first:
            return
        keep = self.spec.checkpoints.keep
        path = save_checkpoint(self.folder.checkpoints, self.images, self.state(), keep=keep)
        self._tell(events.Saved(self.images, path, "checkpoint"))

    def _last(self) -> Path | None:
        return latest_checkpoint(self.folder.checkpoints) if self.folder is not None else None

    def _tell(self, event: events.Event) -> None:
        if self.world.first:
            for observer in self.observers:
                observer(event)
