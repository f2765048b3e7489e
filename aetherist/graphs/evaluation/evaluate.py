"""Everything that was asked for, measured; what cannot be is said."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aetherist.graphs.evaluation import consistency, distribution, people, truth
from aetherist.graphs.evaluation.context import Context, Settings, Tell
from aetherist.graphs.evaluation.reality import Reality
from aetherist.graphs.evaluation.report import METRICS, Evaluation, Figure, Missing, UnavailableError
from aetherist.graphs.evaluation.subject import ModelSubject, Subject
from aetherist.graphs.model import Model

_GROUPS: tuple[tuple[tuple[str, ...], Callable[[Context], list[Figure | Missing]]], ...] = (
    (distribution.NAMES, distribution.measure_distribution),
    (people.NAMES, people.measure_people),
    (consistency.NAMES, consistency.measure_consistency),
    (truth.NAMES, truth.measure_truth),
)


def _silent(line: str) -> None:
    del line


def evaluate(
    model: Model | Subject,
    data: str | Path,
    settings: Settings | None = None,
    *,
    tell: Tell = _silent,
) -> Evaluation:
    """Measure a model against data.

    The same arguments give the same figures on one machine.

    Args:
        model: A model on the device to use, or whatever shows people as one does.
        data: A folder or a zip in the layout of :mod:`aetherist.data`.
        settings: What to measure and how.
        tell: Takes lines that say how far it is.

    Raises:
        ValueError: If the data is malformed or too small, or the model cannot be shown from cameras.
    """
    settings = settings or Settings()
    started = time.perf_counter()
    facts: dict[str, Any] = {}
    if isinstance(model, Model):
        manifest = model.manifest
        facts = {"name": model.recipe.name, "recipe": model.recipe.digest}
        facts["digest"] = manifest.digest if manifest is not None else None
        model = ModelSubject(model, graph=settings.graph, psi=settings.psi)
    reality = Reality(data, model.resolution)
    context = Context.of(model, reality, settings, tell)
    found: list[Figure | Missing] = []
    for names, measure in _GROUPS:
        wanted = [name for name in names if context.wants(name)]
        if not wanted:
            continue
        try:
            found += measure(context)
        except UnavailableError as error:
            found += [Missing(name, error.reason, error.fix) for name in wanted]
    order = list(METRICS)
    found.sort(key=lambda each: order.index(each.metric))
    return Evaluation(
        model={**facts, "conditioned": model.conditioned, "resolution": model.resolution},
        data={
            "path": str(data),
            "pictures": len(reality),
            "people": int(reality.identities.max()) + 1 if reality.known else None,
            "compared_at": reality.resolution,
            "about": reality.about,
        },
        settings={
            "images": context.images,
            "seed": settings.seed,
            "graph": settings.graph,
            "psi": settings.psi,
            "metrics": list(settings.metrics),
            "features": settings.features,
            "identity": settings.identity,
            "perceptual": settings.perceptual,
        },
        figures=tuple(each for each in found if isinstance(each, Figure)),
        missing=tuple(each for each in found if isinstance(each, Missing)),
        seconds=time.perf_counter() - started,
    )
