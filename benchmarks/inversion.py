"""Photographs to avatars: people whose pictures, cameras and other sides are known, found again.

``python -m benchmarks.inversion MODEL --data DATA [--count 32] [--variants known,auto,tuned] [--json FILE]``

DATA is a data set of rendered heads that the model was not trained on, several views a person with masks or without:
``aetherist data heads held-out --identities 32 --views 5 --studio --seed 1000``. One view of each person is inverted,
the other views in which the face is seen are the truth about its other sides. Two rows need no inversion: the average
person, which anything should beat, and the person of the true latent, where the data knows it, which is the best that
the model can show.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.cameras import Cameras
from aetherist.data import ImageDataset
from aetherist.graphs.evaluation.networks import IDENTITY, Embedder, embedder
from aetherist.graphs.evaluation.report import UnavailableError
from aetherist.graphs.evaluation.similarity import psnr
from aetherist.graphs.inversion import Photo, Settings, StyleSpace, invert
from aetherist.graphs.inversion.sight import Sight
from aetherist.graphs.model import Model
from benchmarks.measure import table

VARIANTS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "known": ("camera known", {}, False),
    "auto": ("camera searched", {}, True),
    "w": ("camera known, one style for all layers", {"layer_steps": 0}, False),
    "tuned": ("camera known, model tuned", {"tune_steps": 60}, False),
}
"""What can be measured: its name, settings, and whether the camera is to be found."""

FRONTAL, SEEN = math.radians(45), math.radians(75)
"""The photograph is taken from within the first of the front, and truths from within the second."""

COLUMNS = {
    "psnr": "PSNR, dB", "novel": "other views, dB", "identity": "identity", "identity_novel": "identity, other views",
    "camera": "camera off by", "seconds": "s", "cpu": "CPU s",
}  # fmt: skip


@attrs.frozen(eq=False)
class Case:
    """A person: the picture to invert, its camera, and the other views with theirs."""

    photo: Photo
    camera: Tensor
    others: Tensor
    cameras: Tensor
    latent: Tensor | None


def cases(data: ImageDataset, count: int, masked: bool) -> Iterator[Case]:
    """Yield the people of a data set of whom there is a frontal view and another."""
    people: dict[int, list[int]] = {}
    for number in range(len(data)):
        people.setdefault(int(data[number]["identity"]), []).append(number)
    found = 0
    for views in people.values():
        angles = [_off(data.cameras[number]) for number in views]
        front = next((view for view, angle in zip(views, angles, strict=True) if angle < FRONTAL), None)
        others = [v for v, angle in zip(views, angles, strict=True) if v != front and angle < SEEN]
        if front is None or not others or found == count:
            continue
        found += 1
        item, rest = data[front], [data[view] for view in others]
        latent = data.attributes(front).get("latent")
        yield Case(
            Photo(item["image"], item["mask"] if masked else None),
            item["camera"],
            torch.stack([each["image"] for each in rest]),
            torch.stack([each["camera"] for each in rest]),
            None if latent is None else torch.tensor(latent),
        )


def _off(camera: Tensor) -> float:
    """Return the angle between a camera and the front."""
    yaw, pitch, _ = Cameras.from_vector(camera).spherical()
    return math.acos(math.cos(float(yaw)) * math.cos(float(pitch)))


class Bench:
    """One model, and the network that tells people apart."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.sight = Sight(model)
        self.average = StyleSpace.of(model).mean
        try:
            self.face: Embedder | None = embedder(IDENTITY, model.device)
        except UnavailableError as error:
            print(f"no identity: {error.reason}; to get it: {error.fix}")
            self.face = None

    @torch.no_grad()
    def scores(self, case: Case, styles: Tensor, sight: Sight, camera: Tensor) -> dict[str, float]:
        """Return how like a person is to a case, whose picture it shows from ``camera``."""
        styles = styles.to(self.model.device)

        def shown(views: Tensor) -> Tensor:
            rows = [sight.show(styles, view[None].to(styles.device), whole=True)["image"] for view in views]
            return torch.cat(rows).clamp(-1, 1).cpu()

        photo, others = case.photo.image[None], case.others
        made, around = shown(camera[None]), shown(case.cameras)
        found = {"psnr": psnr(made, photo).item(), "novel": psnr(around, others).mean().item()}
        if self.face is not None:
            who = F.normalize(self.face(torch.cat([made, around, photo, others])), dim=1)
            ours, true = who.chunk(2)
            same = (ours * true).sum(dim=1)
            found |= {"identity": same[0].item(), "identity_novel": same[1:].mean().item()}
        return found

    def known(self, case: Case) -> Tensor | None:
        """Return the styles of the true latent, where the model has such latents."""
        plan = self.model.plan("map", ["styles"])
        size = plan.graph.inputs["latent"].type.shape.axes[-1].constant  # type: ignore[union-attr]
        if case.latent is None or len(case.latent) != size:
            return None
        inputs = {"latent": case.latent[None].to(self.model.device)}
        if "pose" in plan.graph.inputs:
            inputs["pose"] = self.sight.camera(0.0, 0.0)
        with torch.no_grad():
            styles: Tensor = plan(**inputs)["styles"][0]
        return styles

    def inverted(self, case: Case, settings: Settings, search: bool) -> dict[str, float]:
        """Invert a case and return its scores."""
        wall, cpu = time.perf_counter(), time.process_time()
        found = invert(self.model, case.photo, camera=None if search else case.camera, settings=settings)
        spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        scores = self.scores(case, found.styles, Sight(found.model), found.camera.vector)
        if search:
            forward = Cameras.from_vector(case.camera).forward @ found.camera.forward
            spent["camera"] = math.degrees(math.acos(min(max(float(forward), -1.0), 1.0)))
        return scores | spent


