"""Pretrained networks: where their weights come from, what they are called, and that nothing changes them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from aetherist.components.embeddings import (
    FrozenNetwork,
    InceptionV3,
    MobileFace,
    TorchScriptEmbedding,
    VGG16Features,
    cache_folder,
)
from aetherist.components.embeddings.weights import METADATA, STANDARD_FILES, cached
from aetherist.components.losses import LPIPS
from aetherist.core.check import check
from aetherist.core.recipe import Recipe
from tests.components.embeddings.scripted import pixel_means


def picture(size: int = 32, rows: int = 2) -> Tensor:
    return torch.rand(rows, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AETHERIST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def lay(path: Path, network: nn.Module, **provenance: Any) -> Path:
    """Write a network's weights where they are looked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {METADATA: json.dumps(provenance)} if provenance else None
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, path, metadata=metadata)
    return path


def test_the_cache_is_where_the_user_says(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == own_cache
    monkeypatch.delenv("AETHERIST_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_cache / "xdg"))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == own_cache / "xdg" / "aetherist"


def test_weights_come_by_name_from_the_cache() -> None:
    trained = MobileFace.create(weights=None)
    lay(cached("mobileface"), trained, name="mobileface", source="npm some-package 1.0", licence="MIT")
    network = MobileFace.create()
    assert torch.equal(network(picture()), trained(picture()))
    assert network.label == "mobileface (npm some-package 1.0); not the network that papers use"
    assert not network.standard


def test_a_name_that_was_not_fetched_says_how_to_fetch_it() -> None:
    with pytest.raises(ValueError, match=r"'mobileface' are not in the cache.*aetherist weights get mobileface"):
        MobileFace.create()


def test_a_path_that_leads_nowhere_is_named() -> None:
    with pytest.raises(ValueError, match=r"there is no file nowhere/vgg\.pth"):
        VGG16Features.create(weights="nowhere/vgg.pth")


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    path = lay(tmp_path / "other.safetensors", nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"embedding\.mobileface: '.*' holds the weights of another network"):
        MobileFace.create(weights=str(path))


def test_a_file_that_is_not_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.safetensors").write_text("not tensors")
    (tmp_path / "notes.pth").write_text("not tensors")
    torch.save({"state": {"nested": torch.ones(1)}}, tmp_path / "nested.pth")
    for name in ("notes.safetensors", "notes.pth", "nested.pth"):
        with pytest.raises(ValueError, match=name):
            MobileFace.create(weights=str(tmp_path / name))


def as_published(network: VGG16Features) -> dict[str, Tensor]:
    """Return the tensors under the names that the usual PyTorch file has, classifier included."""
    places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    named = {f"features.{place}": m for place, m in zip(places, convolutions, strict=True)}
    tensors = {f"{name}.{kind}": getattr(m, kind).detach() for name, m in named.items() for kind in ("weight", "bias")}
    return {**tensors, "classifier.0.weight": torch.zeros(1)}


def test_the_usual_file_of_vgg16_comes_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = VGG16Features.create(weights=None)
    torch.save(as_published(network), tmp_path / "vgg16.pth")
    loaded = VGG16Features.create(weights=str(tmp_path / "vgg16.pth"))
    assert all(torch.equal(a, b) for a, b in zip(loaded(picture()), network(picture()), strict=True))
    assert loaded.label.startswith("network of one's own (vgg16.pth, sha256 ")
    digest = loaded.label.partition("sha256 ")[2][:8]
    monkeypatch.setitem(STANDARD_FILES, digest, "the published one")
    known = VGG16Features.create(weights=str(tmp_path / "vgg16.pth"))
    assert known.standard
    assert known.label.startswith("the published one (vgg16.pth")
    assert "not the network" not in known.label


def test_vgg16_by_hand() -> None:
    network = VGG16Features.create(weights=None)
    mean, deviation = (torch.tensor(x).reshape(3, 1, 1) for x in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    x = ((picture() + 1) / 2 - mean) / deviation
    first = [m for m in network.modules() if isinstance(m, nn.Conv2d)][:2]
    for convolution in first:
        x = torch.relu(convolution(x))
    features = network(picture())
    assert torch.allclose(features[0], x, atol=1e-5)
    assert [tuple(f.shape[1:]) for f in features] == [
        (64, 32, 32),
        (128, 16, 16),
        (256, 8, 8),
        (512, 4, 4),
        (512, 2, 2),
    ]


def test_an_untrained_network_says_so() -> None:
    assert MobileFace.create(weights=None).label == "untrained network; not the network that papers use"


def test_nothing_changes_a_frozen_network_but_pictures_feel_it() -> None:
    network = MobileFace.create(weights=None)
    assert isinstance(network.train(), FrozenNetwork)
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    image = picture().requires_grad_()
    network(image).square().sum().backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0


def test_a_crop_is_all_that_is_looked_at() -> None:
    torch.manual_seed(0)
    whole = MobileFace.create(weights=None)
    part = MobileFace.create(weights=None, crop=(0.25, 0.0, 0.75, 0.5))
    part.load_state_dict(whole.state_dict())
    image = picture(size=64)
    elsewhere = image.clone()
    elsewhere[..., 32:, :] = 0
    elsewhere[..., :16] = elsewhere[..., 48:] = 0
    assert torch.equal(part(image), part(elsewhere))
    assert torch.equal(part(image), whole(image[..., :32, 16:48]))


def test_inception_is_the_fid_network_only_as_fid_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = InceptionV3.create(weights=None)
    tensors = {k: v for k, v in trained.state_dict().items() if "num_batches_tracked" not in k}
    torch.save({**tensors, "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}, tmp_path / "fid.pth")
    digest = hashlib.sha256((tmp_path / "fid.pth").read_bytes()).hexdigest()
    monkeypatch.setitem(STANDARD_FILES, digest[:8], "the FID network")
    assert InceptionV3.create(weights=str(tmp_path / "fid.pth"), last_pool="max").standard
    assert "not the network that papers use" in InceptionV3.create(weights=str(tmp_path / "fid.pth")).label


def test_published_heads_make_lpips(tmp_path: Path) -> None:
    heads = LPIPS.create(weights=None, channels=[2, 3])
    heads.head0.fill_(2.0)
    lay(cached("lpips-vgg"), heads, name="lpips-vgg", standard=True, source="pip lpips 0.1.4")
    loss = LPIPS.create(channels=[2, 3])
    assert torch.equal(loss.head0, torch.full((2,), 2.0))
    assert loss.label == "lpips-vgg (pip lpips 0.1.4)"


def test_a_dry_run_needs_no_weights() -> None:
    recipe = """
components:
  face: {type: embedding.mobileface}
  same: {type: loss.identity}
  eyes: {type: embedding.vgg16_features}
  alike: {type: loss.lpips}
graphs:
  compare:
    inputs: {image: "Image[B 3 64 64]", target: "Image[B 3 64 64]"}
    steps:
      a: {call: face, with: {image: image}}
      b: {call: face, with: {image: target}}
      identity: {call: same, with: {embedding: a, target: b}}
      seen: {call: eyes, with: {image: image}}
      wanted: {call: eyes, with: {image: target}}
      lpips: {call: alike, with: {features: seen, target: wanted}}
    outputs: {identity: identity, lpips: lpips}
"""
    assert check(Recipe.read("compare.yaml", text=recipe), level="dry").diagnostics == []


def test_a_torchscript_network_is_run_as_it_is() -> None:
    network = TorchScriptEmbedding.create(path=str(pixel_means()), size=8, dim=12, scale=127.5, shift=127.5)
    image = picture(size=8).requires_grad_()
    embedding = network(image)
    assert torch.allclose(embedding[:, 0], (image[:, 0, :4, :4].mean(dim=(1, 2)) + 1) * 127.5)
    embedding.sum().backward()
    assert image.grad is not None
    assert "not the network that papers use" in network.label
    assert TorchScriptEmbedding.create(path=str(pixel_means()), dim=12, standard=True).standard


def test_a_torchscript_network_of_another_size_is_noticed(tmp_path: Path) -> None:
    network = TorchScriptEmbedding.create(path=str(pixel_means()), size=8)
    with pytest.raises(ValueError, match=r"gives \(2, 12\) for 2 pictures, not \(2, 512\); set 'dim'"):
        network(picture())
    (tmp_path / "notes.pt").write_text("not a network")
    with pytest.raises(ValueError, match="cannot be read as TorchScript"):
        TorchScriptEmbedding.create(path=str(tmp_path / "notes.pt"))
    with pytest.raises(ValueError, match="there is no file"):
        TorchScriptEmbedding.create(path=str(tmp_path / "none.pt"))
