"""The volume renderer: planes and rays to a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, Self

import torch
from einops import rearrange
from pydantic import Field as Setting
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator
from torch import Tensor, nn

from aetherist.components.ops.activation import needs_graph
from aetherist.components.ops.batching import by_row, runs_by_row
from aetherist.components.ops.noise import uniform
from aetherist.components.rendering.compositing import (
    blend,
    interval_weights,
    sample_weights,
    unsort,
    weighted_depth,
)
from aetherist.components.rendering.decoders import Field
from aetherist.components.rendering.planes import Aggregate, Axes, Padding, PlaneTable, sample_planes
from aetherist.components.rendering.rays import box_limits
from aetherist.components.rendering.sampling import Spacing, importance_depths, stratified_depths
from aetherist.components.types import (
    Depth,
    Features,
    Image,
    Mask,
    Planes,
    Points,
    RayDirections,
    RayOrigins,
    Seeds,
)
from aetherist.core import Component, ComponentConfig, Nested, component, operation

Background = Literal["black", "white", "learned"]
Reader = Callable[[Tensor], Tensor]


class View(NamedTuple):
    """What a renderer sees along its rays."""

    image: Image["B 3 H W"]
    features: Features["B features H W"]
    depth: Depth["B 1 H W"]
    alpha: Mask["B 1 H W"]


class _Samples(NamedTuple):
    """Samples along a tile's rays: depths and densities ``(B, T, S)``, features ``(B, T, S, C)``."""

    depths: Tensor
    density: Tensor
    features: Tensor


class _Tile(NamedTuple):
    """Rays of a tile: origins and directions, coordinates first, ``(3, B, T, 1)``; limits; random numbers; and what
    reads the planes where nothing is learned from them."""

    origins: Tensor
    directions: Tensor
    near: Tensor
    far: Tensor
    jitter: Tensor | None
    draws: Tensor | None
    glance: Reader | None


def _summed(features: Tensor, depths: Tensor, intervals: Tensor) -> Tensor:
    """Return what a tile gives: features, alpha, weighted sum of depths, first and last depth: ``(B, T, C + 4)``."""
    sums = [intervals.sum(dim=-1), weighted_depth(depths, intervals), depths[..., 0], depths[..., -1]]
    return torch.cat([features, torch.stack(sums, dim=-1)], dim=-1)


