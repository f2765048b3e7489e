"""Mapping network: latent and camera to style vectors."""

from __future__ import annotations

import torch
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from aetherist.components.ops.batching import by_row, runs_by_row
from aetherist.components.ops.linear import Linear, normalize_second_moment
from aetherist.components.types import Camera, Latent, Styles
from aetherist.core import Component, ComponentConfig, component


@component("mapping.stylegan2")
class MappingNetwork(Component):
    """Map a latent, and the camera it is conditioned on, to the styles of a generator.

    The latent and the embedded camera are scaled to unit second moment, concatenated, and passed through
    fully connected layers. Truncation draws styles towards their moving average. Karras et al. 2020, section
    2; Chan et al. 2022, section 4.4 for the camera.
    """

    class Config(ComponentConfig):
        """Sizes and conditioning of the mapping network."""

        latent_dim: PositiveInt = 512
        """Numbers in a latent."""
        camera_dim: NonNegativeInt = 25
        """Numbers in a camera; 0 for a generator without conditioning."""
        style_dim: PositiveInt = 512
        """Width of the layers and of a style vector."""
        style_layers: PositiveInt = 14
        """How many style vectors come out: as many as the generator has style layers."""
        layers: PositiveInt = 2
        """Fully connected layers."""
        lr_multiplier: PositiveFloat = 0.01
        """Learning rate of the layers, relative to the rest."""
        w_avg_decay: float = Field(0.998, ge=0, le=1)
        """Decay of the moving average of styles."""
        camera_scale: float = 1.0
        """Factor on the camera's numbers."""
        camera_zero: bool = False
        """Replace the camera by zeros: the network keeps its shape but is not conditioned."""

    config: Config
    w_avg: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        width = config.latent_dim
        if config.camera_dim:
            self.embed = Linear(config.camera_dim, config.style_dim)
            width += config.style_dim
        for index in range(config.layers):
            layer = Linear(width, config.style_dim, activate=True, lr_multiplier=config.lr_multiplier)
            self.add_module(f"fc{index}", layer)
            width = config.style_dim
        self.register_buffer("w_avg", torch.zeros(config.style_dim))

    def forward(
        self,
        latent: Latent["B latent_dim"],
        camera: Camera["B camera_dim"] | None = None,
        psi: float = 1.0,
        cutoff: int | None = None,
    ) -> Styles["B style_layers style_dim"]:
        """Return one style vector a layer.

        Args:
            latent: Latents.
            camera: Cameras to condition on; may be left out only where the network ignores them.
            psi: Truncation: 1 keeps the styles, 0 gives their average.
            cutoff: Truncate this many layers from the first; ``None`` for all.

        Raises:
            ValueError: If the network is conditioned on a camera and none is given.
        """
        config = self.config
        if config.camera_dim == 0:
            camera = None
        elif config.camera_zero:
            camera = latent.new_zeros(latent.shape[0], config.camera_dim)
        elif camera is None:
            raise ValueError(
                f"mapping.stylegan2: the network is conditioned on a camera (camera_dim = {config.camera_dim}), but "
                "none was given; pass 'camera', or configure camera_dim: 0 or camera_zero: true"
            )
        if runs_by_row():
            style = by_row(self._map, latent, camera)
        else:
            style = self._map(latent, camera)
        styles = style[:, None].expand(-1, config.style_layers, -1)
        if psi == 1.0:
            return styles.clone()
        truncated = torch.lerp(self.w_avg.to(style.dtype), style, psi)[:, None]
        if cutoff is None:
            return truncated.expand(-1, config.style_layers, -1).clone()
        return torch.cat([truncated.expand(-1, config.style_layers, -1)[:, :cutoff], styles[:, cutoff:]], dim=1)

    def _map(self, latent: Tensor, camera: Tensor | None) -> Tensor:
        x = normalize_second_moment(latent)
        if camera is not None:
            x = torch.cat([x, normalize_second_moment(self.embed(camera * self.config.camera_scale))], dim=-1)
        for index in range(self.config.layers):
            x = self.get_submodule(f"fc{index}")(x)
        return x

    @torch.no_grad()
    def update_average(self, styles: Tensor) -> None:
        """Let the moving average of styles follow a batch ``(B, L, style_dim)``; for training."""
        self.w_avg.lerp_(styles[:, 0].mean(dim=0).to(self.w_avg.dtype), 1.0 - self.config.w_avg_decay)
