"""The components with the weights of the reference networks, and every quantity that the references record."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aetherist.components.discriminators import DualDiscriminator
from aetherist.components.rendering import (
    PinholeRays,
    VolumeRenderer,
    importance_depths,
    interval_weights,
    sample_weights,
    stratified_depths,
)
from aetherist.components.superres import SuperResolution
from aetherist.components.synthesis import MappingNetwork, TriplaneSynthesis
from tests.references import oracle

PREFIXES = {
    "mapping": "backbone.mapping.",
    "planes": "backbone.synthesis.",
    "renderer": "",
    "superres": "superresolution.",
}
"""Where the reference keeps each component's tensors."""


@cache
def networks(name: str, dtype: torch.dtype = torch.float32) -> nn.ModuleDict:
    """Return the generator's components and the discriminator of a configuration; not to be written to."""
    config = oracle.config(name)
    generator, discriminator = config["generator"], config["discriminator"]
    rendering = generator["rendering_kwargs"]
    size = generator["img_resolution"]
    parts = nn.ModuleDict(
        {
            "mapping": MappingNetwork.create(),
            "planes": TriplaneSynthesis.create(
                channel_base=generator["channel_base"], channel_max=generator["channel_max"]
            ),
            "rays": PinholeRays.create(resolution=config["neural_rendering_resolution"]),
            "renderer": VolumeRenderer.create(
                samples=rendering["depth_resolution"],
                importance_samples=rendering["depth_resolution_importance"],
                near=rendering["ray_start"],
                far=rendering["ray_end"],
                box_warp=rendering["box_warp"],
                plane_axes="xy_xz_zx",
            ),
            "superres": SuperResolution.create(resolution=size, input_resolution=size // 2, widths=(128, 64)),
            "discriminator": DualDiscriminator.create(
                resolution=size,
                channel_base=discriminator["channel_base"],
                channel_max=discriminator["channel_max"],
                conv_clamp=discriminator["conv_clamp"],
                mbstd_group=discriminator["epilogue_kwargs"]["mbstd_group_size"],
            ),
        }
    )
    for part, prefix in PREFIXES.items():
        tensors = oracle.part(name, "G", prefix)
        if part == "renderer":
            tensors = {key: value for key, value in tensors.items() if key.startswith("decoder.")}
        parts[part].load_state_dict(tensors)
    parts["discriminator"].load_state_dict(oracle.weights(name, "D"))
    return parts.to(dtype)


def generate(parts: Any, latent: Tensor, pose: Tensor, camera: Tensor) -> dict[str, Tensor]:
    """Run the generator; the keys are the reference's, ``planes`` subsampled like them."""
    styles = parts["mapping"](latent, pose)
    planes = parts["planes"](styles)
    origins, directions = parts["rays"](camera)
    view = parts["renderer"](planes, origins, directions)
    image = parts["superres"](view.image, view.features, styles)
    return {
        "ws": styles[:, 0],
        "planes": planes.flatten(1, 2)[:, ::8, ::8, ::8],
        "ray_origins": origins.flatten(1, 2),
        "ray_directions": directions.flatten(1, 2),
        "image_raw": view.image,
        "image_depth": view.depth,
        "alpha": view.alpha,
        "image": image,
        "D_logits": parts["discriminator"](image, view.image, pose),
    }


def march(parts: Any, latent: Tensor, camera: Tensor) -> dict[str, Tensor]:
    """Return what happens along the rays, from the functions that the renderer is made of; the reference's keys."""
    renderer = parts["renderer"]
    config = renderer.config
    planes = parts["planes"](parts["mapping"](latent, camera))
    origins, directions = (x.flatten(1, 2) for x in parts["rays"](camera))
    batch, rays, _ = origins.shape

    def look(depths: Tensor) -> tuple[Tensor, Tensor]:
        points = origins[:, :, None] + depths[..., None] * directions[:, :, None]
        field = renderer.query(planes, points.flatten(1, 2))
        return field.density, field.features

    near, far = (origins.new_full((batch, rays, 1), limit) for limit in (config.near, config.far))
    coarse = stratified_depths(near, far, config.samples)
    coarse_density, coarse_features = look(coarse)
    weights = interval_weights(coarse, coarse_density.reshape(coarse.shape))
    fine = importance_depths(coarse, weights, config.importance_samples)
    fine_density, fine_features = look(fine)
    depths, order = torch.cat([coarse, fine], dim=-1).sort(dim=-1)
    density = torch.cat([x.reshape(coarse.shape) for x in (coarse_density, fine_density)], dim=-1)
    final = interval_weights(depths, density.gather(-1, order))
    assert sample_weights(final).shape == depths.shape
    return {
        "depths_coarse": coarse[..., None],
        "coarse_sigma": coarse_density,
        "coarse_rgb": coarse_features,
        "weights_coarse": weights[..., None],
        "depths_fine": fine[..., None],
        "fine_sigma": fine_density,
        "fine_rgb": fine_features,
        "weights_final": final[..., None],
    }


def losses(parts: Any, name: str) -> dict[str, Tensor]:
    """Return the three losses, and the gradient penalty of each row."""
    expected = oracle.expected(name)
    discriminator = parts["discriminator"]
    size = oracle.config(name)["generator"]["img_resolution"]
    camera = expected["camera"]
    fake = generate(parts, expected["z"], camera, camera)
    real = oracle.draw("real", (2, 3, size, size)).requires_grad_()
    raw = oracle.draw("real_raw", (2, 3, 64, 64)).requires_grad_()
    judged = discriminator(fake["image"].detach(), fake["image_raw"].detach(), camera)
    logits = discriminator(real, raw, camera)
    gradients = torch.autograd.grad(logits.sum(), [real, raw], create_graph=True)
    penalty = torch.stack([g.square().sum(dim=(1, 2, 3)) for g in gradients]).sum(dim=0)
    return {
        "generator": F.softplus(-fake["D_logits"]).mean(),
        "discriminator": F.softplus(judged).mean() + F.softplus(-logits).mean(),
        "r1": penalty.mean() / 2,
        "r1_penalty": penalty,
    }


def digest(gradient: Tensor) -> Tensor:
    """Return norm, sum, and up to 64 evenly spaced values of a gradient."""
    flat = gradient.flatten()
    return torch.cat([flat.norm()[None], flat.sum()[None], flat[:: max(1, len(flat) // 64)][:64]])
