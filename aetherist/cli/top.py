"""``aetherist top``."""

from __future__ import annotations


def top() -> int:
    """Watch a running gateway."""
    return 0
