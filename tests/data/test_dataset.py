"""A folder or a zip in the field's layout is read into Aetherist's conventions, without unpacking."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aetherist.data import ImageDataset, sample_path

from .helpers import camera, plain_set, png, spoilt_set, write_set


@pytest.fixture(params=["set", "set.zip"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_set(tmp_path / request.param, *plain_set())


def test_an_item_is_a_picture_in_minus_one_to_one_and_its_camera(path: Path) -> None:
    item = ImageDataset(path)[2]

    assert item["image"].shape == (3, 8, 8)
    assert item["image"].dtype == torch.float32
    assert item["image"][1].allclose(torch.tensor(20 / 127.5 - 1))
    assert item["camera"].shape == (25,)
    assert item["camera"].tolist() == pytest.approx(camera(2))
    assert item["index"].item() == 2


def test_black_is_minus_one_and_white_is_one(tmp_path: Path) -> None:
    def extremes(index: dict, files: dict) -> None:
        for name, value in zip(files, (0, 255), strict=False):
            picture = Image.new("RGB", (8, 8), (value, value, value))
            picture.save(tmp_path / "one.png")
            files[name] = (tmp_path / "one.png").read_bytes()

    data = ImageDataset(spoilt_set(tmp_path / "set", extremes))
    assert data[0]["image"].unique().tolist() == [-1.0]
    assert data[1]["image"].unique().tolist() == [1.0]


def test_records_are_in_the_order_of_their_paths_whatever_the_labels_order(tmp_path: Path) -> None:
    data = ImageDataset(spoilt_set(tmp_path / "set", lambda index, _: index["labels"].reverse()))
    assert [record.path for record in data.records] == [f"images/{n:03d}.png" for n in range(5)]
    assert data[1]["camera"].tolist() == pytest.approx(camera(1))


def test_larger_pictures_are_reduced_by_area(path: Path) -> None:
    small, full = ImageDataset(path, resolution=4)[1]["image"], ImageDataset(path)[1]["image"]
    mean = torch.nn.functional.avg_pool2d(full[None], 2)[0]
    assert small.shape == (3, 4, 4)
    assert (small - mean).abs().max() < 1.01 / 127.5


def test_mirroring_doubles_the_set(path: Path) -> None:
    data = ImageDataset(path, mirror=True)
    plain, mirrored = data[3], data[8]

    assert len(data) == 10
    assert data.cameras.shape == (10, 25)
    assert torch.equal(mirrored["image"], plain["image"].flip(-1))
    assert not torch.equal(mirrored["image"], plain["image"])
    assert torch.equal(mirrored["camera"], data.cameras[8])
    assert mirrored["index"] == plain["index"]
    assert torch.equal(data[-1]["image"], data[9]["image"])


def test_masks_depths_and_attributes_are_read_where_the_set_has_them() -> None:
    data = ImageDataset(sample_path(), masks=True, depths=True)
    item = data[0]

    assert len(data) == 64
    assert item["image"].shape == (3, 64, 64)
    assert item["mask"].shape == item["depth"].shape == (1, 64, 64)
    assert 0 <= item["mask"].min() < 0.01 < 0.99 < item["mask"].max() <= 1
    inside = item["mask"] > 0.99
    assert (item["depth"][inside] > 2).all()
    assert (item["depth"][inside] < 3.4).all()
    assert (item["depth"][item["mask"] == 0] == 0).all()
    assert data.attributes(0)["age"] >= 18
    assert sum(data.attributes(0)["ethnicity"].values()) == pytest.approx(1, abs=1e-3)
    assert item["identity"].item() == data.attributes(0)["identity"]
    assert data.about["generator"] == "aetherist heads"


def test_a_set_can_be_sent_to_another_process(path: Path) -> None:
    data = ImageDataset(path)
    copy = pickle.loads(pickle.dumps(data))
    assert torch.equal(copy[1]["image"], data[1]["image"])


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"labels": null}', b'{"labels": []}'])
def test_an_index_without_labels_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dataset.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"dataset\.json"):
        ImageDataset(tmp_path)


def test_what_is_no_data_set_is_refused_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such folder"):
        ImageDataset(tmp_path / "nothing")
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(ValueError, match="neither a folder nor a zip"):
        ImageDataset(tmp_path / "text.zip")
    with pytest.raises(ValueError, match=r"no dataset\.json"):
        ImageDataset(tmp_path)


def test_faults_name_the_file(tmp_path: Path) -> None:
    broken = spoilt_set(tmp_path / "a", lambda _, files: files.update({"images/002.png": b"no picture"}))
    with pytest.raises(ValueError, match=r"images/002\.png cannot be read"):
        ImageDataset(broken)[2]
    missing = spoilt_set(tmp_path / "b.zip", lambda _, files: files.pop("images/001.png"))
    with pytest.raises(ValueError, match=r"images/001\.png"):
        ImageDataset(missing)[1]
    wide = spoilt_set(tmp_path / "c", lambda _, files: files.update({"images/003.png": png(1, (8, 6))}))
    with pytest.raises(ValueError, match=r"images/003\.png is 8 x 6; square"):
        ImageDataset(wide)[3]
    with pytest.raises(ValueError, match="smaller than 16"):
        ImageDataset(wide, resolution=16)[0]
    with pytest.raises(ValueError, match="5 pictures have no mask"):
        ImageDataset(wide, masks=True)
    short = spoilt_set(tmp_path / "d", lambda index, _: index["labels"][1][1].pop())
    with pytest.raises(ValueError, match=r"labels\[1\].*24 numbers"):
        ImageDataset(short)


def test_a_label_cannot_lead_out_of_the_set(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(1))
    index, files = plain_set(2)
    index["labels"].append(["../secret.png", camera(0)])
    data = ImageDataset(write_set(tmp_path / "set", index, files), resolution=8)
    with pytest.raises(ValueError, match="cannot be read"):
        data[0]


def test_the_sample_is_small_and_its_index_is_the_fields() -> None:
    assert sample_path().stat().st_size < 1_000_000
    data = ImageDataset(sample_path())
    rotations = data.cameras[:, :16].unflatten(1, (4, 4))[:, :3, :3].double()
    assert (rotations @ rotations.mT - torch.eye(3)).abs().max() < 1e-5
    assert np.allclose(data.cameras[:, [3, 7, 11]].norm(dim=1), 2.7, atol=1e-5)
    assert json.dumps(data.about)
