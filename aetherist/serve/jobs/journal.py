"""What a job of many pictures has made already, kept so that whoever takes the job next goes on from there.

A page of the journal is an artifact that the job refers to, as it refers to its pictures: no server's disk is needed,
and pages leave with the job. A page is written when the pictures that it names are kept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from aetherist.storage import Artifact

if TYPE_CHECKING:
    from aetherist.serve.jobs.attempt import Attempt

MEDIA_TYPE = "application/vnd.aetherist.journal+json"


@attrs.frozen
class Shot:
    """A picture that was made and kept.

    Attributes:
        key: Of what was asked for; no other picture of the job has it.
        artifact: The picture.
        width: Pixels.
        height: Pixels.
    """

    key: int
    artifact: Artifact
    width: int
    height: int


class Journal:
    """The pictures of a job that are kept.

    Args:
        attempt: At the job.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def read(self) -> dict[int, Shot]:
        """Return what earlier attempts made, by key."""
        found: dict[int, Shot] = await self._attempt.call(self._read)
        return found

    async def add(self, shots: list[Shot]) -> None:
        """Note pictures that are kept."""
        if shots:
            page = {"job": self._attempt.row.id, "shots": [attrs.asdict(shot) for shot in shots]}
            await self._attempt.keep(json.dumps(page).encode(), MEDIA_TYPE, "journal.json")

    def _read(self) -> dict[int, Shot]:
        artifacts, job = self._attempt.services.storage.artifacts, self._attempt.row.id
        pages = [each for each in artifacts.referred(job) if each.media_type == MEDIA_TYPE]
        shots = [_shot(facts) for page in pages for facts in json.loads(artifacts.read(page.digest))["shots"]]
        return {shot.key: shot for shot in shots}


def _shot(facts: dict[str, Any]) -> Shot:
    return Shot(facts["key"], Artifact(**facts["artifact"]), facts["width"], facts["height"])
