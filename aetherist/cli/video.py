"""``aetherist video``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.types import PositiveFloat, PositiveInt

from aetherist.cli import numbers
from aetherist.cli.console import show
from aetherist.cli.failures import UsageError, asked
from aetherist.cli.looks import (
    CAMERA,
    FILES,
    MACHINE,
    WHAT,
    WHO,
    Angles,
    Avatars,
    Batch,
    Beside,
    Cutoff,
    Fov,
    Metadata,
    Pivot,
    Radius,
    Scale,
    Seeds,
    Trunc,
    distinct,
    moving,
    path_of,
    people,
    placed,
    seeds_asked,
    stills,
    viewer_of,
)
from aetherist.cli.models import Precision, open_model
from aetherist.cli.options import Device, Graph, Overrides, Source
from aetherist.cli.provenance import provenance
from aetherist.cli.watching import watched

if TYPE_CHECKING:
    from torch import Tensor

    from aetherist.graphs.generate import Stage
    from aetherist.graphs.viewer import Picture

FPS = 30.0
SECONDS = 4.0
MOVING: tuple[Literal["sway", "orbit"], ...] = ("sway", "orbit")
MOST_FRAMES = 1_000_000


def video(
    model: Source,
    /,
    *,
    seeds: Seeds = None,
    avatar: Avatars = None,
    interpolate: Annotated[bool, Parameter(group=WHO, negative="")] = False,
    loop: Annotated[bool, Parameter(group=WHO, negative="")] = False,
    trunc: Trunc = None,
    cutoff: Cutoff = None,
    motion: Annotated[str | None, Parameter(name=["--motion", "--path"], group=CAMERA)] = None,
    yaw: Angles = None,
    pitch: Angles = None,
    radius: Radius = None,
    fov: Fov = None,
    pivot: Pivot = None,
    out: Annotated[Path, Parameter(group=FILES)] = Path("out.mp4"),
    fps: Annotated[PositiveFloat, Parameter(group=FILES)] = FPS,
    frames: Annotated[PositiveInt | None, Parameter(group=FILES)] = None,
    seconds: Annotated[PositiveFloat | None, Parameter(group=FILES)] = None,
    crf: Annotated[int | None, Parameter(group=FILES)] = None,
    scale: Scale = 1,
    grid: Annotated[str | None, Parameter(group=FILES)] = None,
    metadata: Metadata = True,
    graph: Annotated[Graph, Parameter(group=WHAT)] = None,
    output: Annotated[str, Parameter(group=WHAT)] = "image",
    pane: Beside = None,
    override: Annotated[Overrides, Parameter(group=WHAT)] = None,
    device: Annotated[Device, Parameter(group=MACHINE)] = "auto",
    precision: Annotated[Precision | None, Parameter(group=MACHINE)] = None,
    batch: Batch = 1,
) -> None:
    """Make a video of seeds and avatars.

    The camera moves, the people become each other, or both. Frames are encoded as they are made, so that memory does
    not grow with length; the file is written whole or not at all. It needs the extra `export`.

    Args:
        interpolate: People become each other, in a straight line between their styles. With a grid they are dealt to
            its cells in turn, the same number to each.
        loop: The last person becomes the first again.
        motion: `sway`, an ellipse before the face; `orbit`, all the way round; `still`; or a JSON file of cameras.
            `sway` by default, `still` with `--interpolate`.
        yaw: Radians: the greatest angle of a sway (0.4), where an orbit begins (0), where a still camera is (0).
        pitch: Radians: the greatest angle of a sway (0.2), the height of an orbit (0) or of a still camera (0).
        out: The file: `.mp4` is H.264, `.webm` is VP9.
        fps: Frames a second.
        frames: How many; by default as many cameras as the file has, or 4 seconds of them.
        seconds: How long, instead.
        crf: Rate factor of the codec: less is better and larger (17 for MP4, 20 for WebM).
        grid: Columns x rows of people, as in `4x2`; by default as square as may be.
        output: Which output of the graph is the picture: `raw` or `depth`, say.
        precision: Of the blocks that can compute in half precision; the recipe says by default.
    """
    from aetherist.export.video import VideoWriter

    numbered = seeds_asked(seeds, avatar)
    distinct(avatar)
    count = len(numbered) + len(avatar or ())
    columns, rows, cells = _layout(count, grid, interpolate)
    if loop and not interpolate:
        raise UsageError("--loop is about people who become each other; give --interpolate, too")
    writer = _writer(VideoWriter, out, fps, crf)
    opened = open_model(model, device, override, precision)
    from aetherist.graphs.film import film
    from aetherist.graphs.generate import Stage
    from aetherist.graphs.viewer import people_graphs

    by_styles = bool(avatar) or interpolate or (graph is None and people_graphs(opened))
    viewer = viewer_of(opened, graph, by_styles=by_styles, output=output, pane=pane, trunc=trunc, cutoff=cutoff)
    if not viewer.takes_camera:
        raise UsageError(f"graph '{viewer.plan.graph.name}' has no input 'camera', so there is nothing to film")
    stage = placed(Stage.of(opened), radius, fov, pivot)
    way = motion or ("still" if interpolate else "sway")
    cameras = _cameras(stage, way, yaw, pitch, _length(frames, seconds, fps))
    everyone = list(people(viewer, numbered, avatar))
    shown = [everyone[cell::cells] for cell in range(cells)]
    if metadata:
        from aetherist.avatars.provenance import samples

        options: dict[str, Any] = {
            "seeds": seeds,
            "yaw": yaw,
            "pitch": pitch,
            "motion": Path(way).name,
            "radius": radius,
        }
        options |= {"fov": fov, "pivot": pivot, "precision": precision, "overrides": override, "crf": crf}
        told = provenance(viewer, scale, options)
        writer.metadata = told | {
            "people": [dict(each.told) for each in everyone],
            "interpolate": interpolate,
            "loop": loop,
            "samples": samples(cameras),
            "frames": len(cameras),
            "columns": columns,
            "rows": rows,
        }
    made = film(viewer, shown, cameras, closed=loop, batch=batch)
    _write(writer, made, len(cameras), columns, rows, scale)
    show(f"{writer.frames} frames, {writer.frames / fps:.3g} s, in {out}")


def _layout(count: int, grid: str | None, interpolate: bool) -> tuple[int, int, int]:
    """Return columns, rows, and how many cells have people."""
    if grid is None:
        cells = 1 if interpolate else count
        columns = math.ceil(math.sqrt(cells))
        return columns, -(-cells // columns), _dealt(count, cells, interpolate)
    columns, rows = numbers.grid(grid)
    cells = columns * rows
    if not interpolate and count > cells:
        raise UsageError(f"--grid {grid}: {count} people do not fit; {columns}x{-(-count // columns)} would hold them")
    return columns, rows, _dealt(count, cells if interpolate else count, interpolate)


def _dealt(count: int, cells: int, interpolate: bool) -> int:
    if interpolate and (count % cells or count < 2 * cells):
        want = (
            f"{cells} cells need {2 * cells}, {3 * cells}, ... people" if cells > 1 else "that takes two people or more"
        )
        raise UsageError(f"--interpolate: there {'is 1 person' if count == 1 else f'are {count} people'}; {want}")
    return cells


def _length(frames: int | None, seconds: float | None, fps: float) -> int | None:
    if frames is not None and seconds is not None:
        raise UsageError("--frames and --seconds both say how long the video is; give one")
    count = frames if seconds is None else max(round(seconds * fps), 1)
    if count is not None and count > MOST_FRAMES:
        raise UsageError(f"{count:,} frames: that is more than {MOST_FRAMES:,}")
    return count


def _writer(kind: Any, out: Path, fps: float, crf: int | None) -> Any:
    if out.is_dir():
        raise UsageError(f"--out {out}: there is a folder of that name; give a file")
    with asked():
        return kind(out, fps=fps, crf=crf)


def _cameras(stage: Stage, motion: str, yaw: str | None, pitch: str | None, frames: int | None) -> list[Tensor]:
    usual = frames or round(SECONDS * FPS)
    for name in MOVING:
        if motion == name:
            return moving(stage, name, usual, yaw, pitch, f"--motion {motion}")
    if motion == "still":
        cameras = stills(stage, yaw, pitch)
        if len(cameras) > 1:
            raise UsageError("--motion still takes one --yaw and one --pitch")
        return cameras * usual
    if Path(motion).suffix != ".json":
        raise UsageError(f"--motion {motion}: write sway, orbit, still, or the name of a JSON file of cameras")
    if yaw is not None or pitch is not None:
        raise UsageError("--yaw and --pitch say nothing beside a file of cameras")
    path = path_of(Path(motion))
    if frames is not None and frames != len(path):
        from aetherist.components.cameras import interpolate

        path = interpolate(path, frames)
    return list(path.to(stage.camera().dtype).vector)


def _write(writer: Any, frames: Iterator[list[Picture]], total: int, columns: int, rows: int, scale: int) -> None:
    from aetherist.export.pictures import arrange, enlarge

    every = max(total // 10, 1)
    writer.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with writer:
            for pictures in watched(frames, total, "frames", lambda _: f"frames of {writer.path}", every=every):
                sheet = arrange([picture.pixels for picture in pictures], columns, rows)
                writer.write(enlarge(sheet, scale))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted: {writer.frames} of {total} frames were made, and no file is left"
        ) from None
