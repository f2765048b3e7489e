"""The order of images: shuffled anew each epoch, the same for any number of processes, and at any place at once."""

from __future__ import annotations

import itertools
from typing import Any

import torch

from aetherist.graphs.training.data import Order, Rows, batches
from aetherist.graphs.training.distributed import World
from tests.graphs.training.toys import Album, mirror


def taken(count: int, **options: Any) -> list[dict[str, torch.Tensor]]:
    album = options.pop("album", None) or Album()
    rows = Rows(album, {"image", "camera"}, seed=1, mirror=options.pop("mirror", False))
    return list(itertools.islice(batches(rows, **{"first": 0, "batch_size": 4, "world": World()} | options), count))


def test_every_image_comes_once_an_epoch_in_an_order_of_its_own() -> None:
    order = Order(10, "name")
    epochs = [[order[10 * epoch + place] for place in range(10)] for epoch in range(3)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_any_place_of_the_order_can_be_asked_for() -> None:
    order, other = Order(10, "name"), Order(10, "name")
    assert [order[place] for place in (25, 3, 17)] == [[other[p] for p in range(30)][place] for place in (25, 3, 17)]


def test_mirrored_every_image_is_there_twice_and_its_camera_with_it() -> None:
    album = Album()
    seen = torch.cat([batch["image"] for batch in taken(5, mirror=True)])
    assert len(seen) == 2 * len(album)
    assert len({image.numpy().tobytes() for image in seen}) == 20
    rows = Rows(album, {"camera"}, seed=1, mirror=True)
    cameras = torch.stack([rows[position]["camera"] for position in range(20)])
    both = torch.cat([album.cameras, torch.stack([mirror(camera) for camera in album.cameras])])
    assert torch.equal(cameras[cameras[:, 3].argsort()], both[both[:, 3].argsort()])


def test_processes_share_a_batch_out_between_them() -> None:
    whole = taken(5)
    halves = [taken(5, world=World(rank, 2)) for rank in range(2)]
    for batch, *parts in zip(whole, *halves, strict=True):
        assert torch.equal(batch["image"], torch.cat([part["image"] for part in parts]))


def test_going_on_in_the_middle_of_an_epoch_sees_the_rest_of_it() -> None:
    assert torch.equal(taken(5)[3]["image"], taken(1, first=12)[0]["image"])


def test_fields_that_nobody_wants_are_not_read() -> None:
    asked = []

    class Watched(Album):
        def read(self, index: int, fields: Any, mirrored: bool) -> Any:
            asked.append(list(fields))
            return super().read(index, fields, mirrored)

    row = Rows(Watched(), {"image", "other:camera"}, seed=0, mirror=False)[0]
    assert sorted(row) == ["image", "other:camera"]
    assert asked == [["image"], ["camera"]]


def test_reading_ahead_changes_nothing() -> None:
    for plain, ahead in zip(taken(3), taken(3, workers=1), strict=True):
        assert torch.equal(plain["image"], ahead["image"])
