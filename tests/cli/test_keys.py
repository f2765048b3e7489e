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
    cli("storage", "migrate")
    result = cli("keys", "list")
    assert (result.code, result.out) == (0, "")
    assert "'aetherist keys create NAME' makes one" in result.err


@pytest.mark.parametrize("words", [("list",), ("revoke", "c17y1nzs4gtz")])
def test_where_there_is_no_database_it_is_said_and_none_is_made(
    cli: Cli, home: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    place = f"sqlite:///{tmp_path}/new/aetherist.db"
    result = cli("keys", *words, "--data-folder", tmp_path / "new")
    assert (result.code, result.out) == (2, "")
    makes = "'aetherist serve' or 'aetherist keys create NAME' makes it"
    assert result.err == f"error: there is no database at {place} yet; {makes}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_all_that_is_made_with_a_key(cli: Cli, home: Path) -> None:
    assert cli("keys", "create", "me").code == 0
    assert [path.name for path in home.iterdir()] == ["aetherist.db"]


def test_the_data_folder_of_a_gateway_is_said_as_to_the_gateway(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed(*words: object) -> str:
        return cli("keys", "list", *words).out

    flag, environment, file = (tmp_path / name for name in ("flag", "environment", "file"))
    for folder in (flag, environment, file):
        cli("keys", "create", f"of the {folder.name}", "--data-folder", folder)
    config = tmp_path / "gateway.yaml"
    config.write_text(f"server: {{data_folder: {file}}}\n")
    assert "of the file" in listed("--config", config)
    monkeypatch.setenv("AETHERIST_SERVER__DATA_FOLDER", str(environment))
    assert "of the environment" in listed("--config", config)
    assert "of the flag" in listed("--config", config, "--data-folder", flag)
    database = f"sqlite:///{file}/aetherist.db"
    assert "of the file" in listed("--data-folder", flag, "--database", database)


def test_what_is_wrong_is_said(cli: Cli, home: Path) -> None:
    cli("storage", "migrate")
    unknown = cli("keys", "revoke", "nobody")
    assert (unknown.code, unknown.err) == (1, "error: there is no key nobody\n")
    rate = cli("keys", "create", "x", "--rate", "often")
    assert (rate.code, "--rate often: write how many and in what time" in rate.err) == (2, True)
    assert cli("keys", "create", "x", "--scope", "root").code == 2
