"""``aetherist render``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.types import PositiveInt

from aetherist.cli import numbers
from aetherist.cli.console import show
from aetherist.cli.failures import UsageError
from aetherist.cli.looks import (
    CAMERA,
    FILES,
    MACHINE,
    WHAT,
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
from aetherist.cli.models import Precision, existing_folder, open_model
from aetherist.cli.options import Device, Graph, Overrides, Source
from aetherist.cli.provenance import facts, grid_facts, provenance
from aetherist.cli.watching import watched

if TYPE_CHECKING:
    from torch import Tensor

    from aetherist.graphs.generate import Stage
    from aetherist.graphs.viewer import Picture, Subject

SUFFIXES = {"png": "png", "jpeg": "jpg", "webp": "webp"}


def render(
    model: Source,
    /,
    *,
    seeds: Seeds = None,
    avatar: Avatars = None,
    trunc: Trunc = None,
    cutoff: Cutoff = None,
    yaw: Angles = None,
    pitch: Angles = None,
    sway: Annotated[PositiveInt | None, Parameter(group=CAMERA)] = None,
    orbit: Annotated[PositiveInt | None, Parameter(group=CAMERA)] = None,
    cameras: Annotated[Path | None, Parameter(group=CAMERA)] = None,
    radius: Radius = None,
    fov: Fov = None,
    pivot: Pivot = None,
    out: Annotated[Path, Parameter(group=FILES)] = Path("out"),
    format: Annotated[Literal["png", "jpeg", "webp"], Parameter(group=FILES)] = "png",
    quality: Annotated[int | None, Parameter(group=FILES)] = None,
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
    """Make pictures of seeds and avatars.

    A seed is a person: the same one in EG3D's scripts, in any batch, from every camera. The identity is computed once,
    however many cameras look at it, and is conditioned on the frontal camera. Each picture is written whole or not at
    all, and says in its metadata how it was made; `aetherist recipe from FILE` reads that.

    Args:
        yaw: Radians, positive towards +x; several with commas for several views: `-0.4,0,0.4`.
        pitch: Radians, positive upwards; several with commas.
        sway: So many views on an ellipse before the face; `--yaw` and `--pitch` are the greatest angles (0.4 and 0.2).
        orbit: So many views all the way round, from `--yaw` (0) on, `--pitch` high (0).
        cameras: The views are the cameras of this JSON file.
        out: Folder for the pictures: `seed0007.png`, or `seed0007_view02.png` where there are several views.
        format: `png`, `jpeg` or `webp`.
        quality: 1 to 100, of JPEG (95 by default) or WebP (lossless by default).
        grid: Also write `grid.png`: columns x rows, as in `4x2`.
        output: Which output of the graph is the picture: `raw` or `depth`, say.
        precision: Of the blocks that can compute in half precision; the recipe says by default.
    """
    numbered = seeds_asked(seeds, avatar)
    distinct(avatar)
    cells = None if grid is None else numbers.grid(grid)
    if quality is not None and (format == "png" or not 1 <= quality <= 100):
        raise UsageError(f"--quality {quality}: JPEG and WebP take 1 to 100, and PNG takes none")
    opened = open_model(model, device, override, precision)
    from aetherist.graphs.generate import Stage

    viewer = viewer_of(opened, graph, by_styles=bool(avatar), output=output, pane=pane, trunc=trunc, cutoff=cutoff)
    stage = placed(Stage.of(opened), radius, fov, pivot)
    views = _cameras(stage, yaw, pitch, sway, orbit, cameras)
    if not viewer.takes_camera and len(views) > 1:
        raise UsageError(f"graph '{viewer.plan.graph.name}' has no input 'camera', so there is one view of each person")
    total = (len(numbered) + len(avatar or ())) * len(views)
    if cells is not None and total > cells[0] * cells[1]:
        rows = -(-total // cells[0])
        raise UsageError(f"--grid {grid}: {total} pictures do not fit; {cells[0]}x{rows} would hold them")
    options = {
        "seeds": seeds,
        "yaw": yaw,
        "pitch": pitch,
        "sway": sway,
        "orbit": orbit,
        "radius": radius,
        "fov": fov,
        "pivot": pivot,
        "precision": precision,
        "overrides": override,
        "quality": quality,
    }
    shown = people(viewer, numbered, avatar)
    files = _Files(
        out, SUFFIXES[format], len(views), provenance(viewer, scale, options) if metadata else None, scale, quality
    )
    existing_folder(out, "--out")
    files.write(viewer.pictures(shown, views, batch=batch), total, cells)


def _cameras(
    stage: Stage, yaw: str | None, pitch: str | None, sway: int | None, orbit: int | None, file: Path | None
) -> list[Tensor]:
    asked = [name for name, value in (("--sway", sway), ("--orbit", orbit), ("--cameras", file)) if value is not None]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} each say what the views are; give one")
    if file is not None:
        if yaw is not None or pitch is not None:
            raise UsageError("--cameras takes no --yaw and no --pitch: its file says where the cameras are")
        return list(path_of(file).vector.reshape(-1, 25))
    if sway is not None:
        return moving(stage, "sway", sway, yaw, pitch, "--sway")
    if orbit is not None:
        return moving(stage, "orbit", orbit, yaw, pitch, "--orbit")
    return stills(stage, yaw, pitch)


class _Files:
    """The pictures of one run, as files in a folder."""

    def __init__(
        self, folder: Path, suffix: str, views: int, told: dict[str, Any] | None, scale: int, quality: int | None
    ) -> None:
        self.folder, self.suffix, self.views = folder, suffix, views
        self.told, self.scale, self.quality = told, scale, quality

    def write(self, pictures: Iterable[Picture], total: int, cells: tuple[int, int] | None) -> None:
        """Write each picture as it comes, and then the grid."""
        kept: dict[tuple[int, int], Picture] = {}
        order: dict[str, int] = {}
        done = 0
        try:
            for picture in watched(pictures, total, "pictures", lambda each: str(self.folder / self._name(each))):
                self._save(self._name(picture), self._shown(picture), facts(picture))
                done += 1
                if cells is not None:
                    kept[order.setdefault(picture.subject.name, len(order)), picture.view] = picture
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted: {self._whole(done, total)}") from None
        except OSError as error:
            error.add_note(self._whole(done, total))
            raise
        grid = None
        if cells is not None:
            grid = f"grid.{self.suffix}"
            self._grid(grid, [kept[key] for key in sorted(kept)], cells)
        made = f"{done} picture{'s' if done > 1 else ''}"
        show(f"{made} in {self.folder}" + (f", all of them in {self.folder / grid}" if grid else ""))

    def _grid(self, name: str, pictures: Sequence[Picture], cells: tuple[int, int]) -> None:
        from aetherist.export.pictures import arrange

        subjects: dict[str, Subject] = {picture.subject.name: picture.subject for picture in pictures}
        cameras = {picture.view: picture.camera for picture in pictures}
        seen_from = [camera for camera in cameras.values() if camera is not None]
        sheet = arrange([self._shown(picture) for picture in pictures], *cells)
        self._save(name, sheet, grid_facts(list(subjects.values()), seen_from, *cells))

    def _save(self, name: str, pixels: Tensor, told: dict[str, Any]) -> None:
        from aetherist.export.pictures import write_picture

        whole = None if self.told is None else self.told | told
        write_picture(self.folder / name, pixels, whole, quality=self.quality)

    def _shown(self, picture: Picture) -> Tensor:
        from aetherist.export.pictures import enlarge

        return enlarge(picture.pixels, self.scale)

    def _name(self, picture: Picture) -> str:
        view = "" if self.views == 1 else f"_view{picture.view:02d}"
        return f"{picture.subject.name}{view}.{self.suffix}"

    def _whole(self, done: int, total: int) -> str:
        return f"{done} of {total} pictures are in {self.folder}, each of them whole"
