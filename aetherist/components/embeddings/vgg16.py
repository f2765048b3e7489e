"""VGG16: the features that perceptual losses compare."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.embeddings.frozen import FrozenConfig, FrozenNetwork, Normalize
from aetherist.components.types import FeatureMaps, Image
from aetherist.core import NameOrPath, component

WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of each convolution, stage by stage."""

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_TORCHVISION = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


@component("embedding.vgg16_features")
class VGG16Features(FrozenNetwork):
    """Look at pictures with the convolutions of VGG16: one feature map a stage, before its pooling.

    Simonyan and Zisserman 2015, configuration D. A path to the usual PyTorch file of VGG16 brings the standard network;
    the weights that come by name are tuned to edges, and their numbers compare with nobody's.
    """

    class Config(FrozenConfig):
        """Which weights."""

        weights: NameOrPath | None = "vgg16-hed"
        """A name from ``aetherist weights list``, or the path of a file; nothing for random ones."""
        stages: int = Field(5, ge=1, le=5)
        """How many maps come out; the stages behind them are not computed."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.normalize = Normalize(
            [2 * mean - 1 for mean in _IMAGENET_MEAN],
            [2 * deviation for deviation in _IMAGENET_STD],
            stored=True,
        )
        channels = 3
        self.stages = nn.ModuleList()
        for widths in WIDTHS:
            stage = nn.ModuleList()
            for width in widths:
                stage.append(nn.Conv2d(channels, width, 3, padding=1))
                channels = width
            self.stages.append(stage)
        self.freeze()

    def forward(self, image: Image["B 3 H W"]) -> list[FeatureMaps["B _ _ _"]]:
        """Return maps of 64, 128, 256, 512 and 512 channels, each of half the resolution of the one before.

        Args:
            image: Pictures of at least 16 pixels.
        """
        x = self.normalize(image)
        features = []
        for index, stage in enumerate(self.stages[: self.config.stages]):
            assert isinstance(stage, nn.ModuleList)
            if index:
                x = F.max_pool2d(x, 2)
            for convolution in stage:
                x = F.relu(convolution(x))
            features.append(x)
        return features

    def adapt(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Take the convolutions of torchvision's ``features`` too, whose pictures ImageNet's mean normalises."""
        if "features.0.weight" not in tensors:
            return dict(tensors)
        places = [f"stages.{i}.{j}" for i, widths in enumerate(WIDTHS) for j in range(len(widths))]
        found = {
            f"{place}.{kind}": tensors[f"features.{index}.{kind}"]
            for place, index in zip(places, _TORCHVISION, strict=True)
            for kind in ("weight", "bias")
        }
        return {**found, "normalize.shift": self.normalize.shift, "normalize.scale": self.normalize.scale}


def caffe_normalization() -> tuple[Tensor, Tensor]:
    """Return shift and scale for networks that take 0 to 255 less ImageNet's mean colour, in RGB."""
    mean = torch.tensor([123.68, 116.779, 103.939]).reshape(3, 1, 1)
    return mean / 127.5 - 1.0, torch.full((3, 1, 1), 1 / 127.5)
