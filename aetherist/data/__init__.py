"""Data sets: read, checked, shown, and made.

``layout`` says how they lie on disk; ``ImageDataset`` reads them, and ``TrainingData`` hands a trainer the fields it
names; ``check_dataset`` says what is wrong with one, and ``aetherist.data.heads`` makes one from nothing.
"""

from aetherist.data.check import DataReport, Finding, check_dataset
from aetherist.data.dataset import ImageDataset
from aetherist.data.layout import Index, Record
from aetherist.data.mirror import mirror_camera
from aetherist.data.sample import sample_path
from aetherist.data.training import TrainingData

__all__ = [
    "DataReport",
    "Finding",
    "ImageDataset",
    "Index",
    "Record",
    "TrainingData",
    "check_dataset",
    "mirror_camera",
    "sample_path",
]
