"""Jobs that make pictures of very many people, with a manifest and an archive of all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from aetherist.serve.jobs.attempt import Attempt, Outcome, file_name
from aetherist.serve.jobs.journal import Shot
from aetherist.serve.jobs.requests import BatchJob
from aetherist.serve.jobs.shooting import Wanted, few_enough, shoot
from aetherist.serve.people import model_name, people_of, picture_of, seeds_of
from aetherist.serve.schemas.people import SeedPerson
from aetherist.storage import Artifact, ArtifactStore

LISTED = 256
"""Pictures that the result itself names; the manifest names all."""

MANIFEST = "manifest.jsonl"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file of an archive: the same pictures are the same archive."""


async def make(attempt: Attempt, body: BatchJob) -> Outcome:
    """Make the pictures that are not there yet, then the manifest, then the archive."""
    model = model_name(body.model, attempt.services)
    seeds = list(dict.fromkeys(seeds_of(body.seeds)))
    views = len(body.cameras)
    few_enough(len(seeds) * views)
    specs = [SeedPerson(seed=seed, psi=body.psi, cutoff=None, attributes=body.attributes) for seed in seeds]
    people = await people_of(specs, attempt.services, model)
    suffix = "jpg" if body.format == "jpeg" else body.format
    wanted = [
        Wanted(
            at * views + view,
            file_name(f"seed{seeds[at]:07d}" + (f"_view{view:02d}" if views > 1 else "") + f".{suffix}"),
            picture_of(model, person, camera, body, attempt.services),
        )
        for at, person in enumerate(people)
        for view, camera in enumerate(body.cameras)
    ]
    made, missed = await shoot(attempt, wanted, end=0.9 if body.archive else 0.97)
    names = {each.key: each.name for each in wanted}
    rows = [_row(names[key], made[key], seeds[key // views], key % views, body, model) for key in sorted(made)]
    manifest = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()
    whole = [await attempt.keep(manifest, "application/jsonl", MANIFEST)]
    if body.archive:
        attempt.progress(0.9, "packing the archive")
        pictures = [(names[key], made[key].artifact) for key in sorted(made)]
        store = attempt.services.storage.artifacts
        packed = partial(_zipped, attempt, store, [(MANIFEST, whole[0]), *pictures])
        whole.insert(0, await attempt.keep_parts(packed, "application/zip", f"{model}-{attempt.row.id}.zip"))
    listed = [made[key].artifact for key in sorted(made)] if len(made) <= LISTED else []
    facts = {
        "pictures": len(made),
        "failed": [{"name": each.name, "problem": each.problem.to_dict()} for each in missed],
    }
    return Outcome([*whole, *listed], facts, pictures=len(made))


def _row(name: str, shot: Shot, seed: int, view: int, body: BatchJob, model: str) -> dict[str, Any]:
    """Return what the manifest says of a picture."""
    return {
        "path": name,
        "sha256": shot.artifact.digest,
        "bytes": shot.artifact.size,
        "media_type": shot.artifact.media_type,
        "width": shot.width,
        "height": shot.height,
        "model": model,
        "seed": seed,
        "psi": body.psi,
        "attributes": body.attributes,
        "view": view,
        "camera": body.cameras[view].model_dump(mode="json", exclude_unset=True),
        "output": body.output,
    }


class _Sink(io.RawIOBase):
    """Takes what a ZIP file is written into, to be handed on in parts; it cannot be sought in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


def _zipped(attempt: Attempt, store: ArtifactStore, files: Iterable[tuple[str, Artifact]]) -> Iterator[bytes]:
    """Yield the parts of an archive of artifacts, which are compressed already."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, artifact in files:
            attempt.demand_going()
            with archive.open(zipfile.ZipInfo(name, EPOCH), "w") as file:
                for data in store.open(artifact.digest):
                    file.write(data)
                    yield sink.taken()
    yield sink.taken()
