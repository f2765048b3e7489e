"""A picture made again from what it says of how it was made. It imports pydantic: where it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from aetherist.cli.failures import UsageError
from aetherist.cli.models import Precision

if TYPE_CHECKING:
    from torch import Tensor

    from aetherist.graphs.model import Model
    from aetherist.graphs.viewer import Subject, Viewer

CameraNumbers = Annotated[list[float], Field(min_length=25, max_length=25)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class RecipeTold(_Part):
    """The recipe, as it composes."""

    name: str
    digest: str
    yaml: str


class AvatarTold(_Part):
    """An avatar, by the digest of what it holds."""

    name: str
    digest: str


class Person(_Part):
    """Who is shown: a seed or an avatar."""

    seed: int | None = None
    avatar: AvatarTold | None = None


class GridTold(_Part):
    """What the cells of a grid show: each person from each camera, row by row."""

    columns: int = Field(gt=0, le=10_000)
    rows: int = Field(gt=0, le=10_000)
    people: list[Person]
    cameras: list[CameraNumbers]


class SampleTold(_Part):
    """One frame of a video, and its camera."""

    frame: int = Field(ge=0)
    camera: CameraNumbers


class OptionsTold(_Part):
    """Those options of the command that a picture is made by, beside its recipe."""

    overrides: list[str] = Field(default_factory=list)
    precision: Precision | None = None
    quality: int | None = Field(default=None, ge=1, le=100)
    crf: int | None = Field(default=None, ge=0, le=63)

    @field_validator("overrides")
    @classmethod
    def _plain(cls, overrides: list[str]) -> list[str]:
        """Refuse what would look into the environment on behalf of a file."""
        if any("${" in override for override in overrides):
            raise ValueError("an override of a file may not hold ${...}")
        return overrides


class Told(Person):
    """What is needed to make a picture again, out of all that it says."""

    version: str
    recipe: RecipeTold
    model: str | None
    weights: str = "fresh, seed 0"
    graph: str
    output: str
    pane: Literal["depth", "normal"] | None = None
    scale: int = Field(default=1, gt=0, le=64)
    psi: float | None = None
    cutoff: int | None = None
    camera: CameraNumbers | None = None
    grid: GridTold | None = None
    people: list[Person] = Field(default_factory=list)
    interpolate: bool = False
    loop: bool = False
    frames: int | None = Field(default=None, gt=0)
    columns: int = Field(default=1, gt=0, le=10_000)
    rows: int = Field(default=1, gt=0, le=10_000)
    samples: list[SampleTold] = Field(default_factory=list, max_length=100)
    options: OptionsTold = Field(default_factory=OptionsTold)

    @property
    def seed_of_weights(self) -> int:
        """Of fresh weights: what they were drawn from."""
        seed = self.weights.removeprefix("fresh, seed ")
        return int(seed) if seed.isascii() and seed.isdecimal() else 0


def told_by(path: Path) -> tuple[dict[str, Any], Told]:
    """Return all that a file says, and what of it is needed to make the picture again.

    Raises:
        UsageError: If there is no such file, or it does not say.
    """
    from PIL import UnidentifiedImageError

    from aetherist.export.metadata import read_metadata

    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    try:
        told = read_metadata(path)
    except UnidentifiedImageError:
        raise UsageError(f"{path} is no picture") from None
    if told is None:
        raise UsageError(
            f"{path} does not say how it was made; pictures of 'aetherist render' do, without --no-metadata"
        )
    try:
        return told, Told.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path} does not say enough of how it was made: {place}: {first['msg']}") from None


def made_again(told: Told, model: Model, avatars: Sequence[Path]) -> Tensor:
    """Return the pixels of the picture that ``told`` speaks of.

    Raises:
        ValueError: If the model cannot make it, or an avatar is needed that is not among the files.
    """
    import torch

    from aetherist.export.pictures import arrange, enlarge

    viewer = _viewer(told, model)
    wanted = told.grid.people if told.grid is not None else [told]
    vectors = told.grid.cameras if told.grid is not None else [told.camera] if told.camera is not None else []
    cameras = [torch.tensor(vector) for vector in vectors] or [viewer.stage.camera()]
    known = _avatars(model, avatars)
    subjects = [_subject(viewer, person, known) for person in wanted]
    pictures = [enlarge(picture.pixels, told.scale) for picture in viewer.pictures(subjects, cameras)]
    return arrange(pictures, told.grid.columns, told.grid.rows) if told.grid is not None else pictures[0]


def frames_made_again(told: Told, model: Model, avatars: Sequence[Path]) -> list[Tensor]:
    """Return those frames of the video that ``told`` speaks of whose cameras it tells.

    Raises:
        ValueError: As :func:`made_again`, or if it tells no cameras or no people.
    """
    import torch

    from aetherist.export.pictures import arrange, enlarge
    from aetherist.graphs.film import along

    if not told.samples or not told.people or told.frames is None:
        raise UsageError("it does not say from where its frames were seen, or whom they show; make the video anew")
    viewer = _viewer(told, model)
    known = _avatars(model, avatars)
    everyone = [_subject(viewer, person, known) for person in told.people]
    cells = min(told.columns * told.rows if told.interpolate else len(everyone), len(everyone))
    frames = []
    for sample in told.samples:
        present = [along(everyone[cell::cells], sample.frame, told.frames, closed=told.loop) for cell in range(cells)]
        camera = torch.tensor(sample.camera)
        pictures = [picture.pixels for each in present for picture in viewer.look(None, [each], camera)]
        frames.append(enlarge(arrange(pictures, told.columns, told.rows), told.scale))
    return frames


def _viewer(told: Told, model: Model) -> Viewer:
    from aetherist.graphs.viewer import Viewer

    return Viewer(model, graph=told.graph, output=told.output, pane=told.pane, psi=told.psi, cutoff=told.cutoff)


def _avatars(model: Model, files: Sequence[Path]) -> dict[str, Any]:
    if not files:
        return {}
    from aetherist.avatars import AvatarModel

    owner = AvatarModel(model)
    return {avatar.digest: avatar for avatar in map(owner.open, files)}


def _subject(viewer: Viewer, person: Person, avatars: Mapping[str, Any]) -> Subject:
    if person.avatar is not None:
        if person.avatar.digest not in avatars:
            told = f"'{person.avatar.name}' with the digest {person.avatar.digest}"
            raise UsageError(f"it shows the avatar {told}; give its file with --avatar")
        avatar = avatars[person.avatar.digest]
        return viewer.of_styles(person.avatar.name, avatar.styles, seed=avatar.seed)
    if person.seed is None:
        raise UsageError("it says neither of what seed nor of what avatar it is")
    return viewer.of_seed(person.seed)
