"""Avatars as files: what is saved opens on the same model, and on no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

import aetherist
from aetherist.avatars import Avatar, AvatarModel
from tests.avatars.helpers import SMALL


@pytest.fixture
def file(avatar: Avatar, tmp_path: Path) -> Path:
    path = tmp_path / "me.avatar"
    avatar.truncate(0.7).edit(age=0.5, ethnicity={"asian": 0.3, "european": 0.7}).save(path)
    return path


def rewritten(path: Path, *, tensors: dict[str, torch.Tensor] | None = None, **facts: object) -> Path:
    with safe_open(path, framework="pt") as held:
        said = json.loads(held.metadata()["aetherist.avatar"])
        kept = {name: held.get_tensor(name) for name in held.keys()}  # noqa: SIM118
    text = json.dumps(said | facts)
    save_file(kept | (tensors or {}), path, metadata={"aetherist.avatar": text})
    return path


def test_an_avatar_comes_back_as_it_was(editable: AvatarModel, file: Path) -> None:
    opened = editable.open(file)
    assert opened == editable.avatar(7).truncate(0.7).edit(age=0.5, ethnicity={"asian": 0.3, "european": 0.7})
    assert (opened.seed, opened.psi, opened.edits["age"]) == (7, 0.7, 0.5)
    assert opened.edit(age=0, ethnicity=None) == editable.avatar(7).truncate(0.7)
    assert file.stat().st_size < 10_000


def test_it_opens_without_directions_and_as_it_was_edited(folder: Path, editable: AvatarModel, file: Path) -> None:
    plain = aetherist.load(folder)
    opened = plain.open(file)
    assert torch.equal(opened.styles, editable.open(file).styles)
    assert opened.render().tobytes() == editable.open(file).render().tobytes()


def test_an_avatar_of_styles_has_no_latent_to_save(model: AvatarModel, tmp_path: Path) -> None:
    avatar = model.avatar(styles=torch.ones(model.style_shape))
    avatar.save(tmp_path / "one.avatar")
    opened = model.open(tmp_path / "one.avatar")
    assert opened == avatar
    assert opened.latent is None


def test_the_same_avatar_is_the_same_bytes(editable: AvatarModel, file: Path) -> None:
    avatar = editable.open(file)
    assert avatar.to_bytes() == file.read_bytes()
    assert editable.open(file.read_bytes()) == avatar
    with pytest.raises(ValueError, match="what was given is no avatar"):
        editable.open(b"nothing")


def test_another_model_refuses_it_and_names_both_digests(
    editable: AvatarModel, other_model: AvatarModel, file: Path
) -> None:
    with pytest.raises(ValueError, match="belongs to another model") as caught:
        other_model.open(file)
    assert editable.digest in str(caught.value)
    assert other_model.digest in str(caught.value)


def test_an_avatar_of_an_unsaved_model_opens_on_it_once_it_is_saved(tmp_path: Path) -> None:
    fresh = aetherist.load("tiny", overrides=SMALL)
    fresh.avatar(7).save(tmp_path / "me.avatar")
    fresh.save_pretrained(tmp_path / "model")
    assert aetherist.load(tmp_path / "model").open(tmp_path / "me.avatar").seed == 7


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"format": 2}, "has format 2; this version of Aetherist reads format 1"),
        ({"seed": "seven"}, "is damaged: seed"),
        ({"surprise": 1}, "is damaged: surprise"),
        ({"seed": 8}, "is damaged: its content has the digest"),
        ({"tensors": {"styles": torch.zeros(8, 32)}}, "is damaged: its content has the digest"),
        ({"tensors": {"styles": torch.zeros(8, 31)}}, "is damaged: it holds"),
        ({"tensors": {"more": torch.zeros(1)}}, "is damaged: it holds"),
    ],
)
def test_a_file_that_was_tampered_with_is_refused(
    editable: AvatarModel, file: Path, facts: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        editable.open(rewritten(file, **facts))  # type: ignore[arg-type]


def test_what_is_no_avatar_is_refused(model: AvatarModel, tmp_path: Path) -> None:
    path = tmp_path / "me.avatar"
    with pytest.raises(FileNotFoundError):
        model.open(path)
    save_file({"base": torch.zeros(8, 32)}, path)
    with pytest.raises(ValueError, match=r"no avatar: its metadata have no 'aetherist\.avatar'"):
        model.open(path)
    with path.open("wb") as sparse:
        sparse.truncate(65_000_000)
    with pytest.raises(ValueError, match="larger than 64,000,000 bytes"):
        model.open(path)


@given(st.data())
def test_a_damaged_file_is_a_value_error(editable: AvatarModel, data: st.DataObject) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "me.avatar"
        editable.avatar(7).save(path)
        whole = bytearray(path.read_bytes())
        if data.draw(st.booleans()):
            whole = whole[: data.draw(st.integers(0, len(whole) - 1))]
        else:
            place = data.draw(st.integers(0, len(whole) - 1))
            whole[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(whole)
        try:
            opened = editable.open(path)
        except ValueError:
            return
        assert opened == editable.avatar(7)  # what was changed says nothing: the name of the model
