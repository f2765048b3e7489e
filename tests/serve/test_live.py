"""A configuration that changes while the gateway runs: as a whole, at once, and never without a reason."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from pathlib import Path

import pytest

from aetherist.serve.config import ConfigRefused, ServerConfig, load
from aetherist.serve.live import Change, LiveConfig


class Told:
    def __init__(self) -> None:
        self.changes: list[Change] = []

    def __call__(self, change: Change) -> None:
        self.changes.append(change)


@pytest.fixture
def audit() -> Told:
    return Told()


@pytest.fixture
def live(audit: Told) -> LiveConfig:
    return LiveConfig(ServerConfig(), audit=audit)


def from_file(tmp_path: Path, text: str, audit: Told, **more: object) -> tuple[LiveConfig, Path]:
    file = tmp_path / "gateway.yaml"
    file.write_text(text, encoding="utf-8")
    return LiveConfig(*load(file, environ=more.pop("environ", {}), **more), audit=audit), file  # type: ignore[arg-type]


def test_a_change_replaces_the_whole_configuration_and_tells_the_audit(live: LiveConfig, audit: Told) -> None:
    before = live.current
    change = live.change({"limits.queue": 32, "cache": {"pictures_bytes": "1MiB"}}, by="key 7")
    assert (live.current.limits.queue, live.current.cache.pictures_bytes) == (32, 2**20)
    assert before.limits.queue == 64
    assert change.accepted
    assert change.values == {"limits.queue": (64, 32), "cache.pictures_bytes": (64 * 2**20, 2**20)}
    assert audit.changes == [change]
    assert change.to_dict()["values"]["limits.queue"] == {"before": 64, "after": 32}
    assert {entry.key: entry.source for entry in live.entries()}["limits.queue"] == "change by key 7"


def test_who_watches_a_pattern_is_told_once_a_change_and_no_more_after_the_end(live: LiveConfig) -> None:
    seen: list[tuple[str, int]] = []
    end = live.watch("limits.*", lambda config: seen.append(("limits", config.limits.queue)))
    live.watch("*", lambda config: seen.append(("all", config.limits.queue)))
    live.watch("cache.*", lambda config: seen.append(("cache", config.limits.queue)))
    live.change({"limits.queue": 9, "limits.per_client": 2}, by="me")
    assert seen == [("limits", 9), ("all", 9)]
    end()
    live.change({"limits.queue": 10}, by="me")
    assert seen[2:] == [("all", 10)]


def test_nothing_is_told_where_nothing_differs(live: LiveConfig, audit: Told) -> None:
    live.watch("*", lambda _: pytest.fail("nothing has changed"))
    assert live.change({"limits.queue": 64}, by="me").values == {}
    assert audit.changes == []


def test_a_change_is_refused_whole_naming_every_key_and_why(live: LiveConfig, audit: Told) -> None:
    before = live.current
    with pytest.raises(ConfigRefused) as caught:
        live.change({"limits.queue": 5, "server.port": 1, "limits.quota": 3, "batching.max_batch": "lots"}, by="me")
    found = {problem.key: problem.message for problem in caught.value.problems}
    assert set(found) == {"server.port", "limits.quota", "batching.max_batch"}
    assert "cannot change while the gateway runs: the gateway binds its address once" in found["server.port"]
    assert "there is no such setting" in found["limits.quota"]
    assert "'lots'" in found["batching.max_batch"]
    assert live.current is before
    assert [change.accepted for change in audit.changes] == [False]
    assert audit.changes[0].values["limits.queue"] == (64, 5)


def test_what_cannot_change_live_is_named_where_nothing_else_is_wrong(live: LiveConfig) -> None:
    with pytest.raises(ConfigRefused, match=r"models\.device: this cannot change .* loaded by the workers"):
        live.change({"models.device": "cuda", "limits.queue": 3}, by="me")
    assert live.current.limits.queue == 64


def test_a_watcher_that_fails_puts_everything_back(live: LiveConfig, audit: Told) -> None:
    seen: list[int] = []

    def fails(config: ServerConfig) -> None:
        if config.limits.queue == 3:
            raise RuntimeError("no room")

    live.watch("limits.queue", lambda config: seen.append(config.limits.queue))
    live.watch("limits.queue", fails)
    with pytest.raises(ConfigRefused, match="what depends on it failed: no room"):
        live.change({"limits.queue": 3}, by="me")
    assert live.current.limits.queue == 64
    assert seen == [3, 64]
    assert not audit.changes[-1].accepted
    assert live.change({"limits.queue": 4}, by="me").accepted


def test_an_audit_that_fails_does_not_undo_a_change() -> None:
    def broken(_: Change) -> None:
        raise OSError("the database is away")

    live = LiveConfig(ServerConfig(), audit=broken)
    live.change({"limits.queue": 3}, by="me")
    assert live.current.limits.queue == 3


def test_none_takes_a_change_back(tmp_path: Path, audit: Told) -> None:
    live, file = from_file(tmp_path, "limits: {queue: 5}", audit)
    live.change({"limits.queue": 7}, by="me")
    assert live.change({"limits.queue": None}, by="me").values == {"limits.queue": (7, 5)}
    assert live.sources.origin("limits.queue") == f"{file}:1"


def test_secrets_stay_out_of_the_audit(live: LiveConfig, audit: Told) -> None:
    with pytest.raises(ConfigRefused):
        live.change({"storage.database": "postgresql://me:hunter2@db/a"}, by="me")
    assert "hunter2" not in str(audit.changes[0].to_dict())
    assert "hunter2" not in repr(live.entries())


def test_an_edited_file_is_taken_as_a_whole(tmp_path: Path, audit: Told) -> None:
    live, file = from_file(tmp_path, "limits: {queue: 5, per_client: 2}", audit)
    file.write_text("limits: {queue: 6}", encoding="utf-8")
    change = live.reload()
    assert change.values == {"limits.queue": (5, 6), "limits.per_client": (2, 16)}
    assert (live.current.limits.queue, live.current.limits.per_client) == (6, 16)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limits: {queue: 6, pre_client: 3}", "did you mean per_client?"),
        ("limits: {queue: 6", "this is no valid YAML"),
        ("limits: {queue: 6}\nserver: {port: 9001}", "server.port: this cannot change while the gateway runs"),
    ],
)
def test_an_edit_that_cannot_be_taken_changes_nothing(tmp_path: Path, audit: Told, text: str, words: str) -> None:
    live, file = from_file(tmp_path, "limits: {queue: 5}", audit)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigRefused) as caught:
        live.reload()
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert live.current.limits.queue == 5
    assert not audit.changes[-1].accepted
    file.write_text("limits: {queue: 8}", encoding="utf-8")
    assert live.reload().values == {"limits.queue": (5, 8)}


def test_the_latest_word_counts_between_a_change_and_the_file(tmp_path: Path, audit: Told) -> None:
    live, file = from_file(tmp_path, "limits: {queue: 5, per_client: 2}", audit)
    live.change({"limits.queue": 7, "limits.per_client": 3}, by="me")
    file.write_text("limits: {queue: 6, per_client: 2}", encoding="utf-8")
    live.reload()
    assert (live.current.limits.queue, live.current.limits.per_client) == (6, 3)


def test_an_edit_of_what_the_environment_says_has_no_effect_and_says_so(tmp_path: Path, audit: Told) -> None:
    live, file = from_file(tmp_path, "limits: {queue: 5}", audit, environ={"AETHERIST_LIMITS__QUEUE": "9"})
    file.write_text("limits: {queue: 6}", encoding="utf-8")
    change = live.reload()
    assert live.current.limits.queue == 9
    assert change.notes == ("limits.queue: environment AETHERIST_LIMITS__QUEUE goes before the file",)


def test_the_file_may_change_its_profile_as_far_as_that_is_live(tmp_path: Path, audit: Told) -> None:
    live, file = from_file(tmp_path, "limits: {queue: 5}", audit)
    file.write_text("profile: production\nlimits: {queue: 5}", encoding="utf-8")
    with pytest.raises(ConfigRefused, match=r"profile production: security\.keys: this cannot change"):
        live.reload()
    kept, file = from_file(tmp_path, "limits: {queue: 5}", audit, profile="development")
    file.write_text("profile: production\nlimits: {queue: 6}", encoding="utf-8")
    assert kept.reload().values == {"limits.queue": (5, 6)}


def test_a_gateway_without_a_file_has_nothing_to_reload(live: LiveConfig) -> None:
    with pytest.raises(ValueError, match="without a configuration file"):
        live.reload()


def test_changes_from_many_threads_are_never_seen_half(live: LiveConfig) -> None:
    torn: list[ServerConfig] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            limits = live.current.limits
            if limits.queue != limits.per_client and (limits.queue, limits.per_client) != (64, 16):
                torn.append(live.current)

    def turn(start: int) -> None:
        for number in range(start, start + 20):
            live.change({"limits.queue": number, "limits.per_client": number}, by="me")

    looker = threading.Thread(target=look)
    threads = [threading.Thread(target=turn, args=(100 * n,)) for n in range(1, 4)]
    looker.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    looker.join()
    assert not torn


def test_the_file_is_followed_while_it_is_edited_replaced_and_broken(tmp_path: Path, audit: Told) -> None:
    live, file = from_file(tmp_path, "limits: {queue: 5}", audit)

    async def until(queue: int, refusals: int) -> None:
        async with asyncio.timeout(20):
            while live.current.limits.queue != queue or sum(not c.accepted for c in audit.changes) != refusals:
                await asyncio.sleep(0.02)

    async def edit() -> None:
        following = asyncio.create_task(live.follow(seconds=0.1))
        await asyncio.sleep(0.1)
        file.write_text("limits: {queue: 6}", encoding="utf-8")
        await until(6, 0)
        file.write_text("limits: {queue: nonsense}", encoding="utf-8")
        await until(6, 1)
        draft = tmp_path / "draft"
        draft.write_text("limits: {queue: 7}", encoding="utf-8")
        draft.replace(file)
        await until(7, 1)
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following

    asyncio.run(edit())
