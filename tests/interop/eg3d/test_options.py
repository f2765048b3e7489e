"""Every recorded option is honoured, known not to matter, or reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import aetherist
from aetherist.core.recipe import Recipe
from aetherist.graphs.model import Model
from aetherist.interop.eg3d import ImportReport, import_eg3d
from aetherist.interop.errors import CheckpointError
from tests.interop.eg3d.small import (
    ARGUMENTS,
    arguments,
    discriminator_network,
    discriminator_tensors,
    generator_network,
    generator_tensors,
    snapshot_bytes,
    write_state_dict,
)
from tests.interop.snapshot import dump, snapshot
from tests.references import oracle

CAMERA = oracle.expected("tiny128")["camera"]
LATENT = torch.randn(2, 8, generator=torch.Generator().manual_seed(3))


def import_small(folder: Path, recorded: dict[str, Any], **tensors: Any) -> tuple[dict[str, Any], ImportReport]:
    weights, config = write_state_dict(folder, recorded, **tensors)
    report = import_eg3d(weights, folder / "model", arguments=config)
    return Recipe.read(folder / "model" / "recipe.yaml").plain(), report


def view(folder: Path, **inputs: Any) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return Model.load(folder).plan("generate")(latent=LATENT, pose=CAMERA, camera=CAMERA, **inputs)


RENDERING: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"ray_start": "auto", "ray_end": "auto"}, "renderer", {"near": "auto", "far": "auto"}),
    ({"ray_start": 0.5, "ray_end": 3}, "renderer", {"near": 0.5, "far": 3.0}),
    ({"disparity_space_sampling": True}, "renderer", {"spacing": "disparity"}),
    (
        {"depth_resolution": 7, "depth_resolution_importance": 0},
        "renderer",
        {"samples": 7, "importance_samples": 0},
    ),
    ({"white_back": True}, "renderer", {"background": "white"}),
    ({"box_warp": 1.6}, "renderer", {"box_warp": 1.6}),
    ({"c_gen_conditioning_zero": True}, "mapping", {"camera_zero": True}),
    ({"c_scale": 0.5}, "mapping", {"camera_scale": 0.5}),
    ({"sr_antialias": False}, "superres", {"antialias": False}),
    ({"superresolution_noise_mode": "const"}, "superres", {"noise": "const"}),
]


@pytest.mark.parametrize(("option", "component", "fields"), RENDERING, ids=[str(next(iter(o[0]))) for o in RENDERING])
def test_a_rendering_option_reaches_its_component(
    option: dict[str, Any], component: str, fields: dict[str, Any], tmp_path: Path
) -> None:
    recipe, report = import_small(tmp_path, arguments(**option))
    assert {key: recipe["components"][component][key] for key in fields} == fields
    assert report.unknown == []
    seen = view(tmp_path / "model")
    assert seen["image"].shape == (2, 3, 128, 128)
    assert all(part.isfinite().all() for part in seen.values())


def test_planes_are_in_the_order_that_these_checkpoints_were_trained_with(tmp_path: Path) -> None:
    recipe, _ = import_small(tmp_path, ARGUMENTS)
    assert recipe["components"]["renderer"]["plane_axes"] == "xy_xz_zx"


def test_the_decoder_learning_rate_scales_its_stored_weights(tmp_path: Path) -> None:
    recipe, _ = import_small(tmp_path, arguments(decoder_lr_mul=0.5))
    decoder = recipe["components"]["renderer"]["decoder"]
    assert decoder == {
        "type": "decoder.softplus",
        "channels": 4,
        "hidden": 5,
        "features": 5,
        "lr_multiplier": 0.5,
    }


def test_zeroed_conditioning_makes_the_pose_irrelevant(tmp_path: Path) -> None:
    import_small(tmp_path, arguments(c_gen_conditioning_zero=True))
    generate = Model.load(tmp_path / "model").plan("generate")
    with torch.no_grad():
        a = generate(latent=LATENT, pose=CAMERA, camera=CAMERA)["image"]
        b = generate(latent=LATENT, pose=CAMERA.flip(0), camera=CAMERA)["image"]
    assert torch.equal(a, b)


def test_random_super_resolution_noise_asks_for_seeds(tmp_path: Path) -> None:
    recipe, _ = import_small(tmp_path, arguments(superresolution_noise_mode="random"))
    assert recipe["graphs"]["generate"]["inputs"]["seeds"] == "Seeds"
    first = view(tmp_path / "model", seeds=torch.tensor([1, 2]))
    again = view(tmp_path / "model", seeds=torch.tensor([1, 2]))
    other = view(tmp_path / "model", seeds=torch.tensor([1, 3]))
    assert torch.equal(first["image"], again["image"])
    assert torch.equal(first["image"][0], other["image"][0])
    assert not torch.equal(first["image"][1], other["image"][1])


def test_truncation_is_an_input_with_a_default(tmp_path: Path) -> None:
    import_small(tmp_path, ARGUMENTS)
    whole, truncated = view(tmp_path / "model"), view(tmp_path / "model", psi=0.0)
    assert torch.equal(whole["image"], view(tmp_path / "model", psi=1.0)["image"])
    assert not torch.equal(whole["image"], truncated["image"])
    assert view(tmp_path / "model", psi=0.0, cutoff=2)["image"].shape == truncated["image"].shape


@pytest.mark.parametrize(
    ("size", "widths", "input_resolution"),
    [(128, (128, 64), 64), (256, (128, 64), 128), (512, (256, 128), 128), (512, (128, 64), 128)],
)
def test_every_super_resolution_is_known_by_its_size_and_widths(
    size: int, widths: tuple[int, int], input_resolution: int, tmp_path: Path
) -> None:
    recorded = arguments()
    recorded["generator"]["img_resolution"] = recorded["discriminator"]["img_resolution"] = size
    tensors = generator_tensors(size=size, widths=widths)
    recipe, report = import_small(tmp_path, recorded, generator=tensors, discriminator=discriminator_tensors(size=size))
    superres = recipe["components"]["superres"]
    assert (superres["resolution"], superres["input_resolution"]) == (size, input_resolution)
    assert superres["widths"] == list(widths)
    assert (report.surplus, report.dropped) == ([], [])
    assert recipe["components"]["discriminator"]["resolution"] == size


@pytest.mark.parametrize(("fp16", "clamp"), [(0, None), (4, 256.0)])
def test_half_precision_blocks_come_with_their_clamp(fp16: int, clamp: float | None, tmp_path: Path) -> None:
    recorded = arguments()
    recorded["generator"] |= {"num_fp16_res": fp16, "sr_num_fp16_res": fp16}
    parts = import_small(tmp_path, recorded)[0]["components"]
    assert (parts["planes"]["half_precision_blocks"], parts["planes"]["conv_clamp"]) == (fp16, clamp)
    assert (parts["superres"]["half_precision_blocks"], parts["superres"]["conv_clamp"]) == (
        fp16 and 2,
        clamp,
    )


def test_sizes_and_clamps_are_taken_from_the_arguments(tmp_path: Path) -> None:
    recorded = arguments()
    recorded["generator"] |= {"conv_clamp": 128, "mapping_kwargs": {"num_layers": 3, "lr_multiplier": 0.02}}
    recorded["discriminator"] |= {"conv_clamp": None, "epilogue_kwargs": {"mbstd_group_size": 2}}
    parts = import_small(tmp_path, recorded, generator=generator_tensors(layers=3))[0]["components"]
    assert (parts["mapping"]["layers"], parts["mapping"]["lr_multiplier"]) == (3, 0.02)
    assert (parts["planes"]["conv_clamp"], parts["rays"]["resolution"]) == (128.0, 6)
    assert (parts["discriminator"]["conv_clamp"], parts["discriminator"]["mbstd_group"]) == (None, 2)


def test_where_the_training_cameras_stood_is_kept_as_settings(tmp_path: Path) -> None:
    recipe, _ = import_small(tmp_path, arguments(avg_camera_radius=1.7, avg_camera_pivot=[0, 0, 0.2]))
    assert recipe["settings"] == {"camera_radius": 1.7, "camera_pivot": [0.0, 0.0, 0.2]}


def test_what_does_not_matter_is_listed_and_what_is_not_understood_is_reported(tmp_path: Path) -> None:
    recorded = arguments(gpc_reg_prob=0.5, reg_type="l1", fog=3)
    recorded["generator"] |= {"fused_modconv_default": "inference_only", "use_spheres": True}
    recorded["generator"]["sr_kwargs"] = {"channel_base": 1, "fused_modconv_default": "x", "extra": {}}
    recorded["discriminator"] |= {"disc_c_noise": 0, "block_kwargs": {"freeze_layers": 0}}
    _, report = import_small(tmp_path, recorded)
    assert report.unknown == [
        "generator.use_spheres",
        "generator.sr_kwargs.extra",
        "generator.rendering_kwargs.fog",
    ]
    assert report.ignored["generator.rendering_kwargs.gpc_reg_prob"] == "concerns training only"
    assert "discriminator.disc_c_noise" in report.ignored
    assert "generator.rendering_kwargs.fog" in report.text()


def test_arguments_that_are_not_recorded_are_named_with_what_is_assumed(tmp_path: Path) -> None:
    recorded = arguments()
    del recorded["neural_rendering_resolution"], recorded["generator"]["rendering_kwargs"]["box_warp"]
    recipe, report = import_small(tmp_path, recorded)
    assert report.assumed == ["neural_rendering_resolution = 64", "generator.rendering_kwargs.box_warp = 1.0"]
    assert recipe["components"]["rays"]["resolution"] == 64
    assert "box_warp = 1.0" in report.text()


def test_keys_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    _, report = import_small(tmp_path, arguments(**{"fog\x1b[2J\n": 1}))
    assert report.unknown == [r"generator.rendering_kwargs.fog\x1b[2J\n"]
    assert report.text().isascii()


def test_file_names_are_no_interpolations(tmp_path: Path) -> None:
    weights, config = write_state_dict(tmp_path)
    odd = weights.rename(tmp_path / "a ${settings.x}.safetensors")
    import_eg3d(odd, tmp_path / "model", arguments=config)
    recipe = Recipe.read(tmp_path / "model" / "recipe.yaml").plain()
    assert recipe["name"] == "a-settings-x"
    assert "$" not in recipe["description"]


# What only snapshots have


def write_snapshot(folder: Path, data: bytes) -> Path:
    path = folder / "network-snapshot.pkl"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("component", ["ema", "raw"])
def test_the_moving_average_or_the_raw_generator_is_imported(component: Any, tmp_path: Path) -> None:
    path = write_snapshot(tmp_path, snapshot_bytes())
    import_eg3d(path, tmp_path / "model", component=component)
    expected = generator_tensors(seed=0 if component == "ema" else 7)["backbone.mapping.fc0.weight"]
    assert torch.equal(Model.load(tmp_path / "model").components["mapping"].fc0.weight, expected)


def test_what_the_trained_network_carries_outranks_its_constructor_arguments(tmp_path: Path) -> None:
    later = arguments(depth_resolution=9, c_scale=np.float64(0.25))["generator"]["rendering_kwargs"]
    ema = generator_network(generator_tensors(), ARGUMENTS, rendering_kwargs=later)
    path = write_snapshot(tmp_path, dump(snapshot(ema, ema, None)))
    import_eg3d(path, tmp_path / "model")
    parts = Recipe.read(tmp_path / "model" / "recipe.yaml").plain()["components"]
    assert (parts["renderer"]["samples"], parts["mapping"]["camera_scale"]) == (9, 0.25)


def test_given_arguments_replace_recorded_ones(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps(arguments(depth_resolution=11)))
    path = write_snapshot(tmp_path, snapshot_bytes())
    import_eg3d(path, tmp_path / "model", arguments=tmp_path / "other.json")
    recipe = Recipe.read(tmp_path / "model" / "recipe.yaml").plain()
    assert recipe["components"]["renderer"]["samples"] == 11


def test_a_snapshot_without_a_discriminator_gives_a_generator(tmp_path: Path) -> None:
    ema = generator_network(generator_tensors(), ARGUMENTS)
    report = import_eg3d(write_snapshot(tmp_path, dump(snapshot(ema, ema, None))), tmp_path / "model")
    assert list(report.components) == ["mapping", "planes", "renderer", "superres"]
    assert list(Model.load(tmp_path / "model").report.graphs) == ["generate", "map", "show", "field"]


def test_a_discriminator_of_another_kind_is_left_out_and_said_so(tmp_path: Path) -> None:
    tensors = discriminator_tensors()
    tensors["b128.fromrgb.weight"] = tensors["b128.fromrgb.weight"][:, :3].clone()
    ema = generator_network(generator_tensors(), ARGUMENTS)
    data = dump(snapshot(ema, ema, discriminator_network(tensors, ARGUMENTS)))
    report = import_eg3d(write_snapshot(tmp_path, data), tmp_path / "model")
    assert "discriminator" not in report.components
    assert report.notes == ["the discriminator is left out: it reads 3 channels; a dual discriminator reads 6"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"clamp_mode": "relu"}, r"rendering_kwargs.clamp_mode: .*'softplus' \(it is 'relu'\)"),
        ({"depth_resolution": "many"}, "depth_resolution: .*integer"),
        ({"depth_resolution": 10**30}, "depth_resolution"),
        ({"box_warp": -1}, "box_warp: .*greater than 0"),
        ({"ray_start": "near"}, "ray_start"),
        ({"ray_start": "auto"}, "near and far are both"),
        ({"depth_resolution": 1}, "renderer.samples"),
        ({"superresolution_noise_mode": "some"}, "superresolution_noise_mode"),
    ],
)
def test_an_option_that_cannot_be_honoured_is_refused_by_name(
    change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    weights, config = write_state_dict(tmp_path, arguments(**change))
    with pytest.raises(CheckpointError, match=says):
        import_eg3d(weights, tmp_path / "model", arguments=config)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("change", [{"img_resolution": 1024}, {"c_dim": 0}, {"img_channels": 4}, {"z_dim": None}])
def test_a_network_of_another_shape_is_refused_by_name(change: dict[str, Any], tmp_path: Path) -> None:
    recorded = arguments()
    recorded["generator"] |= change
    weights, config = write_state_dict(tmp_path, recorded)
    with pytest.raises(CheckpointError, match=f"generator.{next(iter(change))}"):
        import_eg3d(weights, tmp_path / "model", arguments=config)


@pytest.mark.parametrize("noise", ["none", "random"])
def test_an_imported_model_makes_avatars(noise: str, tmp_path: Path) -> None:
    import_small(tmp_path, arguments(superresolution_noise_mode=noise))
    model = aetherist.load(tmp_path / "model")
    person = model.avatar(latent=LATENT[1])
    camera = model.stage.camera()[None]
    inputs = {"latent": LATENT[1:], "pose": camera, "camera": CAMERA[:1]}
    inputs |= {"seeds": torch.tensor([0])} if noise == "random" else {}
    with torch.no_grad():
        expected = model.plan("generate")(**inputs)
    shown = model.render(person, CAMERA[:1], ("image", "raw", "depth", "alpha"))
    assert all(torch.equal(shown[name], expected[name]) for name in expected)
    assert person.density(torch.zeros(2, 3)).shape == (2,)
