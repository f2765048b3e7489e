"""Makes many pictures for a job: a few at a time, each kept at once, and none twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import attrs

from aetherist.serve.engine import Encoded, EngineError, Picture, Refused, Stopped, UnknownModel
from aetherist.serve.failures import problem_of
from aetherist.serve.jobs.attempt import Attempt
from aetherist.serve.jobs.journal import Journal, Shot
from aetherist.serve.problems import Problem

MOST = 100_000
"""Pictures of one job."""


@attrs.frozen
class Wanted:
    """A picture to make.

    Attributes:
        key: That no other picture of the job has.
        name: Of its file.
        work: For the engine.
    """

    key: int
    name: str
    work: Picture


@attrs.frozen
class Missed:
    """A picture that could not be made, and why."""

    key: int
    name: str
    problem: Problem


def few_enough(count: int) -> None:
    """Refuse a job of too many pictures.

    Raises:
        Problem: ``too_large``.
    """
    if count > MOST:
        raise Problem("too_large", f"a job makes {MOST} pictures at most, and this one would make {count}")


async def shoot(attempt: Attempt, wanted: Sequence[Wanted], end: float = 0.95) -> tuple[dict[int, Shot], list[Missed]]:
    """Make pictures; return them by key, and what could not be made.

    Those that an earlier attempt kept are taken as they are. A picture that the worker dies of is left out; what is
    wrong with all of them is raised.

    Args:
        attempt: At the job.
        wanted: What to make.
        end: How far the job is when all are made.

    Raises:
        EngineError: If none can be made.
    """
    journal = Journal(attempt)
    made = await journal.read()
    missed: list[Missed] = []
    todo = [each for each in wanted if each.key not in made]
    attempt.progress(end * len(made) / max(1, len(wanted)), f"{len(made)} of {len(wanted)} pictures")
    while todo:
        # As many as fill a batch of the engine; what a crash can cost is one such round.
        size = max(1, attempt.services.settings.batching.max_batch)
        now, todo = todo[:size], todo[size:]
        answers = await _all(attempt, now)
        shots = []
        for each, answer in zip(now, answers, strict=True):
            if isinstance(answer, Encoded):
                artifact = await attempt.keep(answer.data, answer.media_type, each.name)
                shots.append(Shot(each.key, artifact, answer.width, answer.height))
            else:
                missed.append(Missed(each.key, each.name, problem_of(answer)))
        await journal.add(shots)
        made |= {shot.key: shot for shot in shots}
        if not made:
            raise missed[0].problem
        attempt.progress(end * (len(made) + len(missed)) / len(wanted), f"{len(made)} of {len(wanted)} pictures")
    return made, missed


async def _all(attempt: Attempt, wanted: Sequence[Wanted]) -> list[Encoded | EngineError]:
    """Return the picture or the failure of each; what holds for all is raised."""
    tasks = [asyncio.ensure_future(_one(attempt, each)) for each in wanted]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


async def _one(attempt: Attempt, wanted: Wanted) -> Encoded | EngineError:
    try:
        found: Encoded = await attempt.compute(wanted.work)
    except (Refused, Stopped, UnknownModel):
        raise
    except EngineError as error:
        return error
    return found
