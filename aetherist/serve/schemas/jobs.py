"""Jobs, as they are told of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from aetherist.serve.schemas.common import Answer, ProblemData
from aetherist.serve.schemas.pictures import ArtifactData

Kind = Literal["video", "mesh", "generate", "batch", "run"]
Status = Literal["queued", "running", "done", "failed", "cancelled"]

JobId = Annotated[str, Field(min_length=5, max_length=64, pattern=r"^job_[A-Za-z0-9_-]+$")]


class JobLinks(Answer):
    """Where more of a job is."""

    self: str
    events: str
    result: str
    cancel: str


class JobResult(Answer):
    """What a job gave; beside the files what its kind tells."""

    model_config = ConfigDict(extra="allow")

    artifacts: list[ArtifactData]


class JobState(Answer):
    """How far a job is."""

    id: str = Field(examples=["job_0001jq7f3n5w"])
    kind: Kind
    status: Status
    progress: float = Field(ge=0, le=1)
    message: str = Field(description="What is being done; empty at the end.")
    attempts: int = Field(description="How often it was begun: again after a server died.")


class JobData(JobState):
    """A job."""

    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    request: dict[str, Any] = Field(description="What was asked for.")
    result: JobResult | None = Field(None, description="When it is done; lists leave it out.")
    problem: ProblemData | None = Field(None, description="Why it failed.")
    links: JobLinks
