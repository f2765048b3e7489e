"""Frames: people before moving cameras, and people who become others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from aetherist.graphs.viewer import Picture, Subject, Viewer


def film(
    viewer: Viewer,
    cells: Sequence[Sequence[Subject]],
    cameras: Sequence[Tensor],
    *,
    closed: bool = False,
    batch: int = 1,
) -> Iterator[list[Picture]]:
    """Yield frames: for each camera a picture of each cell. Nothing of a frame is kept when it is yielded.

    A cell of one person costs the rendering alone; one of several goes from each to the next as the cameras do, in a
    straight line between their styles, slowing down at each.

    Args:
        viewer: Of a graph that takes a camera; of one that takes styles, where a cell has several people.
        cells: The people of each cell.
        cameras: ``(25,)`` each, one a frame; all cells see the same.
        closed: Whether the last person becomes the first again, so that the frames loop.
        batch: How many cells go together; frames do not depend on it.

    Raises:
        ValueError: If the graph takes no camera, or no styles where they are needed.
    """
    graph = viewer.plan.graph.name
    if not viewer.takes_camera:
        raise ValueError(f"graph '{graph}' has no input 'camera', so there is nothing to film")
    if all(len(people) == 1 for people in cells):
        everyone = [people[0] for people in cells]
        groups = [everyone[i : i + batch] for i in range(0, len(everyone), batch)]
        bound = [(viewer.bind(group), group) for group in groups]
        for view, camera in enumerate(cameras):
            yield [picture for person, group in bound for picture in viewer.look(person, group, camera, view)]
        return
    if not viewer.takes_styles:
        raise ValueError(
            f"graph '{graph}' takes no styles, and people become others through theirs; use one like 'show'"
        )
    for view, camera in enumerate(cameras):
        present = [along(people, view, len(cameras), closed=closed) for people in cells]
        yield [
            picture
            for start in range(0, len(present), batch)
            for picture in viewer.look(None, present[start : start + batch], camera, view)
        ]


def along(people: Sequence[Subject], frame: int, frames: int, *, closed: bool) -> Subject:
    """Return who stands at a frame of a way through people, which begins at the first.

    It ends at the last; where it is closed, one step before it is at the first again. The noise is that of the first,
    all the way.
    """
    if len(people) == 1:
        return people[0]
    legs = len(people) if closed else len(people) - 1
    steps = frames if closed else max(frames - 1, 1)
    leg, rest = divmod(frame * legs, steps)
    one, other = people[leg % len(people)], people[(leg + 1) % len(people)]
    amount = rest / steps
    amount = amount * amount * (3 - 2 * amount)
    styles = torch.lerp(one.inputs["styles"], other.inputs["styles"], amount) if rest else one.inputs["styles"]
    told = {"between": [dict(one.told), dict(other.told)], "amount": amount}
    return Subject(f"{one.name}-{other.name}", dict(people[0].inputs) | {"styles": styles}, told)
