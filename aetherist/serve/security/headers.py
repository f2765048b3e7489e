"""Headers that make browsers careful."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from aetherist.serve.config import ServerConfig

STUDIO_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # The editor and the graph put rules of style into the page; no script comes in with them.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy of the studio: everything from this server, no script inline."""

CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Content-Security-Policy of the rest, so that a file that is opened in a browser can do nothing."""


def secure_headers(settings: ServerConfig) -> dict[str, str]:
    """Return what every answer carries, unless it brings its own."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin" if settings.security.cors_origins else "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Content-Security-Policy": CLOSED_POLICY,
        "Cache-Control": "no-store",
    }
    if (settings.server.public_url or "").startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def disposition(name: str, *, attachment: bool = True) -> str:
    """Return ``Content-Disposition`` for a file's name, whatever the name holds.

    The plain form keeps what is safe in a quoted string; the encoded form (RFC 6266) keeps the name.
    """
    kind = "attachment" if attachment else "inline"
    clean = safe_name(name)
    letters = (letter for letter in unicodedata.normalize("NFKD", clean) if not unicodedata.combining(letter))
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", "".join(letters))
    encoded = "" if plain == clean else f"; filename*=UTF-8''{quote(clean, safe='')}"
    return f'{kind}; filename="{plain}"{encoded}'


def safe_name(name: str) -> str:
    """Return a file's name without folders, controls and leading dots, of at most 120 characters."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C").lstrip(". ")
    return name[:120].rstrip() or "file"
