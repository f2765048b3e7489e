"""What a picture says of how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from aetherist.graphs.viewer import Picture, Subject, Viewer


def provenance(viewer: Viewer, scale: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is true of every picture: what makes it, and how it was asked for."""
    from aetherist.avatars.provenance import made_by

    told = {
        **made_by(viewer.model, viewer.plan.graph.name, viewer.output),
        **viewer.truncation(),
        "options": {name: value for name, value in options.items() if value is not None},
    }
    return told | ({"pane": viewer.pane} if viewer.pane else {}) | ({"scale": scale} if scale != 1 else {})


def facts(picture: Picture) -> dict[str, Any]:
    """Return what is true of one picture."""
    told: dict[str, Any] = {**picture.subject.told, "view": picture.view}
    if picture.camera is not None:
        told["camera"] = picture.camera.tolist()
    if picture.scale is not None:
        told["black_and_white"] = list(picture.scale)
    return told


def grid_facts(
    subjects: Sequence[Subject], cameras: Sequence[Tensor] | Sequence[None], columns: int, rows: int
) -> dict[str, Any]:
    """Return what is true of a grid."""
    people = [{name: value for name, value in subject.told.items() if name != "pose"} for subject in subjects]
    seen_from = [camera.tolist() for camera in cameras if camera is not None]
    return {"grid": {"columns": columns, "rows": rows, "people": people, "cameras": seen_from}}
