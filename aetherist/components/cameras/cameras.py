"""The value type for one or many cameras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import attrs
import torch
from torch import Tensor

from aetherist.components.cameras import pose as poses
from aetherist.components.cameras.convert import flip_y_and_z, invert_pose
from aetherist.components.rendering.rays import Rays, pinhole_rays

Point = Sequence[float] | Tensor


class Spherical(NamedTuple):
    """Where cameras stand around a point: yaw and pitch in radians, and the distance, ``(*batch,)`` each."""

    yaw: Tensor
    pitch: Tensor
    radius: Tensor


class Projected(NamedTuple):
    """Where cameras see points.

    Attributes:
        pixels: ``(*batch, N, 2)``: column and row; the centre of the first pixel is at 0.5, 0.5.
        depth: ``(*batch, N)``: distance along the optical axis, in world units; negative behind the camera.
    """

    pixels: Tensor
    depth: Tensor


@attrs.frozen(eq=False, repr=False)
class Cameras:
    """One camera or many: a pose and intrinsics each.

    It is iterated and indexed like a tensor of cameras, and never changes.

    Attributes:
        pose: ``(*batch, 4, 4)``: OpenCV camera-to-world (x right, y down, z forward), in world units.
        intrinsics: ``(*batch, 3, 3)``: normalised by the image size.

    Raises:
        ValueError: If the shapes are others.
    """

    pose: Tensor
    intrinsics: Tensor

    def __attrs_post_init__(self) -> None:
        batch = self.pose.shape[:-2]
        if self.pose.shape[-2:] != (4, 4) or self.intrinsics.shape != (*batch, 3, 3):
            raise ValueError(
                f"Cameras: a pose of shape {tuple(self.pose.shape)} and intrinsics of {tuple(self.intrinsics.shape)}; "
                "give (*batch, 4, 4) and (*batch, 3, 3) with the same batch"
            )

    @classmethod
    def from_vector(cls, vector: Tensor) -> Cameras:
        """Read cameras of 25 numbers, ``(*batch, 25)``.

        Raises:
            ValueError: If the last axis has another length.
        """
        if vector.shape[-1:] != (25,):
            raise ValueError(f"Cameras.from_vector: a shape of {tuple(vector.shape)}; give 25 numbers a camera")
        batch = vector.shape[:-1]
        return cls(vector[..., :16].reshape(*batch, 4, 4), vector[..., 16:].reshape(*batch, 3, 3))

    @classmethod
    def look_at(
        cls,
        position: Point,
        target: Point,
        *,
        up: Sequence[float] = (0.0, 1.0, 0.0),
        focal: float | Tensor | None = None,
        fov: float | Tensor | None = None,
    ) -> Cameras:
        """Return cameras at ``position`` that look at ``target``, ``(*batch, 3)`` each.

        Args:
            position: In world units.
            target: It is seen at the middle of the picture.
            up: What is up in the picture.
            focal: Focal length in image widths, a number or ``(*batch,)``; by default 4.2647.
            fov: Field of view across the picture in degrees, instead.

        Raises:
            ValueError: If a camera stands on its target or looks along ``up``, or both ``focal`` and ``fov`` are given.
        """
        if focal is not None and fov is not None:
            raise ValueError("Cameras.look_at: give 'focal' or 'fov', not both")
        if fov is not None:
            focal = poses.focal_from_fov(fov)
        eye = _point(position)
        pose = poses.look_at(eye, _point(target, eye), up)
        matrix = poses.intrinsics(poses.FOCAL if focal is None else focal).to(pose)
        return cls(pose, matrix.expand(*pose.shape[:-2], 3, 3))

    @classmethod
    def from_angles(
        cls,
        yaw: float | Tensor,
        pitch: float | Tensor,
        *,
        radius: float | Tensor = poses.RADIUS,
        pivot: Sequence[float] = poses.PIVOT,
        focal: float | Tensor = poses.FOCAL,
        center: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> Cameras:
        """Return cameras on a sphere around ``center`` that look at ``pivot``; see :func:`camera_from_angles`."""
        return cls.from_vector(
            poses.camera_from_angles(yaw, pitch, radius=radius, pivot=pivot, focal=focal, center=center)
        )

    @classmethod
    def stack(cls, cameras: Sequence[Cameras]) -> Cameras:
        """Join cameras of the same shape along a new first axis."""
        return cls(torch.stack([c.pose for c in cameras]), torch.stack([c.intrinsics for c in cameras]))

    @classmethod
    def cat(cls, cameras: Sequence[Cameras]) -> Cameras:
        """Join cameras along their first axis."""
        return cls(torch.cat([c.pose for c in cameras]), torch.cat([c.intrinsics for c in cameras]))

    @property
    def vector(self) -> Tensor:
        """The 25 numbers of each, ``(*batch, 25)``: what a ``Camera`` port takes, where the batch is of one axis."""
        return poses.camera_vector(self.pose, self.intrinsics)

    @property
    def world_to_camera(self) -> Tensor:
        """The inverse poses, ``(*batch, 4, 4)``: OpenCV extrinsics."""
        return invert_pose(self.pose)

    @property
    def opengl(self) -> Tensor:
        """The poses ``(*batch, 4, 4)`` in the convention of OpenGL and Blender: y up, z backward."""
        return flip_y_and_z(self.pose)

    @property
    def shape(self) -> torch.Size:
        """The batch; empty for a single camera."""
        return self.pose.shape[:-2]

    @property
    def position(self) -> Tensor:
        """Where each stands, ``(*batch, 3)``, in world units."""
        return self.pose[..., :3, 3]

    @property
    def rotation(self) -> Tensor:
        """How each is turned, ``(*batch, 3, 3)``; its columns are right, down and forward."""
        return self.pose[..., :3, :3]

    @property
    def right(self) -> Tensor:
        """What is to the right in each picture, ``(*batch, 3)``."""
        return self.pose[..., :3, 0]

    @property
    def up(self) -> Tensor:
        """What is up in each picture, ``(*batch, 3)``."""
        return -self.pose[..., :3, 1]

    @property
    def forward(self) -> Tensor:
        """The direction in which each looks, ``(*batch, 3)``."""
        return self.pose[..., :3, 2]

    @property
    def focal(self) -> Tensor:
        """Focal lengths in image widths, ``(*batch,)``."""
        return self.intrinsics[..., 0, 0]

    @property
    def fov(self) -> Tensor:
        """Fields of view across the picture in degrees, ``(*batch,)``, for a principal point in its middle."""
        return poses.fov_from_focal(self.focal)

    def spherical(self, center: Point = (0.0, 0.0, 0.0)) -> Spherical:
        """Return where the cameras stand around a point; the inverse of :meth:`from_angles`."""
        return Spherical(*poses.to_spherical(self.position - _point(center, self.position)))

    def project(self, points: Tensor, resolution: int) -> Projected:
        """Return where each camera sees points, in pixels.

        Args:
            points: ``(*batch, N, 3)``, or ``(N, 3)`` for the same points in all cameras, in world units.
            resolution: Rows and columns of the picture.
        """
        local = (points - self.position[..., None, :]) @ self.rotation
        depth = local[..., 2]
        seen = local @ self.intrinsics.mT
        return Projected(seen[..., :2] / seen[..., 2:] * resolution, depth)

    def rays(self, resolution: int) -> Rays:
        """Return the rays through the pixel centres, ``(*batch, resolution, resolution, 3)`` each."""
        origins, directions = pinhole_rays(self.vector.reshape(-1, 25), resolution)
        shape = (*self.shape, resolution, resolution, 3)
        return Rays(origins.reshape(shape), directions.reshape(shape))

    def squared(self) -> Cameras:
        """Return the cameras of square pictures as high as these, with square pixels: cut or widened at the sides."""
        across, down = self.intrinsics[..., 0, 0], self.intrinsics[..., 1, 1]
        shape = down / across
        zero, one = torch.zeros_like(shape), torch.ones_like(shape)
        # Widths become heights, and the middle stays the middle.
        rows = [shape, zero, (1 - shape) / 2, zero, one, zero, zero, zero, one]
        return Cameras(self.pose, torch.stack(rows, dim=-1).reshape(*shape.shape, 3, 3) @ self.intrinsics)

    def to(self, where: torch.device | str | torch.dtype) -> Cameras:
        """Return the cameras on another device, or of another dtype."""
        return Cameras(self.pose.to(where), self.intrinsics.to(where))

    def reshape(self, *shape: int) -> Cameras:
        """Return the cameras as a batch of another shape; one length may be -1."""
        return Cameras(self.pose.reshape(*shape, 4, 4), self.intrinsics.reshape(*shape, 3, 3))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a single camera has no length; camera.reshape(1) is a batch of one")
        return self.shape[0]

    def __getitem__(self, key: Any) -> Cameras:
        if not self.shape:
            raise TypeError("a single camera cannot be indexed; camera.reshape(1) is a batch of one")
        return Cameras(self.pose[key], self.intrinsics[key])

    def __iter__(self) -> Iterator[Cameras]:
        return (self[index] for index in range(len(self)))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return (
            f"Cameras({tuple(self.shape)}, {self.pose.dtype}, {self.pose.device})"
            if self.shape
            else (
                f"Cameras(position={[round(x, 4) for x in self.position.tolist()]}, "
                f"forward={[round(x, 4) for x in self.forward.tolist()]}, focal={float(self.focal):.4f})"
            )
        )


def _point(point: Point, like: Tensor | None = None) -> Tensor:
    """Return a point as a tensor: as it is, or of the dtype and on the device of another."""
    tensor = point if isinstance(point, Tensor) else torch.tensor([float(x) for x in point], dtype=torch.float64)
    if like is not None:
        return tensor.to(like)
    return point if isinstance(point, Tensor) else tensor.float()
