"""Parts of a file over HTTP (RFC 9110, section 14)."""

from __future__ import annotations

import re

from aetherist.serve.problems import Problem

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte that is wanted and the one after the last; ``None`` for all of them.

    Several ranges at once, and units other than bytes, are answered with everything, as is allowed.

    Raises:
        Problem: ``range_not_satisfiable``.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= end:
        headers = {"Content-Range": f"bytes */{size}"}
        raise Problem("range_not_satisfiable", f"the artifact has {size} bytes", headers=headers)
    return start, end
