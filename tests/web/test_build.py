"""The pages that ship are those that the sources make."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEB, STUDIO = ROOT / "web", ROOT / "aetherist" / "serve" / "studio"
ROOTS = ("src", "public", "index.html", "package-lock.json", "sources.js", "svelte.config.js", "vite.config.ts")


def test_the_committed_build_belongs_to_the_committed_sources() -> None:
    """`npm run build` in web/ writes the digest that is computed here again (web/sources.js)."""
    files = [file for root in ROOTS for file in ((WEB / root).rglob("*") if (WEB / root).is_dir() else [WEB / root])]
    digest = hashlib.sha256()
    for path, file in sorted((file.relative_to(WEB).as_posix(), file) for file in files if file.is_file()):
        content = file.read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    built = json.loads((STUDIO / "build.json").read_text(encoding="utf-8"))
    assert built["sources"] == digest.hexdigest(), "run `npm run build` in web/, and commit aetherist/serve/studio"


def test_nothing_is_fetched_from_elsewhere() -> None:
    page = (STUDIO / "index.html").read_text(encoding="utf-8")
    for forbidden in ("http:", "https:", "<style", " style="):
        assert forbidden not in page
    assert all("src=" in tag for tag in page.split("<script")[1:]), (
        "the content security policy allows no script inline"
    )
    for style in STUDIO.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not any(forbidden in text for forbidden in ("url(http", "url(//", "@import")), style.name
