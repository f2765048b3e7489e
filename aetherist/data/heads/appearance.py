"""Colours and skin: what a person's surface looks like, apart from its shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.attributes import ETHNICITIES, Attributes
from aetherist.data.heads.seeds import stream

Colour = NDArray[np.float64]
Uniforms = dict[str, Any]


def linear(red: float, green: float, blue: float) -> Colour:
    """Return a colour of 0 to 255 as linear light."""
    return (np.array([red, green, blue]) / 255) ** 2.2


_SKIN = {"european": linear(230, 190, 166), "asian": linear(222, 182, 149), "african": linear(106, 77, 60)}
_LIPS = {"european": linear(190, 116, 107), "asian": linear(184, 110, 99), "african": linear(116, 70, 64)}
_REDNESS = {"european": 0.75, "asian": 0.5, "african": 0.25}
_IRISES = {
    "european": [(96, 128, 160), (84, 110, 96), (120, 92, 56), (90, 62, 40), (120, 140, 150)],
    "asian": [(62, 40, 26), (46, 30, 20)],
    "african": [(52, 34, 22), (40, 26, 18)],
}
_CLOTHES = [
    (40, 44, 52), (70, 74, 84), (150, 150, 150), (230, 228, 222), (52, 70, 100), (110, 44, 44),
    (60, 84, 66), (180, 160, 130), (30, 30, 32),
]  # fmt: skip
_HAIR = {
    "black": linear(38, 31, 28),
    "dark": linear(58, 43, 34),
    "brown": linear(86, 60, 42),
    "light": linear(134, 100, 66),
    "blond": linear(178, 148, 108),
    "red": linear(104, 62, 42),
}
_GREY, _WHITE = linear(152, 148, 144), linear(206, 203, 198)


def hair_colour(attributes: Attributes, seed: int) -> tuple[Colour, Colour]:
    """Return the natural colour of the hair, and the colour it has on average once part of it is grey."""
    natural = _HAIR[attributes.hair_colour] * stream(seed, "hair colour").uniform(0.85, 1.2)
    return natural, natural * (1 - attributes.grey) + _GREY * attributes.grey


def strand_colours(attributes: Attributes, seed: int, count: int, purpose: str) -> Colour:
    """Return one colour a strand, ``(count, 3)``: natural ones, and grey ones by their share.

    At a distance a mixture of black and white strands sparkles; each strand is drawn towards the average.
    """
    random = stream(seed, f"{purpose} colours")
    natural, average = hair_colour(attributes, seed)
    own = natural * np.exp(0.18 * random.standard_normal((count, 1)))
    white = _WHITE * random.uniform(0.6, 1.0, (count, 1))
    mixed = np.where(random.random((count, 1)) < attributes.grey, white, own)
    drawn: Colour = 0.4 * mixed + 0.6 * average
    return drawn


def ancestry(attributes: Attributes) -> NDArray[np.float64]:
    """Return the shares of european, asian and african ancestry, which sum to 1."""
    shares = np.array([getattr(attributes, name) for name in ETHNICITIES])
    normalised: NDArray[np.float64] = shares / shares.sum()
    return normalised


def blend(colours: dict[str, Colour], shares: NDArray[np.float64]) -> Colour:
    """Return the geometric mean of the ethnicities' colours, weighted by their shares: what pigment does."""
    mixed: Colour = np.exp(shares @ np.log([colours[name] for name in ETHNICITIES]))
    return mixed


def surface(attributes: Attributes, seed: int) -> Uniforms:
    """Return the uniforms of the skin, eye and cloth shaders for a person."""
    random = stream(seed, "surface")
    shares = ancestry(attributes)
    old = float(np.clip((attributes.age - 28) / 50, 0, 1))
    tone, warmth, sallow, lip_tone, freckles = random.standard_normal(5)
    skin = blend(_SKIN, shares) * np.exp((0.08 + 0.16 * shares[2]) * tone)
    skin = skin * np.array([1, 1 - 0.03 * warmth, 1 - 0.06 * sallow])
    pale = skin.mean() * np.array([1.10, 1.0, 0.86])
    # Old skin has less blood and less bounce: it is paler, yellower, duller.
    skin = skin + 0.40 * old * (pale - skin)
    lips = blend(_LIPS, shares) * np.exp((0.06 + 0.08 * shares[2]) * lip_tone)
    painted = random.random() < 0.6
    made_up = float(attributes.gender > 0.5 and painted)
    lips = lips * (1 - made_up * np.array([-0.12, 0.18, 0.14]))
    lips = lips + 0.45 * old * (1 - 0.6 * made_up) * (skin * 0.8 - lips)
    main = ETHNICITIES[int(shares.argmax())]
    irises = _IRISES[main]
    iris = irises[int(random.random() * len(irises))]
    cloth = _CLOTHES[int(random.random() * len(_CLOTHES))]
    redness = sum(share * _REDNESS[name] for name, share in zip(ETHNICITIES, shares, strict=True))
    _, hair = hair_colour(attributes, seed)
    return {
        "skin_colour": skin,
        "lip_colour": lips,
        "cloth_colour": linear(*cloth) * random.uniform(0.7, 1.2),
        "hair_colour": hair,
        "redness": float(redness * random.uniform(0.7, 1.3) * (1 - 0.35 * old)),
        "freckles": float(np.clip(0.4 * freckles - 0.1, 0, 1) * shares[0]),
        "age": old,
        "gloss": float(random.uniform(0.55, 1.0) * (1 - 0.2 * shares[2]) * (1 - 0.35 * old)),
        "pattern": random.random(3) * 8,
        "neckline": float(random.uniform(5.50, 5.80)),
        "iris_colour": linear(*iris) * 1.6 * (1 - 0.25 * old),
        "pupil": float(random.uniform(0.26, 0.38)),
        "teeth_colour": linear(236, 228, 214) * random.uniform(0.85, 1.0) * (1 - old * np.array([0.12, 0.18, 0.32])),
        "hair_gloss": float(shares @ [1.5, 1.8, 0.9]),
    }
