"""EG3D-format checkpoints: the training-snapshot pickle, and its state dict as safetensors.

report = import_eg3d(Path("network-snapshot.pkl"), Path("models/faces"))
print(report.text())
"""

from aetherist.interop.eg3d.importing import import_eg3d
from aetherist.interop.eg3d.report import ComponentReport, ImportReport

__all__ = ["ComponentReport", "ImportReport", "import_eg3d"]
