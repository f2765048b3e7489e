"""An orbit of 60 views of one person: planes computed once, against 60 full generations."""

from __future__ import annotations

from typing import Any

import torch

from aetherist.avatars import AvatarModel, load
from aetherist.components.cameras import Cameras
from aetherist.graphs.sources import model_names
from benchmarks.measure import in_turns, seconds, table

VIEWS = 60


def orbit(source: str, views: int, repeats: int) -> str:
    """Measure both ways in turns, and what they are made of; the pictures are the same."""
    model = load(source)
    stage = model.stage
    cameras = stage.path("orbit", views)
    plan = model.plan("generate", ["image"])
    avatar = model.avatar(0)
    given: dict[str, Any] = {"latent": avatar.latent[None]} if avatar.latent is not None else {}
    if "pose" in plan.graph.inputs:
        given["pose"] = stage.camera()[None]

    def full(seen_from: Cameras) -> None:
        with torch.no_grad():
            for camera in seen_from.vector:
                plan(**given, camera=camera[None])

    def once(seen_from: Cameras, model: AvatarModel = model) -> None:
        model.memory.clear()  # as for somebody who was not looked at before
        for _ in model.pictures(model.avatar(0), seen_from, as_="tensor"):
            pass

    whole, kept, first = in_turns(
        [lambda: full(cameras), lambda: once(cameras), lambda: once(cameras[:1])], repeats=repeats
    )
    view = (kept - first) / (views - 1)
    rows = [
        (f"{views} full generations", seconds(whole), seconds(whole / views), "1.00"),
        (f"orbit of {views} views", seconds(kept), seconds(kept / views), f"{kept / whole:.2f}"),
        ("its first view", seconds(first), seconds(first), ""),
        ("each further view", seconds(view), seconds(view), f"{view * views / whole:.2f}"),
    ]
    return table(f"{views} views of one person, {source}", ("", "seconds", "a view", "ratio"), rows)


def main(quick: bool = False) -> list[str]:
    """Measure, and return tables."""
    if quick:
        return [orbit("tiny", 6, 1)]
    shipped = [orbit(name, VIEWS, 3) for name in model_names()]
    return [orbit("tiny", VIEWS, 5), *shipped, orbit("eg3d-ffhq512", VIEWS, 1)]


if __name__ == "__main__":
    print(*main(), sep="\n")
