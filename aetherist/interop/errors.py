"""What can be wrong with someone else's checkpoint."""

from __future__ import annotations

from aetherist.core.errors import AetheristError


class CheckpointError(AetheristError, ValueError):
    """A checkpoint that cannot be imported; the text says what is wrong, where, and what to do."""
