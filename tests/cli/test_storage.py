"""``aetherist storage``: what a gateway's configuration names is migrated, backed up, restored, cleared and checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aetherist.storage import Storage
from tests.cli.conftest import Cli


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that commands find by themselves."""
    for name in ("AETHERIST_CONFIG", "AETHERIST_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AETHERIST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def opened(home: Path) -> Storage:
    return Storage.open(f"sqlite:///{home}/aetherist.db", home / "artifacts")


def test_the_tables_go_up_and_down(cli: Cli, home: Path) -> None:
    place = f"sqlite:///{home}/aetherist.db"
    assert cli("storage", "migrate").out == f"{place}: version 0002, was empty\n"
    assert cli("storage", "migrate").out == f"{place}: version 0002, as before\n"
    assert cli("storage", "migrate", "--to", "0001").out == f"{place}: version 0001, was 0002\n"
    refused = cli("storage", "check")
    assert refused.code == 1
    assert "run 'aetherist storage migrate'" in refused.err
    assert cli("storage", "migrate", "--to", "7").code == 1


def test_a_backup_goes_and_comes_back(cli: Cli, home: Path, tmp_path: Path) -> None:
    with opened(home) as storage:
        storage.avatars.create("tiny", "m", "d", storage.artifacts.put(b"hello", "text/plain").digest)
    file = tmp_path / "backup.zip"
    assert cli("storage", "backup", file).out == f"{file}: 3 rows, 1 artifact of 5 B\n"
    again = cli("storage", "backup", file)
    assert (again.code, "is there already" in again.err) == (2, True)
    refused = cli("storage", "restore", file)
    assert (refused.code, "is not empty" in refused.err) == (1, True)
    other = ("--database", f"sqlite:///{tmp_path}/other.db", "--artifacts", tmp_path / "other")
    assert cli("storage", "restore", file, *other).out == "restored 3 rows and 1 artifact of 5 B\n"
    assert cli("storage", "check", *other).out == "1 artifact of 5 B: nothing is wrong\n"
    assert cli("storage", "restore", tmp_path / "none.zip", *other).code == 2
    (tmp_path / "text").write_text("no zip")
    assert "is no backup" in cli("storage", "restore", tmp_path / "text", *other).err


def test_damage_is_listed_and_is_a_fault(cli: Cli, home: Path, tmp_path: Path) -> None:
    with opened(home) as storage:
        digests = [storage.artifacts.put(b"%d" % n, "text/plain").digest for n in range(23)]
    for digest in digests:
        (home / "artifacts" / digest[:2] / digest).write_bytes(b"x")
    checked = cli("storage", "check")
    assert (checked.code, checked.out) == (1, "23 artifacts of 36 B: 23 faults\n")
    assert len(re.findall(r"^artifact [0-9a-f]{64}: damaged$", checked.err, flags=re.MULTILINE)) == 20
    assert "... and 3 more" in checked.err
    backup = cli("storage", "backup", tmp_path / "backup.zip")
    assert backup.code == 1
    assert "damaged or missing, and so not in it" in backup.err


def test_what_nothing_refers_to_is_collected(cli: Cli, home: Path) -> None:
    with opened(home) as storage:
        storage.artifacts.put(b"hello", "text/plain")
        storage.jobs.request_cancel(storage.jobs.create("video", {})[0].id)
    assert cli("storage", "gc").out == "0 jobs forgotten, 0 artifacts removed; 5 B are now 5 B\n"
    cleared = cli("storage", "gc", "--keep-days", "0", "--older-than", "0")
    assert cleared.out == "1 job forgotten, 1 artifact removed; 5 B are now 0 B\n"


def test_the_configuration_says_where_things_are(cli: Cli, home: Path, tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(f"storage:\n  database: sqlite:///{tmp_path}/mine.db\n")
    assert f"{tmp_path}/mine.db: version" in cli("storage", "migrate", "--config", config).out
    assert not home.exists()


def test_the_data_folder_of_a_gateway_is_said_as_to_the_gateway(cli: Cli, home: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "x") as storage:
        storage.artifacts.put(b"hello", "text/plain")
    there = ("--data-folder", tmp_path / "x")
    assert cli("storage", "check", *there).out == "1 artifact of 5 B: nothing is wrong\n"
    assert cli("storage", "backup", tmp_path / "backup.zip", *there).out.endswith("1 artifact of 5 B\n")
    cli("storage", "restore", tmp_path / "backup.zip", "--data-folder", tmp_path / "y")
    assert {path.name for path in (tmp_path / "y").iterdir()} == {"aetherist.db", "artifacts"}
    assert cli("storage", "migrate", *there).out.startswith(f"sqlite:///{tmp_path}/x/aetherist.db: version")
    assert not home.exists()


@pytest.mark.parametrize("words", [("check",), ("gc",), ("backup", "backup.zip")])
def test_where_there_is_no_database_it_is_said_and_none_is_made(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("storage", *words)
    assert (result.code, result.out) == (2, "")
    assert f"there is no database at sqlite:///{home}/aetherist.db yet; 'aetherist serve' or" in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_artifacts_that_is_not_there_holds_nothing_and_is_not_made(cli: Cli, home: Path) -> None:
    cli("keys", "create", "me")
    assert cli("storage", "check").out == "0 artifacts of 0 B: nothing is wrong\n"
    assert cli("storage", "gc").code == 0
    assert not (home / "artifacts").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--database", "mysql://host/name"), "mysql is no database that is supported"),
        (("--artifacts", "nowhere://bucket"), "no address of a store"),
        (("--config", "none.yaml"), "none.yaml"),
        (("--profile", "fast"), "there is no profile 'fast'"),
    ],
)
def test_what_is_misunderstood_is_said(cli: Cli, home: Path, options: tuple[str, ...], said: str) -> None:
    opened(home).close()
    result = cli("storage", "gc", *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
