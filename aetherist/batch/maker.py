"""Makes items: pictures into the store, and then the record that says they are there."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import torch
from PIL import Image
from torch import Tensor

from aetherist import __version__
from aetherist.avatars import Avatar, AvatarModel
from aetherist.batch.items import Item
from aetherist.batch.job import DEPTHS, Job
from aetherist.batch.records import Record, record_name
from aetherist.batch.stores import Store
from aetherist.batch.views import angles_of
from aetherist.core.plan import Plan
from aetherist.data.layout import DEPTH_UNIT
from aetherist.export.metadata import save_options
from aetherist.export.pictures import encode_picture
from aetherist.graphs.generate import to_pixels


@attrs.frozen
class Task:
    """A few items that are made together.

    Attributes:
        items: Which.
        deaths: How many processes died over it; some of the items may be there already.
    """

    items: tuple[Item, ...]
    deaths: int = 0


@attrs.frozen
class Made:
    """An item that is there."""

    item: Item
    record: Record


@attrs.frozen
class Failed:
    """An item that cannot be made, and why."""

    item: Item
    reason: str


Outcome = Made | Failed


class Maker:
    """Makes items of one job into one store.

    Rows of a batch are independent: the files do not depend on what else is made.

    Args:
        job: What to make of each.
        store: Where to.
        model: Opened by the job; it opens its own by default.
        digest: That the model is to have, where another process has seen it.

    Raises:
        ValueError: If the model has another digest, or is otherwise at fault.
    """

    def __init__(self, job: Job, store: Store, model: AvatarModel | None = None, digest: str | None = None) -> None:
        self.job, self.store = job, store
        self.model = model if model is not None else job.open()
        if digest not in (None, self.model.digest):
            raise ValueError(
                f"{job.source} is another model here than where the batch was begun: its digest is "
                f"{self.model.digest}, and {digest} was asked for"
            )
        self.plan: Plan = self.model.plan("show", job.outputs)
        self._told = _told(self.model, job)

    def make(self, task: Task) -> list[Outcome]:
        """Make items, each of which is recorded when all of its files are there.

        An item that fails takes no others with it.

        Raises:
            OSError: If the store refuses; what was recorded is there.
        """
        found: list[Outcome] = []
        missing = []
        for item in task.items:
            record = self._recorded(item) if task.deaths else None
            if record is None:
                missing.append(item)
            else:
                found.append(Made(item, record))
        groups = [missing] if missing else []
        while groups:
            group = groups.pop(0)
            try:
                made = self._made(group)
            except OSError:
                raise
            except Exception as error:
                if len(group) > 1:
                    groups = [[item] for item in group] + groups
                else:
                    found.append(Failed(group[0], str(error) or type(error).__name__))
                continue
            found += made
        return found

    def _made(self, items: Sequence[Item]) -> list[Outcome]:
        people = [self._person(item) for item in items]
        cameras = torch.stack([self._cameras(item) for item in items])
        rows: list[list[dict[str, Any]]] = [[] for _ in items]
        wrong: dict[int, str] = {}
        for view, outputs in enumerate(self._views(people, cameras)):
            for index, (item, person) in enumerate(zip(items, people, strict=True)):
                if index in wrong or (item.angles is not None and view > 0):
                    continue
                for output in self.job.outputs:
                    values = outputs[output][index]
                    if not values.isfinite().all():
                        wrong[index] = f"its {output} has numbers that are not finite"
                        break
                    rows[index].append(self._file(item, person, view, cameras[index, view], output, values))
        return [
            Failed(item, wrong[index]) if index in wrong else Made(item, self._record(item, rows[index]))
            for index, item in enumerate(items)
        ]

    def _person(self, item: Item) -> Avatar:
        psi = self.job.psi if item.psi is None else item.psi
        person = self.model.avatar(item.seed, psi=psi, cutoff=self.job.cutoff)
        return person.edit(item.edits, beyond="allow") if item.edits else person

    def _cameras(self, item: Item) -> Tensor:
        """Return as many cameras for each item; those of an item with one are the same."""
        if item.angles is None:
            return self.job.views.of(item.key)
        return self.model.camera(*item.angles).vector.expand(self.job.views.count, -1)

    def _views(self, people: Sequence[Avatar], cameras: Tensor) -> Iterator[dict[str, Tensor]]:
        """Yield the outputs for each view; what belongs to the people alone is computed once."""
        device = self.model.device
        inputs: dict[str, Any] = {"styles": torch.stack([person.styles for person in people]).to(device)}
        if "seeds" in self.plan.graph.inputs:
            inputs["seeds"] = torch.tensor([person.seed or 0 for person in people], device=device)
        with torch.no_grad():
            bound = self.plan.bind(**inputs)
        for view in range(cameras.shape[1]):
            seen_from = {"camera": cameras[:, view].to(device)} if "camera" in bound.graph.inputs else {}
            with torch.no_grad():
                made: Mapping[str, Tensor] = bound(**seen_from)
            yield {name: value.float().cpu() for name, value in made.items()}

    def _file(
        self, item: Item, person: Avatar, view: int, camera: Tensor, output: str, values: Tensor
    ) -> dict[str, Any]:
        told = self._told | self._person_told(person) | {"output": output, "view": view, "camera": camera.tolist()}
        metadata = told if self.job.metadata else None
        unit = None
        if output in DEPTHS:
            unit = DEPTH_UNIT
            data = _encode_depth(values, metadata)
        else:
            pixels, _ = to_pixels(values, self.model.meaning(output))
            data = encode_picture(pixels, self.job.format, metadata, quality=self.job.quality)
        path = self.job.path_of(item, view, output)
        self.store.put(path, data)
        (yaw, pitch) = angles_of(camera[None])[0]
        return {
            "path": path,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "width": values.shape[-1],
            "height": values.shape[-2],
            "name": item.name,
            "seed": item.seed,
            "psi": person.psi,
            "attributes": flat(item.edits),
            "view": view,
            "output": output,
            "unit": unit,
            "yaw": yaw,
            "pitch": pitch,
            "camera": camera.tolist(),
            "model": self.model.digest,
        }

    def _person_told(self, person: Avatar) -> dict[str, Any]:
        known = self.model.model.report.graphs["map"].inputs
        told = {name: getattr(person, name) for name in ("psi", "cutoff") if name in known}
        if not person.edits:
            return told | {"seed": person.seed}
        name = f"seed{person.seed:04d}"
        return told | {"avatar": {"name": name, "digest": person.digest, "seed": person.seed, "edits": person.edits}}

    def _record(self, item: Item, rows: list[dict[str, Any]]) -> Record:
        record = Record(item.key, item.digest, rows)
        if self.store.create(record_name(self.job, item.key), record.line().encode()):
            return record
        there = self._recorded(item)
        return record if there is None else there

    def _recorded(self, item: Item) -> Record | None:
        data = self.store.get(record_name(self.job, item.key))
        return None if data is None else Record.read(data)


def flat(edits: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return strengths by one name each: ``{"ethnicity.asian": 0.7}``."""
    found: dict[str, float] = {}
    for name, strength in edits.items():
        if isinstance(strength, Mapping):
            found |= flat(strength, f"{prefix}{name}.")
        else:
            found[prefix + name] = float(strength)
    return found


