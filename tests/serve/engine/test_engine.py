"""An engine has work done by its worker: right, in batches, fairly, within its limits, and no longer than wanted."""

from __future__ import annotations

import contextlib
import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import aetherist
from aetherist.serve.engine import (
    Busy,
    CheckRecipe,
    Describe,
    Expired,
    MakeAvatar,
    Mesh,
    Person,
    Picture,
    Refused,
    RunGraph,
    UnknownModel,
    Video,
)
from tests.serve.engine.running import PATIENCE, Running, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("scratch"), limits={"deadline_seconds": 240}) as it:
        it.wait(it.engine.ready)
        yield it


@contextlib.contextmanager
def held(server: Running) -> Iterator[None]:
    """Hold the worker still, with a picture in work, so that everything else has to wait."""
    server.freeze()
    first = server.send(Picture("tiny", Person(seed=900), output="raw"), "held")
    server.wait(lambda: server.engine.dispatch.flying)
    try:
        yield
    finally:
        os.kill(server.pid(), signal.SIGCONT)
        first.result(PATIENCE)


@contextlib.contextmanager
def told(server: Running, **values: Any) -> Iterator[None]:
    """Change settings for a while."""
    keys = {key.replace("__", "."): value for key, value in values.items()}
    server.config.change(keys, by="test")
    yield
    server.config.change(dict.fromkeys(keys), by="test")


def shot(seed: int = 1, **more: Any) -> Picture:
    return Picture("tiny", Person(seed=seed), **more)


def test_a_picture_is_the_one_that_the_library_makes(server: Running) -> None:
    made = server.ask(shot(7, yaw=0.3, metadata={"seed": 7}))
    shown = Image.open(io.BytesIO(made.data))
    expected = aetherist.load("tiny").avatar(7).render(yaw=0.3, as_="numpy")
    assert np.array_equal(np.asarray(shown), expected)
    assert (made.media_type, made.width, made.height) == ("image/png", 64, 64)
    assert list(made.stages) == ["queue", "map", "planes", "render", "encode"]


def test_a_picture_is_scaled_and_written_as_it_is_asked_for(server: Running) -> None:
    made = server.ask(shot(size=40, format="webp", quality=80, output="depth"))
    assert (made.media_type, made.width, Image.open(io.BytesIO(made.data)).size) == ("image/webp", 40, (40, 40))


def test_a_person_goes_to_a_file_and_back(server: Running) -> None:
    made = server.ask(MakeAvatar("tiny", Person(mix=(Person(seed=1), Person(seed=2)), amount=0.25)))
    again = server.ask(Picture("tiny", Person(file=made.file), output="raw"))
    mixed = server.ask(Picture("tiny", Person(mix=(Person(seed=1), Person(seed=2)), amount=0.25), output="raw"))
    assert again.data == mixed.data
    assert (made.seed, made.warnings) == (None, [])


def test_what_waits_goes_out_in_one_batch(server: Running) -> None:
    before = server.engine.state().batch_sizes.get(6, 0)
    with held(server):
        waiting = [server.send(shot(seed, output="raw"), f"client {seed % 3}") for seed in range(6)]
        server.wait(lambda: server.engine.state().waiting["interactive"] == 6)
    assert len({future.result(PATIENCE).data for future in waiting}) == 6
    assert server.engine.state().batch_sizes[6] == before + 1


def test_a_full_queue_says_when_to_come_again(server: Running) -> None:
    with told(server, limits__queue=3, limits__per_client=2), held(server):
        waiting = [server.send(shot(output="raw"), client) for client in ("a", "a", "b")]
        server.wait(lambda: server.engine.state().waiting["interactive"] == 3)
        with pytest.raises(Busy, match="2 of your requests") as mine:
            server.ask(shot(output="raw"), "a")
        with pytest.raises(Busy, match="more to do than") as everybody:
            server.ask(shot(output="raw"), "c")
        assert 1 <= mine.value.retry_after <= everybody.value.retry_after <= 60
        assert server.engine.state().clients == {"held": 1, "a": 2, "b": 1}
    assert all(future.result(PATIENCE) for future in waiting)
    assert server.engine.state().clients == {}


