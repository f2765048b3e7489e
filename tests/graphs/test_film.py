"""Frames: cameras that move, and people who become others."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from aetherist.components.cameras import sway
from aetherist.graphs.film import along, film
from aetherist.graphs.model import Model
from aetherist.graphs.viewer import Viewer


@pytest.fixture(scope="module")
def viewer() -> Viewer:
    return Viewer(Model.build("tiny"), graph="show")


CAMERAS = list(sway(4).vector)


def test_a_frame_has_a_picture_a_cell_from_its_camera(viewer):
    people = [viewer.of_seed(seed) for seed in (0, 1, 2)]
    alone = {(picture.subject.name, picture.view): picture for picture in viewer.pictures(people, CAMERAS)}
    for batch in (1, 2, 3):
        frames = list(film(viewer, [[each] for each in people], CAMERAS, batch=batch))
        assert [[picture.subject.name for picture in frame] for frame in frames] == [[each.name for each in people]] * 4
        for frame in frames:
            for picture in frame:
                assert torch.equal(picture.pixels, alone[picture.subject.name, picture.view].pixels)


def test_the_planes_of_a_person_are_computed_once(viewer):
    calls = []
    handle = viewer.model.components["planes"].register_forward_hook(lambda *_: calls.append(1))
    try:
        list(film(viewer, [[viewer.of_seed(0)], [viewer.of_seed(1)]], CAMERAS * 3))
    finally:
        handle.remove()
    assert len(calls) == 2


def test_people_become_others_through_their_styles(viewer):
    people = [viewer.of_seed(seed) for seed in (0, 1, 2)]
    keys = {each.name: next(viewer.pictures([each], CAMERAS[:1])).pixels for each in people}
    frames = [frame[0].pixels for frame in film(viewer, [people], CAMERAS[:1] * 5)]
    assert torch.equal(frames[0], keys["seed0000"])
    assert torch.equal(frames[2], keys["seed0001"])
    assert torch.equal(frames[4], keys["seed0002"])
    middle = torch.lerp(people[0].inputs["styles"], people[1].inputs["styles"], 0.5)
    assert torch.equal(frames[1], next(viewer.pictures([viewer.of_styles("x", middle[0])], CAMERAS[:1])).pixels)


def test_a_loop_comes_back_to_the_first_without_showing_it_twice(viewer):
    people = [viewer.of_seed(seed) for seed in (0, 1)]
    styles = [along(people, frame, 4, closed=True).inputs["styles"] for frame in range(4)]
    assert torch.equal(styles[0], people[0].inputs["styles"])
    assert torch.equal(styles[2], people[1].inputs["styles"])
    assert torch.allclose(styles[1], styles[3])
    assert not torch.equal(styles[1], styles[0])


def test_cells_go_through_people_of_their_own(viewer):
    people = [viewer.of_seed(seed) for seed in range(4)]
    cells = [people[0::2], people[1::2]]
    together = list(film(viewer, cells, CAMERAS, batch=2))
    for index, cell in enumerate(cells):
        alone = film(viewer, [cell], CAMERAS)
        assert all(
            torch.equal(frame[0].pixels, both[index].pixels) for frame, both in zip(alone, together, strict=True)
        )


@pytest.mark.parametrize("several", [False, True])
def test_no_frame_is_kept(viewer, several):
    alive: weakref.WeakSet[torch.Tensor] = weakref.WeakSet()
    most = 0
    people = [viewer.of_seed(0), viewer.of_seed(1)][: 2 if several else 1]
    gc.disable()
    try:
        for frame in film(viewer, [people], CAMERAS * 10):
            alive.add(frame[0].pixels)
            most = max(most, len(alive))
            del frame
    finally:
        gc.enable()
    assert most <= 2


def test_what_cannot_be_filmed_is_said():
    model = Model.build("tiny")
    viewer = Viewer(model)
    people = [viewer.of_seed(0), viewer.of_seed(1)]
    with pytest.raises(ValueError, match="graph 'generate' takes no styles, and people become others through theirs"):
        next(film(viewer, [people], CAMERAS))
