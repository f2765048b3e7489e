"""Light and background, each from its own seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.seeds import stream

Vectors = NDArray[np.float64]
Uniforms = dict[str, Any]


def sphere(count: int) -> Vectors:
    """Return ``count`` directions spread evenly over the sphere, ``(count, 3)`` (a Fibonacci lattice)."""
    index = np.arange(count) + 0.5
    angle = np.pi * (1 + 5**0.5) * index
    y = 1 - 2 * index / count
    ring = np.sqrt(1 - y * y)
    return np.stack([ring * np.cos(angle), y, ring * np.sin(angle)], 1)


def harmonics(directions: Vectors) -> Vectors:
    """Return the first nine real spherical harmonics of directions, ``(N, 9)``."""
    x, y, z = directions.T
    one = np.ones_like(x)
    return np.stack(
        [
            0.282095 * one, 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y, 1.092548 * y * z,
            0.315392 * (3 * z * z - 1), 1.092548 * x * z, 0.546274 * (x * x - y * y),
        ],
        1,
    )  # fmt: skip


def sample_light(seed: int) -> Uniforms:
    """Draw a key light, a rim light opposite to it, and a surrounding of sky, ground and three soft windows.

    The surrounding is kept as spherical harmonics (Ramamoorthi and Hanrahan, 2001).
    """
    random = stream(seed, "light")
    side, height = random.uniform(-1.1, 1.1), random.uniform(0.25, 0.95)
    key = np.array([np.sin(side) * np.cos(height), np.sin(height), np.cos(side) * np.cos(height)])
    behind = side - np.sign(side) * 0.75 * np.pi + 0.3 * random.standard_normal()
    rim = np.array([np.sin(behind), 0.35, np.cos(behind)])
    warmth = np.array([1.06, 1.0, 0.92]) ** random.standard_normal()
    hue = 1 + 0.08 * random.standard_normal(3)
    directions = sphere(400)
    up = directions[:, 1:2] * 0.5 + 0.5
    brightness = np.where(up > 0.5, 0.30 + 0.90 * up, 0.30 + 0.50 * up)
    around = brightness * hue * (np.array([0.95, 1.0, 1.08]) * up + np.array([0.42, 0.38, 0.34]) * (1 - up))
    for _ in range(3):
        window = random.standard_normal(3)
        window[1] = abs(window[1])
        window /= np.linalg.norm(window)
        colour = random.uniform(0.5, 1.8) * (1 + 0.12 * random.standard_normal(3))
        around = around + np.exp(8 * (directions @ window - 1))[:, None] * colour
    return {
        "around": 0.62 * 4 * np.pi / len(directions) * harmonics(directions).T @ around,
        "key_direction": key,
        "key_colour": 2.9 * random.uniform(0.75, 1.25) * warmth,
        "rim_direction": rim / np.linalg.norm(rim),
        "rim_colour": np.array([0.9, 0.95, 1.05]) * random.uniform(0.2, 0.9),
        "shadow_blur": float(random.uniform(0.004, 0.010)),
        "exposure": 0.68,
    }


def sample_background(seed: int) -> Uniforms:
    """Draw a soft two-coloured backdrop; colours are linear."""
    random = stream(seed, "background")
    colour = random.random(3) * 0.12 + random.uniform(0.03, 0.55)
    return {
        "backdrop_low": colour * 0.75,
        "backdrop_high": np.minimum(colour * 1.2, 0.9),
        "backdrop_shift": random.random(3) * 8,
    }


def studio_light() -> Uniforms:
    """Return the light of a photographer's studio: a soft key from above one side, and the others filled in."""
    directions = sphere(400)
    up = directions[:, 1:2] * 0.5 + 0.5
    around = (0.62 + 0.55 * up) * (np.array([1.0, 1.0, 1.02]) * up + np.array([0.6, 0.58, 0.56]) * (1 - up))
    key = np.array([0.42, 0.52, 0.74])
    return {
        "around": 0.62 * 4 * np.pi / len(directions) * harmonics(directions).T @ around,
        "key_direction": key / np.linalg.norm(key),
        "key_colour": 2.5 * np.array([1.02, 1.0, 0.97]),
        "rim_direction": np.array([-0.75, 0.35, -0.56]),
        "rim_colour": np.array([0.45, 0.47, 0.5]),
        "shadow_blur": 0.008,
        "exposure": 0.72,
    }


def studio_background() -> Uniforms:
    """Return a backdrop that is the same light grey everywhere, so that it says nothing about the head before it."""
    grey = np.full(3, 0.62)
    return {"backdrop_low": grey, "backdrop_high": grey, "backdrop_shift": np.zeros(3)}
