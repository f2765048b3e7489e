"""Writes into the pages what their examples print now: ``python -m tests.docs``. Read the difference before keeping it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.docs.diagnosed import cases, documented, given_by
from tests.docs.pages import replaced


def refresh_diagnostics() -> None:
    """Write what the wrong recipes of ``diagnostics.md`` give."""
    changes: dict[int, str] = {}
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            changes[case.expected.line] = given_by(case, case.wrong, Path(folder) / "wrong")
    page = documented()
    page.path.write_text(replaced(page, changes), encoding="utf-8")


if __name__ == "__main__":
    refresh_diagnostics()
