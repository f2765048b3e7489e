"""Runs: everything that is asked for is made once, and the manifest says what is there."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from PIL import Image

from aetherist.avatars import AvatarModel
from aetherist.batch import DrawnViews, FolderStore, Item, Progress, Store, items_of_seeds
from aetherist.export import read_metadata
from aetherist.graphs.generate import Stage
from tests.batch.helpers import TWO, Sketcher, contents, made, manifest, recorded, sketched, small_job, whole


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "out")


@pytest.fixture
def sketcher(store: Store) -> Sketcher:
    return Sketcher(small_job(), store)


# What is made ---------------------------------------------------------------------------------------------------------


def test_the_pictures_are_what_the_model_gives(model: AvatarModel, folder: FolderStore) -> None:
    job = small_job(views=TWO, outputs=("image", "depth", "alpha"), psi=0.7)
    found = made(job, model, folder, range(3), batch=2)
    assert (found.progress.done, found.files, found.stopped) == (3, 18, False)
    person = model.avatar(1, psi=0.7)
    path = folder.folder / "pictures" / "00000"
    shown = np.asarray(Image.open(path / "seed0000001_view01.png"))
    assert np.abs(shown.astype(int) - person.render(0.3, 0.1, as_="numpy")).max() <= 1
    depth = np.asarray(Image.open(path / "seed0000001_view01_depth.png"))
    assert depth.dtype == np.uint16
    assert depth * 0.0005 == pytest.approx(person.render(0.3, 0.1, output="depth", as_="tensor")[0].numpy(), abs=3e-4)


def test_the_files_do_not_depend_on_who_is_made_with_whom(model: AvatarModel, tmp_path: Path) -> None:
    job = small_job(views=TWO)
    pictures = []
    for size in (1, 3):
        store = FolderStore(tmp_path / str(size))
        made(job, model, store, range(4), batch=size)
        pictures.append(contents(store.folder / "pictures"))
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) == 8


@pytest.mark.parametrize(("format", "suffix"), [("jpeg", "jpg"), ("webp", "webp")])
def test_formats(model: AvatarModel, folder: FolderStore, format, suffix) -> None:
    made(small_job(format=format, quality=80, metadata=True), model, folder, range(1))
    path = folder.folder / "pictures" / "00000" / f"seed0000000.{suffix}"
    with Image.open(path) as picture:
        assert (picture.format or "").lower() == format
    told = read_metadata(path)
    assert told is not None
    assert (told["seed"], told["options"]["quality"], told["graph"]) == (0, 80, "show")


def test_items_of_a_table(model: AvatarModel, folder: FolderStore) -> None:
    items = [Item("row", 1, 7, psi=0.5), Item("row", 2, 7, angles=(0.4, -0.1))]
    made(small_job(views=TWO), model, folder, items, batch=2)
    assert [(row["path"][15:], row["seed"], row["psi"], row["yaw"], row["pitch"]) for row in manifest(folder)] == [
        ("row0000001_view00.png", 7, 0.5, -0.3, 0.0),
        ("row0000001_view01.png", 7, 0.5, 0.3, 0.1),
        ("row0000002.png", 7, 1.0, 0.4, -0.1),
    ]


def test_drawn_cameras(model: AvatarModel, folder: FolderStore) -> None:
    views = DrawnViews("gaussian", Stage(), 2)
    made(small_job(views=views), model, folder, range(2))
    cameras = torch.tensor([row["camera"] for row in manifest(folder)])
    assert torch.equal(cameras, torch.cat([views.of(0), views.of(1)]))


def test_the_manifest_names_every_file(model: AvatarModel, store: Store) -> None:
    found = made(small_job(outputs=("image", "alpha")), model, store, range(5))
    rows = manifest(store)
    assert found.manifests[0] == "manifest.jsonl"
    assert [row["path"] for row in rows] == sorted(store.names("pictures"), key=lambda name: name.replace("_", "~"))
    assert {(row["model"], row["width"]) for row in rows if row["output"] == "image"} == {(model.digest, 32)}
    assert all(whole(store, record) for record in recorded(store).values())
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    table = parquet.read_table(io.BytesIO(store.get("manifest.parquet") or b""))
    assert table.column("sha256").to_pylist() == [row["sha256"] for row in rows]
    assert table.num_rows == 10


# Going on -------------------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_made_again(sketcher: Sketcher) -> None:
    assert sketched(sketcher, range(5)).progress.made == 5
    found = sketched(sketcher, range(9))
    assert (found.progress.made, found.progress.done) == (4, 9)
    assert sketcher.tried == list(range(9))
    assert len(manifest(sketcher.store)) == 9


def test_fewer_may_be_asked_for_and_the_manifest_names_all(sketcher: Sketcher) -> None:
    sketched(sketcher, range(9))
    found = sketched(sketcher, range(3))
    assert (found.progress.done, found.progress.total, found.files) == (3, 3, 9)


def test_stopping_leaves_what_can_be_gone_on_with(sketcher: Sketcher) -> None:
    found = sketched(sketcher, range(9), stopping=lambda: len(sketcher.tried) >= 4, batch=2)
    assert (found.progress.done, found.stopped) == (4, True)
    assert len(manifest(sketcher.store)) == 4
    assert not sketched(sketcher, range(9)).stopped
    assert sketcher.tried == list(range(9))


def test_what_ends_a_run_in_the_middle_loses_only_what_is_at_work(sketcher: Sketcher) -> None:
    def breaks(item: Item) -> None:
        if item.key == 5:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        sketched(attrs.evolve(sketcher, before=breaks), range(9))
    assert sorted(recorded(sketcher.store)) == [0, 1, 2, 3, 4]
    assert sketched(sketcher, range(9)).progress.made == 4


def test_other_settings_are_refused(model: AvatarModel, folder: FolderStore) -> None:
    made(small_job(), model, folder, range(1))
    with pytest.raises(ValueError, match=re.escape('pictures is {"format": "png"')):
        made(small_job(format="webp"), model, folder, range(1))
    with pytest.raises(ValueError, match="other settings: psi"):
        made(small_job(psi=0.5), model, folder, range(1))


def test_a_changed_row_is_refused(model: AvatarModel, folder: FolderStore) -> None:
    made(small_job(), model, folder, [Item("row", 1, 7)])
    with pytest.raises(ValueError, match="holds another row0000001"):
        made(small_job(), model, folder, [Item("row", 1, 8)])


def test_lost_and_damaged_files_are_made_again_if_asked(model: AvatarModel, folder: FolderStore) -> None:
    job = small_job()
    made(job, model, folder, range(6))
    before = contents(folder.folder / "pictures")
    pictures = sorted((folder.folder / "pictures").rglob("*.png"))
    pictures[1].unlink()
    pictures[5].write_bytes(b"?")
    assert made(job, model, folder, range(6)).progress.made == 0
    assert made(job, model, folder, range(6), verify=True).progress.made == 2
    assert contents(folder.folder / "pictures") == before
    assert len(manifest(folder)) == 6


# What cannot be made --------------------------------------------------------------------------------------------------


def test_who_cannot_be_made_is_skipped_or_stops(sketcher: Sketcher) -> None:
    failing = attrs.evolve(sketcher, failing=(2, 5))
    found = sketched(failing, range(8))
    assert ([each.item.key for each in found.failed], found.stopped, found.progress.done) == ([2], True, 2)
    found = sketched(failing, range(8), on_error="skip")
    assert ([each.item.key for each in found.failed], found.stopped, found.progress.done) == ([2, 5], False, 6)
    lines = (sketcher.store.get("errors.jsonl") or b"").splitlines()
    assert [json.loads(line)["item"] for line in lines] == ["seed0000002", "seed0000005"]
    assert sketched(sketcher, range(8)).progress.done == 8
    assert sketcher.store.get("errors.jsonl") is None


def test_one_who_fails_takes_no_others_along(model: AvatarModel, folder: FolderStore) -> None:
    items = items_of_seeds(range(4))
    items[1] = attrs.evolve(items[1], psi=float("inf"))
    items[2] = attrs.evolve(items[2], edits={"age": 1.0})
    found = made(small_job(), model, folder, items, batch=4, on_error="skip")
    assert sorted(recorded(folder)) == [0, 3]
    assert sorted((each.item.key, each.reason.partition(",")[0]) for each in found.failed) == [
        (1, "its image has numbers that are not finite"),
        (2, "tiny has no style directions"),
    ]


def test_a_model_that_changed_underway_is_refused(model: AvatarModel, folder: FolderStore) -> None:
    from aetherist.batch.maker import Maker

    with pytest.raises(ValueError, match="another model here"):
        Maker(small_job(), folder, model, digest="of another")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "gif"}, "no format 'gif'"),
        ({"quality": 80}, "PNG takes none"),
        ({"outputs": ("image", "image")}, "each once"),
        ({"outputs": ()}, "name one or more"),
    ],
)
def test_jobs_that_make_no_sense_are_refused(changes, said) -> None:
    with pytest.raises(ValueError, match=said):
        small_job(**changes)


def test_progress_has_a_rate_and_a_time_left(sketcher: Sketcher) -> None:
    heard: list[Progress] = []
    sketched(sketcher, range(4), tell=heard.append)
    assert [each.done for each in heard] == [0, 1, 2, 3, 4]
    assert heard[0].left is None
    assert Progress(21, 11, 0, 41, 5.0).rate == 2.0
    assert Progress(21, 11, 0, 41, 5.0).left == 10.0


def test_nothing_of_pytorch_is_left_on(model: AvatarModel, folder: FolderStore) -> None:
    made(small_job(), model, folder, range(1))
    assert torch.is_grad_enabled()
