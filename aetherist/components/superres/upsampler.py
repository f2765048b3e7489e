"""Super-resolution: a rendered picture and its features to the final picture."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator
from torch import Tensor

from aetherist.components.ops.batching import by_row, runs_by_row
from aetherist.components.ops.resample import fir_filter, resize
from aetherist.components.synthesis.layers import NoiseMode, Precision, SynthesisBlock
from aetherist.components.types import Features, Image, Seeds, Styles
from aetherist.core import Component, ComponentConfig, PowerOfTwo, component


@component("superres.stylegan2")
class SuperResolution(Component):
    """Bring a rendered picture to its final resolution with a few StyleGAN2 blocks.

    Picture and features are resized to ``input_resolution``; of the blocks, the last ones double until
    ``resolution`` is reached, and those before them keep the size. All layers take the last style. Chan et
    al. 2022, section 4.3.
    """

    class Config(ComponentConfig):
        """Sizes, noise and precision of the blocks.

        ============  ==================  ==================
        resolution    input_resolution    widths
        ============  ==================  ==================
        128           64                  128, 64
        256           128                 128, 64
        512           128                 256, 128
        1024          256                 256, 128
        ============  ==================  ==================
        """

        channels: PositiveInt = 32
        """Features that come in."""
        resolution: PowerOfTwo = 512
        """Rows and columns of the final picture."""
        input_resolution: PowerOfTwo = 128
        """Rows and columns of the first block's input; what comes in is resized to it."""
        widths: tuple[PositiveInt, ...] = Field((256, 128), min_length=1)
        """Channels of each block."""
        style_dim: PositiveInt = 512
        """Width of a style vector."""
        noise: NoiseMode = "none"
        """Noise of every layer: stored maps, maps drawn from the seeds, or none."""
        half_precision_blocks: NonNegativeInt = 0
        """How many of the last blocks compute in half precision."""
        precision: Precision = "fp16"
        """The half precision: fp16 (float32 on a CPU, where it would be slower) or bf16."""
        conv_clamp: PositiveFloat | None = 256.0
        """Bound of the magnitude of activations; needed with half precision."""
        antialias: bool = True
        """Filter what is resized to fewer pixels."""

        @property
        def doublings(self) -> int:
            """How many blocks double the resolution."""
            return int(math.log2(self.resolution)) - int(math.log2(self.input_resolution))

        @model_validator(mode="after")
        def _blocks_suffice(self) -> Self:
            count = len(self.widths)
            if not 0 <= self.doublings <= count:
                raise ValueError(
                    f"{count} blocks cannot bring {self.input_resolution} to {self.resolution}; that takes "
                    f"{self.doublings} doublings, one a block: change widths, resolution or input_resolution"
                )
            return self

    config: Config
    resample_filter: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        count = len(config.widths)
        self.register_buffer("resample_filter", fir_filter())
        size = config.input_resolution
        for index, (before, after) in enumerate(pairwise((config.channels, *config.widths))):
            up = index >= count - config.doublings
            size = 2 * size if up else size
            precision = config.precision if index >= count - config.half_precision_blocks else None
            block = SynthesisBlock(
                before,
                after,
                config.style_dim,
                size,
                3,
                up=up,
                stream=2 * index,
                conv_clamp=config.conv_clamp,
                precision=precision,
            )
            self.add_module(f"block{index}", block)

    def forward(
        self,
        image: Image["B 3 H W"],
        features: Features["B channels H W"],
        styles: Styles["B L style_dim"],
        seeds: Seeds["B"] | None = None,
    ) -> Image["B 3 resolution resolution"]:
        """Return the final picture.

        Args:
            image: Rendered picture.
            features: Rendered features, of which the picture is a part.
            styles: The last of them is used.
            seeds: Seed of each row's noise where ``noise`` is ``random``.

        Raises:
            ValueError: If noise is random and no seeds are given.
        """
        if self.config.noise == "random" and seeds is None:
            raise ValueError(
                "superres.stylegan2: noise is 'random', which is drawn from seeds, and none were given; pass "
                "'seeds' (one integer a row), or configure noise: none"
            )
        if runs_by_row():
            return by_row(self._enlarge, image, features, styles, seeds)
        return self._enlarge(image, features, styles, seeds)

    def _enlarge(self, image: Tensor, features: Tensor, styles: Tensor, seeds: Tensor | None) -> Tensor:
        config = self.config
        x = resize(features, config.input_resolution, config.antialias)
        image = resize(image, config.input_resolution, config.antialias)
        style = styles[:, -1]
        for index in range(len(config.widths)):
            block = self.get_submodule(f"block{index}")
            x, image = block(x, image, (style, style, style), config.noise, seeds)
        return image
