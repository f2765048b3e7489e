"""Densities as volumes."""

from __future__ import annotations

import io

import mrcfile
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from aetherist.export import lattice
from aetherist.export.lattice import Box
from aetherist.export.volumes import write_volume


def field(points: torch.Tensor) -> torch.Tensor:
    return points @ torch.tensor([1.0, 2.0, 4.0])


def test_a_volume_holds_the_density_at_the_middles_of_its_voxels(tmp_path, monkeypatch):
    monkeypatch.setattr(lattice, "SLAB", 100)
    path = tmp_path / "head.mrc"
    counts = write_volume(path, field, box=Box((0, 0, 0), (1, 0.5, 0.25)), resolution=16, shift=-1.0, label="a head")
    assert counts == (16, 8, 4)
    assert mrcfile.validate(path, print_file=io.StringIO())
    with mrcfile.open(path) as file:
        z, y, x = np.meshgrid(*((np.arange(count) + 0.5) / 16 for count in counts[::-1]), indexing="ij")
        wanted = F.softplus(torch.from_numpy(x + 2 * y + 4 * z - 1.0)).numpy()
        assert file.data == pytest.approx(wanted, rel=1e-5)
        assert file.voxel_size.tolist() == pytest.approx((1 / 16,) * 3)
        assert file.header.origin.tolist() == pytest.approx((1 / 32,) * 3)
        assert float(file.header.dmean) == pytest.approx(float(wanted.mean()), rel=1e-5)
        assert float(file.header.rms) == pytest.approx(float(wanted.std()), rel=1e-4)
        assert "a head" in file.get_labels()
    assert [file.name for file in tmp_path.iterdir()] == ["head.mrc"]


def test_a_density_that_fails_midway_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(lattice, "SLAB", 64)
    asked = []

    def breaks(points: torch.Tensor) -> torch.Tensor:
        asked.append(1)
        return points[:, 0] / (0.0 if len(asked) > 3 else 1.0)

    with pytest.raises(ValueError, match="not finite"):
        write_volume(tmp_path / "head.mrc", breaks, resolution=8)
    assert not list(tmp_path.iterdir())
    with pytest.raises(OSError, match=r"nowhere/head\.mrc"):
        write_volume(tmp_path / "nowhere" / "head.mrc", field, resolution=8)
