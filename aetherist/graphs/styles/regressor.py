"""Reads the attributes of people off their pictures: trained on labelled ones, measured on people kept apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from aetherist.data import ImageDataset
from aetherist.graphs.evaluation.geometry import yaw_of
from aetherist.graphs.evaluation.networks import embedder
from aetherist.graphs.styles import network as networks
from aetherist.graphs.styles.fitting import Linear, explained, ridge
from aetherist.graphs.styles.labels import ATTRIBUTES, Label, held_out, identities_of, read_labels
from aetherist.graphs.styles.people import Tell, silent

FACING = 45.0
"""Yaw in degrees up to which pictures are learned from: people are looked at from the front."""

_APART = 0.2
_BATCH = 64
_EPOCHS = 12
_FEWEST = 16


@attrs.frozen
class Target:
    """One attribute that is read, and how well.

    Attributes:
        name: ``age``, or ``ethnicity.asian``.
        step: What a strength of 1 changes it by, in its own units.
        unit: That in words.
        shared: Whether it is a part of a whole.
        mean: In the data.
        spread: Standard deviation in the data.
        low: A hundredth of the data is below this.
        high: A hundredth is above.
        error: Mean absolute error for people kept apart.
        guessing: The same of always guessing the mean.
        r2: Share of the variance that is explained, for them.
        slope: By how much the reading grows where the truth grows by 1, for them; a reading that is unsure keeps to the
            middle, so that this is below 1.
    """

    name: str
    step: float
    unit: str
    shared: bool
    mean: float
    spread: float
    low: float
    high: float
    error: float
    guessing: float
    r2: float
    slope: float

    @property
    def attribute(self) -> str:
        """The attribute that it is, or is a part of."""
        return self.name.partition(".")[0]

    def label(self, values: Tensor) -> Label:
        """Return readings of many people as a label to learn from."""
        return Label(self.name, values.double(), self.step, self.unit, self.shared)


@attrs.frozen(eq=False)
class AttributeRegressor:
    """Reads attributes off pictures ``(B, 3, H, W)`` in [-1, 1], each in its own units: ``(B, K)``.

    Attributes:
        targets: What it reads, in the order of its numbers.
        eyes: ``cnn``, or the pretrained network whose features it reads.
        look: From pictures to standardised numbers.
        people: How many people it was trained on, and how many were kept apart.
        data: What it was trained on.
    """

    targets: tuple[Target, ...]
    eyes: str
    look: Callable[[Tensor], Tensor]
    people: tuple[int, int]
    data: str = ""
    state: dict[str, Tensor] = attrs.field(factory=dict)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the attributes of pictures, ``(B, K)``, on the CPU in double precision."""
        scaled = self.look(images).double().cpu()
        spread = torch.tensor([target.spread for target in self.targets], dtype=torch.float64)
        mean = torch.tensor([target.mean for target in self.targets], dtype=torch.float64)
        return scaled * spread + mean

    @property
    def names(self) -> tuple[str, ...]:
        """Of what it reads."""
        return tuple(target.name for target in self.targets)

    def describe(self) -> list[str]:
        """Return a line for each attribute that says how well it is read."""
        lines = []
        for target in self.targets:
            lines.append(
                f"{target.name}: off by {target.error:.3g} for people kept apart (always guessing the mean: "
                f"{target.guessing:.3g}), R2 {target.r2:.2f}"
            )
        return lines


