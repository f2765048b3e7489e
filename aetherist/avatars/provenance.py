"""What the files of pictures and videos say of how they were made, so that they can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from aetherist import __version__
from aetherist.graphs.model import Model

if TYPE_CHECKING:
    from aetherist.avatars.avatar import Avatar

SAMPLES = 5
"""Frames of a video whose cameras are told: from these it is known again."""


def made_by(model: Model, graph: str, output: str) -> dict[str, Any]:
    """Return what is true of every picture of a model's graph."""
    return {
        "version": __version__,
        "recipe": {"name": model.recipe.name, "digest": model.recipe.digest, "yaml": model.recipe.to_yaml()},
        "model": model.manifest.digest if model.manifest is not None else None,
        "weights": "loaded" if model.manifest is not None else f"fresh, seed {model.seed}",
        "graph": graph,
        "output": output,
    }


def avatar_told(avatar: Avatar, name: str) -> dict[str, Any]:
    """Return who an avatar is, for a picture that is made again from its file."""
    facts = {"digest": avatar.digest, "name": name, "seed": avatar.seed, "edits": dict(avatar.edits)}
    return {"avatar": facts}


def picture_told(avatar: Avatar, output: str, camera: Tensor) -> dict[str, Any]:
    """Return what a picture of an avatar says; one of a seed, without edits, can be made again without a file.

    Args:
        avatar: Who is shown.
        output: Of the graph ``show``.
        camera: ``(25,)``.
    """
    return made_by(avatar.model.model, "show", output) | _who(avatar) | {"view": 0, "camera": camera.tolist()}


def film_told(avatar: Avatar, output: str, cameras: Tensor) -> dict[str, Any]:
    """Return what a video of an avatar says; ``cameras`` are ``(N, 25)``, one a frame."""
    who = _who(avatar)
    truncation = {name: who.pop(name) for name in ("psi", "cutoff") if name in who}
    film = {"people": [who], "interpolate": False, "loop": False, "frames": len(cameras), "columns": 1, "rows": 1}
    return made_by(avatar.model.model, "show", output) | truncation | film | {"samples": samples(list(cameras))}


def samples(cameras: Sequence[Tensor]) -> list[dict[str, Any]]:
    """Return some frames of a path, spread evenly, with their cameras ``(25,)``: JSON-ready."""
    count = min(SAMPLES, len(cameras))
    frames = sorted({round(index * (len(cameras) - 1) / max(count - 1, 1)) for index in range(count)})
    return [{"frame": frame, "camera": cameras[frame].tolist()} for frame in frames]


def _who(avatar: Avatar) -> dict[str, Any]:
    if avatar.seed is None or avatar.edits:
        return avatar_told(avatar, avatar.digest[:12])
    known = avatar.model.model.report.graphs["map"].inputs
    given = {"psi": avatar.psi, "cutoff": avatar.cutoff}
    return {"seed": avatar.seed} | {name: value for name, value in given.items() if name in known}
