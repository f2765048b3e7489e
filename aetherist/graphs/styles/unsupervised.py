"""Directions without labels: what the generator's weights amplify most, and along which axes its styles vary."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from aetherist.components.styles import Direction
from aetherist.graphs.styles.people import People, flattened

SAMPLES = 4096
"""Latents that say how widely styles vary along an axis."""


@attrs.frozen(eq=False)
class Modulation:
    """One affine map from a style to the gains of a convolution.

    Attributes:
        name: Of the module, from the name of its component on.
        layer: Which style layer it takes.
        weight: ``(O, D)``, as it is applied.
    """

    name: str
    layer: int
    weight: Tensor


def modulations(people: People) -> list[Modulation]:
    """Find the affine maps that a model's styles pass through when it makes a picture.

    A module belongs to them if it is given exactly the style of one layer. The first layer that fits is named.

    Raises:
        ValueError: If there are none.
    """
    styles = people.styles(torch.randn(1, people.latent_dim, generator=torch.Generator().manual_seed(0)))
    probe = torch.randn(styles.shape, generator=torch.Generator().manual_seed(1))
    found: dict[str, Modulation] = {}
    with contextlib.ExitStack() as hooks:
        for part, component in people.model.components.items():
            for name, module in component.named_modules():
                if isinstance(getattr(module, "weight", None), Tensor) and not list(module.children()):
                    handle = module.register_forward_pre_hook(_watching(f"{part}.{name}", probe[0], found))
                    hooks.callback(handle.remove)
        people.pictures(probe)
    if not found:
        raise ValueError(
            f"{people.model.recipe.name} passes its styles through no affine maps that could be factorised"
        )
    return sorted(found.values(), key=lambda each: (each.layer, each.name))


def _watching(name: str, probe: Tensor, found: dict[str, Modulation]) -> Any:
    def hook(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        given = inputs[0] if inputs else None
        if name in found or not isinstance(given, Tensor) or given.shape[-1:] != probe.shape[-1:] or given.ndim != 2:
            return
        for layer, style in enumerate(probe):
            if torch.equal(given[0].cpu().float(), style):
                found[name] = Modulation(name, layer, _applied(module, given))
                return

    return hook


def _applied(module: nn.Module, given: Tensor) -> Tensor:
    """Return the weight of a linear map as it is applied, whatever gains it is stored with."""
    ones = torch.eye(given.shape[-1], dtype=given.dtype, device=given.device)
    forward = type(module).forward
    moved: Tensor = forward(module, ones) - forward(module, torch.zeros_like(ones))
    return moved.T.double().cpu()


def factorised(weights: Sequence[Tensor]) -> Iterator[tuple[Tensor, float]]:
    """Yield the unit vectors that weights ``(O, D)``, taken together, lengthen most, each with its share of the whole.

    The eigenvectors of the sum of ``A^T A``. Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in
    GANs", equation 7.
    """
    whole = sum(weight.double().T @ weight.double() for weight in weights)
    assert isinstance(whole, Tensor)
    values, vectors = torch.linalg.eigh(whole)
    for index in range(len(values) - 1, -1, -1):
        yield _signed(vectors[:, index]), float(values[index] / values.sum())


def sefa_directions(
    people: People, count: int, *, layers: tuple[int, ...] | None = None, seed: int = 0
) -> list[Direction]:
    """Factorise the weights that modulate a model's convolutions; a step is one deviation of its styles.

    Args:
        people: Of the model.
        count: How many directions.
        layers: Only the weights of these style layers; the directions then apply to them alone.
        seed: Of the latents that say how widely styles vary.

    Raises:
        ValueError: If no weights are of these layers, or there are fewer directions.
    """
    known = modulations(people)
    weights = [each.weight for each in known if layers is None or each.layer in layers]
    if not weights:
        raise ValueError(
            f"no weights take the layers {list(layers or ())}; there are {sorted({m.layer for m in known})}"
        )
    width = weights[0].shape[1]
    _enough(count, width)
    centred = _sampled(people, seed)
    where = slice(None) if layers is None else list(layers)
    made = []
    for index, (vector, share) in enumerate(factorised(weights)):
        if index == count:
            break
        size = float((centred[:, where] @ vector).square().mean().sqrt())
        made.append(_unnamed(f"sefa{index + 1}", vector * size, layers, {"share": share}))
    return made


def pca_directions(
    people: People, count: int, *, layers: tuple[int, ...] | None = None, seed: int = 0
) -> list[Direction]:
    """Find the principal axes of a model's styles; a step is one deviation.

    Harkonen et al. 2020, "GANSpace: Discovering Interpretable GAN Controls", section 2.2. The arguments are those of
    :func:`sefa_directions`; ``layers`` says where the directions apply.

    Raises:
        ValueError: If the styles vary along fewer axes.
    """
    centred = _sampled(people, seed)
    rows, shape = flattened(centred)
    values, vectors = torch.linalg.eigh(rows.T @ rows / len(rows))
    _enough(count, int((values > 1e-9 * values[-1]).sum()))
    shares = (values / values.sum()).flip(0)
    axes, sizes = vectors.flip(1), values.clamp(min=0).sqrt().flip(0)
    return [
        _unnamed(
            f"pca{index + 1}",
            (_signed(axes[:, index]) * sizes[index]).reshape(shape),
            layers,
            {"share": float(shares[index])},
        )
        for index in range(count)
    ]


def _sampled(people: People, seed: int) -> Tensor:
    """Return styles around their mean, ``(N, L, D)``."""
    latents = torch.randn(SAMPLES, people.latent_dim, generator=torch.Generator().manual_seed(seed))
    styles = people.styles(latents).double()
    return styles - styles.mean(dim=0)


def _enough(count: int, there: int) -> None:
    if not 1 <= count <= there:
        raise ValueError(f"{count} directions: the styles have between 1 and {there}")


def _signed(vector: Tensor) -> Tensor:
    """Return a vector whose largest number is positive: the sign of an axis is chance, and machines should agree."""
    return vector * vector[vector.abs().argmax()].sign()


def _unnamed(name: str, step: Tensor, layers: tuple[int, ...] | None, quality: dict[str, float]) -> Direction:
    return Direction.of_step(name, step, unit="one standard deviation of the styles", layers=layers, quality=quality)
