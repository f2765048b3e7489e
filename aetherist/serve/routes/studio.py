"""The pages of the studio: files that were built, and nothing that a request can choose."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from aetherist.serve.problems import Problem
from aetherist.serve.security.headers import STUDIO_POLICY

STUDIO = Path(__file__).parent.parent / "studio"
PAGES = ("/", "/graph", "/runs", "/system")
_YEAR = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


def _files() -> dict[str, Path]:
    """Return every file of the studio by its address, so that no path from a request is ever resolved."""
    return {path.relative_to(STUDIO).as_posix(): path for path in STUDIO.rglob("*") if path.is_file()}


async def page() -> Response:
    """Give the one page that all of the studio is."""
    index = _files().get("index.html")
    if index is None:
        raise Problem("not_found", "the studio is not part of this installation; the API is under /v1")
    return FileResponse(index, headers={"Content-Security-Policy": STUDIO_POLICY, "Cache-Control": "no-cache"})


for _path in PAGES:
    router.add_api_route(_path, page, methods=["GET", "HEAD"])


@router.api_route("/assets/{name:path}", methods=["GET", "HEAD"])
async def asset(name: str) -> Response:
    """Give a file whose name changes with its content."""
    found = _files().get(f"assets/{name}")
    if found is None:
        raise Problem("not_found", "the studio has no such file")
    return FileResponse(found, headers={"Cache-Control": f"public, max-age={_YEAR}, immutable"})


@router.api_route("/{name}", methods=["GET", "HEAD"])
async def loose(name: str) -> Response:
    """Give one of the few files beside the page, such as its icon."""
    found = _files().get(name)
    if found is None or name == "index.html":
        raise Problem("not_found", "there is nothing at this address; the API is under /v1")
    return FileResponse(found, headers={"Cache-Control": "no-cache"})
