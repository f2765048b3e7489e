"""What people are looked at with when directions are measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import torch
from torch import Tensor

from aetherist.data import ImageDataset
from aetherist.graphs.evaluation.networks import IDENTITY, embedder
from aetherist.graphs.evaluation.report import UnavailableError
from aetherist.graphs.styles.labels import read_labels
from aetherist.graphs.styles.people import People, Tell, silent
from aetherist.graphs.styles.regressor import AttributeRegressor, Target


@attrs.frozen(eq=False)
class Sight:
    """What people are looked at with.

    Attributes:
        show: From styles ``(B, L, D)`` to pictures ``(B, 3, H, W)``.
        read: From pictures to attributes, ``(B, K)``, in the order of ``targets``.
        targets: What is read.
        recognise: From pictures to vectors ``(B, E)`` whose cosine says who is who; None where no network is there.
        network: What that is called.
    """

    show: Callable[[Tensor], Tensor]
    read: Callable[[Tensor], Tensor]
    targets: Sequence[Target]
    recognise: Callable[[Tensor], Tensor] | None = None
    network: str | None = None


def sight_of(people: People, regressor: AttributeRegressor, *, identity: str = IDENTITY, tell: Tell = silent) -> Sight:
    """Return what looks at the people of a model.

    Args:
        people: Of the model.
        regressor: Reads attributes.
        identity: The network that recognises people: as ``aetherist evaluate --identity`` takes it. Where its weights
            are not in the cache identity is not measured, which is told.
        tell: Takes lines.

    Raises:
        ValueError: If there is no such network.
    """
    try:
        network = embedder(identity, people.model.device)
    except UnavailableError as error:
        tell(f"identity is not measured: {error}; to have it: {error.fix}")
        return Sight(people.pictures, regressor, regressor.targets)
    return Sight(people.pictures, regressor, regressor.targets, network, network.label)


def errors_on_model(
    people: People, regressor: AttributeRegressor, data: str | Path, *, count: int = 256, batch: int = 8
) -> dict[str, float] | None:
    """Return the mean absolute error of each attribute, read off the model's own pictures of people of the data.

    ``None`` where the data does not say latents that fit the model.

    Args:
        people: Of the model.
        regressor: Reads attributes.
        data: Whose people have latents.
        count: How many people at most.
        batch: Pictures at a time.
    """
    first: dict[tuple[float, ...], int] = {}
    records = ImageDataset(data).records
    for index, record in enumerate(records):
        latent = record.attributes.get("latent")
        if not isinstance(latent, list) or len(latent) != people.latent_dim:
            return None
        first.setdefault(tuple(latent), index)
    chosen = list(first.items())[:count]
    styles = people.styles(torch.tensor([latent for latent, _ in chosen]))
    read = torch.cat([regressor(images) for images in people.seen(styles, batch)])
    names = dict.fromkeys(target.attribute for target in regressor.targets)
    labels = {label.name: label for label in read_labels([records[index] for _, index in chosen], names, data)}
    return {
        target.name: float((read[:, k] - labels[target.name].values).abs().mean())
        for k, target in enumerate(regressor.targets)
        if target.name in labels
    }
