"""An imported checkpoint makes the reference's pictures: the same numbers, from safetensors and from a snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from aetherist.core.check import check
from aetherist.graphs.model import Model
from aetherist.interop.eg3d import ImportReport, import_eg3d
from tests.interop.eg3d.small import discriminator_network, generator_network
from tests.interop.snapshot import dump, snapshot
from tests.references import oracle

TOLERANCE = 4


@pytest.fixture(scope="module", params=oracle.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["safetensors", "snapshot", "snapshot with zip archives"])
def imported(
    name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ImportReport]:
    folder = tmp_path_factory.mktemp("imported")
    generator, discriminator = oracle.weights(name, "G"), oracle.weights(name, "D")
    if request.param == "safetensors":
        tensors = {f"G.{k}": v for k, v in generator.items()} | {f"D.{k}": v for k, v in discriminator.items()}
        source, arguments = folder / "weights.safetensors", oracle.FOLDER / name / "config.json"
        save_file(tensors, source)
    else:
        source, arguments = folder / "network-snapshot.pkl", None
        recorded = oracle.config(name)
        ema = generator_network(generator, recorded)
        judge = discriminator_network(discriminator, recorded)
        source.write_bytes(dump(snapshot(ema, ema, judge), zipped=request.param.endswith("archives")))
    return folder / "model", import_eg3d(source, folder / "model", arguments=arguments)


def test_the_pictures_equal_the_reference(name: str, imported: tuple[Path, ImportReport]) -> None:
    model = Model.load(imported[0])
    generate, discriminate = model.plan("generate"), model.plan("discriminate")
    expected, floor = oracle.expected(name), oracle.config(name)["noise_floor"]
    for run, pose in (("same", "camera"), ("posed", "pose")):
        with torch.no_grad():
            seen = generate(latent=expected["z"], pose=expected[pose], camera=expected["camera"])
            judged = discriminate(image=seen["image"], raw=seen["raw"], camera=expected[pose])
        for output, reference in (("image", f"{run}/image"), ("raw", f"{run}/image_raw")):
            error = (seen[output] - expected[reference]).abs().max()
            assert error <= TOLERANCE * floor[reference]["max_abs"], reference
        assert seen["depth"].shape == expected[f"{run}/image_depth"].shape
        reference = f"{run}/D_logits"
        error = (judged["logits"] - expected[reference].reshape(judged["logits"].shape)).abs().max()
        assert error <= TOLERANCE * floor[reference]["max_abs"], reference


def test_every_tensor_has_its_place(name: str, imported: tuple[Path, ImportReport]) -> None:
    report = imported[1]
    assert report.mapped == len(oracle.weights(name, "G")) + len(oracle.weights(name, "D"))
    assert (report.dropped, report.surplus, report.unknown, report.assumed, report.notes) == ([], [], [], [], [])


def test_the_recipe_passes_its_checks(imported: tuple[Path, ImportReport]) -> None:
    assert check(imported[0] / "recipe.yaml").diagnostics == []
