"""What an engine can be asked for, and what it answers: plain values that pass between processes."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar, Literal

import attrs

Lane = Literal["interactive", "background", "checks"]
"""Who works on it: pictures that somebody waits for, work of minutes, or the checks of recipes."""

LANES: tuple[Lane, ...] = ("interactive", "checks", "background")

Format = Literal["png", "jpeg", "webp"]
MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "glb": "model/gltf-binary",
    "obj": "model/obj",
    "ply": "application/octet-stream",
    "stl": "model/stl",
    "splats": "application/octet-stream",
}


@attrs.frozen
class Person:
    """Who is meant: of a seed, of an avatar's file, or between two others; with edits laid over.

    Attributes:
        seed: The same person as ``aetherist generate`` makes of it.
        psi: Truncation of a seed; the recipe says by default.
        cutoff: How many layers are truncated.
        file: What :meth:`aetherist.avatars.Avatar.to_bytes` gave.
        mix: The two that it stands between.
        amount: How much of the second.
        layers: Which layers are mixed, from 0; all by default.
        space: Where they are mixed: ``w`` or ``z``.
        attributes: Strengths of edits, as ``Avatar.edit`` takes them.

    Raises:
        ValueError: If it is not exactly one of the three.
    """

    seed: int | None = None
    psi: float | None = None
    cutoff: int | None = None
    file: bytes | None = None
    mix: tuple[Person, Person] | None = None
    amount: float = 0.5
    layers: tuple[int, ...] | None = None
    space: Literal["w", "z"] = "w"
    attributes: dict[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if sum(given is not None for given in (self.seed, self.file, self.mix)) != 1:
            raise ValueError("a person is a seed, a file or a mix of two: give one of them")


@attrs.frozen
class Picture:
    """One picture of a person. ``camera`` (25 numbers) stands in for the angles; ``output="raw"`` is the quick one.

    Attributes:
        model: Its name among the server's.
        person: Who is shown.
        camera: Instead of ``yaw``, ``pitch``, ``radius`` and ``fov``.
        yaw: Radians; positive is to the right.
        pitch: Radians; positive is up.
        radius: Of the camera, in world units; the model says by default.
        fov: Field of view, in degrees; the model says by default.
        output: Of the graph ``show``: ``image``, ``raw``, ``depth``, ``alpha``.
        size: Pixels of a side to scale to; as rendered by default.
        format: Of the file.
        quality: 1 to 100, of JPEG and WebP; a WebP without one is lossless.
        metadata: Written into the file.
    """

    lane: ClassVar[Lane] = "interactive"
    model: str
    person: Person
    camera: tuple[float, ...] | None = None
    yaw: float = 0.0
    pitch: float = 0.0
    radius: float | None = None
    fov: float | None = None
    output: str = "image"
    size: int | None = None
    format: Format = "png"
    quality: int | None = None
    metadata: dict[str, Any] | None = None


@attrs.frozen
class Encoded:
    """A picture as a file. ``stages`` has the seconds of ``queue``, ``map``, ``render`` and ``encode``."""

    data: bytes
    media_type: str
    width: int
    height: int
    stages: dict[str, float] = attrs.field(factory=dict)


@attrs.frozen
class MakeAvatar:
    """A person to keep. ``beyond`` says what strengths outside their measured range are: as ``Avatar.edit``."""

    lane: ClassVar[Lane] = "interactive"
    model: str
    person: Person
    beyond: Literal["warn", "error", "allow"] = "warn"


@attrs.frozen
class Made:
    """An avatar that was made: its file, and what is known of it."""

    file: bytes
    digest: str
    seed: int | None
    psi: float
    attributes: dict[str, Any]
    warnings: list[str] = attrs.field(factory=list)


@attrs.frozen
class Video:
    """A video: of one person before a moving camera, or of several who become each other.

    Attributes:
        model: Its name among the server's.
        people: One, or several in order.
        frames: How many.
        fps: Frames a second.
        path: Of the camera: ``sway`` is an ellipse before the face, ``orbit`` goes all the way round.
        yaw: Radians: the greatest angle of a sway (0.4), or where an orbit begins (0).
        pitch: Radians: the greatest angle of a sway (0.2), or the elevation of an orbit (0).
        output: Of the graph ``show``.
        format: ``mp4`` or ``webm``.
        size: Pixels of a side to scale to.
    """

    lane: ClassVar[Lane] = "background"
    model: str
    people: tuple[Person, ...]
    frames: int = 90
    fps: float = 30.0
    path: Literal["orbit", "sway"] = "sway"
    yaw: float | None = None
    pitch: float | None = None
    output: str = "image"
    format: Literal["mp4", "webm"] = "mp4"
    size: int | None = None


@attrs.frozen
class Mesh:
    """The surface of a person as a file; ``splats`` are Gaussians on it, in a PLY.

    Attributes:
        model: Its name among the server's.
        person: Whose.
        resolution: Cells along the longest side.
        faces: Simplify to so many.
        level: Density that the surface stands for.
        texture: Bake a texture instead of colours at vertices.
        format: Of the file.
    """

    lane: ClassVar[Lane] = "background"
    model: str
    person: Person
    resolution: int = 192
    faces: int | None = None
    level: float | None = None
    texture: bool = False
    format: Literal["glb", "obj", "ply", "stl", "splats"] = "glb"


@attrs.frozen
class File:
    """A file that was written into the engine's scratch folder; whoever asked for it moves or removes it.

    Attributes:
        path: Of the file.
        media_type: Of what is in it.
        facts: What is worth telling of it: frames, vertices, faces.
    """

    path: str
    media_type: str
    facts: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class Describe:
    """What is to know of a model: its digest, sizes, outputs, graphs, stage and directions; a dict."""

    lane: ClassVar[Lane] = "interactive"
    model: str


@attrs.frozen
class CheckRecipe:
    """Everything that is wrong with a recipe from outside, and its graphs as drawings; a dict."""

    lane: ClassVar[Lane] = "checks"
    text: str
    overrides: tuple[str, ...] = ()
    level: Literal["static", "dry"] = "static"


@attrs.frozen
class RunGraph:
    """A graph, run step by step: what each step takes, and what it gives, as pictures where they can be seen; a dict.

    Attributes:
        graph: Its name.
        model: Whose graph; or
        text: a recipe from outside, which gets fresh weights.
        until: Run no further than this step.
        seed: Whose latent goes in.
        psi: Truncation.
        yaw: Of the camera, in radians.
        pitch: Of the camera, in radians.
        overrides: Of the recipe from outside.
    """

    lane: ClassVar[Lane] = "background"
    graph: str
    model: str | None = None
    text: str | None = None
    until: str | None = None
    seed: int = 0
    psi: float | None = None
    yaw: float = 0.0
    pitch: float = 0.0
    overrides: tuple[str, ...] = ()


Work = Picture | MakeAvatar | Video | Mesh | Describe | CheckRecipe | RunGraph


def digest_of(value: Any) -> str:
    """Return a name for what is asked for: equal work has equal names, in every process."""
    plain = attrs.asdict(value, value_serializer=lambda _, __, v: _digest(v) if isinstance(v, bytes) else v)
    return _digest(json.dumps([type(value).__name__, plain], sort_keys=True).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
