"""Which names and origins belong to this server.

A page anywhere may point a name of its own at 127.0.0.1 and then talk to a server that listens there (DNS rebinding),
and a page may always send a request or open a WebSocket to another site. So a server on loopback answers to loopback
names only, and what changes something comes from its own pages, or from origins that were named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aetherist.serve.config.places import is_loopback

if TYPE_CHECKING:
    from aetherist.serve.config import ServerConfig


def host_name(authority: str) -> str:
    """Return the name in ``host:port`` or ``[::1]:port``; empty where it is none."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").lower()
    except ValueError:
        return ""


def answers_to(authority: str, settings: ServerConfig) -> bool:
    """Return whether a ``Host`` header names this server."""
    name = host_name(authority)
    if not settings.is_private:
        return bool(name)  # keys are required there, and a page that rebinds a name has none
    return is_loopback(name)


def own_origin(origin: str, authority: str, settings: ServerConfig) -> bool:
    """Return whether an ``Origin`` is this server itself, as it was asked for, or one that the settings name."""
    origin = origin.rstrip("/").lower()
    allowed = {each.rstrip("/").lower() for each in settings.security.cors_origins}
    if settings.server.public_url is not None:
        allowed.add(settings.server.public_url.rstrip("/").lower())
    if origin in allowed:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == authority.lower()
