"""Jobs that run a graph step by step, of a model or of a recipe from outside."""

from __future__ import annotations

from typing import Any

from aetherist.serve.engine import RunGraph
from aetherist.serve.jobs.attempt import Attempt, Outcome, file_name, shown
from aetherist.serve.jobs.requests import RunJob
from aetherist.serve.people import model_name
from aetherist.storage import Artifact

SUFFIXES = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg"}


async def make(attempt: Attempt, body: RunJob) -> Outcome:
    """Run a graph; pictures of what its steps give become artifacts, and stand in the facts where the bytes stood."""
    model = model_name(body.model, attempt.services) if body.text is None else None
    work = RunGraph(
        graph=body.graph,
        model=model,
        text=body.text,
        until=body.until,
        seed=body.seed,
        psi=body.psi,
        yaw=body.yaw,
        pitch=body.pitch,
        overrides=tuple(body.overrides),
    )
    found: dict[str, Any] = await attempt.compute(work, attempt.part(0.0, 0.9))
    attempt.progress(0.9, "keeping the pictures")
    kept: list[Artifact] = []
    facts = await _kept(attempt, found, (body.graph,), kept)
    return Outcome(kept, {"run": facts}, pictures=len(kept))


async def _kept(attempt: Attempt, value: Any, path: tuple[str, ...], kept: list[Artifact]) -> Any:
    """Return a value with an artifact in the place of each picture."""
    if isinstance(value, dict):
        # Parts of a list are called by what they call themselves, so that files have the names of steps.
        return {key: await _kept(attempt, part, (*path, str(key)), kept) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [
            await _kept(attempt, part, (*path, str(part.get("name", at)) if isinstance(part, dict) else str(at)), kept)
            for at, part in enumerate(value)
        ]
    if not isinstance(value, bytes):
        return value
    media_type = _picture_type(value)
    steps = [part for part in path if part not in ("steps", "outputs", "picture")]
    name = file_name("-".join(steps)) + "." + SUFFIXES.get(media_type, "bin")
    artifact = await attempt.keep(value, media_type, name)
    kept.append(artifact)
    return shown(artifact)


def _picture_type(data: bytes) -> str:
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/jpeg" if data.startswith(b"\xff\xd8") else "application/octet-stream"
