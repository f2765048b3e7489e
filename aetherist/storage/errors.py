"""What can go wrong with storage; each text says what was refused, where, and what helps."""

from __future__ import annotations


class StorageError(Exception):
    """Base of the errors of storage."""


class AddressError(StorageError, ValueError):
    """A database or a place of artifacts is named in a way that is not understood."""


class MissingDatabase(AddressError):
    """A database is named that is not there yet, by who does not make it."""


class MissingError(StorageError, LookupError):
    """There is no job, avatar or key of that name."""


class MissingArtifact(MissingError):
    """There is no artifact of that digest."""


class DamagedArtifact(StorageError):
    """The bytes of an artifact are not those that its digest stands for."""


class StorageFull(StorageError):
    """There is no room on the disk."""


class QuotaExceeded(StorageFull):
    """The artifacts would take more room than they are given."""


class StorageUnavailable(StorageError):
    """The database or the object store does not answer, or is damaged."""


class DatabaseLocked(StorageUnavailable):
    """Somebody else held the database for longer than was waited."""


class OutdatedDatabase(StorageUnavailable):
    """The tables are of another version of Aetherist."""


class IdempotencyConflict(StorageError):
    """An idempotency key was used for another request before."""


class LostClaim(StorageError):
    """A job is no longer this worker's: it was given to another one, or has ended."""
