"""Avatars as meshes, splats and videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aetherist.avatars import Avatar, AvatarModel
from aetherist.avatars.shapes import write_density
from aetherist.components.cameras import Cameras

LEVEL = {"level": 1.45}
"""Untrained weights are a fog; here it has a surface."""


@pytest.fixture(scope="module")
def avatar(model: AvatarModel) -> Avatar:
    return model.avatar(7)


def test_a_mesh_lies_where_the_density_has_its_level(avatar: Avatar) -> None:
    pytest.importorskip("scipy")
    mesh = avatar.mesh(24, **LEVEL)
    assert mesh.colours is not None
    assert mesh.watertight
    assert avatar.mesh(24, coloured=False, **LEVEL).colours is None
    with pytest.raises(ValueError, match="no surface: the density in the box lies between"):
        avatar.mesh(8, level=1e6)


def test_splats_lie_on_the_surface(avatar: Avatar) -> None:
    pytest.importorskip("scipy")
    splats = avatar.splats(40, resolution=16, **LEVEL)
    assert len(splats) == 40
    assert np.abs(splats.centers).max() <= 0.5


def test_a_folder_that_is_not_there_is_named_whatever_is_written(avatar: Avatar, tmp_path: Path) -> None:
    pytest.importorskip("av")
    pytest.importorskip("scipy")
    gone = tmp_path / "gone"
    for write in (
        lambda: avatar.save(gone / "me.avatar"),
        lambda: avatar.mesh(16, **LEVEL).save(gone / "head.glb"),
        lambda: avatar.splats(9, resolution=16, **LEVEL).save(gone / "head.splat.ply"),
        lambda: avatar.video(gone / "sway.mp4", 2),
        lambda: write_density(avatar, gone / "head.mrc", resolution=8),
    ):
        with pytest.raises(FileNotFoundError, match=f"the folder {gone} is not there; make it first"):
            write()


def test_a_video_has_the_frames_of_its_path(avatar: Avatar, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    avatar.video(tmp_path / "sway.mp4", 5, fps=10)
    avatar.video(tmp_path / "orbit.mp4", 4, motion="orbit", pitch=0.1)
    avatar.video(tmp_path / "path.webm", cameras=Cameras.stack([avatar.camera(), avatar.camera(0.2)]), output="depth")
    with pytest.raises(ValueError, match="motion='spin': write 'sway', an ellipse before the face, or 'orbit'"):
        avatar.video(tmp_path / "spin.mp4", motion="spin")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^yaw=nan: give a finite number, in radians$"):
        avatar.video(tmp_path / "nan.mp4", motion="orbit", yaw=float("nan"))
    for name, frames in (("sway.mp4", 5), ("orbit.mp4", 4), ("path.webm", 2)):
        with av.open(str(tmp_path / name)) as video:
            assert sum(1 for _ in video.decode(video=0)) == frames
