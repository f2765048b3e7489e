"""What recipes are run by: a model, its plans, and what can be said of them before and after they run."""

from aetherist.graphs.model import Model

__all__ = ["Model"]
