"""From the row of a job to what clients see."""

from __future__ import annotations

from typing import Any

from aetherist.serve.jobs.telling import ENDED
from aetherist.serve.schemas.jobs import JobData, JobLinks, JobResult, JobState
from aetherist.serve.services import Services
from aetherist.storage import JobRow

_ARTIFACT = {"digest", "media_type", "name", "size"}


def job_data(row: JobRow, services: Services, *, whole: bool = True) -> JobData:
    """Return a job as an answer; a list leaves results out, which may be long."""
    at = f"/v1/jobs/{row.id}"
    return JobData(
        **_state(row),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        request=row.request,
        result=job_result(row, services) if whole and row.result is not None else None,
        problem=row.problem,  # type: ignore[arg-type]
        links=JobLinks(self=at, events=f"{at}/events", result=f"{at}/result", cancel=f"{at}/cancel"),
    )


def job_result(row: JobRow, services: Services) -> JobResult:
    """Return what a job gave, with addresses of its files that hold for a while."""
    return JobResult.model_validate(_addressed(row.result, services))


def job_event(row: JobRow, services: Services) -> dict[str, Any]:
    """Return what an event tells of a job: how far it is, and all of it at the end."""
    if row.status in ENDED:
        return job_data(row, services).model_dump(mode="json")
    return JobState(**_state(row)).model_dump(mode="json")


def _state(row: JobRow) -> dict[str, Any]:
    state = {name: getattr(row, name) for name in JobState.model_fields}
    return state | {"message": ""} if row.status in ENDED else state


def _addressed(value: Any, services: Services) -> Any:
    """Return a value where each artifact has an address."""
    if isinstance(value, list):
        return [_addressed(part, services) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == _ARTIFACT:
        seconds = services.settings.security.signing_seconds
        return value | {"url": services.signer.url(value["digest"], value["name"], seconds)}
    return {key: _addressed(part, services) for key, part in value.items()}