def test_many_pictures_of_one_request_wait_for_room(server: Running) -> None:
    done: list[int] = []
    works = [shot(seed % 3, yaw=seed / 20, output="raw") for seed in range(12)]
    with told(server, limits__per_client=2):
        made = server.call(
            server.engine.submit_many(works, client="a", done=lambda place, _picture: done.append(place))
        )
    assert sorted(done) == list(range(12))
    assert [each.data for each in made] == [server.ask(work).data for work in works]


def test_the_first_of_many_that_fails_ends_them(server: Running) -> None:
    works = [shot(output="raw"), shot(output="nothing"), shot(output="raw")]
    with pytest.raises(Refused, match="no output 'nothing'"):
        server.call(server.engine.submit_many(works, client="a"))
    assert server.engine.state().clients == {}


def test_what_is_not_done_by_its_deadline_ends(server: Running) -> None:
    with held(server), pytest.raises(Expired, match="still waiting"):
        server.ask(shot(output="raw"), deadline=0.05)
    server.freeze()
    try:
        with pytest.raises(Expired, match="being worked on"):
            server.ask(shot(output="raw"), deadline=0.05)
    finally:
        os.kill(server.pid(), signal.SIGCONT)
    assert server.ask(shot(output="raw"))


def test_nobody_waiting_any_more_frees_the_slot(server: Running) -> None:
    with held(server):
        waiting = [server.send(shot(output="raw"), "a") for _ in range(3)]
        server.wait(lambda: server.engine.state().waiting["interactive"] == 3)
        waiting[1].cancel()
        server.wait(lambda: server.engine.state().waiting["interactive"] == 2)
        assert server.engine.state().clients["a"] == 2
    assert waiting[0].result(PATIENCE).data == waiting[2].result(PATIENCE).data
    with pytest.raises(CancelledError):
        waiting[1].result(PATIENCE)


def test_what_was_asked_for_is_not_made_again(server: Running) -> None:
    first = server.ask(shot(31))
    before = server.engine.state().pictures["hits"]
    again = server.ask(shot(31))
    assert (again.data, again.stages) == (first.data, {})
    assert server.engine.state().pictures["hits"] == before + 1
    assert 'cache_hits_total{cache="pictures"}' in server.metrics.render().decode()


def test_planes_of_a_person_are_made_once_and_their_room_changes_live(server: Running) -> None:
    worker = server.engine.dispatch.workers[0]

    def planes() -> dict[str, int]:
        """Return what the worker says next."""
        old = worker.beat
        server.wait(lambda: worker.beat is not old)
        return worker.beat.planes

    before = planes()
    server.call(server.engine.submit_many([shot(55, yaw=i / 10, output="raw") for i in range(4)], client="a"))
    after = planes()
    assert (after["hits"] - before["hits"], after["misses"] - before["misses"]) == (3, 1)
    with told(server, cache__planes_bytes=12345):
        server.wait(lambda: worker.beat.planes["limit"] == 12345)
        server.ask(shot(56, output="raw"))
        assert planes()["bytes"] <= 12345


def test_a_video_is_written_frame_by_frame(server: Running) -> None:
    told: list[tuple[float, str]] = []
    work = Video("tiny", (Person(seed=1), Person(seed=2)), frames=4, output="raw", format="webm")
    made = server.ask(work, progress=lambda share, text: told.append((share, text)))
    assert Path(made.path).read_bytes()[:4] == b"\x1aE\xdf\xa3"
    assert (made.media_type, made.facts["frames"]) == ("video/webm", 4)
    assert [share for share, _ in told] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_a_video_that_nobody_waits_for_ends_and_leaves_nothing(server: Running) -> None:
    begun: list[float] = []
    folder = server.engine.scratch
    assert folder is not None
    before = set(folder.iterdir())
    work = Video("tiny", (Person(seed=1),), frames=9_000, output="raw")
    future = server.send(work, progress=lambda share, _: begun.append(share))
    server.wait(lambda: len(begun) > 2)
    future.cancel()
    server.wait(lambda: server.engine.state().in_flight == 0)
    assert set(folder.iterdir()) == before
    assert begun[-1] < 0.9


