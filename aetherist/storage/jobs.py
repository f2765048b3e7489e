"""Jobs: rows that workers claim, one each, and that outlive the server that took them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import Connection, Row, Select, delete, func, select, update

from aetherist.storage.artifacts import refer, release
from aetherist.storage.database import Database
from aetherist.storage.errors import IdempotencyConflict, LostClaim, MissingError
from aetherist.storage.identifiers import digest_of, identifier
from aetherist.storage.tables import jobs

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)


@attrs.frozen
class JobRow:
    """A job as the database has it; ``progress`` is from 0 to 1, and ``attempts`` counts how often it was begun."""

    id: str
    kind: str
    request: dict[str, Any]
    status: str
    progress: float
    message: str
    attempts: int
    worker: str | None
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    cancel_requested: bool
    key_id: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED


_COLUMNS = [jobs.c[field.name] for field in attrs.fields(JobRow)]


class Jobs:
    """The queue, and what became of what was in it.

    A worker is a name that no other process uses. What only the worker of a job may do raises ``LostClaim`` for others.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(
        self, kind: str, request: dict[str, Any], key_id: str | None = None, idempotency_key: str | None = None
    ) -> tuple[JobRow, bool]:
        """Queue a job; return it, and whether it is new: the same request under the same idempotency key is one job.

        Raises:
            IdempotencyConflict: If the key came with another request before.
        """
        digest = digest_of([kind, request])
        idempotency = None if idempotency_key is None else f"{key_id or ''}:{idempotency_key}"
        id = identifier("job")
        values = {
            "id": id,
            "kind": kind,
            "request": request,
            "request_digest": digest,
            "idempotency": idempotency,
            "status": QUEUED,
            "progress": 0.0,
            "message": "",
            "attempts": 0,
            "created_at": self.database.now(),
            "cancel_requested": False,
            "key_id": key_id,
        }
        with self.database.writing() as connection:
            insert = self.database.insert(jobs).values(**values)
            insert = insert.on_conflict_do_nothing(index_elements=["idempotency"]).returning(jobs.c.id)
            if connection.scalar(insert) is not None:
                return _get(connection, id), True
            before = connection.execute(
                select(*_COLUMNS, jobs.c.request_digest).where(jobs.c.idempotency == idempotency)
            ).one()
            if before.request_digest != digest:
                raise IdempotencyConflict(
                    f"the idempotency key {idempotency_key!r} was used for another request, {before.id}; take a new one"
                )
            return _get(connection, before.id), False

    def claim(self, worker: str, kinds: Sequence[str] | None = None) -> JobRow | None:
        """Take the oldest job that is queued, if there is one; of any number of workers one gets it."""
        oldest = select(jobs.c.id).where(jobs.c.status == QUEUED)
        if kinds is not None:
            oldest = oldest.where(jobs.c.kind.in_(kinds))
        oldest = oldest.order_by(jobs.c.id).limit(1).with_for_update(skip_locked=True)
        at = self.database.now()
        claimed = (
            update(jobs)
            .where(jobs.c.id == oldest.scalar_subquery(), jobs.c.status == QUEUED)
            .values(status=RUNNING, worker=worker, attempts=jobs.c.attempts + 1, progress=0.0, message="")
            .values(started_at=at, heartbeat_at=at)
            .returning(*_COLUMNS)
        )
        with self.database.writing() as connection:
            row = connection.execute(claimed).one_or_none()
            return None if row is None else _job(row)

    def beat(self, id: str, worker: str) -> JobRow:
        """Say that the worker of a job lives; the row that is returned says whether it is to be cancelled."""
        return self._by_worker(id, worker)

    def progress(self, id: str, worker: str, fraction: float, message: str = "") -> JobRow:
        """Say how far a job is."""
        return self._by_worker(id, worker, progress=min(max(fraction, 0.0), 1.0), message=message)

    def finish(self, id: str, worker: str, result: dict[str, Any], artifacts: Sequence[str] = ()) -> JobRow:
        """End a job with a result, which keeps its artifacts.

        Raises:
            MissingArtifact: If there is no such artifact; the job goes on then.
        """
        return self._by_worker(
            id, worker, artifacts, status=DONE, progress=1.0, result=result, finished_at=self.database.now()
        )

    def fail(self, id: str, worker: str, problem: dict[str, Any]) -> JobRow:
        """End a job that cannot be done."""
        return self._by_worker(id, worker, status=FAILED, problem=problem, finished_at=self.database.now())

    def cancelled(self, id: str, worker: str) -> JobRow:
        """End a job that somebody asked to cancel."""
        return self._by_worker(id, worker, status=CANCELLED, finished_at=self.database.now())

    def request_cancel(self, id: str) -> JobRow:
        """Cancel a job that is queued, ask the worker of one that runs to stop, and leave one that has ended.

        Raises:
            MissingError: If there is no such job.
        """
        with self.database.writing() as connection:
            queued = update(jobs).where(jobs.c.id == id, jobs.c.status == QUEUED)
            ended = queued.values(status=CANCELLED, cancel_requested=True, finished_at=self.database.now())
            if not connection.execute(ended).rowcount:
                running = update(jobs).where(jobs.c.id == id, jobs.c.status == RUNNING)
                connection.execute(running.values(cancel_requested=True))
            return _get(connection, id)

    def reclaim(self, stale_after: float, attempts: int, problem: dict[str, Any] | None = None) -> list[JobRow]:
        """Queue again what runs without a heartbeat for some seconds; return the jobs.

        What was begun so often already fails with the problem, and what was to be cancelled is.
        """
        at = self.database.now()
        stale = (jobs.c.status == RUNNING) & (jobs.c.heartbeat_at < at - timedelta(seconds=stale_after))
        lost = problem or {
            "type": "/problems/worker_lost",
            "title": "The worker was lost",
            "status": 500,
            "detail": "the server that worked on it ended unexpectedly, each time that it was tried",
            "code": "worker_lost",
        }
        fates: list[tuple[Any, dict[str, Any]]] = [
            (jobs.c.cancel_requested, {"status": CANCELLED, "finished_at": at}),
            (jobs.c.attempts >= attempts, {"status": FAILED, "finished_at": at, "problem": lost}),
            (jobs.c.attempts < attempts, {"status": QUEUED, "progress": 0.0, "message": ""}),
        ]
        found = []
        with self.database.writing() as connection:
            for which, values in fates:
                moved = update(jobs).where(stale, which).values(**values, worker=None).returning(*_COLUMNS)
                found += [_job(row) for row in connection.execute(moved)]
        return found

    def release(self, worker: str) -> list[JobRow]:
        """Put back what a worker that stops has not ended, as if it had not been begun; return the jobs."""
        values = {"worker": None, "attempts": jobs.c.attempts - 1, "progress": 0.0, "message": ""}
        mine = (jobs.c.worker == worker) & (jobs.c.status == RUNNING)
        with self.database.writing() as connection:
            ended = update(jobs).where(mine, jobs.c.cancel_requested)
            moved = [ended.values(status=CANCELLED, worker=None, finished_at=self.database.now())]
            moved.append(update(jobs).where(mine).values(status=QUEUED, **values))
            return [_job(row) for change in moved for row in connection.execute(change.returning(*_COLUMNS))]

    def get(self, id: str) -> JobRow:
        """Return a job.

        Raises:
            MissingError: If there is none of that id.
        """
        with self.database.reading() as connection:
            return _get(connection, id)

    def list(
        self,
        status: str | None = None,
        key_id: str | None = None,
        limit: int = 50,
        before: str | None = None,
        kind: str | None = None,
    ) -> list[JobRow]:
        """Return jobs, the newest first; ``before`` is the id of the last one that is known already."""
        wanted: Select[Any] = select(*_COLUMNS).order_by(jobs.c.id.desc()).limit(limit)
        for column, value in ((jobs.c.status, status), (jobs.c.key_id, key_id), (jobs.c.kind, kind)):
            if value is not None:
                wanted = wanted.where(column == value)
        if before is not None:
            wanted = wanted.where(jobs.c.id < before)
        with self.database.reading() as connection:
            return [_job(row) for row in connection.execute(wanted)]

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are of each status."""
        counted = select(jobs.c.status, func.count()).group_by(jobs.c.status)
        with self.database.reading() as connection:
            found = {row[0]: row[1] for row in connection.execute(counted)}
        return {status: found.get(status, 0) for status in (QUEUED, RUNNING, *ENDED)}

    def forget(self, older_than: float) -> int:
        """Remove jobs that ended more than so many seconds ago, and let go of their artifacts; return how many."""
        before = self.database.now() - timedelta(seconds=older_than)
        old = jobs.c.status.in_(ENDED) & (jobs.c.finished_at < before)
        with self.database.writing() as connection:
            release(connection, select(jobs.c.id).where(old))
            return connection.execute(delete(jobs).where(old)).rowcount

    def _by_worker(self, id: str, worker: str, artifacts: Sequence[str] = (), **values: Any) -> JobRow:
        """Change a job that is this worker's, which is a sign of life."""
        mine = (jobs.c.id == id) & (jobs.c.worker == worker) & (jobs.c.status == RUNNING)
        changed = update(jobs).where(mine).values(heartbeat_at=self.database.now(), **values).returning(*_COLUMNS)
        with self.database.writing() as connection:
            row = connection.execute(changed).one_or_none()
            if row is None:
                found = _get(connection, id)
                of = f", of {found.worker}" if found.worker else ""
                raise LostClaim(f"{id} is no longer of worker {worker}: it is {found.status}{of}")
            # In one order, so that of two jobs with the same artifacts neither waits for the other for ever.
            for digest in sorted(set(artifacts)):
                refer(self.database, connection, digest, id)
            return _job(row)


def _get(connection: Connection, id: str) -> JobRow:
    row = connection.execute(select(*_COLUMNS).where(jobs.c.id == id)).one_or_none()
    if row is None:
        raise MissingError(f"there is no job {id}")
    return _job(row)


def _job(row: Row[Any]) -> JobRow:
    values = {name: getattr(row, name) for name in attrs.fields_dict(JobRow)}
    return JobRow(**{**values, "progress": float(row.progress)})
