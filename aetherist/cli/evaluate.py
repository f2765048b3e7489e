"""``aetherist evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter
from cyclopts.types import PositiveInt
from rich.text import Text

from aetherist.cli.console import columns, say, show, write
from aetherist.cli.failures import FAULTY, UsageError, asked
from aetherist.cli.graphs import graph_name
from aetherist.cli.options import Device, Graph, Overrides, Source

if TYPE_CHECKING:
    from aetherist.graphs.evaluation import Estimate, Evaluation, Figure

WHAT = Group("Measures", sort_key=1)
NETWORKS = Group("Networks", sort_key=2)
FILES = Group("Files", sort_key=3)
MODEL = Group("Model", sort_key=4)
MACHINE = Group("Machine", sort_key=5)


def evaluate(
    model: Source,
    /,
    *,
    data: Annotated[Path, Parameter(group=WHAT)],
    metrics: Annotated[str | None, Parameter(group=WHAT)] = None,
    images: Annotated[PositiveInt | None, Parameter(group=WHAT)] = None,
    seed: Annotated[int, Parameter(group=WHAT)] = 0,
    features: Annotated[str | None, Parameter(group=NETWORKS)] = None,
    identity: Annotated[str | None, Parameter(group=NETWORKS)] = None,
    perceptual: Annotated[str | None, Parameter(group=NETWORKS)] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="", group=FILES)] = False,
    out: Annotated[Path | None, Parameter(group=FILES)] = None,
    trunc: Annotated[float | None, Parameter(name=["--trunc", "--psi"], group=MODEL)] = None,
    graph: Annotated[Graph, Parameter(group=MODEL)] = None,
    override: Annotated[Overrides, Parameter(group=MODEL)] = None,
    device: Annotated[Device, Parameter(group=MACHINE)] = "auto",
    batch: Annotated[PositiveInt, Parameter(name=["--batch", "-b"], group=MACHINE)] = 8,
) -> int:
    """Measure how good a model is against a data set.

    Every figure comes with a 95% interval, the number of pictures, and where the data can give it the same figure of
    the data itself, one half against the other: the best that a model could reach. What cannot be measured is listed
    with the reason. Figures made with networks that papers do not use are labelled so: they do not compare with
    published ones.

    Args:
        data: A folder or a zip with `dataset.json`; best of people that the model was not trained on.
        metrics: With commas between them: fid, kid, fid3d, pose, identity, others, reprojection, photometric, depth,
            iou, psnr, ssim, lpips. All by default.
        images: Pictures of the model for each figure; half of the data, 1000 at most, by default.
        seed: Decides the people and the pictures that are compared.
        features: The network of fid, kid, fid3d and pose: a name from `aetherist weights list` (`inception-nsfwjs` by
            default), the path of an Inception-v3 file, or a component: `{type: embedding.mobileface}`.
        identity: The network of identity and others: a name (`face-recognition` by default), the path of a
            TorchScript file, or a component.
        perceptual: The features of lpips: `vgg16-hed`, or the path of VGG16's weights.
        as_json: Print JSON instead of a table.
        out: Write the JSON to this file too, whole or not at all.
        trunc: Truncation psi; the recipe says by default.
        batch: Pictures at a time.
    """
    from aetherist.cli.models import open_model

    if out is not None and not out.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.parent}")
    opened = open_model(model, device, override)
    from aetherist.graphs.evaluation import Settings
    from aetherist.graphs.evaluation import evaluate as measure

    given = {"features": features, "identity": identity, "perceptual": perceptual}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    name = graph_name(opened.report.graphs, graph, opened.recipe.name)
    with asked():
        if metrics is not None:
            options["metrics"] = tuple(dict.fromkeys(part.strip() for part in metrics.split(",") if part.strip()))
        settings = Settings(images=images, seed=seed, batch=batch, graph=name, psi=trunc, **options)
        found = measure(opened, data, settings, tell=say)
    text = json.dumps(found.to_dict(), indent=2) + "\n"
    if out is not None:
        from aetherist.base.files import write_whole

        write_whole(out, text.encode())
        say(f"wrote {out}")
    if as_json:
        write(text)
    else:
        _print(found)
    return 0 if found.figures else FAULTY


def _print(found: Evaluation) -> None:
    data = found.data
    people = "" if data["people"] is None else f" of {data['people']} people"
    title = f"{found.model.get('name', 'model')} against {data['path']}"
    place = f"  ({data['pictures']} pictures{people}, compared at {data['compared_at']} px)"
    show(Text.assemble((title, "bold"), place), "")
    if found.figures:
        _table(found)
    labels = dict.fromkeys((figure.network, figure.standard) for figure in found.figures if figure.network is not None)
    if labels:
        show("")
    for label, standard in labels:
        users = ", ".join(figure.metric for figure in found.figures if figure.network == label)
        tail = "" if standard else "; these numbers do not compare with published ones"
        show(f"network of {users}: {label}{tail}")
    notes: dict[str, list[str]] = {}
    for figure in found.figures:
        for note in figure.notes:
            notes.setdefault(note, []).append(figure.metric)
    if notes:
        show("")
    for note, metrics in notes.items():
        show(f"{', '.join(metrics)}: {note}")
    if found.missing:
        show("", Text("not measured", style="bold"))
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in found.missing:
        reasons.setdefault((each.reason, each.fix), []).append(each.metric)
    for (reason, fix), metrics in reasons.items():
        show(f"{', '.join(metrics)}: {reason}", f"  to get {'it' if len(metrics) == 1 else 'them'}: {fix}")


def _table(found: Evaluation) -> None:
    from aetherist.graphs.evaluation import METRICS

    rows: list[list[str | Text]] = []
    for figure in found.figures:
        metric = METRICS[figure.metric]
        arrow = "down" if metric.better == "lower" else "up"
        value = f"{_number(figure.estimate.value)} {metric.unit}".rstrip()
        rows.append(
            [figure.metric, value, _interval(figure.estimate), _real(figure), str(figure.images), arrow, metric.what]
        )
        rows += [
            [
                f"  yaw {part['yaw_between'][0]}-{part['yaw_between'][1]}",
                _number(part["value"]),
                _ends(part["low"], part["high"]),
                "" if part["real"] is None else _number(part["real"]["value"]),
                str(2 * part["pairs"]),
                "",
                "",
            ]
            for part in figure.details
        ]
    columns(["metric", "value", "95% interval", "real", "images", "better", "what"], rows, right=("images",))


def _real(figure: Figure) -> str:
    if figure.yardstick is None:
        return "-"
    return f"{_number(figure.yardstick.value)} ({_interval(figure.yardstick)})"


def _interval(estimate: Estimate) -> str:
    return _ends(estimate.low, estimate.high)


def _ends(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    if abs(value) >= 99.95:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 9.995 else f"{value:.3f}" if abs(value) >= 0.01 else f"{value:.5f}"
