"""The command starts all of it."""

from __future__ import annotations

from tests.serve.proofs.serving import Served


def test_a_picture_is_served(served: Served) -> None:
    assert served.healthy()


def test_nothing_is_served_without_a_key(guarded: tuple[Served, dict[str, str]]) -> None:
    server, keys = guarded
    assert server.picture(1).status_code == 401
    server.client.headers["Authorization"] = f"Bearer {keys['generate']}"
    try:
        assert server.healthy()
    finally:
        del server.client.headers["Authorization"]
