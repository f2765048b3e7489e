"""Cuts a surface open and lays it flat, with xatlas, in a process of its own: it may end that process.

Run as ``python unwrapping.py IN.npz OUT.npz``; nothing of Aetherist is imported, so that it starts at once.
"""

from __future__ import annotations

import sys

import numpy as np
import xatlas


def main(source: str, target: str) -> None:
    """Read ``vertices``, ``faces`` and ``size``; write ``places``, ``faces`` and ``uv``."""
    with np.load(source) as given:
        vertices, faces, size = given["vertices"], given["faces"], int(given["size"])
    atlas = xatlas.Atlas()
    atlas.add_mesh(vertices, faces)
    options = xatlas.PackOptions()
    options.resolution = size
    options.padding = 2
    atlas.generate(pack_options=options)
    places, corners, uv = atlas[0]
    np.savez(target, places=places, faces=corners, uv=uv)


if __name__ == "__main__":
    main(*sys.argv[1:])
