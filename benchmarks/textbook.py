"""The generator as a textbook would write it: the baseline of the benchmarks, on the same weights.

Every formula where it stands in the papers, one tensor a step, the whole picture at once: modulation apart from the
convolution, resampling by inserting zeros, three planes read by ``grid_sample``, every sample's colour kept, sorted and
composited. It is neither slowed down on purpose nor tuned.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.rendering import VolumeRenderer
from aetherist.components.superres import SuperResolution
from aetherist.components.synthesis import MappingNetwork, SynthesisBlock, SynthesisLayer, ToImage, TriplaneSynthesis


def mapping(network: MappingNetwork, latent: Tensor, camera: Tensor) -> Tensor:
    def normalize(x: Tensor) -> Tensor:
        return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()

    embedded = F.linear(camera, network.embed.weight / math.sqrt(camera.shape[1]), network.embed.bias)
    x = torch.cat([normalize(latent), normalize(embedded)], dim=1)
    rate = network.config.lr_multiplier
    for index in range(network.config.layers):
        layer = network.get_submodule(f"fc{index}")
        x = F.linear(x, layer.weight * (rate / math.sqrt(x.shape[1])), layer.bias * rate)
        x = F.leaky_relu(x, 0.2) * math.sqrt(2)
    return x[:, None].repeat(1, network.config.style_layers, 1)


def filter_with(x: Tensor, fir: Tensor, padding: tuple[int, int, int, int], gain: float = 1.0) -> Tensor:
    kernel = (fir * gain)[None, None].repeat(x.shape[1], 1, 1, 1)
    return F.conv2d(F.pad(x, padding), kernel, groups=x.shape[1])


def upsample(x: Tensor, fir: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    spread = F.pad(x.reshape(batch, channels, height, 1, width, 1), (0, 1, 0, 0, 0, 1))
    return filter_with(spread.reshape(batch, channels, 2 * height, 2 * width), fir, (2, 1, 2, 1), gain=4)


def affine(layer: SynthesisLayer | ToImage, style: Tensor) -> Tensor:
    return F.linear(style, layer.affine.weight / math.sqrt(style.shape[1]), layer.affine.bias)


def bound(x: Tensor, limit: float | None) -> Tensor:
    return x if limit is None else x.clamp(-limit, limit)


def synthesis_layer(layer: SynthesisLayer, x: Tensor, style: Tensor, mode: str) -> Tensor:
    styles = affine(layer, style)
    modulated = layer.weight[None] * styles[:, None, :, None, None]
    demodulation = (modulated.square().sum(dim=(2, 3, 4)) + 1e-8).rsqrt()
    x = x * styles[:, :, None, None]
    if layer.up:
        x = F.conv_transpose2d(x, layer.weight.transpose(0, 1), stride=2)
        x = filter_with(x, layer.resample_filter, (1, 1, 1, 1), gain=4)
    else:
        x = F.conv2d(x, layer.weight, padding=1)
    x = x * demodulation[:, :, None, None]
    if mode == "const":
        x = x + layer.noise_const * layer.noise_strength
    x = F.leaky_relu(x + layer.bias[:, None, None], 0.2) * math.sqrt(2)
    return bound(x, layer.conv_clamp)


def to_image(layer: ToImage, x: Tensor, style: Tensor) -> Tensor:
    styles = affine(layer, style) * layer.weight_gain
    x = F.conv2d(x * styles[:, :, None, None], layer.weight) + layer.bias[:, None, None]
    return bound(x, layer.conv_clamp)


def block(
    part: SynthesisBlock, x: Tensor | None, image: Tensor | None, styles: list[Tensor], mode: str
) -> tuple[Tensor, Tensor]:
    first, *rest = styles
    if part.conv0 is None or x is None:
        x, rest = part.const[None].repeat(first.shape[0], 1, 1, 1), styles
    else:
        x = synthesis_layer(part.conv0, x, first, mode)
    x = synthesis_layer(part.conv1, x, rest[0], mode)
    if image is not None and part.up:
        image = upsample(image, part.resample_filter)
    added = to_image(part.torgb, x, rest[1])
    return x, added if image is None else image + added


def planes(network: TriplaneSynthesis, styles: Tensor) -> Tensor:
    x = image = None
    first = 0
    for resolution in network.config.block_resolutions():
        part = network.get_submodule(f"b{resolution}")
        taken = list(styles[:, first : first + part.convolutions + 1].unbind(1))
        x, image = block(part, x, image, taken, network.config.noise)
        first += part.convolutions
    return image.reshape(image.shape[0], 3, -1, *image.shape[2:])


def superres(network: SuperResolution, image: Tensor, features: Tensor, styles: Tensor) -> Tensor:
    size = network.config.input_resolution
    x = F.interpolate(features, (size, size), mode="bilinear", antialias=True)
    image = F.interpolate(image, (size, size), mode="bilinear", antialias=True)
    style = styles[:, -1]
    for index in range(len(network.config.widths)):
        part = network.get_submodule(f"block{index}")
        x, image = block(part, x, image, [style] * 3, network.config.noise)
    return image


def plane_features(stack: Tensor, points: Tensor, config: VolumeRenderer.Config) -> Tensor:
    batch = points.shape[0]
    scaled = points * (2 / config.box_warp)
    last = [2, 0] if config.plane_axes == "xy_xz_zx" else [1, 2]
    grid = torch.stack([scaled[..., [0, 1]], scaled[..., [0, 2]], scaled[..., last]], dim=1)
    read = F.grid_sample(stack.flatten(0, 1), grid.flatten(0, 1)[:, None], align_corners=False)
    read = read.reshape(batch, 3, -1, points.shape[1]).permute(0, 1, 3, 2)
    return read.mean(dim=1)


def field(network: VolumeRenderer, stack: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    x = plane_features(stack, points, network.config)
    first, _, second = network.decoder.net
    x = F.softplus(F.linear(x, first.weight / math.sqrt(first.weight.shape[1]), first.bias))
    x = F.linear(x, second.weight / math.sqrt(second.weight.shape[1]), second.bias)
    return x[..., :1], torch.sigmoid(x[..., 1:]) * 1.002 - 0.001


def composite(colours: Tensor, density: Tensor, depths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    deltas = depths[:, :, 1:] - depths[:, :, :-1]
    colours = (colours[:, :, 1:] + colours[:, :, :-1]) / 2
    density = F.softplus((density[:, :, 1:] + density[:, :, :-1]) / 2 - 1)
    middles = (depths[:, :, 1:] + depths[:, :, :-1]) / 2
    alpha = 1 - torch.exp(-density * deltas)
    passed = torch.cat([torch.ones_like(alpha[:, :, :1]), 1 - alpha + 1e-10], dim=2)
    weights = alpha * torch.cumprod(passed, dim=2)[:, :, :-1]
    total = weights.sum(dim=2)
    depth = ((weights * middles).sum(dim=2) / total).nan_to_num(torch.inf).clamp(depths.min(), depths.max())
    return (weights * colours).sum(dim=2), depth, weights


def importance(depths: Tensor, weights: Tensor, samples: int) -> Tensor:
    batch, rays, count, _ = depths.shape
    depths, weights = depths.reshape(batch * rays, count), weights.reshape(batch * rays, count - 1)
    weights = F.max_pool1d(weights[:, None], 2, 1, padding=1)
    weights = F.avg_pool1d(weights, 2, 1)[:, 0] + 0.01
    bins = (depths[:, 1:] + depths[:, :-1]) / 2
    weights = weights[:, 1:-1] + 1e-5
    cdf = torch.cumsum(weights / weights.sum(dim=1, keepdim=True), dim=1)
    cdf = torch.cat([torch.zeros_like(cdf[:, :1]), cdf], dim=1)
    draws = ((torch.arange(samples) + 0.5) / samples).repeat(batch * rays, 1)
    above = torch.searchsorted(cdf, draws, right=True)
    below = (above - 1).clamp(min=0)
    above = above.clamp(max=cdf.shape[1] - 1)
    low, high = cdf.gather(1, below), cdf.gather(1, above)
    start, end = bins.gather(1, below), bins.gather(1, above)
    width = torch.where(high - low < 1e-5, torch.ones_like(low), high - low)
    return (start + (draws - low) / width * (end - start)).reshape(batch, rays, samples, 1)


def render(
    network: VolumeRenderer, stack: Tensor, origins: Tensor, directions: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, depth and alpha; near, far and black background as configured."""
    config = network.config
    batch, height, width, _ = origins.shape
    origins, directions = origins.flatten(1, 2), directions.flatten(1, 2)
    rays = height * width

    def look(depths: Tensor) -> tuple[Tensor, Tensor]:
        points = (origins[:, :, None] + depths * directions[:, :, None]).reshape(batch, -1, 3)
        density, colours = field(network, stack, points)
        return density.reshape(batch, rays, -1, 1), colours.reshape(batch, rays, depths.shape[2], -1)

    coarse = torch.linspace(config.near, config.far, config.samples).reshape(1, 1, -1, 1).repeat(batch, rays, 1, 1)
    density, colours = look(coarse)
    _, _, weights = composite(colours, density, coarse)
    fine = importance(coarse, weights, config.importance_samples)
    fine_density, fine_colours = look(fine)
    depths, order = torch.sort(torch.cat([coarse, fine], dim=2), dim=2)
    density = torch.cat([density, fine_density], dim=2).gather(2, order)
    colours = torch.cat([colours, fine_colours], dim=2)
    colours = colours.gather(2, order.expand(-1, -1, -1, colours.shape[3]))
    blended, depth, weights = composite(colours, density, depths)

    def picture(x: Tensor) -> Tensor:
        return x.permute(0, 2, 1).reshape(batch, -1, height, width)

    return picture(blended * 2 - 1), picture(depth), picture(weights.sum(dim=2))
