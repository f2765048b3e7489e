"""Tri-plane generator: styles to three feature planes."""

from __future__ import annotations

import math

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from aetherist.components.ops.batching import by_row, runs_by_row
from aetherist.components.synthesis.layers import NoiseMode, Precision, SynthesisBlock
from aetherist.components.types import Planes, Seeds, Styles
from aetherist.core import Component, ComponentConfig, PowerOfTwo, component


@component("triplane.stylegan2")
class TriplaneSynthesis(Component):
    """Generate three axis-aligned feature planes from styles, as StyleGAN2 generates a picture.

    A synthesis network of skip architecture from 4x4 up, whose picture has three times ``channels`` channels.
    Karras et al. 2020; Chan et al. 2022, section 4.1.
    """

    class Config(ComponentConfig):
        """Sizes, noise and precision of the synthesis network."""

        style_dim: PositiveInt = 512
        """Width of a style vector."""
        channels: PositiveInt = 32
        """Features of one plane."""
        resolution: PowerOfTwo = Field(256, ge=4)
        """Rows and columns of a plane, at least 4."""
        channel_base: PositiveInt = 32768
        """Channels at a resolution are this divided by it,"""
        channel_max: PositiveInt = 512
        """and no more than this."""
        noise: NoiseMode = "const"
        """Noise of every layer: stored maps, maps drawn from the seeds, or none."""
        positions: bool = False
        """Add a learned map in every block, as the first block begins with one. Features then know where on a plane
        they are, and subjects that are aligned are learned much sooner; subjects that move about are not helped."""
        half_precision_blocks: NonNegativeInt = 0
        """How many of the highest resolutions compute in half precision."""
        precision: Precision = "fp16"
        """The half precision: fp16 (float32 on a CPU, where it would be slower) or bf16."""
        conv_clamp: PositiveFloat | None = None
        """Bound of the magnitude of activations; 256 with half precision."""

        @property
        def layers(self) -> int:
            """Style layers: 14 at 256."""
            return 2 * int(math.log2(self.resolution)) - 2

        def block_resolutions(self) -> list[int]:
            """Resolutions of the blocks, from 4 up."""
            return [2**i for i in range(2, int(math.log2(self.resolution)) + 1)]

        def block_channels(self, resolution: int) -> int:
            """Channels of the features at a resolution."""
            return min(self.channel_base // resolution, self.channel_max)

        def block_precision(self, resolution: int) -> Precision | None:
            """Half precision of the block at a resolution, if it has one; the first block never has."""
            lowest = max(self.resolution * 2 // 2**self.half_precision_blocks, 8)
            return self.precision if self.half_precision_blocks and resolution >= lowest else None

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        width = 0
        for index, resolution in enumerate(config.block_resolutions()):
            block = SynthesisBlock(
                width,
                config.block_channels(resolution),
                config.style_dim,
                resolution,
                3 * config.channels,
                stream=2 * index,
                positions=config.positions,
                conv_clamp=config.conv_clamp,
                precision=config.block_precision(resolution),
            )
            self.add_module(f"b{resolution}", block)
            width = config.block_channels(resolution)

    def forward(
        self, styles: Styles["B layers style_dim"], seeds: Seeds["B"] | None = None
    ) -> Planes["B 3 channels resolution resolution"]:
        """Return the planes, stored with the features of a pixel side by side.

        Args:
            styles: One style vector a layer.
            seeds: Seed of each row's noise where ``noise`` is ``random``; the same seed gives the same planes
                in any batch.

        Raises:
            ValueError: If noise is random and no seeds are given.
        """
        if self.config.noise == "random" and seeds is None:
            raise ValueError(
                "triplane.stylegan2: noise is 'random', which is drawn from seeds, and none were given; pass "
                "'seeds' (one integer a row), or configure noise: const"
            )
        if runs_by_row():
            image = by_row(self._synthesize, styles, seeds)
        else:
            image = self._synthesize(styles, seeds)
        size = self.config.resolution
        return image.view(-1, 3, self.config.channels, size, size)

    def _synthesize(self, styles: Tensor, seeds: Tensor | None) -> Tensor:
        x: Tensor | None = None
        image: Tensor | None = None
        first = 0
        for resolution in self.config.block_resolutions():
            block = self.get_submodule(f"b{resolution}")
            assert isinstance(block, SynthesisBlock)
            # The picture's style is also the first of the next block.
            count = block.convolutions + 1
            block_styles = styles[:, first : first + count].unbind(1)
            x, image = block(x, image, block_styles, self.config.noise, seeds)
            first += block.convolutions
        assert image is not None
        return image