def _told(model: AvatarModel, job: Job) -> dict[str, Any]:
    """Return what is true of every picture."""
    recipe = model.model.recipe
    options = {"overrides": list(job.overrides) or None, "quality": job.quality}
    loaded = model.model.manifest is not None
    return {
        "version": __version__,
        "recipe": {"name": recipe.name, "digest": recipe.digest, "yaml": recipe.to_yaml()},
        "model": model.digest if loaded else None,
        "weights": "loaded" if loaded else "fresh, seed 0",
        "graph": "show",
        "options": {name: value for name, value in options.items() if value is not None},
    }


def _encode_depth(values: Tensor, metadata: Mapping[str, Any] | None) -> bytes:
    """Return depth ``(1, H, W)`` as a PNG of 16 bits, in steps of ``DEPTH_UNIT`` world units."""
    steps = (values[0] / DEPTH_UNIT).round().clamp(0, 65535).to(torch.int32).numpy().astype("uint16")
    buffer = io.BytesIO()
    Image.fromarray(steps).save(buffer, format="png", **save_options("png", metadata))
    return buffer.getvalue()


def report(outcome: Failed) -> str:
    """Return a line of ``errors.jsonl``."""
    return json.dumps({"item": outcome.item.name, "seed": outcome.item.seed, "error": outcome.reason}) + "\n"
