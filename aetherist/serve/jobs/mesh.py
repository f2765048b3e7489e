"""Jobs that make the shape of a person: a mesh, or splats."""

from __future__ import annotations

from aetherist.serve.engine import File, Mesh
from aetherist.serve.jobs.attempt import Attempt, Outcome
from aetherist.serve.jobs.requests import MeshJob
from aetherist.serve.people import model_name, person_of


async def make(attempt: Attempt, body: MeshJob) -> Outcome:
    """Make a mesh."""
    model = model_name(body.model, attempt.services)
    work = Mesh(
        model=model,
        person=await person_of(body.person, attempt.services, model),
        resolution=body.resolution,
        faces=body.faces,
        level=body.level,
        texture=body.texture,
        format=body.format,
    )
    file: File = await attempt.compute(work, attempt.part(0.0, 0.97))
    attempt.progress(0.97, "keeping the file")
    suffix = "ply" if body.format == "splats" else body.format
    artifact = await attempt.keep_file(file, f"{model}-{'splats' if body.format == 'splats' else 'mesh'}.{suffix}")
    return Outcome([artifact], dict(file.facts))
