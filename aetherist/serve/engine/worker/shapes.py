"""The surface of a person as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aetherist.avatars.model import AvatarModel
from aetherist.avatars.shapes import mesh_of, splats_from
from aetherist.serve.engine.work import MEDIA_TYPES, File, Mesh
from aetherist.serve.engine.worker.people import People
from aetherist.serve.engine.worker.tokens import Token

FINEST = 512
TEXELS = 1024
SPLATS = 100_000
SHARE = 0.9
"""Of the progress: how much of it is sampling the field; the rest is simplifying, colours and the file."""


def shape(work: Mesh, token: Token, model: AvatarModel, people: People, path: Path) -> File:
    """Write a mesh, or splats, to ``path``; nothing is left of one that is cancelled.

    Raises:
        ValueError: If the model has no field, nothing crosses the level, or an option cannot be.
    """
    if not 8 <= work.resolution <= FINEST:
        raise ValueError(f"a resolution of {work.resolution}: give 8 to {FINEST} cells")
    if work.texture and work.format != "glb":
        raise ValueError(f"one file of {work.format} keeps no texture; ask for glb, or leave the texture out")
    avatar = people.find(model, work.person)
    options: dict[str, Any] = {"resolution": work.resolution, "faces": work.faces}
    if work.level is not None:
        options["level"] = work.level

    def progress(share: float) -> None:
        token.tell(share * SHARE, f"looking for the surface: {share:.0%}")

    token.tell(0.0, "looking for the surface")
    mesh = mesh_of(avatar, **options, texture=TEXELS if work.texture else None, progress=progress)
    token.tell(SHARE, "writing")
    if work.format == "splats":
        splats = splats_from(avatar, SPLATS, mesh=mesh)
        splats.save(path)
        facts = {"splats": len(splats)}
    else:
        mesh.save(path)
        facts = {"vertices": len(mesh.vertices), "faces": len(mesh.faces), "watertight": mesh.watertight}
    token.tell(1.0, "written")
    return File(str(path), MEDIA_TYPES[work.format], facts)
