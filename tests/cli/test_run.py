"""``aetherist run`` and ``aetherist import``: tensors in and out, checkpoints in."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from aetherist.components.cameras import camera_from_angles
from aetherist.graphs.model import Model
from aetherist.interop.errors import CheckpointError


@pytest.fixture
def inputs() -> dict[str, torch.Tensor]:
    front = camera_from_angles(0.1, 0.2)[None].repeat(2, 1)
    return {"latent": torch.ones(2, 32), "pose": front, "camera": front.clone(), "psi": torch.tensor([0.7])}


@pytest.fixture
def file(inputs: dict[str, torch.Tensor], tmp_path: Path) -> Path:
    save_file(inputs, tmp_path / "in.safetensors")
    return tmp_path / "in.safetensors"


def test_a_graph_runs_on_a_file(cli, model_folder, inputs, file, tmp_path):
    out = tmp_path / "out.safetensors"
    result = cli("run", model_folder, "--graph", "generate", "--inputs", file, "--out", out)
    assert result.code == 0, result.err
    assert [line.split() for line in result.out.splitlines()][1] == ["image", "float32", "2", "3", "64", "64"]
    assert result.err == f"wrote {out}\n"
    with torch.no_grad():
        expected = Model.load(model_folder).plan("generate")(**inputs | {"psi": 0.7})
    made = load_file(out)
    assert made.keys() == expected.keys()
    assert all(torch.equal(made[name], expected[name]) for name in made)


def test_only_the_outputs_asked_for(cli, model_folder, file, tmp_path):
    out = tmp_path / "out.safetensors"
    assert cli("run", model_folder, "-i", file, "--out", out, "--outputs", "depth,raw").code == 0
    assert load_file(out).keys() == {"depth", "raw"}


def test_plain_inputs_can_be_set(cli, model_folder, file, tmp_path):
    made = []
    for options in (["--set", "psi=0.7"], ["--set", "psi=0", "--set", "cutoff=null"], ["--set", "psi=0"]):
        result = cli("run", model_folder, "-i", file, "--out", tmp_path / "out", "--outputs", "raw", *options)
        assert result.code == 0, result.err
        made.append(load_file(tmp_path / "out")["raw"])
    assert not torch.equal(made[0], made[1])
    assert torch.equal(made[1], made[2])


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"latent": torch.ones(2, 31)}, "AE503", 'Latent["B 32"]'),
        ({"latent": torch.ones(2, 32, dtype=torch.int64)}, "AE504", "int64 (2, 32)"),
        ({"pose": torch.ones(2, 25)}, "AE505", "is not orthonormal"),
        ({"psy": torch.ones(1)}, "AE502", "did you mean psi?"),
        ({"camera": None}, "AE501", "the input 'camera' is missing"),
    ],
)
def test_inputs_that_do_not_fit_are_explained(cli, model_folder, inputs, tmp_path, change, code, words):
    changed = {name: tensor for name, tensor in (inputs | change).items() if tensor is not None}
    save_file(changed, tmp_path / "in")
    result = cli("run", model_folder, "-i", tmp_path / "in", "--out", tmp_path / "out")
    assert (result.code, result.out) == (1, "")
    assert f"error {code}" in result.err
    assert words in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--outputs", "imgae"], "no output 'imgae'; did you mean image?"),
        (["--graph", "nope"], "has no graph 'nope'"),
        (["--set", "psi"], "write NAME=VALUE"),
        (["--set", "latent=3"], "it comes from the file of --inputs"),
        (["--out", "/no/such/folder/out"], "the folder /no/such/folder is not there; make it first"),
    ],
)
def test_options_that_make_no_sense(cli, model_folder, file, tmp_path, options, words):
    tokens = ["run", model_folder, "-i", file, *([] if "--out" in options else ["--out", tmp_path / "out"]), *options]
    result = cli(*tokens)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_files_that_are_not_there_or_not_safetensors(cli, model_folder, tmp_path):
    assert "there is no such file" in cli("run", model_folder, "-i", tmp_path / "no", "--out", tmp_path / "out").err
    (tmp_path / "text").write_text("hello")
    result = cli("run", model_folder, "-i", tmp_path / "text", "--out", tmp_path / "out")
    assert result.code == 2
    assert "this is no safetensors file" in result.err


def test_a_failure_inside_a_step_says_which(cli, file, tmp_path):
    overrides = ["-o", "components.planes.noise=random"]
    result = cli("run", "tiny", "-i", file, "--out", tmp_path / "out", *overrides)
    assert result.code == 1
    assert "noise is 'random'" in result.err
    assert "in step 'planes', which calls planes (triplane.stylegan2)" in result.err
    assert "Traceback" not in result.err


def test_an_import_prints_its_report(cli, tmp_path, monkeypatch):
    calls = []

    class Report:
        def text(self) -> str:
            return "mapped 3 tensors"

    def import_eg3d(source, out, **options):
        calls.append((source, out, options))
        return Report()

    monkeypatch.setattr("aetherist.interop.eg3d.import_eg3d", import_eg3d)
    source = tmp_path / "snapshot.pkl"
    source.touch()
    result = cli("import", "eg3d", source, tmp_path / "out", "--component", "raw")
    assert (result.code, result.out) == (0, "mapped 3 tensors\n")
    assert result.err == f"now: aetherist generate {tmp_path / 'out'} --seeds 0-7 --trunc 0.7 --grid 4x2\n"
    assert calls == [(source, tmp_path / "out", {"arguments": None, "component": "raw"})]


def test_an_import_that_fails_is_one_line(cli, tmp_path, monkeypatch):
    def import_eg3d(*_arguments, **_options):
        raise CheckpointError("snapshot.pkl: the global os.system is refused")

    monkeypatch.setattr("aetherist.interop.eg3d.import_eg3d", import_eg3d)
    source = tmp_path / "snapshot.pkl"
    source.touch()
    result = cli("import", "eg3d", source, tmp_path / "out")
    assert (result.code, result.err) == (1, "error: snapshot.pkl: the global os.system is refused\n")
    result = cli("import", "eg3d", tmp_path / "gone.pkl", tmp_path / "out")
    assert (result.code, result.err) == (2, f"error: {tmp_path / 'gone.pkl'}: there is no such file\n")
