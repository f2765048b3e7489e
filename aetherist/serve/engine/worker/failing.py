"""From what was raised in a worker to what a client may be told."""

from __future__ import annotations

import re
import traceback

import torch

from aetherist.core.errors import InputError, RecipeError
from aetherist.serve.engine.errors import EngineError, Failed, OutOfMemory, Refused

_NO_ROOM = re.compile(r"can't allocate memory|out of memory|not enough memory", re.IGNORECASE)


def told(error: BaseException) -> tuple[EngineError, str | None]:
    """Return the error that a client is told, and what the log says of it where it is ours to mend."""
    match error:
        case EngineError():
            return error, None
        case MemoryError() | torch.OutOfMemoryError():
            return _no_room(), str(error) or None
        case RuntimeError() if _NO_ROOM.search(str(error)):
            return _no_room(), str(error).splitlines()[0]
        case RecipeError():
            found = [diagnostic.to_dict() for diagnostic in error.diagnostics]
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            first = error.diagnostics[0].message if found else "the recipe is at fault"
            return Refused(f"the recipe cannot be used: {first}{more}", "unprocessable_recipe", found), None
        case InputError():
            return Refused("; ".join(diagnostic.message for diagnostic in error.diagnostics)), None
        case ValueError():
            return Refused(str(error)), None
        case OSError():
            return Failed("a file could not be written; the server's log says why"), f"{type(error).__name__}: {error}"
    return Failed("this failed for a reason that is the server's; its log says more"), _trace(error)


def _no_room() -> OutOfMemory:
    return OutOfMemory("this takes more memory than there is; ask for something smaller, or later")


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).strip()
