"""Compilers and exporters see one graph, for a batch of any size.

That every component runs under fake tensors and exports alone is the testing kit's business; here the generator goes
whole.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from aetherist.components.cameras import sway
from aetherist.components.rendering import PinholeRays, VolumeRenderer
from aetherist.components.superres import SuperResolution
from aetherist.components.synthesis import MappingNetwork, TriplaneSynthesis


class Generator(nn.Module):
    """All stages, random noise and jitter included, several tiles a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.mapping = MappingNetwork.create(latent_dim=8, style_dim=8, style_layers=4)
        self.planes = TriplaneSynthesis.create(
            style_dim=8, channels=4, resolution=8, channel_base=64, channel_max=8, noise="random"
        )
        self.rays = PinholeRays.create(resolution=4)
        self.renderer = VolumeRenderer.create(
            decoder={"type": "decoder.softplus", "channels": 4, "hidden": 8, "features": 4},
            samples=5,
            importance_samples=4,
            near="auto",
            far="auto",
            background="learned",
            chunk=9,
            jitter=True,
        )
        self.superres = SuperResolution.create(
            channels=4, resolution=16, input_resolution=8, widths=(6, 4), style_dim=8
        )

    def forward(self, latent: Tensor, camera: Tensor, seeds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        styles = self.mapping(latent, camera, psi=0.7)
        planes = self.planes(styles, seeds)
        origins, directions = self.rays(camera)
        view = self.renderer(planes, origins, directions, seeds)
        field = self.renderer.query(planes, origins.flatten(1, 2) * 0.1)
        return self.superres(view.image, view.features, styles), view.depth, field.density


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator().eval()


def inputs(batch: int) -> tuple[Tensor, Tensor, Tensor]:
    latent = torch.randn(batch, 8, generator=torch.Generator().manual_seed(0))
    return latent, sway(batch).vector, torch.arange(batch)


@torch.no_grad()
def test_export_with_a_dynamic_batch(generator: Generator) -> None:
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(
        generator, inputs(3), dynamic_shapes=({0: batch}, {0: batch}, {0: batch}), strict=False
    )
    for left, right in zip(program.module()(*inputs(5)), generator(*inputs(5)), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_compile_without_a_break(generator: Generator) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(generator, fullgraph=True, backend="aot_eager")
    for left, right in zip(compiled(*inputs(3)), generator(*inputs(3)), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_pictures_are_bit_equal_whatever_the_batch(generator: Generator) -> None:
    """The promise of the whole: same latent, camera and seed, same picture."""
    together = generator(*inputs(4))
    for row in range(4):
        alone = generator(*(x[row : row + 1] for x in inputs(4)))
        assert all(torch.equal(a[0], t[row]) for a, t in zip(alone, together, strict=True))
