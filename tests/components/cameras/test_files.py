"""Camera paths and COLMAP models on disk."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aetherist.components.cameras import (
    Cameras,
    cameras_from_data,
    interpolate,
    load_path,
    orbit,
    read_colmap,
    save_nerfstudio,
    save_path,
    sway,
    to_nerfstudio,
    write_colmap,
)
from tests.components.cameras.drawing import cameras, close

SEVERAL = st.lists(cameras(), min_size=1, max_size=4).map(Cameras.stack)


@given(SEVERAL)
def test_our_own_files_keep_every_number(path: Cameras) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for kept in (path, path.to(torch.float32)):
            save_path(Path(folder) / "path.json", kept)
            again = load_path(Path(folder) / "path.json", dtype=kept.pose.dtype)
            assert torch.equal(again.vector, kept.vector)


@given(st.lists(cameras(square=True), min_size=1, max_size=3).map(Cameras.stack))
def test_nerfstudios_files_lead_back(path: Cameras) -> None:
    with tempfile.TemporaryDirectory() as folder:
        save_nerfstudio(Path(folder) / "path.json", path)
        assert close(load_path(Path(folder) / "path.json", dtype=torch.float64), path)


@given(SEVERAL)
def test_colmaps_files_lead_back(path: Cameras) -> None:
    plain = Cameras(path.pose, path.intrinsics.clone())
    plain.intrinsics[:, 0, 1] = 0
    with tempfile.TemporaryDirectory() as folder:
        write_colmap(folder, plain, width=640, height=480)
        model = read_colmap(folder)
    assert close(model.cameras, plain)
    assert model.sizes == ((640, 480),) * len(plain)
    assert model.names[0] == "000000.png"


def test_a_camera_may_be_written_in_four_ways() -> None:
    camera = Cameras.from_angles(0.3, 0.1)
    vector = camera.vector.tolist()
    fov = math.degrees(2 * math.atan(0.5 / 4.2647))
    path = cameras_from_data(
        {
            "format": "aetherist.cameras",
            "version": 1,
            "cameras": [
                {"yaw": 0.3, "pitch": 0.1},
                {"position": vector[3:12:4], "target": [0, 0, 0.2], "fov": fov},
                {"pose": camera.pose.tolist(), "intrinsics": camera.intrinsics.tolist()},
                vector,
            ],
        }
    )
    torch.testing.assert_close(path.vector, torch.tensor([vector] * 4, dtype=torch.float64), atol=1e-6, rtol=0)


def test_a_file_may_ask_for_frames_between_its_keys(tmp_path: Path) -> None:
    keys = [{"yaw": yaw, "pitch": 0.0} for yaw in (-0.4, 0.0, 0.4)]
    told = {"format": "aetherist.cameras", "version": 1, "cameras": keys}
    (tmp_path / "keys.json").write_text(json.dumps(told | {"interpolate": {"frames": 9, "curve": "spline"}}))
    made = load_path(tmp_path / "keys.json")
    expected = interpolate(cameras_from_data(told), 9, curve="spline").to(torch.float32)
    torch.testing.assert_close(made.vector, expected.vector)


def test_nerfstudios_world_has_z_up_and_its_angle_is_from_top_to_bottom() -> None:
    path = to_nerfstudio(Cameras.from_angles(0.0, 0.0, focal=1.0).reshape(1), width=512, height=512)
    frame = path["camera_path"][0]
    assert frame["camera_to_world"] == pytest.approx([1, 0, 0, 0, 0, 0, -1, -2.7, 0, 1, 0, 0, 0, 0, 0, 1], abs=1e-6)
    assert frame["fov"] == pytest.approx(2 * math.degrees(math.atan(0.5)))
    assert (path["render_width"], path["seconds"]) == (512, 1 / 24)
    wide = cameras_from_data(path | {"render_width": 1024})
    torch.testing.assert_close(wide.intrinsics[0].diagonal(), torch.tensor([0.5, 1.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(wide.squared().intrinsics, cameras_from_data(path).intrinsics)
    assert to_nerfstudio(wide, width=1024, height=512)["camera_path"][0]["aspect"] == 2


def test_cameras_that_nerfstudio_has_not_are_refused() -> None:
    with pytest.raises(ValueError, match="not square"):
        to_nerfstudio(sway(1), width=640, height=480)
    with pytest.raises(ValueError, match="no skew"):
        to_nerfstudio(Cameras(sway(1).pose, sway(1).intrinsics + torch.tensor([[0, 0.1, 0], [0, 0, 0], [0, 0, 0]])))


PATH: dict[str, Any] = {"format": "aetherist.cameras", "version": 1, "cameras": [{"yaw": 0, "pitch": 0}]}
FRAME: dict[str, Any] = {"camera_to_world": torch.eye(4).flatten().tolist(), "fov": 50}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], 'no camera path: it has neither "format"'),
        (PATH | {"version": 2}, "version: Input should be 1"),
        (PATH | {"cameras": []}, "cameras: List should have at least 1 item"),
        (PATH | {"cameras": [{"yaw": 0}]}, "cameras.0.pitch: Field required"),
        (PATH | {"cameras": [{"yaw": 0, "pitch": 0, "fov": 9, "focal": 2}]}, "cameras.0: give 'focal' or 'fov'"),
        (PATH | {"cameras": [{"yaw": 0, "pitch": 0, "roll": 1}]}, "cameras.0.roll: Extra inputs are not permitted"),
        (PATH | {"cameras": [{"position": [0, 0, 1], "target": [0, 0, 1]}]}, "cameras.0: look_at: a camera stands on"),
        (PATH | {"cameras": [[1, 2]]}, "cameras.0.numbers: List should have at least 25 items"),
        (PATH | {"cameras": [[1] * 25]}, "cameras.0: the rotation .* is not orthonormal"),
        (PATH | {"interpolate": {"frames": 0}}, "interpolate.frames: Input should be greater than 0"),
        (
            {"camera_path": [], "keyframes": []},
            "camera_path: nerfstudio.s path has no frames, and 0 keyframes; add cameras to it",
        ),
        ({"keyframes": [{}, {}]}, "camera_path: nerfstudio.s path has no frames, and 2 keyframes; save the path again"),
        ({"camera_path": "none"}, "camera_path: nerfstudio.s path has no frames, and 0 keyframes"),
        ({"camera_type": "fisheye", "camera_path": [FRAME]}, "camera type is 'fisheye'"),
        ({"camera_path": [{"fov": 50}]}, "camera_path.0.camera_to_world: it should be a list of 16"),
        ({"camera_path": [FRAME | {"fov": 200}]}, "camera_path.0.fov: a field of view of 200"),
        ({"camera_path": [FRAME | {"fov": None}]}, "camera_path.0.fov: it should be a positive number, not None"),
        ({"camera_path": [FRAME | {"camera_to_world": [2] * 16}]}, "camera_to_world: the rotation"),
    ],
)  # fmt: skip
def test_what_is_no_camera_path_is_told_where_and_why(data: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "path.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=rf"path\.json: .*{message}"):
        load_path(tmp_path / "path.json")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        load_path(tmp_path / "nowhere.json")
    (tmp_path / "text.json").write_text("hello")
    with pytest.raises(ValueError, match="is no JSON"):
        load_path(tmp_path / "text.json")


COLMAP_LENSES = """# Camera list
1 SIMPLE_PINHOLE 3072 2304 2559.81 1536 1152
7 PINHOLE 3072 2304 2560.56 2570.5 1530 1150
"""
COLMAP_PICTURES = """# Image list
1 0.851773 0.0165051 0.503764 -0.142941 -0.737434 1.02973 3.74354 1 first one.jpg
2362.39 248.498 58396 1784.7 268.254 59027
2 0.851773 0.0165051 0.503764 -0.142941 -0.737434 1.02973 3.74354 7 two.jpg

