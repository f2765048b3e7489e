"""Mixes faces from morph targets: who somebody is, how old, and what the face does."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.attributes import Attributes
from aetherist.data.heads.bake import MORPHS, STEP
from aetherist.data.heads.seeds import stream

Vertices = NDArray[np.float64]
Weights = dict[str, float]

_OPPOSITES = (
    ("incr", "decr"), ("up", "down"), ("in", "out"), ("forward", "backward"),
    ("convex", "concave"), ("uncompress", "compress"),
)  # fmt: skip
_FIXED = ("-trans-", "head-age", "head-angle", "neck-double", "neck-back", "measure", "eye-bag", "laugh-lines")
_GENTLE = ("ear", "nose-nostrils-angle", "mouth-cupidsbow", "eye-push", "epicanthus", "nose-compression")
_SHAPES = ("oval", "round", "rectangular", "square", "triangular", "invertedtriangular", "diamond")


@cache
def load() -> dict[str, NDArray[Any]]:
    """Return the arrays of ``morphs.npz``, read once a process."""
    with np.load(MORPHS) as file:
        return {name: file[name] for name in file.files}


class Morphs:
    """The template face and its morph targets.

    ``mix`` gives positions of the base mesh in decimetres, ``(V, 3)``; ``align`` says how to move them so that the
    eyes are where the template has them and regions defined on the template stay true.
    """

    def __init__(self) -> None:
        arrays = load()
        self.template: Vertices = arrays["vertices"] * (STEP / 10)
        self.names = [str(name) for name in arrays["names"]]
        touched = np.unpackbits(arrays["touched"].view(np.uint8), axis=1, count=len(self.template)).astype(bool)
        bounds = np.concatenate([[0], touched.sum(1).cumsum()])
        moved = arrays["moved"]
        self._targets = {
            name: (np.flatnonzero(touched[i]), moved[bounds[i] : bounds[i + 1]] * STEP)
            for i, name in enumerate(self.names)
        }
        self._eyes = [arrays[f"{side}_eye_joint"] for side in ("left", "right")]
        self.free = self._free_pairs()

    def _free_pairs(self) -> list[tuple[str, str]]:
        """Return the pairs of opposite local changes that make faces differ, the right side's left out."""
        pairs = []
        for name in self.names:
            stem, _, last = name.rpartition("-")
            opposite = dict(_OPPOSITES).get(last)
            other = f"{stem}-{opposite}"
            skipped = name.startswith("r-") or any(word in name for word in _FIXED)
            if opposite and other in self._targets and not skipped:
                pairs.append((name, other))
        return pairs

    def mix(self, weights: Weights) -> Vertices:
        """Return the template plus every target times its weight, ``(V, 3)``."""
        vertices = self.template.copy()
        for name, weight in weights.items():
            rows, offsets = self._targets[name]
            vertices[rows] += weight * offsets
        return vertices

    def eyes(self, vertices: Vertices) -> tuple[Vertices, Vertices]:
        """Return the centres of the left and the right eye, ``(3,)`` each."""
        left, right = (vertices[rows].mean(0) for rows in self._eyes)
        return left, right

    def align(self, vertices: Vertices) -> Vertices:
        """Return how far to move ``vertices`` so that the middle between the eyes is where the template has it."""
        shift: Vertices = np.mean(self.eyes(self.template), 0) - np.mean(self.eyes(vertices), 0)
        return shift

    def identity(self, attributes: Attributes, seed: int) -> Weights:
        """Return the weights of a neutral face: ancestry, gender, age and weight, then chance."""
        random = stream(seed, "shape")
        old = float(np.clip((attributes.age - 25) / 60, 0, 1))
        ages = {"young": 1 - old, "old": old}
        genders = {"male": 1 - attributes.gender, "female": attributes.gender}
        races = {"caucasian": attributes.european, "asian": attributes.asian, "african": attributes.african}
        weight = float(np.clip(0.5 + 0.17 * random.standard_normal(), 0.05, 0.95))
        builds = {
            "minweight": max(0.0, 1 - 2 * weight),
            "averageweight": 1 - abs(2 * weight - 1),
            "maxweight": max(0.0, 2 * weight - 1),
        }
        weights = {
            f"{race}-{gender}-{age}": a * b * c
            for race, a in races.items() for gender, b in genders.items() for age, c in ages.items()
        }  # fmt: skip
        weights |= {
            f"universal-{gender}-{age}-averagemuscle-{build}": a * b * c
            for gender, a in genders.items() for age, b in ages.items() for build, c in builds.items()
        }  # fmt: skip
        for more, less in self.free:
            value = float(np.clip(random.normal(0, 0.25), -0.65, 0.65))
            value *= 0.6 if any(word in more for word in _GENTLE) else 1.0
            skew = 0.04 * float(random.standard_normal())
            sides = [("l-", value), ("r-", value + skew)] if more.startswith("l-") else [("", value)]
            for side, amount in sides:
                name = (more if amount > 0 else less).removeprefix("l-")
                weights[side + name] = abs(amount)
        shape = _SHAPES[random.integers(len(_SHAPES))]
        weights[f"head-{shape}"] = 0.35 * float(random.random())
        return _added(weights, ageing(old, attributes.gender, random))

    def expression(self, attributes: Attributes, seed: int) -> Weights:
        """Return the face units of a smile from 0 to 1; how much of the teeth it shows differs between people."""
        random = stream(seed, "expression")
        smile = attributes.smile
        open_ = smile * (0.45 + 0.55 * float(random.random())) * max(0.0, smile - 0.2) / 0.8
        tired = float(np.clip((attributes.age - 40) / 40, 0, 1))
        blink = 0.09 + 0.05 * tired + max(0.0, 0.04 * float(random.standard_normal()))
        weights = {"jawOpen": 0.13 * open_}
        for side in ("Left", "Right"):
            weights |= {
                f"mouthSmile{side}": 0.95 * smile,
                f"cheekSquint{side}": 0.50 * smile,
                f"eyeSquint{side}": 0.25 * smile,
                f"mouthDimple{side}": 0.20 * smile,
                f"mouthUpperUp{side}": 1.25 * open_,
                f"mouthLowerDown{side}": 0.55 * open_,
                f"eyeBlink{side}": blink,
            }
        return weights


