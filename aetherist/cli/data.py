"""``aetherist data``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.types import PositiveInt

from aetherist.cli.console import say, write
from aetherist.cli.failures import UsageError
from aetherist.cli.numbers import duration

if TYPE_CHECKING:
    from aetherist.data.heads.dataset import Progress

app = App(name="data", help="Check data sets, and make one of rendered heads.")

Flag = Annotated[bool, Parameter(negative="")]


@app.command
def check(path: Path, /, *, pictures: Path | None = None) -> int:
    """Find everything that is wrong with a data set: cameras, labels, sizes, damaged and repeated pictures.

    Args:
        path: A folder or a zip with `dataset.json`.
        pictures: A folder for a contact sheet and a picture of the poses.
    """
    from aetherist.data import check_dataset

    report = check_dataset(path)
    write(f"{report}\n")
    if pictures is not None:
        for file in report.save_pictures(pictures):
            say(f"wrote {file}")
    return 0 if report.ok else 1


@app.command
def heads(
    out: Path,
    /,
    *,
    identities: PositiveInt = 16,
    views: PositiveInt = 8,
    resolution: PositiveInt = 128,
    seed: int = 0,
    workers: PositiveInt = 1,
    pairs: str | None = None,
    format: Literal["png", "jpeg"] = "png",
    new_light: Flag = False,
    new_background: Flag = False,
    studio: Flag = False,
    around: float | None = None,
    yaw: float | None = None,
    pitch: float | None = None,
) -> None:
    """Render heads of people that never were, with exact cameras, depth, masks and attributes.

    Needs the extra `heads` and OpenGL without a display. Started again after an interruption it goes on where it
    stopped; the same arguments give the same bytes on one machine.

    Args:
        out: The folder to make, or a file that ends in .zip.
        identities: How many people.
        views: Pictures of each.
        resolution: Of the square pictures, in pixels.
        seed: Decides everything.
        workers: Processes that render.
        pairs: An attribute, such as smile: each person twice, from the same cameras, differing in that alone.
        format: JPEG takes a tenth of the room.
        new_light: A light of its own for each view of a person.
        new_background: A background of its own for each view of a person.
        studio: The same light and the same plain grey backdrop for all.
        around: Share of cameras from 0 to 1 that stand anywhere around the head, the rest before the face.
        yaw: Standard deviation of the frontal cameras' yaw, in radians.
        pitch: Standard deviation of the cameras' pitch, in radians.
    """
    from aetherist.data.heads import CameraDistribution, NoRendererError, render_heads

    given = {name: value for name, value in (("around", around), ("yaw", yaw), ("pitch", pitch)) if value is not None}
    try:
        made = render_heads(
            out,
            identities,
            views,
            resolution,
            seed,
            workers,
            pairs=pairs,
            cameras=CameraDistribution(**given),
            image_format=format,
            new_light=new_light,
            new_background=new_background,
            studio=studio,
            progress=_tell,
        )
    except NoRendererError as error:
        raise UsageError(str(error)) from None
    write(f"{made}\n")
    say(f"now: aetherist data check {made}")


def _tell(progress: Progress) -> None:
    left = duration(progress.seconds_left)
    say(f"{progress.done}/{progress.total} pictures, {progress.per_second:.1f} a second, {left} left")
