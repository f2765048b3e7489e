"""From a model and labelled data to its style directions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import torch
from torch import Tensor

from aetherist.components.styles import Direction, DirectionSet
from aetherist.data import ImageDataset
from aetherist.data.layout import Record
from aetherist.graphs.model import Model
from aetherist.graphs.styles.labels import ATTRIBUTES, Label, identities_of, read_labels
from aetherist.graphs.styles.people import People, Tell, digest_of, silent
from aetherist.graphs.styles.regressor import AttributeRegressor, facts_of, train_regressor
from aetherist.graphs.styles.supervised import linear_directions, logistic_directions
from aetherist.graphs.styles.unsupervised import pca_directions, sefa_directions

Method = Literal["linear", "logistic", "sefa", "pca"]
Source = Literal["auto", "latents", "pictures"]

METHODS: tuple[Method, ...] = ("linear", "logistic", "sefa", "pca")
SOURCES: tuple[Source, ...] = ("auto", "latents", "pictures")


@attrs.frozen
class Learning:
    """How to learn directions.

    Attributes:
        attributes: What of.
        method: ``linear`` regresses styles on attributes, ``logistic`` finds the plane between more and less of each;
            ``sefa`` and ``pca`` need no data.
        source: ``latents`` are those of the data's people, ``pictures`` are the model's own with attributes read off
            them; ``auto`` takes latents where the data says them and they fit.
        hold: Further attributes that stay as they are (of ``linear``).
        orthogonal: Make each attribute's directions orthogonal to those of the attributes before it.
        layers: The style layers to apply them to; all by default.
        count: How many directions of ``sefa`` and ``pca``.
        samples: How many people of the model's own are looked at.
        eyes: What attributes are read off pictures with; see :func:`train_regressor`.
        seed: Of everything that is drawn.
        batch: Pictures at a time.

    Raises:
        ValueError: If a method, a source or a number makes no sense.
    """

    attributes: tuple[str, ...] = ATTRIBUTES
    method: Method = attrs.field(default="linear")
    source: Source = attrs.field(default="auto")
    hold: tuple[str, ...] = attrs.field(default=())
    orthogonal: bool = False
    layers: tuple[int, ...] | None = None
    count: int = 10
    samples: int = 2000
    eyes: str = "cnn"
    seed: int = 0
    batch: int = 8

    @method.validator
    def _known_method(self, _: object, value: str) -> None:
        if value not in METHODS:
            raise ValueError(f"no method is called '{value}'; there are {', '.join(METHODS)}")

    @source.validator
    def _known_source(self, _: object, value: str) -> None:
        if value not in SOURCES:
            raise ValueError(f"no source is called '{value}'; there are {', '.join(SOURCES)}")

    @hold.validator
    def _of_linear(self, _: object, value: tuple[str, ...]) -> None:
        if value and self.method != "linear":
            raise ValueError(f"the method '{self.method}' holds no attributes; 'linear' does")
        both = sorted(set(value) & set(self.attributes))
        if both:
            raise ValueError(f"'{both[0]}' is both to be learned and to be held")

    @property
    def supervised(self) -> bool:
        """Whether it takes labels."""
        return self.method in ("linear", "logistic")


def learn(
    model: Model,
    data: str | Path | None = None,
    settings: Learning | None = None,
    *,
    regressor: AttributeRegressor | None = None,
    tell: Tell = silent,
) -> DirectionSet:
    """Learn style directions of a model.

    The same arguments give the same directions on one machine.

    Args:
        model: On the device to use, with the graphs ``map`` and ``show``.
        data: Labelled pictures, a folder or a zip in the layout of :mod:`aetherist.data`; the methods ``sefa`` and
            ``pca`` take none.
        settings: How.
        regressor: Reads attributes off pictures, where that is the source; trained on the data if it is not given.
        tell: Takes lines that say how far it is.

    Raises:
        ValueError: If the model lacks a graph, the data lacks an attribute or says no fitting latents, or there is too
            little of either.
    """
    settings = settings or Learning()
    people = People(model)
    facts: dict[str, Any] = {"method": settings.method, "seed": settings.seed, "orthogonal": settings.orthogonal}
    _fitting_layers(people, settings.layers)
    if not settings.supervised:
        find = sefa_directions if settings.method == "sefa" else pca_directions
        made = find(people, settings.count, layers=settings.layers, seed=settings.seed)
    else:
        known, source = _known(people, data, settings, regressor, tell)
        facts |= source
        made = _fitted(known, settings)
    return DirectionSet(made, digest_of(model), model.recipe.name, {"learned": facts})


@attrs.frozen(eq=False)
class _Known:
    """People whose styles and attributes are known: ``(N, L, D)``, and ``(N,)`` a label."""

    styles: Tensor
    labels: Sequence[Label]
    identities: Tensor
    hold: Sequence[Label] = ()


def _known(
    people: People,
    data: str | Path | None,
    settings: Learning,
    regressor: AttributeRegressor | None,
    tell: Tell,
) -> tuple[_Known, dict[str, Any]]:
    """Return people to learn from, and what there is to tell of where they come from."""
    if data is None and (regressor is None or settings.source == "latents"):
        raise ValueError(
            f"the method '{settings.method}' learns from labelled data; name a data set, or use sefa or pca"
        )
    records = ImageDataset(data).records if data is not None else ()
    lacking = _lacking(records, people.latent_dim)
    if settings.source == "latents" and lacking is not None:
        raise ValueError(f"{data}: {lacking}; learn from the model's own pictures (source 'pictures')")
    if settings.source != "pictures" and lacking is None:
        known = _from_latents(people, records, settings, data)
        count = len(torch.unique(known.identities))
        tell(f"learning from the latents of {count} people of {data}")
        return known, {"source": "latents", "people": count, "data": Path(str(data)).name}
    if regressor is None:
        assert data is not None
        wanted = (*settings.attributes, *settings.hold)
        device = people.model.device
        regressor = train_regressor(data, wanted, eyes=settings.eyes, device=device, seed=settings.seed, tell=tell)
    for line in regressor.describe():
        tell(line)
    known = _from_pictures(people, regressor, settings, tell)
    return known, {"source": "pictures", "people": settings.samples, "regressor": facts_of(regressor)}


def _lacking(records: Sequence[Record], size: int) -> str | None:
    """Return why the data's people are not the model's, or None if they are."""
    found = [record.attributes.get("latent") for record in records]
    if not found or not all(isinstance(each, list) for each in found):
        return "the pictures do not say the latents of their people (attributes.latent)"
    lengths = {len(each) for each in found if isinstance(each, list)}
    if lengths != {size}:
        return f"the latents have {' and '.join(map(str, sorted(lengths)))} numbers, and the model takes {size}"
    return None


def _from_latents(people: People, records: Sequence[Record], settings: Learning, data: object) -> _Known:
    """Return each person of the data once for each latent."""
    first: dict[tuple[float, ...], int] = {}
    for index, record in enumerate(records):
        first.setdefault(tuple(record.attributes["latent"]), index)
    chosen = [records[index] for index in first.values()]
    return _Known(
        people.styles(torch.tensor(list(first))),
        read_labels(chosen, settings.attributes, data),
        identities_of(chosen),
        read_labels(chosen, settings.hold, data),
    )


def _from_pictures(people: People, regressor: AttributeRegressor, settings: Learning, tell: Tell) -> _Known:
    """Return people of the model's own with what the regressor reads off their pictures."""
    latents = torch.randn(
        settings.samples, people.latent_dim, generator=torch.Generator().manual_seed(settings.seed + 1)
    )
    styles = people.styles(latents)
    read: list[Tensor] = []
    for images in people.seen(styles, settings.batch):
        read.append(regressor(images))
        done = sum(map(len, read))
        if done == len(styles) or done % (10 * settings.batch) < settings.batch:
            tell(f"pictures of the model: {done}/{len(styles)}")
    table = torch.cat(read)
    known = {target.attribute for target in regressor.targets}
    for name in (*settings.attributes, *settings.hold):
        if name not in known:
            raise ValueError(f"the regressor does not read '{name}'; it reads {', '.join(sorted(known))}")

    def labels(names: tuple[str, ...]) -> list[Label]:
        order = [(name, index, target) for name in names for index, target in enumerate(regressor.targets)]
        return [target.label(table[:, index]) for name, index, target in order if target.attribute == name]

    return _Known(styles, labels(settings.attributes), torch.arange(len(styles)), labels(settings.hold))


def _fitted(known: _Known, settings: Learning) -> list[Direction]:
    common: dict[str, Any] = {
        "orthogonal": settings.orthogonal,
        "layers": settings.layers,
        "seed": settings.seed,
    }
    if settings.method == "logistic":
        return logistic_directions(known.styles, known.labels, known.identities, **common)
    return linear_directions(known.styles, known.labels, known.identities, hold=known.hold, **common)


def _fitting_layers(people: People, layers: tuple[int, ...] | None) -> None:
    if layers is None:
        return
    count = people.styles(torch.zeros(1, people.latent_dim)).shape[1]
    strange = [layer for layer in layers if not 0 <= layer < count]
    if strange:
        raise ValueError(
            f"there is no layer {strange[0]}: the styles of {people.model.recipe.name} have {count}, from 0"
        )
