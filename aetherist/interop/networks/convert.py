"""From the files of a package to the state dict of the component that runs the network."""

from __future__ import annotations

import io
import json
import re

import torch
from torch import Tensor

from aetherist.components.embeddings.face_recognition import BLOCKS
from aetherist.components.embeddings.inception import ConvNorm, InceptionV3
from aetherist.components.embeddings.vgg16 import WIDTHS, caffe_normalization
from aetherist.interop.networks.archives import Archive, NetworkError
from aetherist.interop.networks.tensorflow import (
    convolution,
    depthwise,
    read_tensors,
    scripted_data,
    scripted_entries,
)


def mobileface(archive: Archive, member: str) -> dict[str, Tensor]:
    """Convert the ``mobileface`` graph model: ``member`` is its JSON, the data beside it."""
    manifest = json.loads(archive.read(f"{member}.json"))["weightsManifest"]
    found = read_tensors([w for group in manifest for w in group["weights"]], archive.read(f"{member}.bin"))
    ours = {"conv.weight": convolution(found["conv1_weight"]), "prelu.weight": found["prelu1_gamma"]}
    for index in range(4):
        theirs, stage = f"stage{index + 1}_unit1", f"stages.{index}"
        ours[f"{stage}.point.weight"] = convolution(found[f"{theirs}_conv0_0_weight"])
        ours[f"{stage}.down.weight"] = depthwise(found[f"{theirs}_conv0_1_df"])
        for step in (1, 2):
            ours[f"{stage}.conv{step}.weight"] = depthwise(found[f"{theirs}_conv{step}_df"])
        for step in (0, 1, 2):
            ours[f"{stage}.prelu{step}.weight"] = found[f"{theirs}_prelu{step}_gamma"]
    # Theirs flattens rows, columns, channels; ours channels, rows, columns.
    kernel = found["dense/kernel"].reshape(4, 4, 128, 256)
    ours["fc.weight"] = kernel.permute(3, 2, 0, 1).reshape(256, 2048).contiguous()
    ours["scale"], ours["shift"] = found["batchnorm0/mul"], found["batchnorm0/sub"]
    return ours


def face_recognition(archive: Archive, member: str) -> dict[str, Tensor]:
    """Convert the face-recognition network that was ported from dlib."""
    manifest = json.loads(archive.read(f"{member}-weights_manifest.json"))
    found = read_tensors([w for group in manifest for w in group["weights"]], archive.read(f"{member}.bin"))

    def scaled(theirs: str, place: str) -> dict[str, Tensor]:
        return {
            f"{place}.conv.weight": convolution(found[f"{theirs}/conv/filters"]),
            f"{place}.conv.bias": found[f"{theirs}/conv/bias"],
            f"{place}.scale": found[f"{theirs}/scale/weights"],
            f"{place}.shift": found[f"{theirs}/scale/biases"],
        }

    ours = scaled("conv32_down", "stem")
    for block in BLOCKS:
        for step in ("conv1", "conv2"):
            ours |= scaled(f"{block}/{step}", f"blocks.{block}.{step}")
    return {**ours, "fc.weight": found["fc"].mT.contiguous()}


def vgg16_hed(archive: Archive, member: str) -> dict[str, Tensor]:
    """Convert the VGG16 inside an edge detector: an HDF5 file of Keras, pictures in BGR less their mean.

    Raises:
        NetworkError: If h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise NetworkError("this network comes as HDF5, which h5py reads; pip install 'aetherist[networks]'") from error
    ours: dict[str, Tensor] = {}
    with h5py.File(io.BytesIO(archive.read(member))) as file:
        for stage, widths in enumerate(WIDTHS):
            for index in range(len(widths)):
                layer = f"block{stage + 1}/layers/conv2d{f'_{index}' if index else ''}/vars"
                weight, bias = (torch.from_numpy(file[f"{layer}/{i}"][()]) for i in (0, 1))
                ours[f"stages.{stage}.{index}.weight"], ours[f"stages.{stage}.{index}.bias"] = convolution(weight), bias
    ours["stages.0.0.weight"] = ours["stages.0.0.weight"].flip(1).contiguous()
    ours["normalize.shift"], ours["normalize.scale"] = caffe_normalization()
    return ours


def inception_keras(archive: Archive, member: str) -> dict[str, Tensor]:
    """Convert a Keras Inception-v3 that was minified into scripts: layers are numbered in the order of their making."""
    script = archive.read(f"{member}/model.min.js").decode()
    count = int(re.findall(r"group1-shard1of(\d+)", script)[0])
    shards = [archive.read(f"{member}/group1-shard{number}of{count}.min.js") for number in range(1, count + 1)]
    data = b"".join(scripted_data(shard) for shard in shards)
    found = read_tensors(scripted_entries(script), data)
    with torch.device("meta"):
        blank = InceptionV3.create(weights=None)
    ours: dict[str, Tensor] = {}
    places = [name for name, module in blank.named_modules() if isinstance(module, ConvNorm)]
    for number, place in enumerate(places, start=1):
        norm = f"batch_normalization_{number}"
        ours[f"{place}.conv.weight"] = convolution(found[f"conv2d_{number}/kernel"])
        ours[f"{place}.bn.bias"] = found[f"{norm}/beta"]
        ours[f"{place}.bn.weight"] = torch.ones_like(found[f"{norm}/beta"])
        ours[f"{place}.bn.running_mean"] = found[f"{norm}/moving_mean"]
        ours[f"{place}.bn.running_var"] = found[f"{norm}/moving_variance"]
        ours[f"{place}.bn.num_batches_tracked"] = torch.zeros((), dtype=torch.int64)
    return ours


def lpips(archive: Archive, member: str) -> dict[str, Tensor]:
    """Convert the linear heads of LPIPS, 1x1 convolutions to one channel."""
    found = torch.load(io.BytesIO(archive.read(member)), map_location="cpu", weights_only=True)
    return {f"head{index}": found[f"lin{index}.model.1.weight"].flatten() for index in range(len(found))}
