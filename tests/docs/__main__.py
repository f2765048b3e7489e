"""Writes into the pages what their examples print now: ``python -m tests.docs``.

Read the difference before keeping it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.docs.diagnosed import cases, documented, given_by
from tests.docs.exampled import outcomes
from tests.docs.pages import pages, replaced
from tests.docs.sandbox import sandbox
from tests.docs.tables import with_tables


def refresh_diagnostics() -> None:
    """Write what the wrong recipes of ``diagnostics.md`` give."""
    changes: dict[int, str] = {}
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            changes[case.expected.line] = given_by(case, case.wrong, Path(folder) / "wrong")
    page = documented()
    page.path.write_text(replaced(page, changes), encoding="utf-8")


def refresh_printed() -> None:
    """Write what the Python blocks of the other pages print into the ``text`` blocks after them."""
    for page in pages():
        if page.name == "diagnostics.md":
            continue
        with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder), page.name) as box:
            changes = {o.block.line: o.given for o in outcomes(page, box) if o.block.language == "text"}
        page.path.write_text(replaced(page, changes), encoding="utf-8")


def refresh_tables() -> None:
    """Write the tables that are made from the registry."""
    for page in pages():
        page.path.write_text(with_tables(page.text), encoding="utf-8")


if __name__ == "__main__":
    refresh_tables()
    refresh_printed()
    refresh_diagnostics()
