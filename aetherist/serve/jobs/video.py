"""Jobs that make a video."""

from __future__ import annotations

from aetherist.serve.engine import File, Video
from aetherist.serve.jobs.attempt import Attempt, Outcome
from aetherist.serve.jobs.requests import VideoJob
from aetherist.serve.people import model_name, people_of


async def make(attempt: Attempt, body: VideoJob) -> Outcome:
    """Make a video."""
    model = model_name(body.model, attempt.services)
    people = await people_of(body.people, attempt.services, model)
    work = Video(
        model=model,
        people=tuple(people),
        frames=body.frames,
        fps=body.fps,
        path=body.path,
        yaw=body.yaw,
        pitch=body.pitch,
        output=body.output,
        format=body.format,
        size=body.size,
    )
    file: File = await attempt.compute(work, attempt.part(0.0, 0.97))
    attempt.progress(0.97, "keeping the file")
    artifact = await attempt.keep_file(file, f"{model}-{body.path}.{body.format}")
    return Outcome([artifact], dict(file.facts), pictures=body.frames)
