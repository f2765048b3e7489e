"""Stores: what is put is there whole or not at all, and of any number that create one name one does."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aetherist.batch import FolderStore, Store, open_store


def test_what_is_put_is_got(store: Store) -> None:
    assert store.get("a/b.txt") is None
    store.put("a/b.txt", b"1")
    store.put("a/b.txt", b"22")
    assert store.get("a/b.txt") == b"22"


def test_names_are_those_below_a_folder_in_order(store: Store) -> None:
    for name in ("a/2", "a/b/1", "ab/3", "c"):
        store.put(name, b"")
    assert store.names("a") == ["a/2", "a/b/1"]
    assert store.names("no") == []


def test_what_is_deleted_is_gone(store: Store) -> None:
    for name in ("a/1", "a/2"):
        store.put(name, b"")
    store.delete(["a/1", "a/none"])
    store.delete([])
    assert store.names("a") == ["a/2"]


def test_one_creates_and_the_others_are_told(store: Store) -> None:
    assert store.create("job", b"first")
    assert not store.create("job", b"second")
    assert store.get("job") == b"first"
    with ThreadPoolExecutor(8) as many:
        created = list(many.map(lambda i: store.create("race", b"%d" % i), range(32)))
    assert created.count(True) == 1
    assert store.get("race") == b"%d" % created.index(True)


def test_a_store_goes_to_other_processes(store: Store) -> None:
    store.put("a", b"1")
    if store.place.startswith("memory"):
        with pytest.raises(ValueError, match="memory is of one process"):
            pickle.dumps(store)
    else:
        assert pickle.loads(pickle.dumps(store)).get("a") == b"1"


def test_a_folder_leaves_no_drafts(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a", b"1")
    store.create("b", b"2")
    assert not list((tmp_path / ".drafts").iterdir())
    (tmp_path / ".drafts" / "of a run that was killed").write_bytes(b"")
    with store.held():
        assert not (tmp_path / ".drafts").exists()


def test_two_runs_in_a_folder_are_refused_and_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    text = (
        "import fcntl, sys; lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", text, tmp_path / ".lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(ValueError, match="another run is at work"), FolderStore(tmp_path).held():
            pass
        other.kill()
    with FolderStore(tmp_path).held():
        pass


def test_what_is_refused_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file") as caught:
        FolderStore(tmp_path / "file").put("a", b"")
    assert ".drafts" not in str(caught.value)
    with pytest.raises(ValueError, match="is a file; give a folder"), FolderStore(tmp_path / "file").held():
        pass


def test_addresses_are_told_from_paths(tmp_path: Path) -> None:
    assert isinstance(open_store(tmp_path), FolderStore)
    assert open_store(f"file://{tmp_path}").place == str(tmp_path)
    pytest.importorskip("obstore", reason="obstore is not installed")
    with pytest.raises(ValueError, match="no address of a store"):
        open_store("nowhere://bucket")


def test_a_bucket_that_is_not_there_is_an_error_of_the_system(bucket: str) -> None:
    with pytest.raises(OSError, match="s3://other/place/a"):
        open_store("s3://other/place").put("a", b"")
