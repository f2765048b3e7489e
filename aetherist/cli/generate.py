"""``aetherist generate``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter
from cyclopts.types import NonNegativeInt, PositiveFloat, PositiveInt

from aetherist import __version__
from aetherist.cli import numbers
from aetherist.cli.console import say, show, stderr
from aetherist.cli.failures import UsageError, asked
from aetherist.cli.graphs import graph_name
from aetherist.cli.models import Precision, existing_folder, open_model
from aetherist.cli.options import Device, Graph, Overrides, Source

if TYPE_CHECKING:
    from torch import Tensor

    from aetherist.graphs.generate import Generator, Picture, Stage

WHO = Group("Who", sort_key=1)
CAMERA = Group("Camera", sort_key=2)
FILES = Group("Files", sort_key=3)
WHAT = Group("Graph", sort_key=4)
MACHINE = Group("Machine", sort_key=5)

Angles = Annotated[str | None, Parameter(group=CAMERA, allow_leading_hyphen=True)]


def generate(
    model: Source,
    /,
    *,
    seeds: Annotated[str, Parameter(group=WHO)] = "0",
    trunc: Annotated[float | None, Parameter(group=WHO)] = None,
    cutoff: Annotated[NonNegativeInt | None, Parameter(group=WHO)] = None,
    yaw: Angles = None,
    pitch: Angles = None,
    orbit: Annotated[PositiveInt | None, Parameter(group=CAMERA)] = None,
    radius: Annotated[PositiveFloat | None, Parameter(group=CAMERA)] = None,
    fov: Annotated[float | None, Parameter(group=CAMERA)] = None,
    pivot: Angles = None,
    out: Annotated[Path, Parameter(group=FILES)] = Path("out"),
    grid: Annotated[str | None, Parameter(group=FILES)] = None,
    metadata: Annotated[bool, Parameter(group=FILES, negative="--no-metadata", show_default=False)] = True,
    graph: Annotated[Graph, Parameter(group=WHAT)] = None,
    output: Annotated[str, Parameter(group=WHAT)] = "image",
    override: Annotated[Overrides, Parameter(group=WHAT)] = None,
    device: Annotated[Device, Parameter(group=MACHINE)] = "auto",
    precision: Annotated[Precision | None, Parameter(group=MACHINE)] = None,
    batch: Annotated[PositiveInt, Parameter(name=["--batch", "-b"], group=MACHINE)] = 1,
) -> None:
    """Make pictures from seeds.

    A seed is a person: the same one in EG3D's scripts, in any batch, from every camera. The identity is computed once,
    however many cameras look at it, and is conditioned on the frontal camera. Each picture is written whole or not at
    all, and says in its metadata how it was made.

    Args:
        seeds: `7`, `0-3`, or `0-3,7`.
        trunc: Truncation psi: 0 is the average person, 1 is all of them; the recipe says by default.
        cutoff: Truncate only so many style layers, from the first.
        yaw: Radians, positive towards +x; several with commas for several views: `-0.4,0,0.4`.
        pitch: Radians, positive upwards; several with commas.
        orbit: So many views around the front; `--yaw` and `--pitch` are then the greatest angles (0.4 and 0.2).
        radius: Distance of the camera from the origin; `settings.camera_radius` of the recipe by default.
        fov: Field of view in degrees; by default it follows from `settings.camera_focal`.
        pivot: The point to look at, `x,y,z`; `settings.camera_pivot` by default.
        out: Folder for the pictures: `seed0007.png`, or `seed0007_view02.png` where there are several views.
        grid: Also write `grid.png`: columns x rows, as in `4x2`.
        metadata: Whether pictures say how they were made.
        output: Which output of the graph is the picture: `raw` or `depth`, say.
        precision: Of the blocks that can compute in half precision; the recipe says by default.
        batch: How many seeds to run together. The pictures are the same.
    """
    numbered = numbers.seeds(seeds)
    cells = None if grid is None else numbers.grid(grid)
    opened = open_model(model, device, override, precision)
    from aetherist.graphs.generate import Generator, Stage

    name = graph_name(opened.report.graphs, graph, opened.recipe.name)
    stage = Stage.of(opened)
    with asked():
        generator = Generator(opened, graph=name, output=output, psi=trunc, cutoff=cutoff)
        cameras = _cameras(stage, yaw, pitch, orbit, radius, fov, pivot)
    if not generator.takes_camera and len(cameras) > 1:
        raise UsageError(
            f"graph '{generator.plan.graph.name}' has no input 'camera', so there is one view of each seed"
        )
    views = len(cameras)
    total = len(numbered) * views
    if cells is not None and total > cells[0] * cells[1]:
        rows = -(-total // cells[0])
        raise UsageError(f"--grid {grid}: {total} pictures do not fit; {cells[0]}x{rows} would hold them")
    options = {
        "seeds": seeds,
        "yaw": yaw,
        "pitch": pitch,
        "orbit": orbit,
        "radius": radius,
        "fov": fov,
        "pivot": pivot,
        "precision": precision,
        "overrides": override,
    }
    recipe = _provenance(generator, options) if metadata else None
    folder = existing_folder(out, "--out")
    made = generator.pictures(numbered, cameras, stage.camera(), batch=batch)
    _write(made, total, views, folder, cells, recipe)


def _cameras(
    stage: Stage,
    yaw: str | None,
    pitch: str | None,
    orbit: int | None,
    radius: float | None,
    fov: float | None,
    pivot: str | None,
) -> list[Tensor]:
    import attrs

    from aetherist.components.cameras import focal_from_fov, sway

    if fov is not None and not 0.1 <= fov <= 170:
        raise UsageError(f"--fov {fov:g}: a field of view is between 0.1 and 170 degrees")
    point = None if pivot is None else numbers.decimals(pivot, "--pivot")
    if point is not None and len(point) != 3:
        raise UsageError(f"--pivot {pivot}: write x,y,z, as in 0,0,0.2")
    placed = attrs.evolve(
        stage,
        radius=stage.radius if radius is None else radius,
        focal=stage.focal if fov is None else focal_from_fov(fov),
        pivot=stage.pivot if point is None else (point[0], point[1], point[2]),
    )
    yaws = numbers.decimals(yaw, "--yaw") if yaw is not None else None
    pitches = numbers.decimals(pitch, "--pitch") if pitch is not None else None
    if orbit is not None:
        widest, highest = yaws or [0.4], pitches or [0.2]
        if len(widest) > 1 or len(highest) > 1:
            raise UsageError("--orbit takes one greatest --yaw and one greatest --pitch")
        place: dict[str, Any] = {"radius": placed.radius, "pivot": placed.pivot, "focal": placed.focal}
        return list(sway(orbit, yaw=widest[0], pitch=highest[0], **place).vector)
    yaws, pitches = yaws or [0.0], pitches or [0.0]
    count = max(len(yaws), len(pitches))
    if {len(yaws), len(pitches)} - {1, count}:
        raise UsageError(f"--yaw names {len(yaws)} views and --pitch {len(pitches)}; give as many, or one for all")
    angles = zip(yaws * (count // len(yaws)), pitches * (count // len(pitches)), strict=True)
    return [placed.camera(*each) for each in angles]


def _provenance(generator: Generator, options: dict[str, Any]) -> dict[str, Any]:
    """Return what is true of every picture: what made it, and how it was asked for."""
    model = generator.model
    given = generator.plan.graph.inputs
    truncation = {name: given[name].default for name in ("psi", "cutoff") if name in given} | generator.options
    return {
        "version": __version__,
        "recipe": {"name": model.recipe.name, "digest": model.recipe.digest},
        "model": model.manifest.digest if model.manifest is not None else None,
        "weights": "loaded" if model.manifest is not None else "fresh, seed 0",
        "graph": generator.plan.graph.name,
        "output": generator.output,
        **truncation,
        "options": {name: value for name, value in options.items() if value is not None},
    }


def _write(
    pictures: Iterable[Picture],
    total: int,
    views: int,
    folder: Path,
    cells: tuple[int, int] | None,
    provenance: dict[str, Any] | None,
) -> None:
    from aetherist.export.pictures import arrange, write_picture

    sheet: dict[tuple[int, int], Tensor] = {}
    order: dict[int, int] = {}
    done = 0
    try:
        for picture in _watched(pictures, total, folder, views):
            write_picture(folder / _name(picture, views), picture.pixels, _metadata(picture, provenance))
            done += 1
            if cells is not None:
                sheet[order.setdefault(picture.seed, len(order)), picture.view] = picture.pixels
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted: {_whole(done, total, folder)}") from None
    except OSError as error:
        error.add_note(_whole(done, total, folder))
        raise
    if cells is not None:
        grid = arrange([sheet[key] for key in sorted(sheet)], *cells)
        layout = {"seeds": list(order), "views": views, "columns": cells[0], "rows": cells[1]}
        write_picture(folder / "grid.png", grid, None if provenance is None else provenance | {"grid": layout})
    pictures_made = f"{done} picture{'s' if done > 1 else ''}"
    show(f"{pictures_made} in {folder}" + (f", all of them in {folder / 'grid.png'}" if cells is not None else ""))


def _whole(done: int, total: int, folder: Path) -> str:
    return f"{done} of {total} pictures are in {folder}, each of them whole"


def _watched(pictures: Iterable[Picture], total: int, folder: Path, views: int) -> Iterator[Picture]:
    """Pass pictures on, with a bar on a terminal and a line for each where there is none."""
    console = stderr()
    if not console.is_terminal:
        for count, picture in enumerate(pictures, 1):
            yield picture
            say(f"{count}/{total} {folder / _name(picture, views)}")
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    with bar:
        task = bar.add_task("pictures", total=total)
        for picture in pictures:
            yield picture
            bar.update(task, advance=1, description=_name(picture, views))


def _name(picture: Picture, views: int) -> str:
    return f"seed{picture.seed:04d}.png" if views == 1 else f"seed{picture.seed:04d}_view{picture.view:02d}.png"


def _metadata(picture: Picture, provenance: dict[str, Any] | None) -> dict[str, Any] | None:
    if provenance is None:
        return None
    facts: dict[str, Any] = {"seed": picture.seed, "view": picture.view}
    for name, vector in (("camera", picture.camera), ("pose", picture.pose)):
        if vector is not None:
            facts[name] = vector.tolist()
    if picture.scale is not None:
        facts["black_and_white"] = list(picture.scale)
    return provenance | facts
