"""Whom to look at and from where: the options that ``render`` and ``video`` share, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter
from cyclopts.types import NonNegativeInt, PositiveFloat, PositiveInt

from aetherist.cli import numbers
from aetherist.cli.failures import UsageError, asked
from aetherist.cli.graphs import graph_name

if TYPE_CHECKING:
    from torch import Tensor

    from aetherist.components.cameras import Cameras
    from aetherist.graphs.generate import Stage
    from aetherist.graphs.model import Model
    from aetherist.graphs.viewer import Subject, Viewer

WHO = Group("Who", sort_key=1)
CAMERA = Group("Camera", sort_key=2)
FILES = Group("Files", sort_key=3)
WHAT = Group("Graph", sort_key=4)
MACHINE = Group("Machine", sort_key=5)

PaneName = Literal["depth", "normal"]

Seeds = Annotated[
    str | None, Parameter(group=WHO, help="`7`, `0-3`, or `0-3,7`. Without these and without avatars it is 0.")
]
Avatars = Annotated[
    list[Path] | None,
    Parameter(
        name=["--avatar", "-a"],
        negative="",
        group=WHO,
        help="A file of an avatar of this model. May be given many times.",
    ),
]
Trunc = Annotated[
    float | None,
    Parameter(
        name=["--trunc", "--psi"],
        group=WHO,
        help="Truncation psi of seeds: 0 is the average person, 1 all of them; the recipe says by default.",
    ),
]
Cutoff = Annotated[
    NonNegativeInt | None, Parameter(group=WHO, help="Truncate only so many style layers, from the first.")
]
Angles = Annotated[str | None, Parameter(group=CAMERA, allow_leading_hyphen=True)]
Radius = Annotated[
    PositiveFloat | None,
    Parameter(
        group=CAMERA, help="Distance of the camera from the origin; `settings.camera_radius` of the recipe by default."
    ),
]
Fov = Annotated[
    float | None,
    Parameter(group=CAMERA, help="Field of view in degrees; by default it follows from `settings.camera_focal`."),
]
Pivot = Annotated[
    str | None,
    Parameter(
        group=CAMERA,
        allow_leading_hyphen=True,
        help="The point to look at, `x,y,z`; `settings.camera_pivot` by default.",
    ),
]
Beside = Annotated[
    PaneName | None, Parameter(name="--pane", group=WHAT, help="Show `depth` or `normal` to the right of each picture.")
]
Scale = Annotated[
    PositiveInt, Parameter(group=FILES, help="Show each pixel so many times in each direction, to see small pictures.")
]
Metadata = Annotated[
    bool,
    Parameter(group=FILES, negative="--no-metadata", show_default=False, help="Whether files say how they were made."),
]
Batch = Annotated[
    PositiveInt,
    Parameter(
        name=["--batch", "-b"], group=MACHINE, help="How many people to run together. The pictures are the same."
    ),
]


def seeds_asked(seeds: str | None, avatars: Sequence[Path] | None) -> list[int]:
    """Return the seeds to show: those that are named, or 0 where nobody is."""
    if seeds is None:
        return [] if avatars else [0]
    return numbers.seeds(seeds)


def viewer_of(
    model: Model,
    graph: str | None,
    *,
    by_styles: bool,
    output: str,
    pane: PaneName | None,
    trunc: float | None,
    cutoff: int | None,
) -> Viewer:
    """Return what shows people with the graph asked for, or with the usual one.

    Args:
        model: Opened.
        graph: As asked for.
        by_styles: Whether people are given by styles, as avatars are; the usual graph is then ``show``.
        output: The rest is as for :class:`aetherist.graphs.viewer.Viewer`.
        pane: See there.
        trunc: See there.
        cutoff: See there.
    """
    from aetherist.graphs.viewer import Viewer

    usual = "show" if by_styles and graph is None and "show" in model.report.graphs else graph
    name = graph_name(model.report.graphs, usual, model.recipe.name)
    with asked():
        viewer = Viewer(model, graph=name, output=output, pane=pane, psi=trunc, cutoff=cutoff)
    if by_styles and not viewer.takes_styles:
        raise UsageError(
            f"graph '{name}' of {model.recipe.name} takes no styles, and avatars are styles; use a graph like 'show' "
            "of eg3d-ffhq512"
        )
    return viewer


def people(viewer: Viewer, seeds: Sequence[int], avatars: Sequence[Path] | None) -> Iterator[Subject]:
    """Return who is asked for: avatars, opened at once, then seeds, as far as they are looked at.

    Raises:
        UsageError: If a file is no avatar of the model, or there is no way from a seed to the graph.
    """
    from aetherist.avatars.provenance import avatar_told

    opened = []
    if avatars:
        from aetherist.avatars import AvatarModel

        with asked():
            owner = AvatarModel(viewer.model)
            opened = [owner.open(path) for path in avatars]
    with asked():
        first = [viewer.of_seed(seed) for seed in seeds[:1]]
    shown = [
        viewer.of_styles(
            path.stem,
            each.styles,
            avatar_told(each, path.stem),
            seed=each.seed,
        )
        for path, each in zip(avatars or (), opened, strict=True)
    ]
    return chain(shown, first, map(viewer.of_seed, seeds[1:]))


def distinct(avatars: Sequence[Path] | None) -> None:
    """Hold the names of avatar files apart: pictures are called after them."""
    stems = [path.stem for path in avatars or ()]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice is not None:
        raise UsageError(f"--avatar: two files are called '{twice}', and so would their pictures be; rename one")


def placed(stage: Stage, radius: float | None, fov: float | None, pivot: str | None) -> Stage:
    """Return the stage with what the options say of it."""
    import attrs

    from aetherist.components.cameras import focal_from_fov

    if fov is not None and not 0.1 <= fov <= 170:
        raise UsageError(f"--fov {fov:g}: a field of view is between 0.1 and 170 degrees")
    point = None if pivot is None else numbers.decimals(pivot, "--pivot")
    if point is not None and len(point) != 3:
        raise UsageError(f"--pivot {pivot}: write x,y,z, as in 0,0,0.2")
    return attrs.evolve(
        stage,
        radius=stage.radius if radius is None else radius,
        focal=stage.focal if fov is None else focal_from_fov(fov),
        pivot=stage.pivot if point is None else (point[0], point[1], point[2]),
    )


def stills(stage: Stage, yaw: str | None, pitch: str | None) -> list[Tensor]:
    """Return the cameras at the angles that are named."""
    yaws = numbers.decimals(yaw, "--yaw") if yaw is not None else [0.0]
    pitches = numbers.decimals(pitch, "--pitch") if pitch is not None else [0.0]
    count = max(len(yaws), len(pitches))
    if {len(yaws), len(pitches)} - {1, count}:
        raise UsageError(f"--yaw names {len(yaws)} views and --pitch {len(pitches)}; give as many, or one for all")
    angles = zip(yaws * (count // len(yaws)), pitches * (count // len(pitches)), strict=True)
    with asked():
        return [stage.camera(*each) for each in angles]


def moving(
    stage: Stage, motion: Literal["orbit", "sway"], frames: int, yaw: str | None, pitch: str | None, option: str
) -> list[Tensor]:
    """Return the cameras of a full turn, or of the ellipse before the face, that the angles describe."""
    yaws = numbers.decimals(yaw, "--yaw") if yaw is not None else []
    pitches = numbers.decimals(pitch, "--pitch") if pitch is not None else []
    if len(yaws) > 1 or len(pitches) > 1:
        raise UsageError(f"{option} takes one --yaw and one --pitch")
    with asked():
        made = stage.path(motion, frames, yaw=yaws[0] if yaws else None, pitch=pitches[0] if pitches else None)
    return list(made.vector)


def path_of(file: Path) -> Cameras:
    """Read the cameras of a JSON file."""
    from aetherist.components.cameras import load_path

    if not file.is_file():
        raise UsageError(f"{file}: there is no such file")
    with asked():
        return load_path(file)
