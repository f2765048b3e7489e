"""Requests as bytes on a socket: what no client library would send."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable

import attrs

from tests.serve.proofs.serving import PATIENCE, Served


@attrs.frozen
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body, whatever it is."""
        return self.body.decode("utf-8", "replace")


def said(served: Served, *parts: bytes) -> Answer:
    """Send bytes, and return the first answer."""
    with socket.create_connection(served.address, timeout=PATIENCE) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except ConnectionError:
                break  # it has answered already
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())


def request(method: str, target: str, headers: Iterable[str] = (), body: bytes = b"") -> bytes:
    """Return a request to a loopback name; its length is told unless the headers say how it is framed."""
    lines = [f"{method} {target} HTTP/1.1", "Connection: close", *headers]
    told = "\n".join(lines).lower()
    if "\nhost:" not in told:
        lines.append("Host: 127.0.0.1")
    if body and "\ncontent-length:" not in told and "\ntransfer-encoding:" not in told:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
