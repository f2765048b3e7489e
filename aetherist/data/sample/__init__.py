"""A small data set that comes with the package: 16 heads, 4 views each, 64 pixels, with masks and depths.

Made by ``render_heads(path, identities=16, views=4, resolution=64, seed=0)``; for tests and a first look.
"""

from __future__ import annotations

from pathlib import Path


def sample_path() -> Path:
    """Return the path of the sample, a zip."""
    return Path(__file__).with_name("heads64.zip")
