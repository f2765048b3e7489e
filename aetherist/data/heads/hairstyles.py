"""The hair styles, as numbers for the growing in ``hair``: a table to read, compare and add to."""

from __future__ import annotations

import attrs


@attrs.frozen
class HairStyle:
    """How hair grows and falls. Lengths in decimetres.

    Attributes:
        length: From root to tip.
        uneven: How much lengths differ, as a share.
        points: Along a strand.
        strands: How many, at the finest level of detail.
        width: Of a strand; a drawn strand stands for a lock of real hairs.
        lift: How steeply hair leaves the skin, from 0 (flat) to 1 (upright).
        layer: How thick the hair lies on the head.
        hug: How closely hair follows the skull, from 0 to 1.
        gravity: How soon hair turns down.
        part: Where the parting is, from the middle to the side.
        sideways: Combed away from the parting.
        back: Combed back.
        forward: Combed forward.
        down: Combed down.
        taper: How much shorter the sides and the nape are than the top, as a share.
        front: How long the hair of the forehead is, as a share.
        face: The angle from straight ahead, in degrees, that hanging hair keeps free; 0 for none.
        mess: How much directions differ.
        clumps: How many locks the strands gather into; 0 for none.
        clump: How closely they gather.
        curl: Radius of curls.
        turns: Radians of curl a decimetre.
        bun: Whether the hair is tied into a bun.
    """

    length: float
    uneven: float = 0.12
    points: int = 14
    strands: int = 12000
    width: float = 0.007
    lift: float = 0.1
    layer: float = 0.1
    hug: float = 0.8
    gravity: float = 0.5
    part: float = 0.1
    sideways: float = 0.0
    back: float = 0.0
    forward: float = 0.0
    down: float = 1.0
    taper: float = 0.0
    front: float = 1.0
    face: float = 0.0
    mess: float = 0.4
    clumps: int = 300
    clump: float = 0.5
    curl: float = 0.0
    turns: float = 0.0
    bun: bool = False


HAIR_STYLES: dict[str, HairStyle] = {
    "buzz": HairStyle(
        length=0.07, uneven=0.2, points=4, strands=15000, width=0.0062, lift=0.4, layer=0.01, hug=0, gravity=0,
        forward=0.4, down=0.5, mess=0.9, clumps=0,
    ),
    "crop": HairStyle(
        length=0.21, uneven=0.2, points=10, strands=14000, width=0.0072, lift=0.8, layer=0.02, hug=0, gravity=0,
        down=0.2, taper=0.45, mess=0.9, clumps=0, curl=0.020, turns=42,
    ),
    "short": HairStyle(
        length=0.56, uneven=0.20, points=9, strands=14000, width=0.006, lift=0.34, layer=0.09, hug=0.35, gravity=0.14,
        part=0.22, sideways=0.7, back=0.1, forward=0.5, down=0.8, taper=0.80, front=0.8, mess=0.6, clumps=380,
    ),
    "swept": HairStyle(
        length=0.85, uneven=0.15, points=11, strands=14000, width=0.006, lift=0.42, layer=0.10, hug=0.45, gravity=0.10,
        part=0.3, sideways=0.35, back=1.1, down=0.6, taper=0.80, mess=0.35, clumps=340,
    ),
    "bob": HairStyle(
        length=1.6, points=16, width=0.0076, lift=0.12, layer=0.14, gravity=0.55, part=0.14, sideways=0.9, back=0.3,
        face=48, mess=0.35, clumps=300, clump=0.45,
    ),
    "fringe": HairStyle(
        length=2.3, points=16, width=0.0072, lift=0.12, layer=0.15, gravity=0.55, part=0.0, back=0.1, forward=0.9,
        front=0.27, face=50, mess=0.25, clumps=320, clump=0.4,
    ),
    "long": HairStyle(
        length=3.5, uneven=0.08, points=18, width=0.0078, lift=0.10, layer=0.15, gravity=0.6, part=0.08, sideways=0.8,
        back=0.5, face=52, mess=0.35, clumps=260, curl=0.015, turns=3,
    ),
    "wavy": HairStyle(
        length=3.0, points=24, width=0.0078, lift=0.16, layer=0.20, hug=0.7, gravity=0.52, part=-0.15, sideways=0.8,
        back=0.45, face=52, mess=0.4, clumps=220, clump=0.6, curl=0.075, turns=6.5,
    ),
    "tied": HairStyle(
        length=1.15, points=12, strands=12000, width=0.0065, lift=0.1, layer=0.05, gravity=0, part=0, back=1.6,
        down=0.15, mess=0.2, clumps=380, bun=True,
    ),
    "afro": HairStyle(
        length=0.66, uneven=0.12, points=16, strands=13000, width=0.0078, lift=1.0, layer=0.03, hug=0, gravity=0,
        down=0, mess=0.9, clumps=0, curl=0.046, turns=26,
    ),
}  # fmt: skip
"""The styles by name; ``bald`` is the absence of one."""
