"""The coordinates of a head: what chance decided about it, as numbers that are normally distributed.

Heads are drawn from uniform, normal and weighted choices. Each of these is brought to a standard normal score, so a
generator that learns heads from their latents can draw new ones from a standard normal distribution: every draw is a
head that the renderer could have made.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.attributes import ETHNICITIES, HAIR_COLOURS, Attributes, colour_odds, style_odds
from aetherist.data.heads.hairstyles import HAIR_STYLES
from aetherist.data.heads.morphs import Morphs
from aetherist.data.heads.seeds import stream

_STYLES = ("bald", "buzz", "crop", "short", "swept", "tied", "bob", "fringe", "long", "wavy", "afro")
"""From none to much, so that neighbours on the scale look alike."""
_BEARDS = ((0.0, 0.3), (0.15, 0.2), (0.3, 0.15), (0.6, 0.1), (0.85, 0.15), (1.0, 0.1))
"""Levels that are drawn, and how often."""
_SPREAD = 2.2
"""Brings the logarithms of ethnicities' shares to about unit variance."""
assert set(_STYLES) == {"bald", *HAIR_STYLES}

ATTRIBUTE_SCORES = (
    "age", "gender", "smile", *ETHNICITIES, "hair_style", "hair_colour", "grey", "dyed", "beard",
)  # fmt: skip
"""What the first numbers of a latent stand for; the others are the details of shape, skin and eyes."""


def latent(attributes: Attributes, seed: int, morphs: Morphs) -> NDArray[np.float32]:
    """Return the normal scores of a head, ``(L,)``: those of its attributes, then those of its details.

    Two heads of one seed that differ in an attribute differ in that attribute's scores alone. Where an outcome leaves
    a score open (anybody without a smile could have been so more or less), the seed fills it in.
    """
    return np.concatenate([_attribute_scores(attributes, seed), _detail_scores(seed, morphs)]).astype(np.float32)


def _score(share: float) -> float:
    """Return the standard normal number that a share from 0 to 1 of all numbers is below."""
    return NormalDist().inv_cdf(min(max(share, 1e-3), 1 - 1e-3))


def _attribute_scores(attributes: Attributes, seed: int) -> list[float]:
    fill = dict(zip(ATTRIBUTE_SCORES, stream(seed, "latent").random(len(ATTRIBUTE_SCORES)), strict=True))
    female = attributes.gender > 0.5
    ends = 2 * NormalDist().cdf(min(attributes.gender, 1 - attributes.gender) / 0.08) - 1
    gender = 1 - 0.5 * ends if female else 0.5 * ends
    smile = 0.5 + 0.5 * (attributes.smile - 0.25) / 0.75 if attributes.smile else 0.5 * fill["smile"]
    beard = min(range(len(_BEARDS)), key=lambda level: abs(_BEARDS[level][0] - attributes.beard))
    styles, colours = style_odds(attributes), colour_odds(attributes)
    scores = {
        "age": _score((attributes.age - 18) / 64),
        "gender": _score(gender),
        "smile": _score(smile),
        **_ethnicity_scores(attributes, fill[ETHNICITIES[0]]),
        "hair_style": _choice(
            [styles.get(name, 0) for name in _STYLES], _STYLES.index(attributes.hair_style), fill["hair_style"]
        ),
        "hair_colour": _choice(colours, HAIR_COLOURS.index(attributes.hair_colour), fill["hair_colour"]),
        "grey": _grey_score(attributes, fill["grey"]),
        "dyed": _score((0.5 if attributes.grey else 0.0) + 0.5 * fill["dyed"]),
        "beard": _score(fill["beard"]) if female else _choice([odds for _, odds in _BEARDS], beard, fill["beard"]),
    }
    return [scores[name] for name in ATTRIBUTE_SCORES]


def _choice(odds: Sequence[float] | NDArray[np.float64], chosen: int, fill: float) -> float:
    """Return a score within the part of the scale that a choice takes among its alternatives."""
    shares = np.array(odds, float) / np.sum(odds)
    return _score(float(shares[:chosen].sum() + shares[chosen] * fill))


def _ethnicity_scores(attributes: Attributes, fill: float) -> dict[str, float]:
    """Return one score an ethnicity; their differences are the logarithms of the shares' ratios."""
    logs = np.log([max(getattr(attributes, name), 0.01) for name in ETHNICITIES])
    scores = (logs - logs.mean()) / _SPREAD + _score(fill) / 3**0.5
    return dict(zip(ETHNICITIES, scores.tolist(), strict=True))


def _grey_score(attributes: Attributes, fill: float) -> float:
    """Return how much greyer than usual at that age somebody is; open where no hair is grey, or all is."""
    usual = (attributes.age - 40) / 32
    if 0 < attributes.grey < 1:
        return (attributes.grey - usual) / 0.22
    if attributes.age <= 33 or (attributes.grey == 0 and attributes.gender > 0.5):
        return _score(fill)
    edge = NormalDist().cdf((attributes.grey - usual) / 0.22)
    return _score(edge * fill if attributes.grey == 0 else edge + (1 - edge) * fill)


def _detail_scores(seed: int, morphs: Morphs) -> list[float]:
    """Return the scores of what is drawn beside the attributes, each stream read as its user reads it."""
    shape = stream(seed, "shape")
    details = shape.standard_normal(1 + 2 * len(morphs.free))
    form = (int(shape.integers(7)) + stream(seed, "latent form").random()) / 7
    uniform = [form, shape.random()]
    normal = [details[0], *details[1::2], shape.standard_normal()]  # The others make faces uneven, hardly visibly.
    surface, brows = stream(seed, "surface"), stream(seed, "brow shape")
    normal += [*surface.standard_normal(5)]
    uniform += [*surface.random(12), brows.random()]
    normal += [brows.standard_normal(), *stream(seed, "gaze").standard_normal(3)]
    uniform += [brows.random(), stream(seed, "recession").random(), stream(seed, "hair colour").random()]
    uniform += [*stream(seed, "hair").random(2), stream(seed, "expression").random()]
    return [*(float(np.clip(value, -3, 3)) for value in normal), *map(_score, uniform)]
