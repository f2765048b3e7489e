"""From who is meant to an avatar of a model; who was met lately is not made again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Literal

from aetherist.avatars.avatar import Avatar
from aetherist.avatars.model import AvatarModel
from aetherist.components.styles.edits import flat
from aetherist.serve.engine.work import Person, digest_of

KEPT = 512
"""Avatars that are kept; each is some tens of kilobytes."""

DEEPEST = 8
"""How deep mixes may be made of mixes."""


class People:
    """Makes avatars of what says who is meant; from several threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self._known: OrderedDict[tuple[str, str], Avatar] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, model: AvatarModel, person: Person, beyond: Literal["error", "allow"] = "allow") -> Avatar:
        """Return the avatar that is meant.

        Raises:
            ValueError: If a seed, a file or an attribute is none of the model's.
        """
        key = (model.digest, digest_of(person) + beyond)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        made = self._make(model, person, beyond, 0)
        with self._lock:
            self._known[key] = made
            while len(self._known) > self.kept:
                self._known.popitem(last=False)
        return made

    def _make(self, model: AvatarModel, person: Person, beyond: Literal["error", "allow"], depth: int) -> Avatar:
        if depth > DEEPEST:
            raise ValueError(f"people are mixed of others, and those of others, {DEEPEST} times at most")
        if person.seed is not None:
            avatar = model.avatar(person.seed, psi=person.psi, cutoff=person.cutoff)
        elif person.file is not None:
            avatar = model.open(person.file)
        else:
            assert person.mix is not None
            one, other = (self._make(model, part, beyond, depth + 1) for part in person.mix)
            avatar = one.mix(other, person.amount, layers=person.layers, space=person.space)
        if person.attributes:
            avatar = avatar.edit(person.attributes, beyond=beyond)
        return avatar


def strange(avatar: Avatar) -> list[str]:
    """Return a warning for each strength that is outside the range that its direction was measured in."""
    directions = avatar.model.directions
    if directions is None:
        return []
    ranges = directions.ranges
    return [
        f"{name} = {strength:g} is outside the measured range {ranges[name][0]:g} to {ranges[name][1]:g}"
        for name, strength in flat(avatar.edits)
        if name in ranges and not ranges[name][0] <= strength <= ranges[name][1]
    ]