def test_pictures_are_made_while_a_video_is(server: Running) -> None:
    future = server.send(Video("tiny", (Person(seed=1),), frames=9_000, output="raw"), "slow")
    server.wait(lambda: server.engine.state().workers[0].busy["background"] == 1)
    assert server.ask(shot(77, output="raw"), "quick")
    assert not future.done()
    future.cancel()
    server.wait(lambda: server.engine.state().in_flight == 0)


def test_a_mesh_is_written(server: Running) -> None:
    made = server.ask(Mesh("tiny", Person(seed=1), resolution=12, level=0.5, format="ply"))
    assert Path(made.path).read_bytes()[:3] == b"ply"
    assert made.facts["faces"] > 0


def test_a_model_is_described(server: Running) -> None:
    told = server.ask(Describe("tiny"))
    assert told["digest"] == aetherist.load("tiny").digest
    assert (told["default"], told["resolution"], told["editable"], told["field"]) == (True, 64, False, True)
    assert told["outputs"] == ["image", "raw", "depth", "alpha"]


def test_recipes_are_checked_and_run(server: Running) -> None:
    assert server.ask(CheckRecipe("extends: tiny"))["ok"]
    assert not server.ask(CheckRecipe("extends: tiny", ("components.mapping.layers=x",)))["ok"]
    run = server.ask(RunGraph("show", model="tiny", until="planes"))
    assert [step["name"] for step in run["steps"]] == ["planes"]


@pytest.mark.parametrize(
    ("work", "error", "text"),
    [
        (Picture("other", Person(seed=1)), UnknownModel, "there is no model 'other'; the server has tiny"),
        (Picture("tiny", Person(seed=-1)), Refused, "a seed is a whole number"),
        (Picture("tiny", Person(file=b"nothing")), Refused, "is no avatar"),
        (Picture("tiny", Person(seed=1, attributes={"age": 1.0})), Refused, "no style directions"),
        (Picture("tiny", Person(seed=1), camera=(0.0,) * 25), Refused, "not orthonormal"),
        (Picture("tiny", Person(seed=1), camera=(0.0,) * 3), Refused, "25 finite numbers"),
        (Picture("tiny", Person(seed=1), size=100_000), Refused, "a picture has"),
        (Picture("tiny", Person(seed=1), quality=101, format="jpeg"), Refused, "quality of 101"),
        (Video("tiny", ()), Refused, "give one at least"),
        (Mesh("tiny", Person(seed=1), resolution=10_000), Refused, "8 to 512"),
        (RunGraph("show"), Refused, "give one of them"),
        (RunGraph("nothing", model="tiny"), Refused, "no graph 'nothing'"),
        (CheckRecipe("x" * 300_000), Refused, "are allowed"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or "",
)
def test_what_cannot_be_is_refused_in_words(server: Running, work: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        server.ask(work)


def test_what_is_wrong_with_one_picture_is_no_matter_to_those_beside_it(server: Running) -> None:
    with held(server):
        good = [server.send(shot(seed, output="raw"), "a") for seed in (61, 62)]
        bad = server.send(Picture("tiny", Person(seed=-1), output="raw"), "b")
        server.wait(lambda: server.engine.state().waiting["interactive"] == 3)
    assert all(future.result(PATIENCE).data for future in good)
    with pytest.raises(Refused):
        bad.result(PATIENCE)


def test_stages_and_batches_are_counted(server: Running) -> None:
    server.ask(shot(81))
    text = server.metrics.render().decode()
    for name in ("queue", "map", "planes", "render", "encode"):
        assert f'aetherist_stage_seconds_count{{stage="{name}"}}' in text
    assert 'aetherist_work_total{kind="pictures",model="tiny"}' in text
    assert 'aetherist_batch_size_count{model="tiny"}' in text
    assert server.metrics.latency.percentiles()["render"].count > 0