def ageing(old: float, gender: float, random: np.random.Generator) -> Weights:
    """Return the local changes of age from 0 (25 years) to 1 (85): what sags, folds, thins and grows."""
    amount = old**1.2 * float(np.clip(random.normal(1, 0.15), 0.7, 1.3))
    weights = {
        "head-age-incr": 0.35,
        "mouth-angles-down": 0.30,
        "mouth-upperlip-volume-decr": 0.45,
        "mouth-lowerlip-volume-decr": 0.40,
        "mouth-laugh-lines-in": 0.60,
        "neck-double-incr": 0.35 + 0.2 * gender,
        "nose-point-down": 0.22,
        "nose-scale-vert-incr": 0.20,
        "eyebrows-trans-down": 0.25 * (1 - gender),
    }
    for side in "lr":
        weights |= {
            f"{side}-eye-bag-incr": 0.80,
            f"{side}-eye-bag-out": 0.45,
            f"{side}-eye-eyefold-down": 0.45,
            f"{side}-cheek-volume-decr": 0.30,
            f"{side}-cheek-trans-down": 0.45,
            f"{side}-ear-scale-vert-incr": 0.30,
            f"{side}-ear-lobe-incr": 0.35,
        }
    return {name: weight * amount for name, weight in weights.items()}


def _added(*groups: Weights) -> Weights:
    total: Weights = {}
    for group in groups:
        for name, weight in group.items():
            total[name] = total.get(name, 0.0) + weight
    return total