def train_regressor(
    data: str | Path,
    attributes: Iterable[str] = ATTRIBUTES,
    *,
    eyes: str = "cnn",
    device: torch.device | None = None,
    epochs: int = _EPOCHS,
    seed: int = 0,
    tell: Tell = silent,
) -> AttributeRegressor:
    """Learn to read attributes off the labelled pictures of a data set.

    One person in five is kept apart, with all pictures, and says how well it works. Only pictures within 45 degrees of
    the front are used.

    Args:
        data: A folder or a zip in the layout of :mod:`aetherist.data`.
        attributes: What to read.
        eyes: ``cnn`` trains a small network; a name that ``aetherist evaluate --features`` takes fits ridge regression
            to the features of that pretrained network instead.
        device: Where to compute; the CPU by default.
        epochs: How often the network sees each picture.
        seed: Decides who is kept apart, and all else that is drawn.
        tell: Takes lines that say how far it is.

    Raises:
        ValueError: If the data is malformed, says nothing of an attribute, or shows too few people.
    """
    device = device or torch.device("cpu")
    whole = ImageDataset(data)
    labels = read_labels(whole.records, attributes, data)
    facing = (yaw_of(whole.cameras).abs() <= FACING).nonzero().flatten()
    identities = identities_of(whole.records)[facing]
    people = len(torch.unique(identities))
    if people < _FEWEST:
        raise ValueError(
            f"{data}: {people} people are seen from the front; attributes take at least {_FEWEST} to learn"
        )
    table = torch.stack([label.values[facing] for label in labels], dim=1)
    apart = held_out(identities, _APART, seed)
    mean, spread = table[~apart].mean(dim=0), table[~apart].std(dim=0, unbiased=False).clamp(min=1e-6)
    wanted = ((table - mean) / spread).float()
    tell(f"reading {len(facing)} pictures of {people} people within {FACING:.0f} degrees of the front")
    size = min(whole.resolution, networks.SIZE) if eyes == "cnn" else None
    pictures = ImageDataset(data, size)
    if eyes == "cnn":
        look, state = _trained(pictures, facing, wanted, apart, device, epochs, seed, tell)
    else:
        look, state = _fitted(pictures, facing, wanted, apart, eyes, device)
    read = torch.cat([look(rows).double().cpu() for rows in _batches(pictures, facing[apart])]) * spread + mean
    targets = tuple(
        _target(label, table[:, index], mean[index], spread[index], table[apart, index], read[:, index])
        for index, label in enumerate(labels)
    )
    counts = (len(torch.unique(identities[~apart])), len(torch.unique(identities[apart])))
    return AttributeRegressor(targets, eyes, look, counts, str(Path(data).name), state)


def look_with(eyes: str, state: dict[str, Tensor], outputs: int, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return what reads standardised attributes off pictures, from what was learned."""
    if eyes == "cnn":
        network = networks.AttributeNetwork(outputs)
        network.load_state_dict(state)
        network.to(device).eval()
        return lambda images: network(networks.sized(images.to(device)))
    features = embedder(eyes, device)
    fitted = Linear(state["weights"].double().to(device), state["bias"].double().to(device))
    return lambda images: fitted(features(images))


def _trained(
    pictures: ImageDataset,
    numbers: Tensor,
    wanted: Tensor,
    apart: Tensor,
    device: torch.device,
    epochs: int,
    seed: int,
    tell: Tell,
) -> tuple[Callable[[Tensor], Tensor], dict[str, Tensor]]:
    images = torch.cat([_bytes(networks.sized(rows)) for rows in _batches(pictures, numbers[~apart])])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = networks.AttributeNetwork(wanted.shape[1]).to(device)
    losses = networks.fit(network, images, wanted[~apart], epochs=epochs, batch=_BATCH, seed=seed)
    tell(f"trained on {len(images)} pictures, {epochs} times each: loss {losses[0]:.3f} to {losses[-1]:.3f}")
    state = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
    look = look_with("cnn", state, wanted.shape[1], device)
    return torch.no_grad()(look), state


def _fitted(
    pictures: ImageDataset, numbers: Tensor, wanted: Tensor, apart: Tensor, eyes: str, device: torch.device
) -> tuple[Callable[[Tensor], Tensor], dict[str, Tensor]]:
    features = embedder(eyes, device)
    rows = torch.cat([features(batch).cpu() for batch in _batches(pictures, numbers[~apart])])
    fit = ridge(rows, wanted[~apart])
    state = {"weights": fit.weights, "bias": fit.bias}
    return look_with(eyes, state, wanted.shape[1], device), state


def _target(label: Label, values: Tensor, mean: Tensor, spread: Tensor, truth: Tensor, read: Tensor) -> Target:
    low, high = torch.quantile(values, torch.tensor([0.01, 0.99], dtype=torch.float64)).tolist()
    around = truth - truth.mean()
    return Target(
        name=label.name,
        step=label.step,
        unit=label.unit,
        shared=label.shared,
        mean=float(mean),
        spread=float(spread),
        low=low,
        high=high,
        error=float((read - truth).abs().mean()),
        guessing=float((mean - truth).abs().mean()),
        r2=float(explained(truth[:, None], read[:, None])),
        slope=float((around * (read - read.mean())).mean() / around.square().mean().clamp(min=1e-12)),
    )


def _batches(pictures: ImageDataset, numbers: Tensor) -> Iterable[Tensor]:
    for rows in torch.split(numbers, _BATCH):
        yield torch.stack([pictures[row]["image"] for row in rows.tolist()])


def _bytes(images: Tensor) -> Tensor:
    return (images * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)


def facts_of(regressor: AttributeRegressor) -> dict[str, Any]:
    """Return what there is to tell of a regressor, ready for JSON."""
    return {
        "eyes": regressor.eyes,
        "people": list(regressor.people),
        "data": regressor.data,
        "targets": [attrs.asdict(target) for target in regressor.targets],
    }
