"""Style directions, edits that follow them, and other things to do with styles."""

from aetherist.components.styles.directions import Direction, DirectionSet
from aetherist.components.styles.edits import Beyond, Edits
from aetherist.components.styles.mixing import mixed_layers, slerp
from aetherist.components.styles.parts import EditStyles, MixStyles, SlerpLatents, TruncateStyles

__all__ = [
    "Beyond",
    "Direction",
    "DirectionSet",
    "EditStyles",
    "Edits",
    "MixStyles",
    "SlerpLatents",
    "TruncateStyles",
    "mixed_layers",
    "slerp",
]
