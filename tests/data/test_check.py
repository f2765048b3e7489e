"""The check says what is wrong with a data set, and where; a sound one has nothing wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from aetherist.data import check_dataset, sample_path

from .helpers import camera, plain_set, png, spoilt_set, write_set

Index, Files = dict[str, Any], dict[str, bytes]
SECOND = "images/001.png"


def pose(index: Index, number: int = 1) -> np.ndarray:
    return np.array(index["labels"][number][1][:16]).reshape(4, 4)


def set_pose(index: Index, matrix: np.ndarray, number: int = 1) -> None:
    index["labels"][number][1][:16] = matrix.ravel().tolist()


def scaled_rotation(index: Index, files: Files) -> None:
    matrix = pose(index)
    matrix[:3, :3] *= 1.1
    set_pose(index, matrix)


def mirrored_rotation(index: Index, files: Files) -> None:
    matrix = pose(index)
    matrix[:3, 0] *= -1
    set_pose(index, matrix)


def by_columns(index: Index, files: Files) -> None:
    set_pose(index, pose(index).T)


def pixel_intrinsics(index: Index, files: Files) -> None:
    index["labels"][1][1][16:] = [1024.0, 0, 128, 0, 1024, 128, 0, 0, 1]


def negative_focal(index: Index, files: Files) -> None:
    index["labels"][1][1][16] *= -1


def center_outside(index: Index, files: Files) -> None:
    index["labels"][1][1][18] = 1.6


def opengl(index: Index, files: Files) -> None:
    set_pose(index, pose(index) @ np.diag([1.0, -1, -1, 1]))


def rolled_over(index: Index, files: Files) -> None:
    set_pose(index, pose(index) @ np.diag([-1.0, -1, 1, 1]))


def not_finite(index: Index, files: Files) -> None:
    index["labels"][1][1][3] = float("nan")


def short_label(index: Index, files: Files) -> None:
    index["labels"][1][1] = index["labels"][1][1][:16]


def null_label(index: Index, files: Files) -> None:
    index["labels"][1] = None
    del files[SECOND]


def labelled_twice(index: Index, files: Files) -> None:
    index["labels"].append([SECOND, camera(3)])


def without_label(index: Index, files: Files) -> None:
    del index["labels"][1]


def without_file(index: Index, files: Files) -> None:
    del files[SECOND]


def corrupt(index: Index, files: Files) -> None:
    files[SECOND] = files[SECOND][:60]


def oblong(index: Index, files: Files) -> None:
    files[SECOND] = png(3, (8, 6))


def other_size(index: Index, files: Files) -> None:
    files[SECOND] = png(3, (16, 16))


def copied(index: Index, files: Files) -> None:
    files[SECOND] = files["images/000.png"]


def without_mask(index: Index, files: Files) -> None:
    index["masks"] = {"images/000.png": SECOND, "images/002.png": "masks/002.png"}


def small_depth(index: Index, files: Files) -> None:
    index["depths"] = {"images/000.png": "depths/000.png"}
    files["depths/000.png"] = png(0, (4, 4), "L")


FAULTS: list[tuple[Callable[[Index, Files], None], str, str, str]] = [
    (scaled_rotation, "rotation", SECOND, "not orthonormal"),
    (mirrored_rotation, "rotation", SECOND, "determinant -1"),
    (by_columns, "pose", SECOND, "by columns"),
    (pixel_intrinsics, "pixels", SECOND, "in pixels.*1024"),
    (negative_focal, "intrinsics", SECOND, "focal length"),
    (center_outside, "intrinsics", SECOND, "principal point"),
    (opengl, "opengl", SECOND, "OpenGL"),
    (rolled_over, "upside-down", SECOND, "upside down"),
    (not_finite, "camera", SECOND, "not finite"),
    (short_label, "label", "labels[1]", "16 numbers"),
    (null_label, "label", "labels[1]", "path, "),
    (labelled_twice, "label", SECOND, "twice"),
    (without_label, "unlabelled", SECOND, "no label"),
    (without_file, "missing", SECOND, "not there"),
    (corrupt, "corrupt", SECOND, "cannot be read"),
    (oblong, "size", SECOND, "8 x 6"),
    (other_size, "size", SECOND, "most are 8 x 8"),
    (copied, "duplicate", SECOND, r"images/000\.png"),
    (without_mask, "missing", "masks/002.png", "in masks"),
    (small_depth, "size", "depths/000.png", "4 x 4"),
]


@pytest.mark.parametrize(("spoil", "kind", "where", "message"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS])
def test_each_fault_is_found_where_it_is_and_nothing_else(
    tmp_path: Path, spoil: Callable[[Index, Files], None], kind: str, where: str, message: str
) -> None:
    report = check_dataset(spoilt_set(tmp_path / "set.zip", spoil))
    assert [finding.kind for finding in report.findings] == [kind], report
    assert where in report.findings[0].where
    assert re.search(message, report.findings[0].message)


@pytest.mark.parametrize("name", ["set", "set.zip"])
def test_a_sound_set_has_nothing_wrong(tmp_path: Path, name: str) -> None:
    report = check_dataset(write_set(tmp_path / name, *plain_set()))
    assert report.ok
    assert report.findings == ()
    assert report.images == 5
    assert report.size == (8, 8)
    assert "nothing is wrong" in str(report)


def test_the_sample_has_nothing_wrong() -> None:
    report = check_dataset(sample_path())
    assert report.findings == ()
    assert report.images == 64


def test_world_to_camera_matrices_are_recognised(tmp_path: Path) -> None:
    def invert(index: Index, files: Files) -> None:
        for number in range(5):
            set_pose(index, np.linalg.inv(pose(index, number)), number)
            index["labels"][number][1][3:12:4] = [0.0, 0.0, 2.7]

    report = check_dataset(spoilt_set(tmp_path / "set", invert))
    assert {finding.kind for finding in report.findings} == {"inverted"}
    assert len(report.findings) == 5
    assert "... and 2 more" in str(report)


def test_one_camera_for_all_is_a_warning(tmp_path: Path) -> None:
    def alike(index: Index, files: Files) -> None:
        for label in index["labels"]:
            label[1] = camera(2)

    report = check_dataset(spoilt_set(tmp_path / "set", alike))
    assert {finding.kind for finding in report.findings} == {"same-camera"}
    assert report.ok


def test_all_faults_are_reported_at_once_and_as_json(tmp_path: Path) -> None:
    def spoil(index: Index, files: Files) -> None:
        scaled_rotation(index, files)
        index["labels"][3][1][16] = 700.0
        files["images/004.png"] = b""

    report = check_dataset(spoilt_set(tmp_path / "set", spoil))
    assert not report.ok
    assert {finding.kind for finding in report.findings} == {"rotation", "pixels", "corrupt"}
    assert json.loads(json.dumps(report.to_dict()))["ok"] is False


def test_pictures_show_the_images_and_where_the_cameras_stand(tmp_path: Path) -> None:
    sheet, poses = check_dataset(write_set(tmp_path / "set", *plain_set())).save_pictures(tmp_path / "out")
    with Image.open(sheet) as picture:
        assert picture.size == (8 * 96, 96)
    with Image.open(poses) as picture:
        blue = (np.asarray(picture).astype(int) - [32, 96, 168]).__abs__().sum(-1) < 20
    assert blue.sum() > 5 * 4


def test_progress_counts_the_pictures(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    check_dataset(write_set(tmp_path / "set", *plain_set()), lambda done, total: seen.append((done, total)))
    assert seen == [(n, 5) for n in range(1, 6)]


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such"):
        check_dataset(tmp_path / "nothing")
