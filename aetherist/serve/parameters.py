"""What may stand behind the ``?`` of an address: what its route declares, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection

from aetherist.base.errors import did_you_mean
from aetherist.serve.failures import invalid

LONGEST = 64
"""Letters of an unknown name that are compared with the known ones."""


async def only_declared(connection: HTTPConnection) -> None:
    """Refuse parameters that a route does not know, as bodies refuse such fields; for ``Depends``.

    One that is misspelt would be as good as not sent, and the answer another one than was asked for.

    Raises:
        Problem: ``invalid_request``, with near names and those that there are.
    """
    given = list(connection.query_params)
    if not given:
        return
    known = list(dict.fromkeys(_declared(connection.scope["route"].dependant)))
    faults = [
        {"type": "unknown_parameter", "loc": ("query", name), "msg": _words(name, known)}
        for name in given
        if name not in known
    ]
    if faults:
        raise invalid(faults)


def _declared(dependant: Dependant) -> Iterator[str]:
    """Yield the names of the parameters of a route, and of what it depends on."""
    for field in dependant.query_params:
        yield field.alias
    for part in dependant.dependencies:
        yield from _declared(part)


def _words(name: str, known: list[str]) -> str:
    if not known:
        return "there is no such parameter; this address takes none"
    near = did_you_mean(name[:LONGEST], known)
    return f"there is no such parameter; {near}" + (f" known: {', '.join(known)}" if near.endswith("?") else "")
