"""Who used what, how much: analytics from this server's own database."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AwareDatetime, BeforeValidator, Field
from starlette.concurrency import run_in_threadpool

from aetherist.serve.problems import Problem
from aetherist.serve.schemas.common import Answer
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services

router = APIRouter(prefix="/v1/usage", tags=["system"])

By = Literal["model", "key_id", "operation"]


def _is_date(value: Any) -> Any:
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("write a moment as 2026-11-30T12:00:00Z")  # a bare number would be taken for seconds
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_is_date)]
COLUMNS = ("at", "model", "key_id", "operation", "count", "pictures", "seconds", "errors")


class UsageRow(Answer):
    """Sums of an hour or a day; what the report is not made by is null."""

    at: datetime = Field(description="When it begins, in UTC.")
    model: str | None = None
    key_id: str | None = None
    operation: str | None = None
    count: int
    pictures: int
    seconds: float
    errors: int


class UsageReport(Answer):
    """Sums in order of time."""

    items: list[UsageRow]


@router.get(
    "",
    summary="Report usage",
    operation_id="get_usage",
    response_model=UsageReport,
    responses={
        200: {"description": "The sums.", "content": {"text/csv": {"schema": {"type": "string"}}}},
    },
)
async def get_usage(
    parts: Annotated[Services, Depends(services)],
    _caller: Annotated[Caller, Depends(require("read"))],
    since: Annotated[Moment | None, Query(description="From then on.")] = None,
    until: Annotated[Moment | None, Query(description="Up to then.")] = None,
    by: Annotated[list[By] | None, Query(description="What to tell apart; all by default. May be repeated.")] = None,
    bucket: Literal["hour", "day"] = "day",
    format: Literal["json", "csv"] | None = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Any:
    """By model, key and operation, an hour or a day. As CSV with `format=csv` or `Accept: text/csv`."""
    for moment in (since, until):
        if moment is not None and not 1970 <= moment.year < 2200:
            raise Problem("invalid_request", "since and until lie between 1970 and 2200")
    parts_by = tuple(by) if by is not None else ("model", "key_id", "operation")

    def report() -> list[dict[str, Any]]:
        parts.usage.flush()
        return parts.storage.usage.report(since, until, tuple(dict.fromkeys(parts_by)), bucket)

    rows = await run_in_threadpool(report)
    if format == "csv" or (format is None and (accept or "").partition(",")[0].strip().startswith("text/csv")):
        headers = {"Content-Disposition": 'attachment; filename="usage.csv"'}
        return Response(_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)
    return UsageReport(items=[UsageRow(**row) for row in rows])


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="")
    table.writeheader()
    for row in rows:
        named = {key: _plain(value) for key, value in row.items() if value is not None}
        table.writerow(named | {"at": row["at"].isoformat()})
    return text.getvalue()


def _plain(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
