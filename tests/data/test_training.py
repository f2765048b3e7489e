"""A data set as a trainer reads it."""

from __future__ import annotations

from pathlib import Path

from aetherist.data import TrainingData, mirror_camera, sample_path
from tests.data.helpers import plain_set, write_set


def test_the_data_gives_single_fields_and_reads_no_more_than_it_must(monkeypatch):
    data = TrainingData(sample_path(), {"image", "mask", "attributes.age"}, resolution=32)
    assert {"camera", "image", "mask", "identity", "attributes.age", "attributes.smile"} <= set(data.fields)
    assert "depth" not in data.fields
    row = data.read(3, ("image", "mask", "attributes.age"), mirrored=False)
    assert (row["image"].shape, row["mask"].shape, row["attributes.age"].shape) == ((3, 32, 32), (1, 32, 32), ())
    mirrored = data.read(3, ("image", "camera"), mirrored=True)
    assert mirrored["image"].equal(row["image"].flip(-1))
    assert mirrored["camera"].equal(mirror_camera(data.read(3, ("camera",), mirrored=False)["camera"]))
    monkeypatch.delattr(type(data.dataset), "__getitem__")  # cameras need no picture
    assert data.read(3, ("camera",), mirrored=False)["camera"].shape == (25,)


def test_attributes_of_several_numbers_are_fields_where_every_picture_has_as_many(tmp_path: Path) -> None:
    index, files = plain_set(3)
    index["attributes"] = {
        name: {"latent": [0.5 * number, 1.0], "uneven": [1.0] * (number + 1), "name": "x"}
        for number, name in enumerate(files)
    }
    data = TrainingData(write_set(tmp_path / "set", index, files), {"attributes.latent"})
    assert "attributes.uneven" not in data.fields
    assert "attributes.name" not in data.fields
    assert data.read(2, ["attributes.latent"], mirrored=False)["attributes.latent"].tolist() == [1.0, 1.0]
