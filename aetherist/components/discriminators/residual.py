"""What the discriminators of one picture share: residual blocks down to 4x4, and a projection on the camera.

Karras et al. 2020, section 4.2; the projection is that of Miyato and Koyama 2018, "cGANs with Projection
Discriminator".
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn

from aetherist.components.discriminators.layers import DiscriminatorBlock, Epilogue
from aetherist.components.ops.linear import Linear, normalize_second_moment
from aetherist.components.ops.resample import fir_filter
from aetherist.components.synthesis.layers import Precision
from aetherist.core import Component, ComponentConfig, PowerOfTwo


class CameraMapping(nn.Module):
    """Map cameras to the vectors that the discriminator projects on."""

    def __init__(self, camera_dim: int, width: int, layers: int, lr_multiplier: float) -> None:
        super().__init__()
        self.depth = layers
        self.embed = Linear(camera_dim, width)
        for index in range(layers):
            self.add_module(f"fc{index}", Linear(width, width, activate=True, lr_multiplier=lr_multiplier))

    def forward(self, camera: Tensor) -> Tensor:
        """Map ``(B, camera_dim)`` to ``(B, width)``."""
        x = normalize_second_moment(self.embed(camera))
        for index in range(self.depth):
            x = self.get_submodule(f"fc{index}")(x)
        return x


class ResidualConfig(ComponentConfig):
    """Sizes, conditioning and precision of a residual discriminator."""

    resolution: PowerOfTwo = Field(512, ge=8)
    """Rows and columns of the final picture, at least 8."""
    camera_dim: NonNegativeInt = 25
    """Numbers in a camera; 0 for a discriminator without conditioning."""
    channel_base: PositiveInt = 32768
    """Channels at a resolution are this divided by it,"""
    channel_max: PositiveInt = 512
    """and no more than this."""
    conv_clamp: PositiveFloat | None = 256.0
    """Bound of the magnitude of activations, before their gain."""
    mbstd_group: PositiveInt = 4
    """Rows that the minibatch standard deviation compares."""
    mapping_layers: PositiveInt = 8
    """Fully connected layers of the camera's mapping."""
    mapping_lr_multiplier: PositiveFloat = 0.01
    """Learning rate of those layers, relative to the rest."""
    half_precision_blocks: NonNegativeInt = 0
    """How many of the highest resolutions compute in half precision."""
    precision: Precision = "fp16"
    """The half precision: fp16 (float32 on a CPU) or bf16."""

    def block_resolutions(self) -> list[int]:
        """Resolutions of the blocks, from the picture's down to 8."""
        return [2**i for i in range(int(math.log2(self.resolution)), 2, -1)]

    def block_channels(self, resolution: int) -> int:
        """Channels of the features at a resolution."""
        return min(self.channel_base // resolution, self.channel_max)


class ResidualDiscriminator(Component):
    """Base of the discriminators that read one stack of channels."""

    image_channels: ClassVar[int] = 3

    config: ResidualConfig
    resample_filter: Tensor

    def __init__(self, config: ResidualConfig) -> None:
        super().__init__(config)
        self.register_buffer("resample_filter", fir_filter())
        half = torch.float16 if config.precision == "fp16" else torch.bfloat16
        for index, resolution in enumerate(config.block_resolutions()):
            block = DiscriminatorBlock(
                config.block_channels(resolution),
                config.block_channels(resolution // 2),
                image_channels=self.image_channels if index == 0 else 0,
                conv_clamp=config.conv_clamp,
                half=half if index < config.half_precision_blocks else None,
            )
            self.add_module(f"b{resolution}", block)
        width = config.block_channels(4)
        self.mapping: CameraMapping | None = None
        if config.camera_dim:
            self.mapping = CameraMapping(config.camera_dim, width, config.mapping_layers, config.mapping_lr_multiplier)
        self.b4 = Epilogue(
            width,
            width if config.camera_dim else 1,
            group_size=config.mbstd_group,
            conv_clamp=config.conv_clamp,
        )

    def judge(self, x: Tensor, camera: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """Return the logit ``(B, 1)`` of each row of ``(B, image_channels, R, R)``, and the blocks' features."""
        dtype = x.dtype
        features = []
        for resolution in self.config.block_resolutions():
            x = self.get_submodule(f"b{resolution}")(x)
            features.append(x)
        scores: Tensor = self.b4(x.to(dtype))
        if self.mapping is None:
            return scores, features
        if camera is None:
            raise ValueError(
                f"{self.component_name}: it is conditioned on a camera (camera_dim = "
                f"{self.config.camera_dim}), but none was given; pass 'camera', or configure camera_dim: 0"
            )
        target = self.mapping(camera)
        return (scores * target).sum(dim=1, keepdim=True) / math.sqrt(target.shape[1]), features
