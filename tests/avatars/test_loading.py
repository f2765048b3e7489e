"""``aetherist.load``: from a name, a folder, a recipe or a hub to a model that makes avatars."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import aetherist
from aetherist.avatars import AvatarModel, hub
from aetherist.core.check import check
from aetherist.core.errors import WeightsError
from aetherist.export.packages import MissingPackageError
from aetherist.graphs import sources
from aetherist.graphs.model import Model
from tests.avatars.helpers import SMALL

OWNER = "someone/small"


@pytest.fixture
def shipped(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small model, as one that ships under the name of a recipe."""
    shutil.copytree(folder, tmp_path / "models" / "eg3d-ffhq512")
    monkeypatch.setattr(sources, "shipped_models", lambda: tmp_path / "models")
    return tmp_path / "models" / "eg3d-ffhq512"


def test_the_package_itself_loads_nothing() -> None:
    code = "import sys, aetherist; assert not {'torch', 'numpy', 'pydantic'} & set(sys.modules); aetherist.load"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        aetherist.lode  # noqa: B018
    assert isinstance(AvatarModel, type) and aetherist.AvatarModel is AvatarModel  # noqa: PT018


def test_a_folder_a_recipe_and_its_file_are_loaded(folder: Path, model: AvatarModel, tmp_path: Path) -> None:
    assert aetherist.load(folder).digest == aetherist.load(str(folder)).digest == model.digest
    (tmp_path / "own.yaml").write_text("name: own\nextends: tiny\n")
    own = aetherist.load(tmp_path / "own.yaml", overrides=SMALL)
    assert own.name == "own"
    assert repr(own).endswith("cpu, untrained)")
    assert "untrained" not in repr(aetherist.load(folder))


def test_a_model_that_ships_has_precedence_over_a_recipe_of_its_name(shipped: Path, model: AvatarModel) -> None:
    loaded = aetherist.load("eg3d-ffhq512")
    assert (loaded.name, loaded.digest) == ("eg3d-ffhq512", model.digest)
    assert Model.open("eg3d-ffhq512").recipe.name == "tiny"
    assert check("eg3d-ffhq512").recipe.name == "eg3d-ffhq512"
    assert AvatarModel.from_pretrained("eg3d-ffhq512").digest == model.digest


def test_what_is_not_there_is_answered_with_near_names(shipped: Path) -> None:
    with pytest.raises(ValueError, match=r"no model 'eg3d-fhq512'.*; did you mean eg3d-ffhq512"):
        aetherist.load("eg3d-fhq512")


def test_overrides_change_what_has_no_weights(folder: Path, model: AvatarModel) -> None:
    finer = aetherist.load(folder, overrides=["components.renderer.samples=8"])
    assert finer.digest == model.digest
    assert not torch.equal(finer.avatar(1).render(as_="tensor"), model.avatar(1).render(as_="tensor"))


def test_a_recipe_is_not_pretrained() -> None:
    with pytest.raises(ValueError, match="tiny is a recipe, which has no weights"):
        AvatarModel.from_pretrained("tiny", overrides=SMALL)


# Folders --------------------------------------------------------------------------------------------------------------


def test_a_saved_model_is_the_same_model(editable: AvatarModel, tmp_path: Path) -> None:
    editable.save_pretrained(tmp_path / "model")
    again = AvatarModel.from_pretrained(tmp_path / "model")
    assert again.digest == editable.digest
    assert again.avatar(7).edit(age=1) == editable.avatar(7).edit(age=1)
    with pytest.raises(WeightsError, match="AE606"):
        editable.save_pretrained(tmp_path / "model")
    editable.save_pretrained(tmp_path / "model", overwrite=True)
    assert AvatarModel.from_pretrained(tmp_path / "model").directions is not None


def test_metadata_stay_with_a_model(folder: Path, tmp_path: Path) -> None:
    Model.load(folder).save(tmp_path / "noted", metadata={"hours": 3})
    aetherist.load(tmp_path / "noted").save_pretrained(tmp_path / "again")
    manifest = aetherist.load(tmp_path / "again").model.manifest
    assert manifest is not None
    assert manifest.metadata == {"hours": 3}


