"""A view that follows the hand: camera and edits in, pictures out, over a WebSocket."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from aetherist.serve.viewing import View

router = APIRouter(prefix="/v1", tags=["view"])


@router.websocket("/view", name="view")
async def view(socket: WebSocket) -> None:
    """Show people from a moving camera; docs/http.md tells the messages."""
    await View(socket).run()