"""


def colmap(folder: Path, lenses: str = COLMAP_LENSES, pictures: str = COLMAP_PICTURES) -> Path:
    (folder / "cameras.txt").write_text(lenses)
    (folder / "images.txt").write_text(pictures)
    return folder


def test_colmaps_own_files_are_read(tmp_path: Path) -> None:
    model = read_colmap(colmap(tmp_path))
    assert model.names == ("first one.jpg", "two.jpg")
    assert model.cameras.intrinsics[1, :2].tolist() == [
        [2560.56 / 3072, 0, 1530 / 3072],
        [0, 2570.5 / 2304, 1150 / 2304],
    ]
    origin = model.cameras.world_to_camera[0, :3, 3]
    torch.testing.assert_close(origin, torch.tensor([-0.737434, 1.02973, 3.74354], dtype=torch.float64))


def test_pictures_of_one_lens_share_it(tmp_path: Path) -> None:
    write_colmap(tmp_path / "new", orbit(3), width=512, height=512, names=["a.png", "b.png", "c d.png"])
    lenses = (tmp_path / "new" / "cameras.txt").read_text().splitlines()
    assert len(lenses) == 2
    assert lenses[1].startswith("1 SIMPLE_PINHOLE 512 512 2183.52")
    assert read_colmap(tmp_path / "new").names == ("a.png", "b.png", "c d.png")
    assert (tmp_path / "new" / "points3D.txt").exists()


@pytest.mark.parametrize(
    ("lenses", "pictures", "message"),
    [
        ("1 OPENCV 10 10 5 5 5 5 0 0 0 0\n", COLMAP_PICTURES, "line 1: a camera of model OPENCV.*Undistort"),
        ("1 PINHOLE 10 10 5\n", COLMAP_PICTURES, "cameras.txt, line 1: PINHOLE has width, height, fx, fy, cx, cy"),
        ("1 PINHOLE 10 10 5 x 5 5\n", COLMAP_PICTURES, "line 1: .* should be numbers"),
        (COLMAP_LENSES, "# none\n", "lists no picture"),
        (COLMAP_LENSES, "1 1 0 0\n\n", "images.txt, line 1: a picture has 10 entries"),
        (COLMAP_LENSES, "1 1 0 0 0 0 0 0 3 a.png\n\n", "has no camera 3; it has 1, 7"),
        (COLMAP_LENSES, "1 0 0 0 0 0 0 0 1 a.png\n\n", "the quaternion is zero"),
    ],
)  # fmt: skip
def test_what_is_no_colmap_model_is_told_by_line(lenses: str, pictures: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read_colmap(colmap(tmp_path, lenses, pictures))


def test_what_colmap_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        read_colmap(tmp_path)
    with pytest.raises(ValueError, match="2 names for 3 cameras"):
        write_colmap(tmp_path, orbit(3), width=8, height=8, names=["a", "b"])
    skewed = Cameras(sway(1).pose, sway(1).intrinsics + torch.tensor([[0, 0.1, 0], [0, 0, 0], [0, 0, 0]]))
    with pytest.raises(ValueError, match="a skew"):
        write_colmap(tmp_path, skewed, width=8, height=8)
