"""Renders a data set of heads: several processes, one head after the other, and it can stop at any moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from PIL import Image

from aetherist.data.heads.cameras import CameraDistribution
from aetherist.data.heads.head import anatomy, build_head
from aetherist.data.heads.latent import latent
from aetherist.data.heads.lighting import sample_background, sample_light, studio_background, studio_light
from aetherist.data.heads.plan import HeadJob, Settings, jobs
from aetherist.data.heads.renderer import Renderer, View
from aetherist.data.layout import DEPTH_UNIT, INDEX, PARTIAL, pack, read_plain, write_atomically
from aetherist.data.source import open_source

_PROGRESS = "unfinished"
_JPEG_QUALITY = 95


@attrs.frozen
class Progress:
    """How far the rendering is: images done (with those of earlier runs), in all, a second, and seconds left."""

    done: int
    total: int
    per_second: float
    seconds_left: float


def render_heads(
    out: str | Path,
    identities: int,
    views: int,
    resolution: int,
    seed: int = 0,
    workers: int = 1,
    *,
    pairs: str | None = None,
    cameras: CameraDistribution | None = None,
    image_format: str = "png",
    masks: bool = True,
    depths: bool = True,
    new_light: bool = False,
    new_background: bool = False,
    studio: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Path:
    """Render heads with exact cameras and ground truth into a folder, or a zip if ``out`` ends in ".zip".

    Called again after an interruption it goes on where it stopped. The same arguments give the same bytes on one
    machine, whatever the number of workers.

    Args:
        out: The folder or zip to make, in the layout that ``ImageDataset`` reads.
        identities: How many people.
        views: Pictures of each.
        resolution: Of the square pictures, in pixels.
        seed: Decides everything.
        workers: Processes that render.
        pairs: An attribute; each person is rendered twice, from the same cameras, differing in that alone.
        cameras: Where cameras stand; by default most before the face and a third all around.
        image_format: "png", or "jpeg" for a tenth of the size.
        masks: Whether to store coverage.
        depths: Whether to store the distance along the ray.
        new_light: Whether each view of a person has a light of its own.
        new_background: Whether each view of a person has a background of its own.
        studio: Whether all are lit alike and stand before the same plain grey.
        progress: Called after every head.

    Raises:
        ValueError: If an argument is out of range, or ``out`` holds something else.
        NoRendererError: If this machine lacks OpenGL without a display, or a package; the text says which.
    """
    settings = Settings(
        identities=identities, views=views, resolution=resolution, seed=seed, pairs=pairs,
        cameras=cameras or CameraDistribution(), image_format=image_format, masks=masks, depths=depths,
        new_light=new_light, new_background=new_background, studio=studio,
    )  # fmt: skip
    out = Path(out)
    zipped = out.suffix == ".zip"
    folder = out.with_suffix(".zip.parts") if zipped else out
    if _finished(out, settings):
        return out
    _claim(folder, settings)
    _render_missing(folder, settings, workers, progress)
    _write_index(folder, settings)
    if zipped:
        pack(folder, out)
        shutil.rmtree(folder)
    return out


def _finished(out: Path, settings: Settings) -> bool:
    """Return whether ``out`` is complete already."""
    index = out if out.suffix == ".zip" else out / INDEX
    if not index.exists():
        return False
    if read_plain(open_source(out)).get("about") != settings.to_dict():
        raise ValueError(f"{out} is a finished data set with other settings; choose another place, or remove it")
    return True


def _claim(folder: Path, settings: Settings) -> None:
    """Mark a folder as being filled with these settings, or check that it is."""
    mark = folder / _PROGRESS / "settings.json"
    if mark.exists():
        if json.loads(mark.read_text()) != settings.to_dict():
            raise ValueError(f"{folder} was begun with other settings; give the same, or remove it to start anew")
        return
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty and not an unfinished set of heads; choose another place")
    mark.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(mark, json.dumps(settings.to_dict()).encode())


def _render_missing(
    folder: Path, settings: Settings, workers: int, progress: Callable[[Progress], None] | None
) -> None:
    every = list(jobs(settings))
    missing = [job for job in every if not _record(folder, job).exists()]
    total = len(every) * settings.views
    earlier, start = total - len(missing) * settings.views, time.monotonic()
    for finished, _ in enumerate(_run(folder, settings, missing, workers), 1):
        rate = finished * settings.views / max(time.monotonic() - start, 1e-9)
        done = earlier + finished * settings.views
        if progress is not None:
            progress(Progress(done, total, rate, (total - done) / rate))


def _run(folder: Path, settings: Settings, missing: list[HeadJob], workers: int) -> Iterator[None]:
    """Render the missing heads and yield after each."""
    if not missing:
        return
    if workers <= 1:
        artist = Artist(folder, settings)
        try:
            for job in missing:
                artist.draw(job)
                yield
        finally:
            artist.release()
        return
    Renderer(8, 1).release()  # Fails here, once and readably, rather than in every worker.
    with _one_thread_each():
        pool = multiprocessing.get_context("spawn").Pool(workers, _start_worker, (folder, settings))
    with pool:
        yield from pool.imap_unordered(_draw_in_worker, missing)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Make processes that are started inside use one thread each: the software rasteriser takes all cores else."""
    wanted = {"LP_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_artist: Artist | None = None


def _start_worker(folder: Path, settings: Settings) -> None:
    global _artist
    _artist = Artist(folder, settings)


def _draw_in_worker(job: HeadJob) -> None:
    assert _artist is not None
    _artist.draw(job)


class Artist:
    """Renders heads and puts the files in place; a head's record comes last, so that it vouches for them."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._renderer = Renderer(settings.resolution)

    def draw(self, job: HeadJob) -> None:
        """Render all views of a head."""
        cameras = self._settings.cameras
        head = self._renderer.load(build_head(job.attributes, job.views[0].identity))
        coordinates = latent(job.attributes, job.views[0].identity, anatomy()[0])
        entries = []
        for number, seeds in enumerate(job.views):
            yaw, pitch = cameras.angles(seeds.camera)
            camera = cameras.camera(yaw, pitch)
            light, background = sample_light(seeds.light), sample_background(seeds.background)
            if self._settings.studio:
                light, background = studio_light(), studio_background()
            view = self._renderer.render(head, camera, light, background)
            facts: dict[str, Any] = {
                "identity": job.number,
                "view": number,
                "yaw": round(yaw, 5),
                "pitch": round(pitch, 5),
            }
            if job.variant:
                facts |= {"pair": self._settings.pairs, "variant": job.variant}
            facts |= job.attributes.to_dict() | {"seeds": attrs.asdict(seeds)}
            facts["latent"] = [round(float(score), 3) for score in coordinates]
            entries.append(self._store(f"{job.name}/{number:03d}", view) | {"camera": camera.tolist(), "facts": facts})
        head.release()
        write_atomically(_record(self._folder, job), json.dumps(entries).encode())

    def release(self) -> None:
        """Give the graphics device back."""
        self._renderer.release()

    def _store(self, name: str, view: View) -> dict[str, str]:
        kind, settings = self._settings.image_format, self._settings
        files = {"path": f"images/{name}.{'jpg' if kind == 'jpeg' else 'png'}"}
        self._write(files["path"], Image.fromarray(view.colour), kind)
        if settings.masks:
            files["mask"] = f"masks/{name}.png"
            self._write(files["mask"], Image.fromarray(view.mask), "png")
        if settings.depths:
            files["depth"] = f"depths/{name}.png"
            steps = np.round(view.distance / DEPTH_UNIT).astype(np.uint16)
            self._write(files["depth"], Image.fromarray(steps), "png")
        return files

    def _write(self, name: str, picture: Image.Image, kind: str) -> None:
        buffer = BytesIO()
        picture.save(buffer, kind, **({"quality": _JPEG_QUALITY, "subsampling": 0} if kind == "jpeg" else {}))
        write_atomically(self._folder / name, buffer.getvalue())


def _record(folder: Path, job: HeadJob) -> Path:
    return folder / _PROGRESS / f"{job.name}.json"


def _write_index(folder: Path, settings: Settings) -> None:
    """Gather the records into ``dataset.json``; clear them away, and what killed runs left half written."""
    for partial in folder.rglob(f"*{PARTIAL}"):
        partial.unlink()
    entries: list[dict[str, Any]] = []
    for job in jobs(settings):
        entries += json.loads(_record(folder, job).read_text())
    index: dict[str, Any] = {
        "labels": [[entry["path"], entry["camera"]] for entry in entries],
        "attributes": {entry["path"]: entry["facts"] for entry in entries},
    }
    if settings.masks:
        index["masks"] = {entry["path"]: entry["mask"] for entry in entries}
    if settings.depths:
        index["depths"] = {entry["path"]: entry["depth"] for entry in entries}
        index["depth_unit"] = DEPTH_UNIT
    index["about"] = settings.to_dict()
    write_atomically(folder / INDEX, json.dumps(index).encode())
    shutil.rmtree(folder / _PROGRESS)
