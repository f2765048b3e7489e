"""Files are whole or not there, and what cannot be written is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from aetherist.base.files import draft_of, whole, write_whole


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with whole(path) as draft:
        draft.write_bytes(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, b"before")

    def fail_half_way() -> None:
        with whole(path) as draft:
            draft.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "a.bin"
    with pytest.raises(FileNotFoundError, match=f"the folder {path.parent} is not there; make it first: '{path}'"):
        write_whole(path, b"")
    (tmp_path / "gone").write_bytes(b"a file in the place of the folder")
    with pytest.raises(NotADirectoryError, match=f"the folder {path.parent} is not there; make it first: '{path}'"):
        write_whole(path, b"")


def test_another_refusal_names_the_file_and_not_its_draft(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_whole(path, b"")
    assert caught.value.filename == str(path)
    assert draft_of(path).name not in str(caught.value)
