"""Named streams of random numbers, so that one choice can change while all others stay."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the generator of one purpose ("skin", "light", ...) of a seed; streams do not depend on each other."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def child_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Return a seed of 31 bits that follows from a seed, a purpose and a number."""
    return int(np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), index]).generate_state(1)[0]) >> 1
