"""Directions from people whose attributes are known, or guessed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from aetherist.components.styles import Direction
from aetherist.graphs.styles.fitting import Linear, effects, explained, logistic, ridge
from aetherist.graphs.styles.labels import Label, held_out
from aetherist.graphs.styles.people import flattened

FEWEST = 32
"""People that it takes to learn anything."""

_APART = 0.2
"""Share of the people that the figures of a fit are measured on."""

_RARE = 0.05
_LEFT = 0.05
"""Share of a direction's effect that must be left when it is made orthogonal to others."""


def linear_directions(
    styles: Tensor,
    labels: Sequence[Label],
    identities: Tensor,
    *,
    hold: Sequence[Label] = (),
    orthogonal: bool = False,
    layers: tuple[int, ...] | None = None,
    seed: int = 0,
) -> list[Direction]:
    """Regress styles on all labels together: how somebody's styles differ whose label is one step more, all else equal.

    What a direction changes is what comes with the attribute in the data, other than the other labels. A part of a
    whole grows at the expense of the other parts, of all alike.

    Args:
        styles: ``(N, L, D)``.
        labels: One direction each.
        identities: ``(N,)``, who is who; figures are measured on people apart.
        hold: Further labels that stay as they are.
        orthogonal: Whether to make each attribute's directions orthogonal to those of the attributes before it.
        layers: The layers to apply them to; all by default.
        seed: Decides which people are kept apart.

    Raises:
        ValueError: If there are too few people, or an attribute does not vary.
    """
    rows, shape, apart = _prepared(styles, [*labels, *hold], identities, seed)
    every = [*labels, *hold]
    table = torch.stack([label.values for label in every], dim=1)
    fitted = effects(table, rows)
    changes = torch.stack([_change(label, every) for label in labels])
    steps = changes @ fitted
    readout = ridge(rows[~apart], table[~apart])
    told = explained(table[apart], readout(rows[apart]))
    if orthogonal:
        steps = orthogonalised(steps, labels, readout)
    return [
        _direction(label, steps[index].reshape(shape), layers, {"r2": float(told[index])})
        for index, label in enumerate(labels)
    ]


def logistic_directions(
    styles: Tensor,
    labels: Sequence[Label],
    identities: Tensor,
    *,
    orthogonal: bool = False,
    layers: tuple[int, ...] | None = None,
    seed: int = 0,
) -> list[Direction]:
    """Tell people with more of an attribute from people with less; the direction is the normal of the plane between.

    Shen et al. 2020, "Interpreting the Latent Space of GANs for Semantic Face Editing", section 3. A step is as long as
    people lie apart along the normal whose labels differ by one. The arguments are those of :func:`linear_directions`.

    Raises:
        ValueError: If there are too few people, or an attribute does not vary.
    """
    rows, shape, apart = _prepared(styles, labels, identities, seed)
    steps, figures = [], []
    for label in labels:
        positive = label.values > _middle(label)
        fit = logistic(rows[~apart], positive[~apart])
        normal = fit.weights[:, 0] / fit.weights[:, 0].norm()
        along = rows @ normal
        slope = ((along - along.mean()) * (label.values - label.values.mean())).mean() / along.var(unbiased=False)
        steps.append(normal * (label.step / slope))
        right = ((fit(rows[apart])[:, 0] > 0) == positive[apart]).double().mean()
        figures.append({"accuracy": float(right)})
    found = torch.stack(steps)
    if orthogonal:
        readout = ridge(rows[~apart], torch.stack([label.values for label in labels], dim=1)[~apart])
        found = orthogonalised(found, labels, readout)
    return [
        _direction(label, found[index].reshape(shape), layers, figures[index]) for index, label in enumerate(labels)
    ]


def orthogonalised(steps: Tensor, labels: Sequence[Label], readout: Linear) -> Tensor:
    """Make each attribute's steps ``(K, D)`` orthogonal to those of the attributes before it.

    What is left is lengthened until a linear reading of the styles finds as much of the attribute as before.

    Raises:
        ValueError: If hardly anything is left of one.
    """
    done = torch.empty_like(steps)
    basis = steps.new_zeros(0, steps.shape[1])
    for attribute in dict.fromkeys(label.attribute for label in labels):
        own = [index for index, label in enumerate(labels) if label.attribute == attribute]
        left = steps[own] - (steps[own] @ basis.T) @ basis
        gain = (readout.weights[:, own].T * steps[own]).sum(dim=1) / (readout.weights[:, own].T * left).sum(dim=1)
        if not bool(((gain > 0) & (gain < 1 / _LEFT)).all()):
            raise ValueError(
                f"hardly anything of '{attribute}' is left when it is made orthogonal to the attributes before it: "
                "name it earlier, leave one out, or do without orthogonal directions"
            )
        done[own] = left * gain[:, None]
        # Parts of a whole depend on each other: a basis of what they span.
        _, sizes, vectors = torch.linalg.svd(left, full_matrices=False)
        basis = torch.cat([basis, vectors[sizes > 1e-9 * sizes[0]]])
    return done


def _prepared(
    styles: Tensor, labels: Sequence[Label], identities: Tensor, seed: int
) -> tuple[Tensor, tuple[int, ...], Tensor]:
    """Return styles as rows, the shape of one, and which rows are kept apart."""
    people = len(torch.unique(identities))
    if people < FEWEST:
        raise ValueError(f"{people} people are too few to learn directions from; give at least {FEWEST}")
    for label in labels:
        if not bool((label.values != label.values[0]).any()):
            raise ValueError(f"'{label.name}' is {float(label.values[0]):g} for everybody: there is nothing to learn")
    rows, shape = flattened(styles)
    return rows, shape, held_out(identities, _APART, seed)


def _change(label: Label, every: Sequence[Label]) -> Tensor:
    """Return by how much each label differs after a step of one of them."""
    others = [each for each in every if each.attribute == label.attribute and each.name != label.name]
    change = [0.0] * len(every)
    for index, each in enumerate(every):
        if each.name == label.name:
            change[index] = label.step
        elif label.shared and each in others:
            change[index] = -label.step / len(others)
    return torch.tensor(change, dtype=torch.float64)


def _middle(label: Label) -> float:
    """Return the value that parts more from less: a half where that leaves enough on either side, or the median."""
    share = float((label.values > 0.5).double().mean())
    return 0.5 if _RARE < share < 1 - _RARE else float(label.values.median())


def _direction(label: Label, step: Tensor, layers: tuple[int, ...] | None, quality: dict[str, float]) -> Direction:
    return Direction.of_step(label.name, step, unit=label.unit, step=label.step, layers=layers, quality=quality)
