"""What is known of avatars, models, keys, events and usage; and secrets that all servers share."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from aetherist.storage import AvatarRow, MissingArtifact, MissingError, Storage
from aetherist.storage.identifiers import identifier, letters
from aetherist.storage.tables import keys
from tests.storage.conftest import Clock


def avatar(storage: Storage, name: str | None = None, model: str = "portrait") -> AvatarRow:
    artifact = storage.artifacts.put(f"file of {name!a}".encode(), "application/octet-stream").digest
    return storage.avatars.create(model, "m" * 64, "d" * 64, artifact, 7, 0.7, {"age": 0.5}, name, "k1")


def test_names_are_in_the_order_in_which_they_were_made_and_hard_to_guess() -> None:
    made = [identifier("job") for _ in range(2000)]
    assert made == sorted(set(made))
    assert all(re.fullmatch(r"job_[0-9a-hjkmnp-tv-z]{26}", name) for name in made)
    assert letters(33, 3) == "011"


def test_an_avatar_is_kept_as_it_was_saved(storage: Storage, clock: Clock) -> None:
    saved = avatar(storage, "Zo\u00eb")
    assert storage.avatars.get(saved.id) == saved
    assert (saved.seed, saved.psi, saved.attributes, saved.name) == (7, 0.7, {"age": 0.5}, "Zo\u00eb")
    assert saved.created_at == clock.at
    assert saved.id.startswith("av_")
    plain = storage.avatars.create("portrait", "m", "d", saved.artifact)
    assert storage.avatars.get(plain.id) == plain
    assert (plain.seed, plain.psi, plain.attributes, plain.name, plain.key_id) == (None, None, {}, None, None)


def test_avatars_keep_their_files_until_the_last_is_deleted(storage: Storage) -> None:
    one = avatar(storage)
    two = storage.avatars.create("portrait", "m", "d", one.artifact)
    storage.avatars.delete(one.id)
    assert storage.artifacts.collect(-1) == []
    storage.avatars.delete(two.id)
    assert storage.artifacts.collect(-1) == [one.artifact]
    with pytest.raises(MissingArtifact):
        storage.avatars.create("portrait", "m", "d", one.artifact)
    assert storage.avatars.list() == []


def test_avatars_are_renamed_and_listed_page_by_page(storage: Storage) -> None:
    ids = [avatar(storage, name, model).id for name, model in zip("abcd", "xyxy", strict=True)]
    assert storage.avatars.rename(ids[0], "Ada").name == storage.avatars.get(ids[0]).name == "Ada"
    assert storage.avatars.rename(ids[0], None).name is None
    assert [row.id for row in storage.avatars.list(limit=3)] == [ids[3], ids[2], ids[1]]
    assert [row.id for row in storage.avatars.list(before=ids[1])] == [ids[0]]
    assert [row.id for row in storage.avatars.list(model="x")] == [ids[2], ids[0]]


@pytest.mark.parametrize("id", ["av_0", "", "'; DROP TABLE avatars; --", "av_\0", "av_\ud800"])
def test_what_is_not_there_is_named(storage: Storage, id: str) -> None:
    for ask in (storage.avatars.get, storage.avatars.delete, lambda id: storage.avatars.rename(id, "x")):
        with pytest.raises(MissingError, match="there is no avatar"):
            ask(id)
    for ask in (storage.keys.by_id, storage.keys.revoke):
        with pytest.raises(MissingError, match="there is no key"):
            ask(id)
    with pytest.raises(MissingError, match="there is no job"):
        storage.jobs.get(id)


def test_names_that_no_database_takes_become_ones_that_it_does(storage: Storage) -> None:
    saved = avatar(storage, "a\0b\ud83dc")
    assert saved.name == "a?b?c"
    assert storage.avatars.get(saved.id) == saved


def test_models_are_known_by_name_and_digest(storage: Storage, clock: Clock) -> None:
    first = clock.at
    storage.models.seen("portrait", "d1", "portrait")
    clock.move(days=1)
    storage.models.seen("portrait", "d2", "/models/portrait")
    storage.models.seen("portrait", "d1", "/models/old")
    storage.models.seen("ancient", "d0", "ancient")
    clock.move(days=1)
    storage.models.seen("portrait", "d2", "/models/portrait")
    found = [(row.name, row.digest, row.source, row.first_seen, row.last_seen) for row in storage.models.list()]
    day = timedelta(days=1)
    assert found == [
        ("ancient", "d0", "ancient", first + day, first + day),
        ("portrait", "d2", "/models/portrait", first + day, first + 2 * day),
        ("portrait", "d1", "/models/old", first, first + day),
    ]


def test_a_key_opens_what_it_was_made_for(storage: Storage, clock: Clock) -> None:
    row, secret = storage.keys.create("studio", ["generate", "read"], rate="60/minute")
    assert re.fullmatch(rf"ak_{row.id}_[A-Za-z0-9_-]{{43}}", secret)
    found = storage.keys.verify(secret)
    assert found == row
    assert (row.name, row.scopes, row.rate, row.created_at) == ("studio", ("read", "generate"), "60/minute", clock.at)
    assert (row.allows("read"), row.allows("generate"), row.allows("admin")) == (True, True, False)
    admin = storage.keys.create("me", ["admin"])[0]
    assert admin.allows("read")
    assert not storage.keys.create("viewer", ["read"])[0].allows("generate")


def test_forged_and_revoked_keys_open_nothing(storage: Storage) -> None:
    row, secret = storage.keys.create("studio", ["read"])
    other, other_secret = storage.keys.create("other", ["read"])
    last = "A" if secret[-1] != "A" else "B"
    swapped = secret.replace(row.id, other.id)
    for forged in (
        secret[:-1] + last,
        secret + "A",
        swapped,
        secret.replace("ak_", "sk_"),
        "ak_",
        "",
        "\0",
        "\u00e9" * 60,
    ):
        assert storage.keys.verify(forged) is None
    revoked = storage.keys.revoke(row.id)
    assert revoked.revoked_at is not None
    assert not revoked.allows("read")
    assert storage.keys.revoke(row.id) == revoked
    assert storage.keys.verify(secret) is None
    assert storage.keys.verify(other_secret) == other
    assert {key.id for key in storage.keys.list()} == {row.id, other.id}


def test_secrets_are_nowhere_in_the_database(storage: Storage) -> None:
    row, secret = storage.keys.create("studio", ["read"])
    with storage.database.reading() as connection:
        assert secret.split("_", 2)[2] not in str(connection.execute(select(keys)).one())
    assert "secret" not in str(row)


def test_the_last_use_is_known_to_the_minute(storage: Storage, clock: Clock) -> None:
    row, secret = storage.keys.create("studio", ["read"])
    first = clock.at
    for seconds, known in ((0, 0), (59, 0), (1, 60), (30, 60)):
        clock.move(seconds=seconds)
        storage.keys.verify(secret)
        assert storage.keys.by_id(row.id).last_used_at == first + timedelta(seconds=known)


def test_scopes_that_are_none_are_refused(storage: Storage) -> None:
    for wrong in ([], ["write"], ["read", "root"]):
        with pytest.raises(ValueError, match="scopes of a key are read, generate and admin"):
            storage.keys.create("x", wrong)
    assert storage.keys.list() == []


def test_events_are_found_by_kind_and_time(storage: Storage, clock: Clock) -> None:
    start = clock.at
    for kind in ("config.changed", "config.refused", "keys.created", "configuration", "con%ig.x"):
        storage.events.record(kind, key_id="k", model="m", detail={"kind": kind})
        clock.move(hours=1)

    def kinds(**asked: object) -> list[str]:
        return [event.kind for event in storage.events.list(**asked)]  # type: ignore[arg-type]

    assert kinds(limit=2) == ["con%ig.x", "configuration"]
    assert kinds(kind="config.*") == ["config.refused", "config.changed"]
    assert kinds(kind="con%ig.*") == ["con%ig.x"]
    assert kinds(kind="keys.created") == ["keys.created"]
    assert kinds(since=start + timedelta(hours=3)) == ["con%ig.x", "configuration"]
    event = storage.events.list(kind="keys.created")[0]
    assert (event.key_id, event.model, event.detail) == ("k", "m", {"kind": "keys.created"})
    assert kinds(before=event.id) == ["config.refused", "config.changed"]


def test_usage_is_summed_by_hour_and_by_day(storage: Storage) -> None:
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    add = storage.usage.add
    add(noon + timedelta(minutes=59), "portrait", "k1", "generate", pictures=2, seconds=0.5)
    add(noon, "portrait", "k1", "generate", pictures=3, seconds=0.25, errors=1)
    add(noon + timedelta(hours=1), "portrait", "k1", "generate", pictures=1)
    add(noon + timedelta(hours=12), "portrait", None, "view", count=10)
    hours = storage.usage.report(bucket="hour")
    assert [(row["at"].hour, row["key_id"], row["count"], row["pictures"]) for row in hours] == [
        (12, "k1", 2, 5),
        (13, "k1", 1, 1),
        (0, None, 10, 0),
    ]
    assert hours[0] == {
        "at": noon,
        "model": "portrait",
        "key_id": "k1",
        "operation": "generate",
        "count": 2,
        "pictures": 5,
        "seconds": 0.75,
        "errors": 1,
    }
    days = storage.usage.report(by=("model",))
    assert [(row["at"].day, row["model"], row["count"]) for row in days] == [(1, "portrait", 3), (2, "portrait", 10)]
    assert "key_id" not in days[0]
    assert [row["count"] for row in storage.usage.report(since=noon, until=noon + timedelta(hours=1))] == [2]
    assert [row["count"] for row in storage.usage.report(since=noon + timedelta(hours=2))] == [10]
    east = timezone(timedelta(hours=5))
    assert [row["count"] for row in storage.usage.report(until=(noon + timedelta(hours=1)).astimezone(east))] == [2]


def test_usage_that_is_asked_for_wrongly_is_refused(storage: Storage) -> None:
    for wrong in ({"by": ("password",)}, {"bucket": "week"}):
        with pytest.raises(ValueError, match="usage is reported by model, key_id and operation"):
            storage.usage.report(**wrong)  # type: ignore[arg-type]


def test_a_secret_is_made_once_whoever_asks_first(storage: Storage) -> None:
    with ThreadPoolExecutor(4) as many:
        found = set(many.map(lambda _: storage.secret("links"), range(8)))
    assert len(found) == 1
    assert len(found.pop()) == 32
    assert storage.secret("links") != storage.secret("sessions")


def test_health_says_what_is_wrong(storage: Storage) -> None:
    assert storage.healthy() is None
    folder = storage.artifacts.blobs.folder
    assert folder is not None
    folder.rmdir()
    assert storage.healthy() == f"{folder} is not there, or cannot be written to"
