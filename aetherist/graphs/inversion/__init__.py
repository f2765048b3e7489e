"""From a photograph to the person that a model makes of it: camera, styles, and a model tuned to them where asked.

Read it in this order: ``photo`` (the picture and its mask), ``space`` (where a model's styles lie), ``objective``
(how like two pictures are), ``search`` (where to begin), ``fit`` (styles by gradients), ``tuning`` (the model too).
"""

from aetherist.graphs.inversion.fit import Inversion, Settings, Stages, Step, invert
from aetherist.graphs.inversion.objective import Weights
from aetherist.graphs.inversion.photo import Photo, read_photo
from aetherist.graphs.inversion.space import StyleSpace

__all__ = ["Inversion", "Photo", "Settings", "Stages", "Step", "StyleSpace", "Weights", "invert", "read_photo"]
