"""How good a model is, measured against data: ``evaluate``, what it takes and what it returns."""

from aetherist.graphs.evaluation.context import Settings
from aetherist.graphs.evaluation.evaluate import evaluate
from aetherist.graphs.evaluation.intervals import Estimate
from aetherist.graphs.evaluation.report import METRICS, Evaluation, Figure, Metric, Missing
from aetherist.graphs.evaluation.subject import ModelSubject, Subject

__all__ = [
    "METRICS",
    "Estimate",
    "Evaluation",
    "Figure",
    "Metric",
    "Missing",
    "ModelSubject",
    "Settings",
    "Subject",
    "evaluate",
]
