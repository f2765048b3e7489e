"""Style directions of a model: learned from labels or from its weights, and measured."""

from aetherist.graphs.styles.keeping import load_regressor, save_regressor
from aetherist.graphs.styles.labels import ATTRIBUTES, Label, read_labels
from aetherist.graphs.styles.learning import METHODS, SOURCES, Learning, learn
from aetherist.graphs.styles.measuring import (
    STRENGTHS,
    Effect,
    Measured,
    Response,
    calibrated,
    measure,
    with_figures,
)
from aetherist.graphs.styles.people import People, digest_of
from aetherist.graphs.styles.regressor import AttributeRegressor, Target, train_regressor
from aetherist.graphs.styles.sight import Sight, errors_on_model, sight_of
from aetherist.graphs.styles.strips import strip
from aetherist.graphs.styles.unsupervised import Modulation, modulations

__all__ = [
    "ATTRIBUTES",
    "METHODS",
    "SOURCES",
    "STRENGTHS",
    "AttributeRegressor",
    "Effect",
    "Label",
    "Learning",
    "Measured",
    "Modulation",
    "People",
    "Response",
    "Sight",
    "Target",
    "calibrated",
    "digest_of",
    "errors_on_model",
    "learn",
    "load_regressor",
    "measure",
    "modulations",
    "read_labels",
    "save_regressor",
    "sight_of",
    "strip",
    "train_regressor",
    "with_figures",
]
