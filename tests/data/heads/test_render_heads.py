"""A set of heads is complete, sound and reproducible, and it can be interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aetherist.data import ImageDataset, check_dataset
from aetherist.data.heads import CameraDistribution, Progress, Renderer, render_heads
from aetherist.data.heads.latent import ATTRIBUTE_SCORES

pytestmark = pytest.mark.usefixtures("renderer")
SMALL: dict[str, Any] = {"identities": 2, "views": 2, "resolution": 32, "seed": 3}


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, renderer: Renderer) -> Path:
    return render_heads(tmp_path_factory.mktemp("heads") / "set", **SMALL)


def test_a_set_is_sound_and_has_what_was_asked_for(small: Path) -> None:
    report = check_dataset(small)
    assert [f for f in report.findings if f.severity == "error"] == []
    data = ImageDataset(small, masks=True, depths=True)
    assert len(data) == 4
    item = data[3]
    assert item["image"].shape == (3, 32, 32)
    assert item["identity"].item() == 1
    facts = data.attributes(3)
    assert {"identity", "view", "yaw", "pitch", "age", "seeds"} <= set(facts)
    assert set(facts["seeds"]) == {"identity", "light", "background", "camera"}
    expected = CameraDistribution().camera(*CameraDistribution().angles(facts["seeds"]["camera"]))
    assert np.allclose(item["camera"].numpy(), expected)


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones(small: Path, tmp_path: Path) -> None:
    again = files(render_heads(tmp_path / "again", **SMALL))
    assert again == files(small)
    other = files(render_heads(tmp_path / "other", **(SMALL | {"seed": 4})))
    assert not set(other.values()) & set(again.values())


def test_rendering_again_does_nothing_and_other_settings_are_refused(small: Path) -> None:
    assert render_heads(small, **SMALL) == small
    with pytest.raises(ValueError, match="other settings"):
        render_heads(small, **(SMALL | {"seed": 4}))


def test_it_goes_on_where_it_stopped(small: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(progress: Progress) -> None:
        raise StopError

    with pytest.raises(StopError):
        render_heads(tmp_path / "set", **SMALL, progress=stop)
    with pytest.raises(ValueError, match="begun with other settings"):
        render_heads(tmp_path / "set", **(SMALL | {"views": 3}))
    (tmp_path / "set/images/000001").mkdir()
    (tmp_path / "set/images/000001/000.png.77.partial").write_bytes(b"half written by a run that was killed")
    seen: list[Progress] = []
    resumed = render_heads(tmp_path / "set", **SMALL, progress=seen.append)

    assert [(p.done, p.total) for p in seen] == [(4, 4)]
    assert seen[0].seconds_left == 0
    assert files(resumed) == files(small)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="not empty"):
        render_heads(tmp_path, **SMALL)
    assert files(tmp_path) == {"letter.txt": b"dear"}


def test_a_zip_holds_what_a_folder_does(small: Path, tmp_path: Path) -> None:
    archive = render_heads(tmp_path / "set.zip", **SMALL)
    assert list(tmp_path.iterdir()) == [archive]
    zipped, folder = ImageDataset(archive), ImageDataset(small)
    assert [r.path for r in zipped.records] == [r.path for r in folder.records]
    assert (zipped[2]["image"] == folder[2]["image"]).all()
    assert render_heads(archive, **SMALL) == archive


def test_pairs_differ_in_one_attribute_alone(tmp_path: Path) -> None:
    path = render_heads(tmp_path / "pairs", identities=1, views=2, resolution=32, seed=1, pairs="smile", masks=False)
    data = ImageDataset(path, depths=True)
    first, second = (
        {data.attributes(n)["view"]: n for n in range(4) if data.attributes(n)["variant"] == v} for v in "ab"
    )
    for view in range(2):
        a, b = data.attributes(first[view]), data.attributes(second[view])
        assert {key for key in a if a[key] != b[key]} == {"smile", "variant", "latent"}
        changed = [place for place, (x, y) in enumerate(zip(a["latent"], b["latent"], strict=True)) if x != y]
        assert changed == [ATTRIBUTE_SCORES.index("smile")]
        assert (data[first[view]]["camera"] == data[second[view]]["camera"]).all()
        assert not (data[first[view]]["image"] == data[second[view]]["image"]).all()


def test_jpeg_sets_are_small_and_need_no_masks_or_depths(small: Path, tmp_path: Path) -> None:
    settings = SMALL | {"image_format": "jpeg", "masks": False, "depths": False}
    path = render_heads(tmp_path / "set", **settings)
    assert {Path(name).suffix for name in files(path)} == {".jpg", ".json"}
    difference = ImageDataset(path)[0]["image"] - ImageDataset(small)[0]["image"]
    assert difference.abs().mean() < 0.05


@pytest.mark.slow
def test_workers_make_the_same_bytes(small: Path, tmp_path: Path) -> None:
    assert files(render_heads(tmp_path / "set", **SMALL, workers=2)) == files(small)
