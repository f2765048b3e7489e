"""The dual discriminator."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from aetherist.components.cameras import sway
from aetherist.components.discriminators import DualDiscriminator, MinibatchStdLayer


def part(**fields: Any) -> DualDiscriminator:
    torch.manual_seed(0)
    return DualDiscriminator.create(**{"resolution": 16, "channel_base": 64, "channel_max": 8, **fields})


def pictures(batch: int, raw: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(batch, 3, 16, 16, generator=generator),
        torch.randn(batch, 3, raw, raw, generator=generator),
        sway(batch).vector,
    )


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("raw", [1, 8, 16, 20])
def test_any_batch_and_any_raw_size(batch: int, raw: int) -> None:
    logits = part()(*pictures(batch, raw))
    assert logits.shape == (batch, 1)
    assert logits.isfinite().all()


def test_both_pictures_and_the_camera_count() -> None:
    image, raw, camera = pictures(2)
    judge = part()
    seen = judge(image, raw, camera)
    for changed in ((-image, raw, camera), (image, -raw, camera), (image, raw, camera.flip(0))):
        assert not torch.allclose(judge(*changed), seen)


def test_without_conditioning() -> None:
    image, raw, _ = pictures(2)
    assert part(camera_dim=0)(image, raw).shape == (2, 1)


def test_a_missing_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="pass 'camera'"):
        part()(*pictures(2)[:2])


def test_a_resolution_below_eight_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 8"):
        part(resolution=4)


def test_half_precision_is_near() -> None:
    exact, half = part()(*pictures(2)), part(half_precision_blocks=1, precision="bf16")(*pictures(2))
    assert half.dtype == torch.float32
    assert not torch.equal(exact, half)
    assert (exact - half).abs().max() < 0.05 * exact.abs().max().clamp(min=0.1)


def test_gradient_penalty_reaches_every_weight_of_the_trunk() -> None:
    image, raw, camera = pictures(4)
    judge = part()
    gradients = torch.autograd.grad(
        judge(image.requires_grad_(), raw.requires_grad_(), camera).sum(), [image, raw], create_graph=True
    )
    sum(g.square().sum() for g in gradients).backward()
    for name, parameter in judge.named_parameters():
        if name.endswith("weight") and not name.startswith("mapping"):
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all()
            assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("batch", [4, 8])
def test_minibatch_deviation_of_whole_groups(batch: int) -> None:
    """Groups of four: row n is in group n modulo the number of groups."""
    x = torch.randn(batch, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    groups = batch // 4
    expected = torch.stack(
        [(x[g::groups].var(dim=0, unbiased=False) + 1e-8).sqrt().mean() for g in range(groups)]
    ).repeat(4)
    y = MinibatchStdLayer(4)(x)
    assert torch.equal(y[:, :3], x)
    torch.testing.assert_close(y[:, 3], expected[:, None, None].expand(-1, 4, 4))


def test_minibatch_deviation_of_uneven_groups() -> None:
    x = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    y = MinibatchStdLayer(4)(x)[:, 3, 0, 0]
    even = (x[0::2].var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
    odd = (x[1::2].var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
    torch.testing.assert_close(y, torch.stack([even, odd, even, odd, even]))
