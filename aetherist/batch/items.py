"""What a batch is made of: people, each to be shown once and for all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

ROW_KIND = "row"
SEED_KIND = "seed"


@attrs.frozen
class Item:
    """A person to make pictures of.

    Attributes:
        kind: What the key counts: ``seed``, or ``row`` of a table.
        key: A number that no other item of the batch has; the seed, or the row from 1.
        seed: Whose latent it is.
        psi: Truncation, where it is not the batch's.
        edits: Strengths by attribute: ``{"age": 0.5, "ethnicity": {"asian": 0.7}}``.
        angles: Yaw and pitch of its one camera in radians, where it is not seen from the batch's cameras.
    """

    kind: str
    key: int
    seed: int
    psi: float | None = None
    edits: Mapping[str, Any] = attrs.field(factory=dict)
    angles: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """What its files are called: ``seed0000007``."""
        return f"{self.kind}{self.key:07d}"

    @property
    def digest(self) -> str:
        """A name for what is asked, 32 digits: the same key with another one is another item."""
        asked = json.dumps(attrs.asdict(self), sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()[:32]


def items_of_seeds(seeds: Iterable[int]) -> list[Item]:
    """Return an item for each seed."""
    return [Item(SEED_KIND, seed, seed) for seed in seeds]
