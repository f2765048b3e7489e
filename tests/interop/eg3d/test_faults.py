"""A checkpoint that cannot be imported is refused in words, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import copyreg
import json
import os
import pickle
import random
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from aetherist.core.errors import AetheristError
from aetherist.interop.eg3d import import_eg3d
from aetherist.interop.eg3d.arguments import read_arguments, sort_unread
from aetherist.interop.eg3d.sources import read_checkpoint
from aetherist.interop.errors import CheckpointError
from aetherist.interop.pickles import PickleError, UnsafePickleError
from tests.interop.eg3d.small import (
    ARGUMENTS,
    arguments,
    discriminator_tensors,
    generator_network,
    generator_tensors,
    snapshot_bytes,
    write_state_dict,
)
from tests.interop.snapshot import Persistent, dump, snapshot


def refused(source: Path, **options: Any) -> str:
    """The text of the refusal; nothing new may lie beside the source."""
    before = sorted(source.parent.iterdir())
    with pytest.raises(AetheristError) as fault:
        import_eg3d(source, source.parent / "out" / "model", **options)
    assert sorted(source.parent.iterdir()) == before
    assert isinstance(fault.value, ValueError)
    return str(fault.value)


def pickled(folder: Path, data: bytes) -> Path:
    path = folder / "network-snapshot.pkl"
    path.write_bytes(data)
    return path


def test_a_folder_that_exists_is_not_touched(tmp_path: Path) -> None:
    weights, config = write_state_dict(tmp_path)
    (tmp_path / "model").mkdir()
    with pytest.raises(CheckpointError, match="exists already"):
        import_eg3d(weights, tmp_path / "model", arguments=config)
    assert list((tmp_path / "model").iterdir()) == []


def test_a_place_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    weights, config = write_state_dict(tmp_path)
    with pytest.raises(CheckpointError, match="cannot be written"):
        import_eg3d(weights, config / "model", arguments=config)


def test_a_state_dict_needs_arguments(tmp_path: Path) -> None:
    assert "--arguments config.json" in refused(write_state_dict(tmp_path)[0])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ('{"generator": ' + "1" * 5000 + "}", "is no JSON"),
        ("[]", "expected an object with the key 'generator'"),
        ('{"generator": 3}', "expected an object with the key 'generator'"),
        ('{"generator": {}}', "generator.img_resolution: Field required"),
        (" " * (1 << 21), "more than"),
    ],
)
def test_arguments_that_are_none_are_refused(content: str, says: str, tmp_path: Path) -> None:
    weights, config = write_state_dict(tmp_path)
    config.write_text(content)
    assert says in refused(weights, arguments=config)


def test_files_that_are_absent_are_said_so(tmp_path: Path) -> None:
    weights, config = write_state_dict(tmp_path)
    for options in (
        {"source": weights, "arguments": tmp_path / "absent.json"},
        {"source": tmp_path / "absent.safetensors", "arguments": config},
        {"source": tmp_path / "absent.pkl"},
    ):
        assert "cannot be read" in refused(**options)


def test_a_damaged_state_dict_is_refused(tmp_path: Path) -> None:
    weights, config = write_state_dict(tmp_path)
    for content in (b"", b"x" * 100, weights.read_bytes()[:-10], struct.pack("<Q", 1 << 32) + b"{}"):
        weights.write_bytes(content)
        assert "is no safetensors file" in refused(weights, arguments=config)


def test_tensors_under_other_names_are_refused_with_the_names_that_are_right(tmp_path: Path) -> None:
    weights, config = write_state_dict(tmp_path)
    save_file({"mapping.fc0.weight": torch.zeros(2)}, weights)
    text = refused(weights, arguments=config)
    assert "G.backbone.mapping.fc0.weight" in text
    assert "found: 'mapping.fc0.weight'" in text


def test_missing_tensors_are_named_with_component_and_shape(tmp_path: Path) -> None:
    tensors = generator_tensors()
    del tensors["backbone.mapping.fc1.bias"], tensors["decoder.net.0.bias"]
    judge = discriminator_tensors()
    del judge["b4.out.weight"]
    weights, config = write_state_dict(tmp_path, generator=tensors, discriminator=judge)
    text = refused(weights, arguments=config)
    assert "mapping: G.backbone.mapping.fc1.bias is missing; expected (8,)" in text
    assert "renderer: G.decoder.net.0.bias is missing; expected (5,)" in text
    assert "discriminator: D.b4.out.weight is missing; expected (8, 8)" in text


@pytest.mark.parametrize(
    "name",
    ["decoder.net.2.weight", "backbone.synthesis.b4.torgb.weight", "superresolution.block1.conv1.weight"],
)
def test_missing_tensors_that_give_sizes_are_named_too(name: str, tmp_path: Path) -> None:
    tensors = generator_tensors()
    del tensors[name]
    weights, config = write_state_dict(tmp_path, generator=tensors)
    assert f"G.{name} is missing" in refused(weights, arguments=config)


def test_misshapen_tensors_are_named_and_long_lists_are_cut(tmp_path: Path) -> None:
    recorded = arguments()
    recorded["generator"]["channel_max"] = 4
    weights, config = write_state_dict(tmp_path, recorded)
    text = refused(weights, arguments=config)
    assert "planes: G.backbone.synthesis.b4.const has shape (8, 4, 4); expected (4, 4, 4)" in text
    assert "more" in text
    assert len(text.splitlines()) < 20


def test_gaps_between_blocks_are_refused(tmp_path: Path) -> None:
    tensors = {k: v for k, v in generator_tensors().items() if ".b8." not in k}
    weights, config = write_state_dict(tmp_path, generator=tensors)
    assert "found: b4, b16" in refused(weights, arguments=config)


def test_arguments_of_gigantic_networks_allocate_nothing(tmp_path: Path) -> None:
    recorded = arguments()
    recorded["generator"] |= {"channel_base": 1 << 20, "channel_max": 1 << 20, "w_dim": 1 << 20}
    weights, config = write_state_dict(tmp_path, recorded)
    assert "has shape" in refused(weights, arguments=config)


def test_surplus_tensors_and_numbers_that_are_not_finite_are_reported(tmp_path: Path) -> None:
    tensors = generator_tensors()
    tensors["backbone.mapping.fc7.weight"] = torch.zeros(2)
    tensors["renderer.resample_filter"] = tensors["superresolution.resample_filter"].clone()
    tensors["strange.resample_filter"] = torch.zeros(4, 4)
    tensors["backbone.mapping.w_avg"][0] = float("nan")
    weights, config = write_state_dict(tmp_path, generator=tensors)
    report = import_eg3d(weights, tmp_path / "model", arguments=config)
    assert report.surplus == ["G.backbone.mapping.fc7.weight", "G.strange.resample_filter"]
    assert report.dropped == ["G.renderer.resample_filter"]
    assert report.notes == ["G.backbone.mapping.w_avg holds numbers that are not finite"]
    assert "surplus 2" in report.text()


# Snapshots


def test_a_pickle_of_something_else_is_said_so(tmp_path: Path) -> None:
    for value, says in (
        ([1, 2], "holds a list"),
        ({"weights": 1}, "networks in it: none"),
        ({"G": Persistent("X")}, r"networks in it: 'G'"),
    ):
        assert says in refused(pickled(tmp_path, dump(value)))
    torch.save({"G_ema": 1}, tmp_path / "network-snapshot.pkl")
    assert "zip archive" in refused(tmp_path / "network-snapshot.pkl")
    torch.save({"G_ema": 1}, tmp_path / "network-snapshot.pkl", _use_new_zipfile_serialization=False)
    assert "holds a int" in refused(tmp_path / "network-snapshot.pkl")


def test_a_generator_without_recorded_arguments_asks_for_them(tmp_path: Path) -> None:
    for attributes in ({}, {"_init_args": (512, 25), "_init_kwargs": {}}):
        bare = Persistent("TriPlaneGenerator", **attributes)
        assert "--arguments config.json" in refused(pickled(tmp_path, dump(snapshot(bare, bare, None))))


def test_a_hostile_snapshot_executes_nothing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, ("echo run > sentinel",)

    hidden = generator_network(generator_tensors(), ARGUMENTS, hook=Evil())
    for value in (
        Evil(),
        {"G_ema": Evil()},
        snapshot(hidden, hidden, None),
        {"training_set_kwargs": [Evil()]},
    ):
        with pytest.raises(UnsafePickleError, match=r"byte \d+: .*system"):
            import_eg3d(pickled(tmp_path, dump(value)), tmp_path / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network-snapshot.pkl"]


def test_the_reconstructor_of_old_protocols_is_refused(tmp_path: Path) -> None:
    data = pickle.dumps(nn.Softplus(), protocol=1)
    assert "_reconstructor" in refused(pickled(tmp_path, data))
    assert copyreg.__name__ in refused(pickled(tmp_path, data)) or "copy_reg" in refused(pickled(tmp_path, data))


def test_a_truncated_snapshot_is_refused(tmp_path: Path) -> None:
    data = snapshot_bytes()
    for size in (1, 2, 100, len(data) // 2, len(data) - 1):
        with pytest.raises(PickleError):
            import_eg3d(pickled(tmp_path, data[:size]), tmp_path / "model")


def test_modules_that_contain_themselves_are_refused(tmp_path: Path) -> None:
    loop = nn.Sequential()
    loop._modules["again"] = loop
    root = generator_network({}, ARGUMENTS)
    root._modules["backbone"] = loop
    assert "without end" in refused(pickled(tmp_path, dump(snapshot(root, root, None))))


def test_modules_repeated_exponentially_are_refused(tmp_path: Path) -> None:
    module: nn.Module = nn.Softplus()
    for _ in range(30):
        above = nn.Sequential()
        above._modules = {str(n): module for n in range(10)}
        module = above
    root = generator_network({}, ARGUMENTS)
    root._modules["backbone"] = module
    assert "without end" in refused(pickled(tmp_path, dump(snapshot(root, root, None))))


def test_one_storage_under_many_names_is_refused(tmp_path: Path) -> None:
    root = generator_network({}, ARGUMENTS)
    shared = nn.Parameter(torch.zeros(1 << 16))
    for n in range(200):
        root._parameters[f"p{n}"] = shared
    assert "many tensors" in refused(pickled(tmp_path, dump(snapshot(root, root, None))))


def test_states_that_are_no_modules_are_refused(tmp_path: Path) -> None:
    root = generator_network({}, ARGUMENTS)
    root.__dict__["_parameters"] = [1]
    assert "no _parameters" in refused(pickled(tmp_path, dump({"G_ema": root})))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_mutations_of_a_snapshot_import_or_are_refused(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    dice = random.Random(seed)
    data = bytearray(GOOD)
    for _ in range(dice.randrange(1, 4)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        import_eg3d(pickled(folder, bytes(data)), folder / "model")
    except AetheristError:
        assert [path.name for path in folder.iterdir()] == ["network-snapshot.pkl"]


@settings(max_examples=150, deadline=None)
@given(
    values=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "rendering_kwargs",
                        "mapping_kwargs",
                        "num_layers",
                        "img_resolution",
                        "box_warp",
                        "sr_kwargs",
                        "x",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_recorded_arguments_are_read_or_refused(values: Any) -> None:
    recorded = {"generator": values, "discriminator": values}
    with contextlib.suppress(CheckpointError):
        sort_unread(read_arguments(recorded, "config.json"))


GOOD = snapshot_bytes()


def test_the_good_snapshot_is_good(tmp_path: Path) -> None:
    checkpoint = read_checkpoint(pickled(tmp_path, GOOD), None, "ema")
    assert json.dumps(checkpoint.arguments) == json.dumps(
        {key: ARGUMENTS[key] for key in ("generator", "neural_rendering_resolution", "discriminator")}
    )
