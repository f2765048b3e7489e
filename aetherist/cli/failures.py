"""Errors as a user reads them: diagnostics with their lines, or one line that says what to do."""

from __future__ import annotations

import contextlib
import errno
import sys
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from aetherist.cli.console import printable, say

if TYPE_CHECKING:
    from cyclopts import CycloptsError

    from aetherist.core.errors import Diagnostic

FAULTY = 1
UNUSABLE = 2
INTERRUPTED = 130

UNREADABLE = ("AE101", "AE102", "AE103")

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Work that failed for want of room; every other refusal of the system concerns what was asked for."""
"""The diagnostics of a recipe that cannot be read at all."""


class UsageError(ValueError):
    """An option whose value makes no sense; the text names the option."""


@contextlib.contextmanager
def asked() -> Iterator[None]:
    """Say that what the command line asked for is at fault when a ValueError comes out of this block."""
    try:
        yield
    except ValueError as error:
        if _is_ours(error):
            raise
        raise UsageError(str(error)) from error


def explain(error: BaseException, debug: bool) -> int:
    """Print what went wrong to stderr and return the exit code."""
    if debug:
        say("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, KeyboardInterrupt):
        _error(str(error) or "interrupted")
        return INTERRUPTED
    diagnostics = _diagnostics(error)
    if diagnostics:
        from aetherist.cli.diagnostics import render

        for diagnostic in diagnostics:
            say(render(diagnostic), "")
        return exit_code(diagnostics)
    if isinstance(error, UsageError):
        _error(str(error), getattr(error.__cause__, "__notes__", ()))
        return UNUSABLE
    if isinstance(error, OSError):
        _error(_of_system(error), getattr(error, "__notes__", ()))
        return UNUSABLE if error.errno not in FULL else FAULTY
    if _is_ours(error) or isinstance(error, ValueError):
        _error(str(error), getattr(error, "__notes__", ()))
        return FAULTY
    if _is_out_of_memory(error):
        what = str(error).strip().splitlines() or ["out of memory"]
        hint = "a smaller --batch, or smaller tiles of rays (-o components.renderer.chunk=256), takes less"
        _error(what[0], (*getattr(error, "__notes__", ()), hint))
        return FAULTY
    _error(
        f"{type(error).__name__}: {error}".strip().removesuffix(":"),
        (*getattr(error, "__notes__", ()), "" if debug else "run again with --debug to see where it comes from"),
    )
    return FAULTY


def explain_usage(error: CycloptsError) -> int:
    """Print what is wrong with the command line and return the exit code."""
    _error(str(error).strip())
    say(Text(f"'{' '.join(('aetherist', *(error.command_chain or ())))} --help' shows what can be said.", style="dim"))
    return UNUSABLE


def exit_code(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> int:
    """Return the exit code of a set of errors: 2 where there was nothing to read, 1 otherwise."""
    return UNUSABLE if any(d.code in UNREADABLE for d in diagnostics) else FAULTY


def _error(message: str, notes: tuple[str, ...] = ()) -> None:
    say(Text.assemble(("error: ", "bold red"), printable(message)), *[f"  {printable(note)}" for note in notes if note])


def _diagnostics(error: BaseException) -> tuple[Diagnostic, ...]:
    return getattr(error, "diagnostics", ()) if _is_ours(error) else ()


def _is_ours(error: BaseException) -> bool:
    """Whether it was raised on purpose, by the core or by storage; what is not loaded raised nothing, and stays so."""
    ours = (("aetherist.base.errors", "AetheristError"), ("aetherist.storage.errors", "StorageError"))
    return any(isinstance(error, getattr(sys.modules[place], name)) for place, name in ours if place in sys.modules)


def _is_out_of_memory(error: BaseException) -> bool:
    kind = type(error).__name__
    return kind in ("OutOfMemoryError", "MemoryError") or "can't allocate memory" in str(error)


def _of_system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason
