"""What directions do to people: to their attribute, to the others, and to who they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.components.styles import Direction, DirectionSet
from aetherist.graphs.evaluation.intervals import Estimate, mean_of
from aetherist.graphs.styles.people import Tell, silent
from aetherist.graphs.styles.regressor import Target
from aetherist.graphs.styles.sight import Sight

STRENGTHS = (-2.0, -1.0, 1.0, 2.0)
USUAL_PEOPLE = 256

_FEWEST = 8
_WEAK = 0.25
"""Where a further strength does less than this share of what the first did, the range ends."""

_LENIENT = 0.25
"""Steps by which people may leave what there is in the data: readings are not sharp."""


@attrs.frozen
class Response:
    """What one strength does.

    Attributes:
        strength: It.
        change: Of the attribute, in its own units, for people who have room for it; None for a direction without one.
        people: How many those are.
        identity: Mean cosine with the same person unedited, all people; None where nothing recognises people.
    """

    strength: float
    change: Estimate | None
    people: int
    identity: float | None


@attrs.frozen
class Effect:
    """What one direction does.

    Attributes:
        name: Of the direction.
        unit: What one step is to do.
        responses: By strength, from the least.
        slope: How many steps of the attribute a strength of 1 is: 1 is as documented. None without an attribute.
        monotonic: Share of people whose attribute goes with every further strength within the range.
        range: Strengths between which the attribute keeps going.
        leaks: What a strength of 1 does to every other attribute, in its standard deviations in the data.
        identity: Mean cosine with the unedited person at strengths of 1 and -1, or the least there are.
    """

    name: str
    unit: str
    responses: tuple[Response, ...]
    slope: float | None
    monotonic: float | None
    range: tuple[float, float] | None
    leaks: dict[str, float]
    identity: float | None

    @property
    def worst(self) -> tuple[str, float] | None:
        """The attribute that changes most of those that should not, and by how much."""
        return max(self.leaks.items(), key=lambda item: abs(item[1]), default=None)


@attrs.frozen
class Measured:
    """What all directions of a set do.

    Attributes:
        effects: One a direction.
        people: How many were looked at.
        others: Mean cosine of two people: what identity is at its least.
        network: What recognised people.
        targets: What attributes were read, and how well.
    """

    effects: tuple[Effect, ...]
    people: int
    others: float | None
    network: str | None
    targets: tuple[Target, ...]

    def __getitem__(self, name: str) -> Effect:
        """Return the effect of a direction.

        Raises:
            KeyError: If it was not measured.
        """
        return {effect.name: effect for effect in self.effects}[name]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return attrs.asdict(self)


def measure(
    directions: DirectionSet,
    styles: Tensor,
    sight: Sight,
    *,
    strengths: Sequence[float] = STRENGTHS,
    batch: int = 8,
    seed: int = 0,
    tell: Tell = silent,
) -> Measured:
    """Edit people along every direction, look at them, and compare.

    A change is divided by the slope of the reading, so that a reader who is unsure, and keeps to the middle, does not
    make directions look weak.

    Args:
        directions: Of the model.
        styles: Of the people, ``(N, L, D)``; 256 or more.
        sight: What they are looked at with.
        strengths: Without 0.
        batch: Pictures at a time.
        seed: Of the bootstrap of intervals.
        tell: Takes lines that say how far it is.

    Raises:
        ValueError: If strengths are missing, or are 0.
    """
    order = sorted(set(strengths))
    if not order or 0.0 in order:
        raise ValueError("give strengths other than 0: 0 is what they are compared with")
    looks = _Looks(sight, batch)
    before = looks(styles)
    tell(f"{len(styles)} people, {len(directions)} directions, {len(order)} strengths")
    found = []
    for direction in directions.directions:
        after = [looks(styles + direction.shift(styles.shape[1]) * strength) for strength in order]
        found.append(_effect(direction, order, before, after, sight.targets, seed))
        tell(f"{direction.name}: done, {len(found)} of {len(directions)}")
    others = None
    if before.faces is not None and len(styles) > 1:
        others = float((before.faces * before.faces.roll(1, 0)).sum(dim=1).mean())
    return Measured(tuple(found), len(styles), others, sight.network, tuple(sight.targets))


@attrs.frozen(eq=False)
class _Seen:
    """What was seen of people: attributes ``(N, K)``, and vectors of length 1."""

    attributes: Tensor
    faces: Tensor | None


@attrs.frozen
class _Looks:
    sight: Sight
    batch: int

    def __call__(self, styles: Tensor) -> _Seen:
        read, faces = [], []
        for rows in torch.split(styles, self.batch):
            images = self.sight.show(rows)
            read.append(self.sight.read(images))
            if self.sight.recognise is not None:
                faces.append(F.normalize(self.sight.recognise(images).double().cpu(), dim=1))
        return _Seen(torch.cat(read), torch.cat(faces) if faces else None)


def _effect(
    direction: Direction,
    strengths: Sequence[float],
    before: _Seen,
    after: Sequence[_Seen],
    targets: Sequence[Target],
    seed: int,
) -> Effect:
    slopes = torch.tensor([max(target.slope, 0.05) for target in targets], dtype=torch.float64)
    changes = torch.stack([(seen.attributes - before.attributes) / slopes for seen in after])  # (S, N, K)
    identity = [_cosine(before, seen) for seen in after]
    own = next((index for index, target in enumerate(targets) if target.name == direction.name), None)
    inner = [index for index, strength in enumerate(strengths) if abs(strength) == _innermost(strengths, strength)]
    leaks = {
        target.name: float(sum(changes[i, :, k].mean() / strengths[i] for i in inner)) / len(inner) / target.spread
        for k, target in enumerate(targets)
        if target.attribute != direction.attribute
    }
    kept = [identity[index] for index in inner]
    mean_identity = None if None in kept else sum(each for each in kept if each is not None) / len(kept)
    rooms = [None] * len(strengths) if own is None else [_room(before, targets[own], own, s) for s in strengths]
    responses = tuple(
        Response(
            strength,
            None if own is None else mean_of(changes[index, rooms[index], own], seed=seed),
            len(before.attributes) if own is None else int(rooms[index].sum()),  # type: ignore[union-attr]
            identity[index],
        )
        for index, strength in enumerate(strengths)
    )
    slope = monotonic = span = None
    if own is not None:
        step = targets[own].step
        sides = [_side(strengths, changes[:, :, own], before, targets[own], own, sign) for sign in (-1, 1)]
        inside = [(s, r.change.value) for s, r in zip(strengths, responses, strict=True) if r.change is not None]
        near = [pair for index, pair in enumerate(inside) if index in inner]
        slope = sum(s * change for s, change in near) / sum(s * s for s, _ in near) / step
        span = (sides[0][0], sides[1][0])
        shares = [share for _, share in sides if share is not None]
        monotonic = sum(shares) / len(shares)
    return Effect(direction.name, direction.unit, responses, slope, monotonic, span, leaks, mean_identity)


def _innermost(strengths: Sequence[float], like: float) -> float:
    """Return the size nearest to 1 of the strengths of the same sign."""
    return min((abs(s) for s in strengths if s * like > 0), key=lambda size: (abs(size - 1), size))


def _room(before: _Seen, target: Target, own: int, strength: float) -> Tensor:
    """Return who can be changed so much and stay within the data, ``(N,)`` bool; everybody if hardly anybody can."""
    goal = before.attributes[:, own] + strength * target.step
    room = (goal >= target.low - _LENIENT * target.step) & (goal <= target.high + _LENIENT * target.step)
    return room if int(room.sum()) >= _FEWEST else torch.ones_like(room)


def _side(
    strengths: Sequence[float], changes: Tensor, before: _Seen, target: Target, own: int, sign: int
) -> tuple[float, float | None]:
    """Return how far an attribute keeps going to one side, and the share of people whose does at every strength."""
    chosen = sorted(
        (index for index, s in enumerate(strengths) if s * sign > 0), key=lambda index: abs(strengths[index])
    )
    if not chosen:
        return 0.0, None
    room = _room(before, target, own, strengths[chosen[0]])
    means = [0.0, *(sign * float(changes[index, room].mean()) for index in chosen)]
    sizes = [0.0, *(abs(strengths[index]) for index in chosen)]
    first = means[1] / sizes[1]
    end = 0
    for index in range(1, len(sizes)):
        going = (means[index] - means[index - 1]) / (sizes[index] - sizes[index - 1])
        if first <= 0 or going < _WEAK * first:
            break
        end = index
    kept = chosen[: max(end, 1)]
    path = torch.cat([torch.zeros_like(changes[:1]), sign * changes[kept]])[:, room]
    share = float((path.diff(dim=0) > 0).all(dim=0).double().mean())
    return sign * sizes[end], share


def _cosine(before: _Seen, after: _Seen) -> float | None:
    if before.faces is None or after.faces is None:
        return None
    return float((before.faces * after.faces).sum(dim=1).mean())


def calibrated(directions: DirectionSet, measured: Measured) -> tuple[DirectionSet, Measured]:
    """Lengthen or shorten steps until a strength of 1 is one documented step, as it was measured.

    Nothing is looked at again: what a strength did is what another does now. Directions without an attribute stay as
    they are, and so do those whose strength of 1 is less than half a step, or more than two: a model that does not know
    an attribute shows no more of it, and breaks, when it is pushed further.
    """
    changed, effects = [], []
    for direction, effect in zip(directions.directions, measured.effects, strict=True):
        factor = effect.slope if effect.slope is not None and 0.5 <= effect.slope <= 2.0 else 1.0
        changed.append(attrs.evolve(direction, scale=direction.scale / factor))
        effects.append(
            attrs.evolve(
                effect,
                responses=tuple(attrs.evolve(each, strength=each.strength * factor) for each in effect.responses),
                slope=None if effect.slope is None else effect.slope / factor,
                range=None if effect.range is None else (effect.range[0] * factor, effect.range[1] * factor),
                leaks={name: leak / factor for name, leak in effect.leaks.items()},
            )
        )
    return attrs.evolve(directions, directions=changed), attrs.evolve(measured, effects=tuple(effects))


def with_figures(directions: DirectionSet, measured: Measured) -> DirectionSet:
    """Return the directions with what was measured of them: ranges, figures, and all of it in ``about``."""
    changed = []
    for direction, effect in zip(directions.directions, measured.effects, strict=True):
        worst = effect.worst
        figures = {
            "response": effect.slope,
            "monotonic": effect.monotonic,
            "leak": None if worst is None else abs(worst[1]),
            "identity": effect.identity,
        }
        quality = {**direction.quality, **{name: value for name, value in figures.items() if value is not None}}
        changed.append(attrs.evolve(direction, quality=quality, range=effect.range))
    about = {**directions.about, "measured": measured.to_dict()}
    return attrs.evolve(directions, directions=changed, about=about)