def measure(model: Model, people: list[Case], variants: list[str], changes: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the scores of each person, by variant."""
    bench = Bench(model)
    found: dict[str, list[Any]] = {"the average person": [], "the true latent": []}
    for case in people:
        found["the average person"].append(bench.scores(case, bench.average, bench.sight, case.camera))
        styles = bench.known(case)
        if styles is not None:
            found["the true latent"].append(bench.scores(case, styles, bench.sight, case.camera))
    for name in variants:
        title, settings, search = VARIANTS[name]
        for number, case in enumerate(people, 1):
            scores = bench.inverted(case, attrs.evolve(Settings(), **settings, **changes), search)
            found.setdefault(title, []).append(scores)
            print(f"{title} {number}/{len(people)}: {_line(scores)}", flush=True)
    return {title: rows for title, rows in found.items() if rows}


def _line(scores: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in scores.items())


def summary(found: dict[str, list[dict[str, float]]]) -> str:
    """Return a table of means; angles by their median."""
    rows = []
    for title, scores in found.items():
        row = [title]
        for key in COLUMNS:
            values = [each[key] for each in scores if key in each]
            middle: Callable[[list[float]], float] = statistics.median if key == "camera" else statistics.fmean
            spelled = f"{middle(values):.2f}" if values else ""
            row.append(f"{spelled} (median; worst {max(values):.0f})" if key == "camera" and values else spelled)
        rows.append(row)
    people = max(map(len, found.values()))
    return table(f"Inversion of {people} people", ("", *COLUMNS.values()), rows)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a model folder, or the name of a model")
    parser.add_argument("--data", required=True, help="people that the model was not trained on")
    parser.add_argument("--count", type=int, default=32, help="how many of them")
    parser.add_argument("--variants", default="known,auto", help=f"of {', '.join(VARIANTS)}")
    parser.add_argument("--masked", action="store_true", help="with the masks of the data")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="another setting")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as torch takes")
    parser.add_argument("--json", type=Path, help="write every person's scores here")
    arguments = parser.parse_args()
    variants = arguments.variants.split(",")
    if unknown := set(variants) - set(VARIANTS):
        parser.error(f"no variant is called {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = Model.open(arguments.model).to(arguments.device)
    data = ImageDataset(arguments.data, Sight(model).resolution, masks=arguments.masked)
    changes = {name: json.loads(value) for name, _, value in (text.partition("=") for text in arguments.set)}
    found = measure(model, list(cases(data, arguments.count, arguments.masked)), variants, changes)
    print(summary(found))
    if arguments.json is not None:
        manifest = model.manifest
        facts = {"model": arguments.model, "digest": manifest.digest if manifest else None, "people": found}
        arguments.json.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
