"""Style directions, edits that follow them, and other things to do with styles."""

from aetherist.components.styles.directions import Direction, DirectionSet
from aetherist.components.styles.edits import Beyond, Edits
from aetherist.components.styles.mixing import mixed_layers, slerp

__all__ = ["Beyond", "Direction", "DirectionSet", "Edits", "mixed_layers", "slerp"]
