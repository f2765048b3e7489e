"""Camera paths in JSON files: our own format, and nerfstudio's where a file is one.

Our own::

    {
      "format": "aetherist.cameras",
      "version": 1,
      "cameras": [
        {"yaw": 0.3, "pitch": 0.1, "radius": 2.7, "pivot": [0, 0, 0.2], "fov": 13.4},
        {"position": [0, 0, 2.7], "target": [0, 0, 0.2], "up": [0, 1, 0], "focal": 4.2647},
        {"pose": [[4 numbers], ...], "intrinsics": [[3 numbers], ...]},
        [25 numbers]
      ],
      "interpolate": {"frames": 120, "closed": true, "curve": "spline", "motion": "screw", "ease": "linear"}
    }

A camera is written in any of the four ways. Of the first two only ``yaw`` and ``pitch``, or ``position`` and
``target``, are required; angles are in radians, a field of view in degrees. With ``interpolate`` the cameras are keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from aetherist.base.files import write_whole
from aetherist.components.cameras.cameras import Cameras
from aetherist.components.cameras.interpolation import Curve, Ease, Motion, interpolate
from aetherist.components.cameras.nerfstudio import from_nerfstudio
from aetherist.components.cameras.pose import FOCAL, PIVOT, RADIUS, focal_from_fov
from aetherist.components.cameravalues import fault

FORMAT = "aetherist.cameras"

Point = tuple[float, float, float]
Row = tuple[float, float, float, float]


def save_path(file: str | Path, cameras: Cameras) -> None:
    """Write cameras as a JSON file, one after the other; their numbers are kept exactly."""
    listed = cameras.reshape(-1)
    rows = zip(listed.pose.tolist(), listed.intrinsics.tolist(), strict=True)
    lines = ",\n    ".join(json.dumps({"pose": pose, "intrinsics": matrix}) for pose, matrix in rows)
    text = f'{{\n  "format": "{FORMAT}",\n  "version": 1,\n  "cameras": [\n    {lines}\n  ]\n}}\n'
    write_whole(file, text.encode())


def load_path(file: str | Path, *, dtype: torch.dtype = torch.float32) -> Cameras:
    """Read cameras ``(N,)`` from a JSON file, in our own format or in nerfstudio's.

    Raises:
        ValueError: If the file cannot be read as cameras; says where and why.
    """
    try:
        return cameras_from_data(json.loads(Path(file).read_text(encoding="utf-8"))).to(dtype)
    except OSError as error:
        raise ValueError(f"cannot read {file}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is no JSON: {error}") from error
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def cameras_from_data(data: Any) -> Cameras:
    """Read cameras ``(N,)``, in float64, from what a JSON file holds.

    Raises:
        ValueError: If it holds no cameras; says where and why.
    """
    if isinstance(data, Mapping) and ("camera_path" in data or "keyframes" in data):
        return from_nerfstudio(data)
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise ValueError(f'no camera path: it has neither "format": "{FORMAT}" nor nerfstudio\'s "camera_path"')
    path = _read(_Path, data, "")
    cameras = Cameras.stack([_camera(entry, f"cameras.{number}") for number, entry in enumerate(path.cameras)])
    return cameras if path.interpolate is None else interpolate(cameras, **path.interpolate.model_dump())


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Lens(_Part):
    focal: PositiveFloat | None = None
    fov: Annotated[float, Field(gt=0, lt=180)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.focal is not None and self.fov is not None:
            raise ValueError("give 'focal' or 'fov', not both")
        return self

    @property
    def length(self) -> float:
        if self.fov is not None:
            return focal_from_fov(self.fov)
        return FOCAL if self.focal is None else self.focal


class _Angles(_Lens):
    yaw: float
    pitch: float
    radius: PositiveFloat = RADIUS
    pivot: Point = PIVOT

    def cameras(self) -> Cameras:
        yaw = torch.tensor(self.yaw, dtype=torch.float64)
        return Cameras.from_angles(yaw, self.pitch, radius=self.radius, pivot=self.pivot, focal=self.length)


class _LookAt(_Lens):
    position: Point
    target: Point
    up: Point = (0.0, 1.0, 0.0)

    def cameras(self) -> Cameras:
        position = torch.tensor(self.position, dtype=torch.float64)
        return Cameras.look_at(position, self.target, up=self.up, focal=self.length)


class _Matrices(_Part):
    pose: tuple[Row, Row, Row, Row]
    intrinsics: tuple[Point, Point, Point]

    def cameras(self) -> Cameras:
        pose, matrix = (torch.tensor(rows, dtype=torch.float64) for rows in (self.pose, self.intrinsics))
        return Cameras(pose, matrix)


class _Vector(_Part):
    numbers: Annotated[list[float], Field(min_length=25, max_length=25)]

    def cameras(self) -> Cameras:
        return Cameras.from_vector(torch.tensor(self.numbers, dtype=torch.float64))


class _Interpolation(_Part):
    frames: PositiveInt
    closed: bool = False
    curve: Curve = "segments"
    motion: Motion = "screw"
    ease: Ease = "linear"


class _Path(_Part):
    format: str
    version: Literal[1]
    cameras: Annotated[list[dict[str, Any] | list[Any]], Field(min_length=1)]
    interpolate: _Interpolation | None = None


_Model = TypeVar("_Model", bound=BaseModel)


def _camera(entry: dict[str, Any] | list[Any], where: str) -> Cameras:
    kind: type[_Angles | _LookAt | _Matrices | _Vector]
    if isinstance(entry, list):
        entry, kind = {"numbers": entry}, _Vector
    elif "pose" in entry:
        kind = _Matrices
    else:
        kind = _LookAt if "position" in entry else _Angles
    parts = _read(kind, entry, where)
    try:
        camera = parts.cameras()
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    if (wrong := fault(camera.vector)) is not None:
        raise ValueError(f"{where}: {wrong}")
    return camera


def _read(model: type[_Model], data: Any, where: str) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in (*filter(None, [where]), *first["loc"]))
        raise ValueError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from error
