"""What can be wrong with a pickle, said to the person who gave it to us."""

from __future__ import annotations

from aetherist.interop.errors import CheckpointError


class PickleError(CheckpointError):
    """The bytes are no pickle of the kind that is read here: damaged, truncated, too large, or foreign."""


class UnsafePickleError(PickleError):
    """The pickle asks for something to be called or imported that no checkpoint needs.

    The reader never resolves a class and never calls what a file names, so nothing has been executed when
    this is raised. The text names the forbidden global or operation and the byte at which it stands.
    """


def printable(text: object, limit: int = 120) -> str:
    """Shortened ASCII form of text that came out of a file, safe to print on any terminal."""
    shown = ascii(text)
    return shown if len(shown) <= limit else shown[:limit] + "...'"


def bare(text: str) -> str:
    """`printable` without its quotes."""
    return printable(text)[1:-1]


def unsafe(what: str) -> UnsafePickleError:
    """The error for a file that does `what`."""
    return UnsafePickleError(
        f"the file {what}. Nothing was executed. Ask the author of the file for the weights as safetensors."
    )
