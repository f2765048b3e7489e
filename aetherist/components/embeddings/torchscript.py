"""A network of one's own, from a TorchScript file: the ArcFace that papers use, say."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Self

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor

from aetherist.components.embeddings.frozen import WHOLE, Box, look_at_part
from aetherist.components.embeddings.weights import Provenance, provenance_of_file
from aetherist.components.types import Embedding, Image
from aetherist.core import Component, ComponentConfig, NameOrPath, component

_read: Callable[..., nn.Module] = torch.jit.load


def _load(path: Path) -> nn.Module:
    """Read a file. PyTorch warns that it wants users to move on; the files that they have are still of this kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return _read(path, map_location="cpu")


@component("embedding.torchscript")
class TorchScriptEmbedding(Component):
    """Describe a picture with a network from a TorchScript file, which is not changed by training.

    Gradients flow through it to the picture. It runs as it is: it can be neither compiled nor exported, and a dry run
    takes its word for the size of the embedding.
    """

    class Config(ComponentConfig):
        """Which file, what it takes, what it gives."""

        path: NameOrPath
        """A file that ``torch.jit.save`` wrote; the network maps pictures ``(B, 3, size, size)`` to ``(B, dim)``."""
        dim: PositiveInt = 512
        """Numbers in an embedding."""
        size: PositiveInt = 112
        """Rows and columns of the pictures it takes."""
        crop: Box = WHOLE
        """Left, top, right and bottom of what it looks at, as shares of the picture."""
        scale: float = 1.0
        """A picture in [-1, 1] is multiplied by this,"""
        shift: float = 0.0
        """and this is added, to give what the network takes: 127.5 and 127.5 for one that takes 0 to 255."""
        standard: bool = False
        """Whether it is, on your word, the network that papers' numbers are made with."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        path = Path(config.path)
        if not path.is_file():
            raise ValueError(f"embedding.torchscript: there is no file {path}; set 'path' to one")
        try:
            self.network = _load(path)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(f"embedding.torchscript: {path} cannot be read as TorchScript: {reason}") from error
        found = provenance_of_file(path)
        self.provenance = Provenance(found.name, found.standard or config.standard, found.source)
        self.requires_grad_(False)
        self.train(False)

    @property
    def standard(self) -> bool:
        """Whether the network is the one that papers' numbers are made with."""
        return self.provenance.standard

    @property
    def label(self) -> str:
        """A line to print beside every number that is made with this network."""
        return self.provenance.label

    def forward(self, image: Image["B 3 H W"]) -> Embedding["B dim"]:
        """Return the embedding of each picture.

        Raises:
            ValueError: If the network gives something else.
        """
        x = look_at_part(image, self.config.crop, self.config.size) * self.config.scale + self.config.shift
        if isinstance(x, FakeTensor):
            return x.new_empty(x.shape[0], self.config.dim)
        embedding: Tensor = self.network(x)
        if embedding.shape != (x.shape[0], self.config.dim):
            raise ValueError(
                f"embedding.torchscript: {self.config.path} gives {tuple(embedding.shape)} for {x.shape[0]} pictures, "
                f"not ({x.shape[0]}, {self.config.dim}); set 'dim'"
            )
        return embedding

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode."""
        del mode
        return super().train(False)
