"""What an evaluation found: figures with their intervals, and what could not be measured, with the reason."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from aetherist.graphs.evaluation.intervals import Estimate


@attrs.frozen
class Metric:
    """One thing that can be measured.

    Attributes:
        what: One line for readers.
        unit: Of its figures; empty for plain numbers.
        better: Which way is better.
    """

    what: str
    unit: str
    better: Literal["lower", "higher"]


METRICS = {
    "fid": Metric("Frechet distance of features, generated against real", "", "lower"),
    "kid": Metric("kernel distance of features (squared MMD), generated against real", "", "lower"),
    "fid3d": Metric("FID of people conditioned on the frontal pose, seen from the cameras of the data", "", "lower"),
    "pose": Metric("angle between the camera asked for and the one the picture seems taken from", "degrees", "lower"),
    "identity": Metric("cosine of face embeddings, one person from two cameras", "", "higher"),
    "others": Metric("cosine of face embeddings, two people from two cameras", "", "lower"),
    "reprojection": Metric("distance of a surface seen by two cameras, from depth alone", "% of head size", "lower"),
    "photometric": Metric("difference of colour of a surface seen by two cameras, 0 to 1", "", "lower"),
    "depth": Metric("error of depth where the data's people and the model's overlap", "% of head size", "lower"),
    "iou": Metric("overlap of the masks of a person, intersection over union", "", "higher"),
    "psnr": Metric("peak signal-to-noise ratio of the picture of a known person", "dB", "higher"),
    "ssim": Metric("structural similarity of the picture of a known person", "", "higher"),
    "lpips": Metric("perceptual distance of the picture of a known person", "", "lower"),
}
"""Everything that can be asked for, in the order of the report."""


@attrs.frozen
class Figure:
    """One measured number.

    Attributes:
        metric: Its key in ``METRICS``.
        estimate: The number with its interval.
        images: How many pictures of the model it is made of.
        yardstick: The same measure of the data itself: one half against the other.
        yardstick_images: How many pictures of each half that is made of.
        network: Label of the network that it is measured with.
        standard: Whether that is the network of papers; None where no network is involved.
        notes: What a reader must know to read it right.
        details: The number in parts, ready for JSON.
    """

    metric: str
    estimate: Estimate
    images: int
    yardstick: Estimate | None = None
    yardstick_images: int | None = None
    network: str | None = None
    standard: bool | None = None
    notes: tuple[str, ...] = ()
    details: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        metric = METRICS[self.metric]
        yardstick = None
        if self.yardstick is not None:
            yardstick = {**attrs.asdict(self.yardstick), "images": self.yardstick_images}
        return {
            "metric": self.metric,
            **attrs.asdict(self.estimate),
            "unit": metric.unit,
            "better": metric.better,
            "what": metric.what,
            "images": self.images,
            "real": yardstick,
            "network": self.network,
            "comparable_with_papers": self.standard,
            "notes": list(self.notes),
            "details": list(self.details),
        }


@attrs.frozen
class Missing:
    """A metric that was asked for and could not be measured.

    Attributes:
        metric: Its key in ``METRICS``.
        reason: Why.
        fix: What to do to get it.
    """

    metric: str
    reason: str
    fix: str


class UnavailableError(ValueError):
    """Metrics that cannot be measured here; becomes :class:`Missing`."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason, self.fix = reason, fix


@attrs.frozen
class Evaluation:
    """All that was found.

    Attributes:
        model: Name, digest and weights of the model.
        data: What it was compared with.
        settings: How it was measured.
        figures: What was measured.
        missing: What was asked for and could not be.
        seconds: How long it took.
    """

    model: dict[str, Any]
    data: dict[str, Any]
    settings: dict[str, Any]
    figures: tuple[Figure, ...]
    missing: tuple[Missing, ...]
    seconds: float

    def __getitem__(self, metric: str) -> Figure:
        """Return a figure by the name of its metric.

        Raises:
            KeyError: If it was not measured.
        """
        for figure in self.figures:
            if figure.metric == metric:
                return figure
        raise KeyError(metric)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "model": self.model,
            "data": self.data,
            "settings": self.settings,
            "figures": [figure.to_dict() for figure in self.figures],
            "missing": [attrs.asdict(each) for each in self.missing],
            "seconds": round(self.seconds, 1),
        }
