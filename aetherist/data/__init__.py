"""Data sets: read, checked, shown, and made.

``layout`` says how they lie on disk; ``ImageDataset`` and ``ImageStream`` read them, ``check_dataset`` says what is
wrong with one, and ``aetherist.data.heads`` makes one from nothing.
"""

from aetherist.data.check import DataReport, Finding, check_dataset
from aetherist.data.dataset import ImageDataset
from aetherist.data.layout import Index, Record
from aetherist.data.mirror import mirror_camera
from aetherist.data.sample import sample_path
from aetherist.data.stream import ImageStream, StreamSampler

__all__ = [
    "DataReport",
    "Finding",
    "ImageDataset",
    "ImageStream",
    "Index",
    "Record",
    "StreamSampler",
    "check_dataset",
    "mirror_camera",
    "sample_path",
]
