"""The networks that pictures are looked at with: by name, by path, or as a component with its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from aetherist.components.embeddings import (
    FaceRecognition,
    InceptionV3,
    MobileFace,
    TorchScriptEmbedding,
    VGG16Features,
)
from aetherist.components.embeddings.weights import cached, provenance_of_file
from aetherist.components.losses import LPIPS
from aetherist.core import Component
from aetherist.core.component import registry
from aetherist.core.errors import did_you_mean
from aetherist.graphs.evaluation.report import UnavailableError

FEATURES = "inception-nsfwjs"
"""The network of FID, KID and pose unless another is asked for."""

IDENTITY = "face-recognition"
"""The network of identity unless another is asked for; no training loss of ours has looked with it."""

PERCEPTUAL = "vgg16-hed"
"""The features of LPIPS unless others are asked for."""

_FACE = (0.2, 0.25, 0.8, 0.85)
"""Where faces are in pictures that are cropped as FFHQ is, or rendered by ``aetherist.data.heads``."""

_NAMED: dict[str, tuple[type[Component], dict[str, Any]]] = {
    FEATURES: (InceptionV3, {}),
    IDENTITY: (FaceRecognition, {"crop": (0.1, 0.15, 0.9, 0.95)}),
    "mobileface": (MobileFace, {"crop": _FACE}),
}


class Embedder:
    """A network that gives a vector for a picture.

    Args:
        network: A component whose first input is a picture.
        device: Where to run it.
    """

    def __init__(self, network: Component, device: torch.device) -> None:
        self.network = network.to(device).eval()
        self._device = device
        self.label: str = getattr(network, "label", network.component_name)
        self.standard: bool = getattr(network, "standard", False)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the vectors ``(B, D)``, in double precision, of pictures ``(B, 3, H, W)`` in [-1, 1].

        Pictures are rounded to 8 bits first, as files are: real ones were, and networks notice.
        """
        images = images.to(self._device)
        levels = (images * 127.5 + 127.5).round().clamp(0, 255)
        vectors: Tensor = self.network(levels / 127.5 - 1)
        return vectors.flatten(1).double()


def embedder(asked: str, device: torch.device) -> Embedder:
    """Return the network that was asked for.

    Args:
        asked: A name from ``aetherist weights list``; the path of an Inception-v3 state dict or of a TorchScript file;
            or a component as recipes write it: ``{type: embedding.mobileface, crop: [0.2, 0.2, 0.8, 0.8]}``.
        device: Where to run it.

    Raises:
        UnavailableError: If its weights are not in the cache.
        ValueError: If there is no such network.
    """
    require_embedder(asked)
    if asked.lstrip().startswith("{"):
        return Embedder(_component(asked), device)
    if asked in _NAMED:
        cls, settings = _NAMED[asked]
        _need(asked)
        return Embedder(cls.create(weights=asked, **settings), device)
    path = Path(asked)
    if _is_torchscript(path):
        return Embedder(_torchscript(path), device)
    standard = provenance_of_file(path).standard
    return Embedder(InceptionV3.create(weights=str(path), last_pool="max" if standard else "avg"), device)


def perceptual(asked: str, device: torch.device) -> tuple[VGG16Features, LPIPS]:
    """Return the features and the distance of LPIPS.

    Args:
        asked: Of the features: a name from ``aetherist weights list``, or a path.
        device: Where to run them.

    Raises:
        UnavailableError: If weights are not in the cache.
        ValueError: If there is no such network.
    """
    require_perceptual(asked)
    if asked == PERCEPTUAL:
        _need(asked)
    _need("lpips-vgg")
    look, distance = VGG16Features.create(weights=asked), LPIPS.create()
    return look.to(device), distance.to(device)


def require_embedder(asked: str) -> None:
    """Refuse at once what :func:`embedder` would refuse after hours of other measures.

    Raises:
        ValueError: If there is no such network.
    """
    if asked.lstrip().startswith("{") or asked in _NAMED or Path(asked).is_file():
        return
    raise ValueError(
        f"'{asked}' is no file and no network with vectors that is known by name; {did_you_mean(asked, _NAMED)}"
    )


def require_perceptual(asked: str) -> None:
    """Refuse at once what :func:`perceptual` would refuse.

    Raises:
        ValueError: If there is no such network.
    """
    if asked != PERCEPTUAL and not Path(asked).is_file():
        raise ValueError(f"'{asked}' is neither a file of VGG16's weights nor {PERCEPTUAL}")


def _need(name: str) -> None:
    if not cached(name).is_file():
        raise UnavailableError(f"the weights of '{name}' are not in the cache", f"aetherist weights get {name}")


def _component(text: str) -> Component:
    try:
        plain = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{text}: no component as recipes write it: {error}") from None
    if not isinstance(plain, dict) or not isinstance(plain.get("type"), str):
        raise ValueError(f"{text}: write a component as recipes do, {{type: embedding.mobileface, ...}}")
    cls = registry.get(plain.pop("type"))
    return cls.create(**plain)


def _is_torchscript(path: Path) -> bool:
    import zipfile

    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


def _torchscript(path: Path) -> TorchScriptEmbedding:
    """Open a TorchScript file that takes 112 pixels, asking it how many numbers it gives."""
    network: nn.Module = TorchScriptEmbedding.create(path=str(path)).network
    with torch.no_grad():
        given = network(torch.zeros(1, 3, 112, 112))
    if not isinstance(given, Tensor) or given.ndim != 2:
        raise ValueError(
            f"{path} gives no vector for a picture of 112 pixels; say what it takes: "
            f"'{{type: embedding.torchscript, path: {path}, size: ..., dim: ...}}'"
        )
    return TorchScriptEmbedding.create(path=str(path), dim=given.shape[1], crop=_FACE)
