"""API keys: only the SHA-256 of a secret is kept, and the secret has 256 bits of chance, so that suffices."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import Row, select, update

from aetherist.storage.database import Database
from aetherist.storage.errors import DatabaseLocked, MissingError, StorageFull
from aetherist.storage.identifiers import letters
from aetherist.storage.tables import keys

SCOPES = ("read", "generate", "admin")
"""What a key may do; each implies those before it."""

TOUCHED = timedelta(minutes=1)
"""How exactly the time of the last use is known."""

_SECRET = re.compile(r"ak_([0-9a-z]{12})_([A-Za-z0-9_-]{43})")


@attrs.frozen
class KeyRow:
    """A key without its secret; ``rate`` is its own limit, such as ``60/minute``."""

    id: str
    name: str
    scopes: tuple[str, ...]
    rate: str | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def allows(self, scope: str) -> bool:
        """Return whether the key may do what a scope stands for."""
        return self.revoked_at is None and max(map(SCOPES.index, self.scopes)) >= SCOPES.index(scope)


class Keys:
    """The keys."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(self, name: str, scopes: Iterable[str], rate: str | None = None) -> tuple[KeyRow, str]:
        """Make a key; return it and its secret, which nobody can find out again.

        Raises:
            ValueError: If there is no scope, or one of them is unknown.
        """
        given = set(scopes)
        if not given or given - set(SCOPES):
            wrong = ", ".join(sorted(given - set(SCOPES))) or "none"
            raise ValueError(f"scopes of a key are read, generate and admin, one of them at least; given: {wrong}")
        ordered = tuple(scope for scope in SCOPES if scope in given)
        row = KeyRow(letters(secrets.randbits(60), 12), name, ordered, rate, self.database.now(), None, None)
        secret = f"ak_{row.id}_{secrets.token_urlsafe(32)}"
        with self.database.writing() as connection:
            values = {**attrs.asdict(row), "scopes": list(ordered), "hash": _hash(secret)}
            connection.execute(keys.insert().values(**values))
        return row, secret

    def verify(self, secret: str) -> KeyRow | None:
        """Return the key that a secret belongs to, and note that it is used; ``None`` if it is forged or revoked."""
        parts = _SECRET.fullmatch(secret)
        if parts is None:
            return None
        with self.database.reading() as connection:
            row = connection.execute(select(keys).where(keys.c.id == parts[1])).one_or_none()
        hashed = bytes(32) if row is None else row.hash
        if not hmac.compare_digest(hashed, _hash(secret)) or row is None or row.revoked_at is not None:
            return None
        self._touch(row)
        return _key(row)

    def list(self) -> list[KeyRow]:
        """Return all keys, the revoked ones too, the newest first."""
        with self.database.reading() as connection:
            rows = connection.execute(select(keys).order_by(keys.c.created_at.desc(), keys.c.id))
            return [_key(row) for row in rows]

    def by_id(self, id: str) -> KeyRow:
        """Return a key.

        Raises:
            MissingError: If there is none of that id.
        """
        with self.database.reading() as connection:
            return _found(connection.execute(select(keys).where(keys.c.id == id)).one_or_none(), id)

    def revoke(self, id: str) -> KeyRow:
        """Make a key useless from now on; its row stays, for it is named by what was done with it.

        Raises:
            MissingError: If there is none of that id.
        """
        with self.database.writing() as connection:
            valid = update(keys).where(keys.c.id == id, keys.c.revoked_at.is_(None))
            connection.execute(valid.values(revoked_at=self.database.now()))
            return _found(connection.execute(select(keys).where(keys.c.id == id)).one_or_none(), id)

    def _touch(self, row: Row[Any]) -> None:
        at = self.database.now()
        if row.last_used_at is not None and at - row.last_used_at < TOUCHED:
            return
        # Whoever has a valid key is let in, also when the database takes no note of it.
        with contextlib.suppress(DatabaseLocked, StorageFull), self.database.writing() as connection:
            connection.execute(update(keys).where(keys.c.id == row.id).values(last_used_at=at))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _found(row: Row[Any] | None, id: str) -> KeyRow:
    if row is None:
        raise MissingError(f"there is no key {id}")
    return _key(row)


def _key(row: Row[Any]) -> KeyRow:
    values = {name: getattr(row, name) for name in attrs.fields_dict(KeyRow)}
    return KeyRow(**{**values, "scopes": tuple(row.scopes)})
