"""Checkpoints of the reference's format at sizes that import in a moment."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from aetherist.components.discriminators import DualDiscriminator
from aetherist.components.rendering.decoders import SoftplusDecoder
from aetherist.components.superres import SuperResolution
from aetherist.components.synthesis import MappingNetwork, TriplaneSynthesis
from tests.interop.snapshot import EasyDict, Persistent, dump, network, snapshot

ARGUMENTS: dict[str, Any] = {
    "generator": {
        "z_dim": 8,
        "c_dim": 25,
        "w_dim": 8,
        "img_resolution": 128,
        "img_channels": 3,
        "mapping_kwargs": {"num_layers": 2},
        "channel_base": 128,
        "channel_max": 8,
        "num_fp16_res": 0,
        "sr_num_fp16_res": 0,
        "rendering_kwargs": {
            "depth_resolution": 5,
            "depth_resolution_importance": 4,
            "ray_start": 2.25,
            "ray_end": 3.3,
            "box_warp": 1,
            "superresolution_noise_mode": "none",
        },
    },
    "discriminator": {
        "c_dim": 25,
        "img_resolution": 128,
        "channel_base": 1024,
        "channel_max": 8,
        "conv_clamp": 256,
    },
    "neural_rendering_resolution": 6,
}


def arguments(**rendering: Any) -> dict[str, Any]:
    """The arguments of the small checkpoint, with some of `rendering_kwargs` changed."""
    changed = copy.deepcopy(ARGUMENTS)
    changed["generator"]["rendering_kwargs"].update(rendering)
    return changed


def generator_tensors(
    seed: int = 0, size: int = 128, widths: tuple[int, int] = (6, 4), layers: int = 2
) -> dict[str, Tensor]:
    """A generator's tensors by reference name: planes of 3x4x16x16, decoder 4-5-6."""
    parts = {
        "backbone.mapping": MappingNetwork.create(latent_dim=8, style_dim=8, style_layers=6, layers=layers),
        "backbone.synthesis": TriplaneSynthesis.create(
            style_dim=8, channels=4, resolution=16, channel_base=128, channel_max=8
        ),
        "decoder": SoftplusDecoder.create(channels=4, hidden=5, features=5),
        "superresolution": SuperResolution.create(
            channels=5,
            resolution=size,
            input_resolution=64 if size == 128 else 128,
            widths=widths,
            style_dim=8,
        ),
    }
    return _drawn({f"{p}.{k}": v for p, part in parts.items() for k, v in part.state_dict().items()}, seed)


def discriminator_tensors(seed: int = 1, size: int = 128) -> dict[str, Tensor]:
    """A discriminator's tensors by reference name."""
    return _drawn(DualDiscriminator.create(resolution=size, channel_base=1024, channel_max=8).state_dict(), seed)


def _drawn(state: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: tensor.clone() if name.endswith("resample_filter") else torch.randn(tensor.shape, generator=generator)
        for name, tensor in state.items()
    }


def write_state_dict(
    folder: Path,
    recorded: dict[str, Any] | None = None,
    generator: dict[str, Tensor] | None = None,
    discriminator: dict[str, Tensor] | None = None,
) -> tuple[Path, Path]:
    """Write a state dict and its arguments; without tensors, those of the small checkpoint."""
    generator = generator_tensors() if generator is None else generator
    discriminator = discriminator_tensors() if discriminator is None else discriminator
    tensors = {f"G.{k}": v for k, v in generator.items()} | {f"D.{k}": v for k, v in discriminator.items()}
    weights, config = folder / "weights.safetensors", folder / "config.json"
    save_file(tensors, weights)
    config.write_text(json.dumps(recorded or ARGUMENTS))
    return weights, config


def easy(value: Any) -> Any:
    """Dicts as the `EasyDict`s that the reference records."""
    return EasyDict({key: easy(item) for key, item in value.items()}) if isinstance(value, dict) else value


def generator_network(tensors: dict[str, Tensor], recorded: dict[str, Any], **attributes: Any) -> Persistent:
    return network(
        "TriPlaneGenerator",
        tensors,
        _init_args=(),
        _init_kwargs=easy(recorded["generator"]),
        neural_rendering_resolution=recorded["neural_rendering_resolution"],
        **attributes,
    )


def discriminator_network(tensors: dict[str, Tensor], recorded: dict[str, Any]) -> Persistent:
    return network("DualDiscriminator", tensors, _init_args=(), _init_kwargs=easy(recorded["discriminator"]))


def snapshot_bytes(recorded: dict[str, Any] | None = None, protocol: int = 4, zipped: bool = False) -> bytes:
    """A whole snapshot; the moving average and the raw generator differ."""
    recorded = recorded or ARGUMENTS
    return dump(
        snapshot(
            generator_network(generator_tensors(seed=7), recorded),
            generator_network(generator_tensors(), recorded),
            discriminator_network(discriminator_tensors(), recorded),
        ),
        protocol,
        zipped,
    )
