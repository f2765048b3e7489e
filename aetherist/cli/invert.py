"""``aetherist invert``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from cyclopts import Group, Parameter
from cyclopts.types import NonNegativeFloat, NonNegativeInt, PositiveInt

from aetherist.cli.console import say, show, stderr, warn
from aetherist.cli.failures import UsageError, asked
from aetherist.cli.options import Device, Overrides, Source

if TYPE_CHECKING:
    from rich.progress import TaskID

    from aetherist.components.cameras import Cameras
    from aetherist.graphs.inversion import Inversion, Photo, Step

PHOTO = Group("Photograph", sort_key=1)
HOW = Group("Fitting", sort_key=2)
FILES = Group("Files", sort_key=3)
MODEL = Group("Model", sort_key=4)
MACHINE = Group("Machine", sort_key=5)

NAMES = {"search": "search", "w": "one style", "layers": "a style a layer", "tune": "tuning the model"}
"""What the stages are called."""

LINES = 4
"""How often a stage says how far it is, where there is no terminal."""


def invert(
    image: Annotated[Path, Parameter(show_default=False)],
    /,
    *,
    model: Annotated[Source, Parameter(group=MODEL)],
    camera: Annotated[str, Parameter(group=PHOTO)] = "auto",
    mask: Annotated[Path | None, Parameter(group=PHOTO)] = None,
    steps: Annotated[NonNegativeInt, Parameter(group=HOW)] = 150,
    layer_steps: Annotated[NonNegativeInt, Parameter(group=HOW)] = 100,
    tune: Annotated[NonNegativeInt, Parameter(group=HOW)] = 0,
    candidates: Annotated[NonNegativeInt, Parameter(group=HOW)] = 16,
    perceptual: Annotated[NonNegativeFloat | None, Parameter(group=HOW)] = None,
    identity: Annotated[NonNegativeFloat | None, Parameter(group=HOW)] = None,
    seed: Annotated[NonNegativeInt, Parameter(group=HOW)] = 0,
    out: Annotated[Path, Parameter(group=FILES)],
    tuned: Annotated[Path | None, Parameter(group=FILES)] = None,
    camera_out: Annotated[Path | None, Parameter(group=FILES)] = None,
    previews: Annotated[Path | None, Parameter(group=FILES)] = None,
    every: Annotated[PositiveInt, Parameter(group=FILES)] = 25,
    override: Annotated[Overrides, Parameter(group=MODEL)] = None,
    device: Annotated[Device, Parameter(group=MACHINE)] = "auto",
) -> None:
    """Find the person that a model makes of a photograph, as an avatar.

    The photograph should show the head as the model's own pictures do: as large, and in the middle. It may have any
    format and size: it is turned as its EXIF data say and cut to the square in its middle, and what is transparent in
    it does not count. Networks that are not in the cache are left out; `aetherist weights get` fetches them. On a CPU
    the same arguments give the same avatar.

    Args:
        image: The photograph.
        camera: A JSON file with the camera it was taken from, or `auto`: found around the model's own.
        mask: A picture of the photograph's size, white where the person is. Nothing else counts then.
        steps: With one style for all layers, at the resolution of the raw rendering.
        layer_steps: With a style for each layer, at the full resolution.
        tune: Train the model itself on the photograph for so many steps; it is written to `--tuned`.
        candidates: Begin with the most alike of so many people and the average one.
        perceptual: Weight of what a network sees (LPIPS; 0.5 by default); 0 leaves it out.
        identity: Weight of whom a network recognises (0.1 by default); 0 leaves it out.
        seed: Decides the candidates.
        out: The avatar file to write: `me.avatar`.
        tuned: The folder for the model that `--tune` makes; the avatar belongs to it.
        camera_out: Write the camera to this JSON file, for `aetherist render --cameras`.
        previews: A folder for pictures on the way: the photograph, and beside it what the model shows.
        every: Write one after so many steps.
    """
    from aetherist.cli.models import existing_folder, open_model

    _writable(out, tuned, camera_out, tune)
    seen_from = None if camera == "auto" else _camera(Path(camera))
    for path in (image, mask):
        if path is not None and not path.is_file():
            raise UsageError(f"{path}: there is no such file")
    opened = open_model(model, device, override)
    import attrs

    from aetherist.avatars import AvatarModel
    from aetherist.graphs.inversion import Settings, Weights, read_photo
    from aetherist.graphs.inversion import invert as fit
    from aetherist.graphs.inversion.sight import Sight

    given = {"perceptual": perceptual, "identity": identity}
    weights = attrs.evolve(Weights(), **{name: value for name, value in given.items() if value is not None})
    settings = Settings(
        steps=steps, layer_steps=layer_steps, tune_steps=tune, candidates=candidates, seed=seed, weights=weights
    )
    with asked():
        owner = AvatarModel(opened)
        photo = read_photo(image, Sight(opened).resolution, mask=mask)
    for note in photo.notes:
        warn(note)
    watch = _View(photo, None if previews is None else existing_folder(previews, "--previews"), every)
    with watch:
        found = fit(opened, photo, camera=seen_from, settings=settings, observe=watch)
    if tuned is not None:
        about = {"tuned": {"from": owner.digest, "photograph": image.name, "steps": tune}}
        found.model.save(tuned, metadata=about)
        say(f"wrote {tuned}, the tuned model")
        owner = AvatarModel(found.model)
    owner.avatar(styles=found.styles).save(out)
    if camera_out is not None:
        from aetherist.components.cameras import save_path

        save_path(camera_out, found.camera.reshape(1))
    _tell(found, photo, out, searched=seen_from is None)


def _writable(out: Path, tuned: Path | None, camera_out: Path | None, tune: int) -> None:
    """Refuse at once what could not be written after minutes of work."""
    if (tuned is None) != (tune == 0):
        raise UsageError("--tune N makes a model of its own, and --tuned FOLDER says where to write it: give both")
    for option, path in (("--out", out), ("--camera-out", camera_out), ("--tuned", tuned)):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{option} {path}: there is no folder {path.parent}")
    if out.is_dir():
        raise UsageError(f"--out {out}: that is a folder; give a file, such as me.avatar")
    if tuned is not None and tuned.exists():
        raise UsageError(f"--tuned {tuned}: it exists already; give another folder")


def _camera(file: Path) -> Cameras:
    from aetherist.cli.looks import path_of

    cameras = path_of(file)
    if len(cameras) != 1:
        raise UsageError(f"--camera {file}: it has {len(cameras)} cameras; a photograph is taken from one")
    return cameras[0]


def _tell(found: Inversion, photo: Photo, out: Path, *, searched: bool) -> None:
    """Say what was found, and what was not looked at."""
    from aetherist.cli.numbers import duration
    from aetherist.graphs.evaluation.similarity import psnr

    mask = None if photo.mask is None else photo.mask[None]
    likeness = float(psnr(found.picture[None].clamp(-1, 1), photo.image[None], mask))
    facts = [f"PSNR {likeness:.1f} dB", duration(found.seconds)]
    if searched:
        yaw, pitch = (math.degrees(float(angle)) for angle in found.camera.spherical()[:2])
        facts.insert(1, f"seen from yaw {yaw:.0f}, pitch {pitch:.0f} degrees")
    show(f"{out}: {', '.join(facts)}")
    for label in found.labels:
        say(label)
    for line in found.left_out:
        warn(f"left out: {line}")


class _View:
    """Shows how far a fit is: a bar on terminals, a few lines elsewhere; and pictures where they are asked for."""

    def __init__(self, photo: Photo, folder: Path | None, every: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._photo, self._folder, self._every = photo, folder, every
        console = stderr()
        self._bar = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                TextColumn("{task.fields[loss]}"), console=console,
            )  # fmt: skip
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, step: Step) -> None:
        """Tell of a step."""
        last = step.step == step.steps
        if self._bar is not None:
            if step.stage not in self._tasks:
                self._tasks[step.stage] = self._bar.add_task(NAMES[step.stage], total=step.steps, loss="")
            self._bar.update(self._tasks[step.stage], completed=step.step, loss=f"loss {step.loss:.4f}")
        elif last or step.step % max(step.steps // LINES, 1) == 0:
            terms = "  ".join(f"{name} {value:.4f}" for name, value in step.terms.items())
            say(f"{NAMES[step.stage]} {step.step}/{step.steps}: loss {step.loss:.4f}  {terms}".rstrip())
        if self._folder is not None and step.picture is not None and (last or step.step % self._every == 0):
            self._preview(self._folder / f"{list(NAMES).index(step.stage)}-{step.stage}-{step.step:04d}.png", step)

    def _preview(self, path: Path, step: Step) -> None:
        from torch.nn import functional as F

        from aetherist.export.pictures import arrange, write_picture
        from aetherist.graphs.generate import to_pixels

        assert step.picture is not None
        size = self._photo.image.shape[-2:]
        shown = F.interpolate(step.picture[None].cpu(), size=size, mode="bilinear", align_corners=False)[0]
        pair = [to_pixels(picture, "image.signed")[0] for picture in (self._photo.image, shown)]
        write_picture(path, arrange(pair, 2, 1))
