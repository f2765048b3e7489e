"""Work that outlives its request: rows of a database that servers take, work at, and finish once."""

from aetherist.serve.jobs.runner import JobRunner

__all__ = ["JobRunner"]
