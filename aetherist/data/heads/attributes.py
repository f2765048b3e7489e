"""What is known about a rendered head: its ground truth, and how it is drawn by chance."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.seeds import stream

ETHNICITIES = ("european", "asian", "african")
HAIR_COLOURS = ("black", "dark", "brown", "light", "blond", "red")
_COLOUR_ODDS = {
    "european": (0.10, 0.24, 0.26, 0.16, 0.16, 0.08),
    "asian": (0.80, 0.18, 0.02, 0.0, 0.0, 0.0),
    "african": (0.82, 0.18, 0.0, 0.0, 0.0, 0.0),
}
_STYLE_ODDS = {
    ("european", "male"): {"short": 5, "swept": 4, "buzz": 2, "bald": 1, "crop": 1},
    ("european", "female"): {"long": 5, "wavy": 4, "bob": 3, "fringe": 2, "tied": 3, "short": 1},
    ("asian", "male"): {"short": 6, "swept": 3, "buzz": 2},
    ("asian", "female"): {"long": 5, "bob": 3, "fringe": 4, "tied": 3},
    ("african", "male"): {"buzz": 4, "crop": 5, "bald": 2, "afro": 1},
    ("african", "female"): {"afro": 4, "tied": 3, "wavy": 2, "crop": 2},
}


@attrs.frozen
class Attributes:
    """The ground truth of one head.

    ``age`` in years (18 to 85); ``gender`` from 0 (male) to 1 (female); ``smile``, ``grey`` and ``beard`` from 0 to
    1; ``european``, ``asian`` and ``african`` a mixture that sums to 1; ``hair_style`` and ``hair_colour`` by name.
    """

    age: float
    gender: float
    smile: float
    european: float
    asian: float
    african: float
    hair_style: str
    hair_colour: str
    grey: float
    beard: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: numbers to four digits, the ethnicities under one key."""
        plain = {name: round(v, 4) if isinstance(v, float) else v for name, v in attrs.asdict(self).items()}
        return plain | {"ethnicity": {name: plain.pop(name) for name in ETHNICITIES}}


def sample_attributes(seed: int) -> Attributes:
    """Draw the attributes of an identity; hair and beard follow gender, age and ethnicity as they do in life."""
    random = stream(seed, "attributes")
    age = float(random.uniform(18, 82))
    female = bool(random.random() < 0.5)
    gender = float(np.clip(abs(random.normal(0, 0.08)), 0, 0.3))
    smile = float(random.uniform(0.25, 1)) if random.random() < 0.5 else 0.0
    main = int(random.integers(3))
    share = random.dirichlet([1, 1, 1]) * (0.12 if random.random() < 0.75 else 0.8)
    mixture = share + (1 - share.sum()) * np.eye(3)[main]
    odds = _colour_odds(mixture)
    colour = HAIR_COLOURS[int(random.choice(len(odds), p=odds / odds.sum()))]
    styles = _style_odds(ETHNICITIES[main], female, age)
    weights = np.array(list(styles.values()), float)
    style = list(styles)[int(random.choice(len(weights), p=weights / weights.sum()))]
    grey = float(np.clip((age - 40) / 32 + 0.22 * random.standard_normal(), 0, 1)) if age > 33 else 0.0
    if female and random.random() < 0.5:
        grey = 0.0  # Dyed.
    beard = float(random.choice([0.0, 0.15, 0.3, 0.6, 0.85, 1.0], p=[0.3, 0.2, 0.15, 0.1, 0.15, 0.1]))
    return Attributes(
        age=round(age, 2),
        gender=1 - gender if female else gender,
        smile=smile,
        european=float(mixture[0]),
        asian=float(mixture[1]),
        african=float(mixture[2]),
        hair_style=style,
        hair_colour=colour,
        grey=grey,
        beard=0.0 if female else beard,
    )


def _colour_odds(mixture: NDArray[np.float64]) -> NDArray[np.float64]:
    # Dark hair is dominant: light colours become rare even in a small mixture.
    odds: NDArray[np.float64] = mixture**0.5 @ np.array([_COLOUR_ODDS[name] for name in ETHNICITIES])
    odds[2:] *= mixture[0] ** 2
    return odds


def _style_odds(ethnicity: str, female: bool, age: float) -> dict[str, float]:
    odds: dict[str, float] = dict(_STYLE_ODDS[ethnicity, "female" if female else "male"])
    if age > 58:
        for style in odds:
            odds[style] *= {"long": 0.2, "wavy": 0.4, "bob": 2, "short": 2, "bald": 3, "tied": 0.7}.get(style, 1)
    return odds


def colour_odds(attributes: Attributes) -> NDArray[np.float64]:
    """Return how likely each of ``HAIR_COLOURS`` is for somebody, ``(6,)``."""
    return _colour_odds(np.array([getattr(attributes, name) for name in ETHNICITIES]))


def style_odds(attributes: Attributes) -> dict[str, float]:
    """Return how likely each hair style is for somebody; those left out never occur."""
    main = max(ETHNICITIES, key=lambda name: getattr(attributes, name))
    return _style_odds(main, attributes.gender > 0.5, attributes.age)


def _dominant(attributes: Attributes, name: str) -> Attributes:
    european, asian, african = (float(other == name) for other in ETHNICITIES)
    return attrs.evolve(attributes, european=european, asian=asian, african=african)


def vary(attributes: Attributes, name: str) -> tuple[Attributes, Attributes]:
    """Return two heads that differ in one attribute alone, as far as it goes.

    Raises:
        ValueError: If no attribute of that name can be varied.
    """
    change = attrs.evolve
    if name == "ethnicity":
        first = max(ETHNICITIES, key=lambda key: getattr(attributes, key))
        second = ETHNICITIES[(ETHNICITIES.index(first) + 1) % 3]
        return _dominant(attributes, first), _dominant(attributes, second)
    if name == "hair_style":
        short, long = ("short", "long") if attributes.african < 0.5 else ("crop", "afro")
        return change(attributes, hair_style=short), change(attributes, hair_style=long)
    ends: dict[str, tuple[Any, Any]] = {
        "age": (24.0, 74.0),
        "gender": (0.04, 0.96),
        "smile": (0.0, 0.9),
        "hair_colour": ("black", "blond"),
        "grey": (0.0, 1.0),
        "beard": (0.0, 1.0),
    }
    if name not in ends:
        known = ", ".join(sorted([*ends, "ethnicity", "hair_style"]))
        raise ValueError(f"pairs: no attribute {name!r} to vary; known: {known}")
    low, high = ends[name]
    return change(attributes, **{name: low}), change(attributes, **{name: high})
