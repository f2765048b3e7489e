"""Who asks: a key with scopes, or whoever is on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from aetherist.serve.problems import Problem

if TYPE_CHECKING:
    from aetherist.serve.config import ServerConfig

SCOPES: dict[str, frozenset[str]] = {
    "read": frozenset({"read"}),
    "generate": frozenset({"read", "generate"}),
    "admin": frozenset({"read", "generate", "admin"}),
}
"""What a scope of a key allows."""

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="`Authorization: Bearer ak_...`")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="keyHeader", description="The same key.")


@attrs.frozen
class Caller:
    """Who asks.

    Args:
        client: What queues and rates count by: the key's id, or the address without one.
        key_id: The key; ``None`` without one.
        scopes: What is allowed, with what it implies.
        rate: The key's own rate, such as ``60/minute``.
    """

    client: str
    key_id: str | None = None
    scopes: frozenset[str] = frozenset()
    rate: str | None = None

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope."""
        return scope in self.scopes

    def needs(self, scope: str) -> None:
        """Let only those pass who have a scope.

        Raises:
            Problem: ``unauthenticated`` without a key, ``forbidden`` with one that allows less.
        """
        if self.may(scope):
            return
        if self.key_id is None:
            raise Problem(
                "unauthenticated", "send a key as 'Authorization: Bearer ak_...'; 'aetherist keys create' makes one"
            )
        raise Problem("forbidden", f"the key {self.key_id} has not the scope '{scope}', which this needs")


def anonymous(address: str, settings: ServerConfig) -> Caller:
    """Return who asks without a key: all is allowed where none is required."""
    allowed = frozenset() if settings.keys_required else SCOPES["admin"]
    return Caller(client=address, scopes=allowed)


def offered_key(headers: Mapping[str, str]) -> str | None:
    """Return the key that a request brings, if it brings one."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")


def holder(row: Any) -> Caller:
    """Return the caller that a key's row stands for."""
    scopes = frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in row.scopes))
    return Caller(client=row.id, key_id=row.id, scopes=scopes, rate=row.rate)


def require(scope: str | None) -> Callable[..., Caller]:
    """Return a dependency that gives the caller, and lets only those pass who have a scope.

    With ``None`` everybody passes: the route itself says who may. ``Depends(require("read"))``.

    Whether a key is a good one was found before the body was read (:mod:`aetherist.serve.security.gate`).
    """

    def caller(
        request: Request,
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None,
        _header: Annotated[str | None, Depends(_header)] = None,
    ) -> Caller:
        found: Caller = request.state.caller
        if scope is not None:
            found.needs(scope)
        return found

    return caller