@component("renderer.volume")
class VolumeRenderer(Component):
    """Render a radiance field that is held in planes, by coarse and importance samples along each ray.

    Rays go in tiles of ``chunk``, so that memory is bounded; the picture does not depend on it. At inference
    rows go one by one, samples are gathered from a table of plane rows, and nothing is stored in order but
    depths and densities. Mildenhall et al. 2020, sections 4 and 5; Chan et al. 2022, section 4.2.
    """

    class Config(ComponentConfig):
        """Sampling, field and background of the renderer."""

        decoder: Nested = Setting(default_factory=lambda: Nested.of("decoder.softplus"))
        """What makes density and colours of plane features."""
        samples: int = Setting(48, ge=4)
        """Coarse samples a ray."""
        importance_samples: NonNegativeInt = 48
        """Further samples where the coarse ones have weight; 0 for none."""
        coarse: Literal["seen", "proposal"] = "seen"
        """Whether coarse samples are part of the picture, or only propose where the others look: half the work where
        surfaces are opaque. They then learn nothing themselves."""
        near: float | Literal["auto"] = 2.25
        """Where rays begin, in world units; ``auto`` where they enter the box."""
        far: float | Literal["auto"] = 3.3
        """Where rays end; ``auto`` where they leave the box."""
        box_warp: PositiveFloat = 1.0
        """Side of the cube that the planes span, in world units."""
        plane_axes: Axes = "xy_xz_yz"
        """Axes along each plane's width and height; EG3D checkpoints were trained with ``xy_xz_zx``."""
        aggregate: Aggregate = "mean"
        """How the features of the three planes become one."""
        padding: Padding = "zeros"
        """What is read outside the planes."""
        spacing: Spacing = "depth"
        """Whether coarse samples are evenly spaced in depth or in disparity."""
        background: Background = "black"
        """What lies behind everything."""
        density_shift: float = -1.0
        """Added to the density before its softplus, so that an untrained field is mostly empty."""
        chunk: PositiveInt = 1024
        """Rays a tile."""
        jitter: bool = False
        """Move samples at random within their intervals; training needs seeds for it, otherwise it is done where
        seeds are given."""

        @property
        def channels(self) -> int | None:
            """Features of one plane: what the decoder takes, where it says so."""
            return getattr(self.decoder.config, "channels", None)

        @property
        def features(self) -> int:
            """Features of a ray: those of the decoder."""
            return int(getattr(self.decoder.config, "features", 3))

        @model_validator(mode="after")
        def _rays_have_a_length(self) -> Self:
            if (self.near == "auto") != (self.far == "auto"):
                raise ValueError("near and far are both numbers or both 'auto'")
            if self.near != "auto" and self.far != "auto" and not 0 < self.near < self.far:
                raise ValueError(f"near = {self.near} and far = {self.far}; give 0 < near < far")
            if self.coarse == "proposal" and self.importance_samples < 4:
                raise ValueError("coarse: proposal needs 4 importance_samples or more: nothing else is seen")
            return self

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.decoder = config.decoder.build()
        if config.background == "learned":
            self.background = nn.Parameter(torch.zeros(config.features))

    def forward(
        self,
        planes: Planes["B 3 channels R R"],
        origins: RayOrigins["B H W 3"],
        directions: RayDirections["B H W 3"],
        seeds: Seeds["B"] | None = None,
    ) -> View:
        """Return picture, features, depth and opacity along the rays.

        Args:
            planes: Features; ``channels`` is what the decoder takes.
            origins: In world units.
            directions: Unit vectors.
            seeds: Seed of each row's sample positions where ``jitter`` is on.

        Raises:
            ValueError: If samples are jittered in training and no seeds are given.
        """
        if self.config.jitter and self.training and seeds is None:
            raise ValueError(
                "renderer.volume: jitter is on, and in training sample positions are drawn from seeds; pass 'seeds' "
                "(one integer a row), or configure jitter: false"
            )
        if runs_by_row():
            rendered = by_row(self._render, planes, origins, directions, seeds)
        else:
            rendered = self._render(planes, origins, directions, seeds)
        features, depth, alpha = rendered[:, :-2], rendered[:, -2:-1], rendered[:, -1:]
        return View(features[:, :3], features, depth, alpha)

    @operation
    def query(self, planes: Planes["B 3 channels R R"], points: Points["B N 3"]) -> Field:
        """Return density (before its softplus) and features at points in world units."""
        if runs_by_row():
            rows = [self._query(planes[i : i + 1], points[i : i + 1]) for i in range(points.shape[0])]
            return Field(torch.cat([r.density for r in rows]), torch.cat([r.features for r in rows]))
        return self._query(planes, points)

    def _query(self, planes: Tensor, points: Tensor) -> Field:
        fast = not needs_graph(planes, points, *self.parameters())
        read = self._reader(planes, fast, merge=False)
        step = self.config.chunk * self.config.samples
        count = points.shape[1]
        if torch.compiler.is_compiling() or count <= step:
            return Field(*self.decoder(read(points.movedim(-1, 0))))
        parts = [self.decoder(read(points[:, start : start + step].movedim(-1, 0))) for start in range(0, count, step)]
        return Field(torch.cat([p.density for p in parts], dim=1), torch.cat([p.features for p in parts], dim=1))

    def _reader(self, planes: Tensor, fast: bool, merge: bool) -> Reader:
        """Return what reads plane features ``(B, N, C)`` at points ``(3, B, N)``."""
        config = self.config
        if not fast:
            return lambda points: sample_planes(
                planes,
                points.movedim(0, -1),
                box_warp=config.box_warp,
                axes=config.plane_axes,
                aggregate=config.aggregate,
                padding=config.padding,
            )
        return PlaneTable(
            planes,
            box_warp=config.box_warp,
            axes=config.plane_axes,
            aggregate=config.aggregate,
            padding=config.padding,
            merge=merge,
        ).read

    def _render(self, planes: Tensor, origins: Tensor, directions: Tensor, seeds: Tensor | None) -> Tensor:
        """Return features, depth and alpha, ``(B, C + 2, H, W)``."""
        config = self.config
        height, width = origins.shape[1:3]
        origins, directions = (rearrange(rays, "b h w xyz -> b (h w) xyz") for rays in (origins, directions))
        count = height * width
        if config.near == "auto" or config.far == "auto":
            near, far = box_limits(origins, directions, config.box_warp)
        else:
            near, far = origins.new_full((1, 1, 1), config.near), origins.new_full((1, 1, 1), config.far)
        samples = count * (config.samples + config.importance_samples)
        fast = not needs_graph(planes, origins, directions, *self.parameters())
        read = self._reader(planes, fast, merge=samples > planes.shape[-1] ** 2)
        glance = None if fast or config.coarse == "seen" else self._reader(planes.detach(), True, merge=False)
        tiles = []
        for start in range(0, count, config.chunk):
            stop = min(start + config.chunk, count)
            part = slice(start, stop)
            tile = _Tile(
                origins[:, part].movedim(-1, 0)[..., None],
                directions[:, part].movedim(-1, 0)[..., None],
                near if near.shape[1] == 1 else near[:, part],
                far if far.shape[1] == 1 else far[:, part],
                self._random(seeds, start, stop, config.samples, 0),
                self._random(seeds, start, stop, config.importance_samples, 1),
                glance,
            )
            tiles.append(self._render_tile(read, tile, fast))
        rendered = torch.cat(tiles, dim=1)
        features, alpha = rendered[..., :-4], rendered[..., -4]
        depth = self._depth(*rendered[..., -4:].unbind(-1))
        features = self._behind(features, alpha) * 2.0 - 1.0
        picture = torch.cat([features, depth[..., None], alpha[..., None]], dim=-1)
        return rearrange(picture, "b (h w) c -> b c h w", h=height, w=width).contiguous()

    def _random(self, seeds: Tensor | None, start: int, stop: int, samples: int, stream: int) -> Tensor | None:
        if not self.config.jitter or seeds is None or samples == 0:
            return None
        positions = torch.arange(start * samples, stop * samples, device=seeds.device)
        return uniform(seeds, positions.reshape(stop - start, samples), stream)

    def _render_tile(self, read: Reader, tile: _Tile, fast: bool) -> Tensor:
        """Return features, alpha, weighted sum of depths, first and last depth: ``(B, T, C + 4)``."""
        config = self.config
        batch, rays = tile.origins.shape[1:3]
        depths = stratified_depths(tile.near, tile.far, config.samples, config.spacing, tile.jitter)
        if config.coarse == "proposal":
            return self._render_proposed(read, tile, depths.expand(batch, rays, -1), fast)
        coarse = self._look(read, tile, depths.expand(batch, rays, -1))
        intervals = interval_weights(depths, coarse.density, config.density_shift)
        if config.importance_samples == 0:
            depths = coarse.depths
            features = blend(coarse.features, sample_weights(intervals), fast)
        else:
            further = importance_depths(depths, intervals, config.importance_samples, tile.draws)
            fine = self._look(read, tile, further)
            depths, order = torch.cat([coarse.depths, fine.depths], dim=-1).sort(dim=-1)
            density = torch.cat([coarse.density, fine.density], dim=-1).gather(-1, order)
            intervals = interval_weights(depths, density, config.density_shift)
            weights = unsort(sample_weights(intervals), order)
            seen, added = weights[..., : config.samples], weights[..., config.samples :]
            features = blend(coarse.features, seen, fast) + blend(fine.features, added, fast)
        return _summed(features, depths, intervals)

    def _render_proposed(self, read: Reader, tile: _Tile, depths: Tensor, fast: bool) -> Tensor:
        config = self.config
        with torch.no_grad():
            coarse = self._look(tile.glance or read, tile, depths)
            intervals = interval_weights(depths, coarse.density, config.density_shift)
        depths = importance_depths(depths, intervals, config.importance_samples, tile.draws)
        if tile.draws is not None:
            depths = depths.sort(dim=-1).values
        fine = self._look(read, tile, depths)
        intervals = interval_weights(depths, fine.density, config.density_shift)
        return _summed(blend(fine.features, sample_weights(intervals), fast), depths, intervals)

    def _look(self, read: Reader, tile: _Tile, depths: Tensor) -> _Samples:
        points = torch.addcmul(tile.origins, tile.directions, depths)
        density, features = self.decoder(read(points.flatten(2)))
        shape = depths.shape
        return _Samples(depths, density.reshape(shape), features.reshape(*shape, -1))

    def _depth(self, alpha: Tensor, total: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """Return the mean depth of each ray; where nothing is hit, the far end of the picture."""
        end = last.amax(dim=1, keepdim=True)
        empty = alpha == 0
        depth = torch.where(empty, end, total / torch.where(empty, torch.ones_like(alpha), alpha))
        return torch.maximum(torch.minimum(depth, end), first.amin(dim=1, keepdim=True))

    def _behind(self, features: Tensor, alpha: Tensor) -> Tensor:
        if self.config.background == "black":
            return features
        through = 1.0 - alpha[..., None]
        return features + (through if self.config.background == "white" else through * self.background)
