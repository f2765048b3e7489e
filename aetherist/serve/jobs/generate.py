"""Jobs that make pictures of people that are named one by one."""

from __future__ import annotations

from aetherist.serve.jobs.attempt import Attempt, Outcome, file_name, shown
from aetherist.serve.jobs.requests import GenerateJob
from aetherist.serve.jobs.shooting import Wanted, few_enough, shoot
from aetherist.serve.people import model_name, people_in, people_of, picture_of


async def make(attempt: Attempt, body: GenerateJob) -> Outcome:
    """Make a picture of each person from each camera."""
    model = model_name(body.model, attempt.services)
    specs = people_in(body)
    few_enough(len(specs) * len(body.cameras))
    people = await people_of(specs, attempt.services, model)
    suffix = "jpg" if body.format == "jpeg" else body.format
    wanted = [
        Wanted(
            at * len(body.cameras) + view,
            file_name(f"{model}-{at:04d}-{view:02d}.{suffix}"),
            picture_of(model, person, camera, body, attempt.services),
        )
        for at, person in enumerate(people)
        for view, camera in enumerate(body.cameras)
    ]
    made, missed = await shoot(attempt, wanted)
    items = []
    for key, shot in sorted(made.items()):
        at, view = divmod(key, len(body.cameras))
        items.append(
            {
                "person": specs[at].model_dump(mode="json", exclude_unset=True),
                "camera": body.cameras[view].model_dump(mode="json", exclude_unset=True),
                "artifact": shown(shot.artifact),
                "width": shot.width,
                "height": shot.height,
            }
        )
    failed = [{"name": each.name, "problem": each.problem.to_dict()} for each in missed]
    artifacts = [made[key].artifact for key in sorted(made)]
    return Outcome(artifacts, {"items": items, "failed": failed}, pictures=len(made))
