"""``aetherist export``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter
from cyclopts.types import NonNegativeInt, PositiveFloat, PositiveInt

from aetherist import __version__
from aetherist.cli import numbers
from aetherist.cli.console import show
from aetherist.cli.failures import UsageError, asked
from aetherist.cli.models import existing_folder, open_model
from aetherist.cli.options import Device, Overrides, Source
from aetherist.cli.watching import shared

if TYPE_CHECKING:
    from aetherist.avatars import Avatar
    from aetherist.export.lattice import Box
    from aetherist.export.meshes import Mesh

WHO = Group("Who", sort_key=1)
FILES = Group("Files", sort_key=2)
SURFACE = Group("Surface", sort_key=3)
LOOKS = Group("Looks", sort_key=4)
MACHINE = Group("Machine", sort_key=5)

SPLATS = ".splat.ply"
VOLUME = ".mrc"
MESHES = (".glb", ".obj", ".ply", ".stl")


def export(
    model: Source,
    /,
    *,
    seed: Annotated[NonNegativeInt | None, Parameter(group=WHO)] = None,
    avatar: Annotated[Path | None, Parameter(group=WHO)] = None,
    trunc: Annotated[float | None, Parameter(name=["--trunc", "--psi"], group=WHO)] = None,
    out: Annotated[Path, Parameter(group=FILES)] = Path("head.glb"),
    scale: Annotated[PositiveFloat | None, Parameter(group=FILES)] = None,
    metadata: Annotated[bool, Parameter(group=FILES, negative="--no-metadata", show_default=False)] = True,
    resolution: Annotated[PositiveInt, Parameter(group=SURFACE)] = 256,
    level: Annotated[PositiveFloat, Parameter(group=SURFACE)] = 20.0,
    box: Annotated[str | None, Parameter(group=SURFACE, allow_leading_hyphen=True)] = None,
    parts: Annotated[Literal["largest", "all"], Parameter(group=SURFACE)] = "largest",
    faces: Annotated[PositiveInt | None, Parameter(group=SURFACE)] = None,
    thorough: Annotated[bool, Parameter(group=SURFACE, negative="", show_default=False)] = False,
    closed: Annotated[bool, Parameter(group=SURFACE, negative="--open", show_default=False)] = True,
    colours: Annotated[bool, Parameter(group=LOOKS, negative="--no-colours", show_default=False)] = True,
    texture: Annotated[PositiveInt | None, Parameter(group=LOOKS)] = None,
    splats: Annotated[PositiveInt, Parameter(group=LOOKS)] = 100_000,
    preview: Annotated[Path | None, Parameter(group=LOOKS)] = None,
    check: Annotated[bool, Parameter(group=LOOKS, negative="--no-check", show_default=False)] = True,
    override: Annotated[Overrides, Parameter(group=MACHINE)] = None,
    device: Annotated[Device, Parameter(group=MACHINE)] = "auto",
) -> None:
    """Write the shape of a person: a mesh, splats or a volume.

    The name of the file says what: `.glb`, `.obj`, `.ply` and `.stl` are meshes, `.splat.ply` Gaussian splats, `.mrc`
    the density itself. What is written has y up and looks towards +z, in metres.

    Args:
        seed: Of the person; 0 by default.
        avatar: A saved avatar of this model, instead.
        trunc: Truncation psi: 0 is the average person, 1 is all of them; the recipe says by default.
        out: The file.
        scale: Metres in a world unit, 0.47 by default, which gives a head its size; 1 keeps world units.
        metadata: Whether the file says how it was made.
        resolution: Samples along the longest side of the box. Beyond 128 they are taken near the surface only.
        level: Density, per world unit, that the surface is drawn at.
        box: Where to look, as `x,y,z,x,y,z`: the lower corner and the upper one; the whole field by default.
        parts: `largest` leaves away what hangs in the air.
        faces: Simplify the mesh to about so many; with a texture 20000 by default.
        thorough: Sample every cell, also far from the surface, where a resolution above 128 does not.
        closed: Whether surfaces that leave the box are closed on its faces.
        colours: Whether vertices have colours.
        texture: Bake a texture of so many texels a side from rendered views, for `.glb` and `.obj`.
        splats: How many.
        preview: Also write a picture: the person as rendered, the mesh in its colours, the mesh in grey.
        check: Whether to compare the mesh with the person's own silhouette, and say how far they agree.
    """
    kind = _kind(out)
    if seed is not None and avatar is not None:
        raise UsageError("--seed and --avatar: give one of them")
    if avatar is not None and trunc is not None:
        raise UsageError("--trunc goes with --seed: an avatar is truncated as it was saved")
    if texture is not None and out.suffix.lower() not in (".glb", ".obj"):
        raise UsageError(f"--texture: {out.name} has no place for one; write .glb or .obj")
    if kind == VOLUME and preview is not None:
        raise UsageError("--preview shows a mesh, and a volume is none")
    place = None if box is None else _box(box)
    opened = open_model(model, device, override)
    from aetherist.avatars import AvatarModel
    from aetherist.avatars.shapes import mesh_of, splats_from, write_density
    from aetherist.export.meshes import METRES

    with asked():
        people = AvatarModel(opened)
        person = people.open(avatar) if avatar is not None else people.avatar(seed or 0, psi=trunc)
    existing_folder(out.parent, "--out")
    start = time.perf_counter()
    if kind == VOLUME:
        with shared(f"density at {resolution}^3") as progress:
            counts = write_density(person, out, resolution=resolution, box=place, progress=progress)
        show(f"{out}: {' x '.join(map(str, counts))} densities, {_taken(start)}")
        return
    with shared(f"surface at {resolution}^3{' and its texture' if texture else ''}") as progress:
        mesh = mesh_of(
            person,
            resolution=resolution,
            level=level,
            box=place,
            closed=closed,
            parts=parts,
            faces=faces,
            coloured=colours or kind == SPLATS,
            texture=texture,
            thorough=thorough,
            progress=progress,
        )
    told = _provenance(person, level, resolution) if metadata else None
    written = METRES if scale is None else scale
    if kind == SPLATS:
        splats_from(person, splats, mesh=mesh).save(out, scale=written, metadata=told)
        line = f"{out}: {splats:,} splats on "
    else:
        files = mesh.save(out, scale=written, metadata=told)
        line = f"{', '.join(map(str, files))}: "
    line += f"{len(mesh.vertices):,} vertices, {len(mesh.faces):,} faces, "
    line += "watertight" if mesh.watertight else "not watertight"
    show(f"{line}{_agreement(person, mesh) if check else ''}, {_taken(start)}")
    if preview is not None:
        _draw(preview, person, mesh)


def _kind(out: Path) -> str:
    name = out.name.lower()
    for kind in (SPLATS, VOLUME, *MESHES):
        if name.endswith(kind) and name != kind:
            return kind
    raise UsageError(f"--out {out}: the name ends in {', '.join(MESHES)}, {SPLATS} or {VOLUME}")


def _box(text: str) -> Box:
    from aetherist.export.lattice import Box

    values = numbers.decimals(text, "--box")
    if len(values) != 6:
        raise UsageError(f"--box {text}: write the lower corner and the upper one: -0.5,-0.3,-0.5,0.5,0.5,0.5")
    with asked():
        return Box(values[:3], values[3:])


def _agreement(person: Avatar, mesh: Mesh) -> str:
    """Say how far a mesh covers what is rendered; nothing where a model gives no opacity."""
    from aetherist.avatars.shapes import overlap

    if "alpha" not in person.model.model.report.graphs["show"].outputs:
        return ""
    with shared("comparing silhouettes") as progress:
        found = overlap(person, mesh, progress=progress)
    return f", silhouette IoU {sum(found) / len(found):.3f} ({len(found)} views, least {min(found):.3f})"


def _provenance(person: Avatar, level: float, resolution: int) -> dict[str, Any]:
    return {
        "version": __version__,
        "model": {"name": person.model.name, "digest": person.model.digest},
        "avatar": person.digest,
        "seed": person.seed,
        "psi": person.psi,
        "edits": person.edits,
        "level": level,
        "resolution": resolution,
    }


def _draw(path: Path, person: Avatar, mesh: Mesh) -> None:
    """Write a picture of the person as rendered, and of the mesh from the same sides."""
    import torch

    from aetherist.avatars.shapes import views
    from aetherist.export.pictures import arrange, write_picture
    from aetherist.export.raster import draw_mesh
    from aetherist.graphs.generate import to_pixels

    cameras = views(person, ((0.0, 0.0), (0.6, 0.0), (-0.9, 0.2)))
    rendered = person.model.render(person, cameras, "image")["image"].float().cpu()
    side = max(256, rendered.shape[-1])
    rendered = torch.nn.functional.interpolate(rendered, size=(side, side), mode="nearest")
    rows = [[to_pixels(picture, person.model.meaning("image"))[0] for picture in rendered]]
    if mesh.colours is not None or mesh.texture is not None:
        rows.append([draw_mesh(mesh, camera, side, shading="colour") for camera in cameras])
    rows.append([draw_mesh(mesh, camera, side) for camera in cameras])
    write_picture(path, arrange([picture for row in rows for picture in row], len(cameras), len(rows)))
    show(f"{path}: rendered above, the mesh below")


def _taken(start: float) -> str:
    return numbers.duration(time.perf_counter() - start)
