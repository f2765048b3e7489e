"""``aetherist keys``: a secret is printed once, and a key that is revoked opens nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from aetherist.storage import Storage
from tests.cli.conftest import Cli


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AETHERIST_CONFIG", "AETHERIST_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AETHERIST_HOME", str(tmp_path))
    return tmp_path


def test_a_key_is_made_listed_and_revoked(cli: Cli, home: Path) -> None:
    made = cli("keys", "create", "the press office", "--scope", "read", "--rate", "60/minute")
    secret = made.out.strip()
    id = secret.split("_")[1]
    assert made.code == 0
    assert f"key {id} for the press office, scope read; it is not shown again" in made.err
    with Storage.open(f"sqlite:///{home}/aetherist.db", home / "artifacts") as storage:
        found = storage.keys.verify(secret)
        assert found is not None
        assert (found.name, found.scopes, found.rate) == ("the press office", ("read",), "60/minute")
        listed = cli("keys", "list")
        assert secret not in listed.out
        assert "the press office" in listed.out
        assert listed.out.splitlines()[1].split()[:3] == [id, "read", "60/minute"]
        assert cli("keys", "revoke", id).out == f"key {id} of the press office is revoked\n"
        assert storage.keys.verify(secret) is None
        assert [event.kind for event in storage.events.list("keys.*")] == ["keys.revoked", "keys.created"]


def test_where_there_are_no_keys_it_says_how_to_make_one(cli: Cli, home: Path) -> None:
    result = cli("keys", "list")
    assert (result.code, result.out) == (0, "")
    assert "'aetherist keys create NAME' makes one" in result.err


def test_what_is_wrong_is_said(cli: Cli, home: Path) -> None:
    unknown = cli("keys", "revoke", "nobody")
    assert (unknown.code, unknown.err) == (1, "error: there is no key nobody\n")
    rate = cli("keys", "create", "x", "--rate", "often")
    assert (rate.code, "--rate often: write how many and in what time" in rate.err) == (2, True)
    assert cli("keys", "create", "x", "--scope", "root").code == 2