def test_a_compact_model_stays_compact_and_the_same(tmp_path: Path) -> None:
    Model.build("tiny", overrides=SMALL).save(tmp_path / "model", compact=True)
    small = aetherist.load(tmp_path / "model")
    small.save_pretrained(tmp_path / "again")
    again = aetherist.load(tmp_path / "again")
    assert again.digest == small.digest
    assert again.avatar(7).render().tobytes() == small.avatar(7).render().tobytes()


def test_a_model_that_was_changed_is_not_saved_as_the_one_that_it_was(folder: Path, tmp_path: Path) -> None:
    changed = aetherist.load(folder)
    assert changed.digest
    with torch.no_grad():
        next(changed.model.components["planes"].parameters()).add_(1.0)
    with pytest.raises(WeightsError, match="is no longer what it was when it was opened"):
        changed.save_pretrained(tmp_path / "model")


# Hubs -----------------------------------------------------------------------------------------------------------------


def test_a_model_goes_to_a_hub_with_its_directions_and_a_card(
    editable: AvatarModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[str, Any] = {}

    def upload(folder: Path, repository: str, **options: Any) -> str:
        shutil.copytree(folder, tmp_path / "sent")
        sent.update(options, repository=repository)
        return f"hub:{repository}"

    monkeypatch.setattr(hub, "upload", upload)
    assert editable.push_to_hub(OWNER, private=True, message="First") == f"hub:{OWNER}"
    assert sent == {"repository": OWNER, "private": True, "revision": None, "message": "First", "token": None}
    card = (tmp_path / "sent" / "README.md").read_text()
    assert f'aetherist.load("{OWNER}")' in card
    assert editable.digest in card
    assert aetherist.load(tmp_path / "sent").directions is not None
    with pytest.raises(ValueError, match="'small' is no repository of a hub; write OWNER/NAME"):
        editable.push_to_hub("small")


def test_the_hub_is_called_as_its_client_wants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = pytest.importorskip("huggingface_hub")
    calls: list[tuple[str, Any]] = []
    for name in ("create_repo", "create_branch", "upload_folder"):
        known = set(__import__("inspect").signature(getattr(client.HfApi, name)).parameters)

        def call(self: Any, *args: Any, _name: str = name, _known: set[str] = known, **options: Any) -> str:
            assert options.keys() <= _known
            calls.append((_name, options))
            return "there"

        monkeypatch.setattr(client.HfApi, name, call)
    assert hub.upload(tmp_path, OWNER, private=True, revision="v2", message="Second") == "there"
    assert [name for name, _ in calls] == ["create_repo", "create_branch", "upload_folder"]


def test_a_model_is_read_from_the_cache_of_a_hub(folder: Path, model: AvatarModel, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "cache" / "models--someone--small"
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    for file in folder.iterdir():
        shutil.copy(file, repository / "blobs" / file.name)
        (snapshot / file.name).symlink_to(Path("../../blobs") / file.name)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    options: dict[str, Any] = {"cache_dir": tmp_path / "cache", "local_files_only": True}
    for loaded in (aetherist.load(OWNER, **options), AvatarModel.from_pretrained(OWNER, revision=commit, **options)):
        assert (loaded.name, loaded.digest) == (OWNER, model.digest)
    with pytest.raises(ValueError, match="no model 'someone/else' at v2, neither a folder nor on the hub"):
        aetherist.load("someone/else", revision="v2", **options)


def test_only_data_are_fetched(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = pytest.importorskip("huggingface_hub")
    asked: dict[str, Any] = {}

    def snapshot_download(repository: str, **options: Any) -> str:
        asked.update(options)
        return str(folder)

    monkeypatch.setattr(client, "snapshot_download", snapshot_download)
    aetherist.load(OWNER, token="secret")
    assert asked["allow_patterns"] == ["*.json", "*.yaml", "*.safetensors", "*.md"]
    assert asked["token"] == "secret"


def test_without_the_extra_the_hub_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'aetherist\[hub\]'"):
        aetherist.load(OWNER)
