"""Training: phases over graphs, on any number of processes, stopped and gone on with at will."""

from aetherist.graphs.training.checking import check_training
from aetherist.graphs.training.data import Dataset
from aetherist.graphs.training.distributed import World
from aetherist.graphs.training.errors import NonFiniteError, TrainingError
from aetherist.graphs.training.folders import RunFolder
from aetherist.graphs.training.loop import Trainer
from aetherist.graphs.training.spec import TrainingSpec

__all__ = [
    "Dataset",
    "NonFiniteError",
    "RunFolder",
    "Trainer",
    "TrainingError",
    "TrainingSpec",
    "World",
    "check_training",
]
