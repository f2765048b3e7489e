"""``aetherist styles``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Group, Parameter
from cyclopts.types import PositiveInt

from aetherist.cli import numbers
from aetherist.cli.console import say, show, write
from aetherist.cli.failures import UsageError, asked
from aetherist.cli.options import Device, Overrides, Source

if TYPE_CHECKING:
    from aetherist.components.styles import DirectionSet
    from aetherist.graphs.styles import AttributeRegressor, Measured, People

app = App(name="styles", help="Learn the style directions that edits follow, measure and list them.")

WHAT = Group("What", sort_key=1)
MEASURE = Group("Measure", sort_key=2)
FILES = Group("Files", sort_key=3)
MODEL = Group("Model", sort_key=4)
MACHINE = Group("Machine", sort_key=5)

SHOWN = 3
"""People on a strip."""

Data = Annotated[
    Path | None,
    Parameter(group=WHAT, help="Labelled pictures: a folder or a zip with `dataset.json` that says attributes."),
]
Regressor = Annotated[
    Path | None,
    Parameter(
        group=FILES,
        help="What reads attributes off pictures: read from this file if it is there, or else trained on the data and "
        "written to it.",
    ),
]
Eyes = Annotated[
    str,
    Parameter(
        name="--features",
        group=MEASURE,
        help="What attributes are read off pictures with: `cnn` trains a small network; `inception-nsfwjs` and others "
        "of `aetherist weights list` fit a linear reading to their features.",
    ),
]
Identity = Annotated[
    str | None, Parameter(group=MEASURE, help="The network that recognises people; `face-recognition` by default.")
]
Strengths = Annotated[
    str,
    Parameter(
        group=MEASURE,
        allow_leading_hyphen=True,
        help="Strengths to measure at, with commas between them; 0 goes without saying.",
    ),
]
Pictures = Annotated[
    Path | None,
    Parameter(group=FILES, help="A folder for a strip of pictures a direction: three people at every strength."),
]
Batch = Annotated[PositiveInt, Parameter(name=["--batch", "-b"], group=MACHINE, help="Pictures at a time.")]
Json = Annotated[bool, Parameter(name="--json", negative="", group=FILES, help="Print JSON instead of tables.")]


@app.command
def learn(
    model: Source,
    /,
    *,
    data: Data = None,
    attributes: Annotated[str | None, Parameter(group=WHAT)] = None,
    method: Annotated[Literal["linear", "logistic", "sefa", "pca"], Parameter(group=WHAT)] = "linear",
    source: Annotated[Literal["auto", "latents", "pictures"], Parameter(group=WHAT)] = "auto",
    hold: Annotated[str | None, Parameter(group=WHAT)] = None,
    orthogonal: Annotated[bool, Parameter(negative="", group=WHAT)] = False,
    layers: Annotated[str | None, Parameter(group=WHAT)] = None,
    count: Annotated[PositiveInt, Parameter(group=WHAT)] = 10,
    samples: Annotated[PositiveInt, Parameter(group=WHAT)] = 2000,
    seed: Annotated[int, Parameter(group=WHAT)] = 0,
    measure: Annotated[str | None, Parameter(group=MEASURE)] = None,
    strengths: Strengths = "-2,-1,1,2",
    features: Eyes = "cnn",
    identity: Identity = None,
    out: Annotated[Path, Parameter(group=FILES)] = Path("directions.safetensors"),
    regressor: Regressor = None,
    pictures: Pictures = None,
    override: Annotated[Overrides, Parameter(group=MODEL)] = None,
    device: Annotated[Device, Parameter(group=MACHINE)] = "auto",
    batch: Batch = 8,
) -> None:
    """Learn style directions of a model, and write them to a file.

    `linear` and `logistic` learn from labelled data: from the latents of its people where it says them and they are the
    model's own, or else from the model's own pictures, with attributes read off them. `sefa` and `pca` need no data.
    With `--measure` the directions are then measured, their steps made as long as documented, and the figures and
    ranges kept with them. `directions.safetensors` in a model folder is found by itself.

    Args:
        attributes: With commas between them; age, gender, smile, ethnicity by default.
        method: `linear` regresses styles on all attributes together, `logistic` finds the plane between more and less
            of each, `sefa` factorises the weights that styles go through, `pca` finds the principal axes of styles.
        source: `latents` of the data's people, `pictures` of the model's own, or `auto`: the first if it can be.
        hold: Further attributes that are to stay as they are, of `linear`: `grey,beard`.
        orthogonal: Make each attribute's directions orthogonal to those of the attributes before it.
        layers: Style layers to apply the directions to: `0-6,8`; all by default.
        count: How many directions of `sefa` and `pca`.
        samples: How many people of the model's own are looked at, where pictures are the source.
        seed: Decides everything that is drawn.
        measure: Then measure on the people of these seeds, 256 or more: `0-255`.
        out: The file to write.
    """
    _writable(out)
    from aetherist.cli.models import open_model

    chosen = _layers(layers)
    opened = open_model(model, device, override)
    from aetherist.graphs.styles import ATTRIBUTES, Learning, People
    from aetherist.graphs.styles import learn as find

    with asked():
        settings = Learning(
            attributes=_names(attributes) or ATTRIBUTES,
            method=method,
            source=source,
            hold=_names(hold),
            orthogonal=orthogonal,
            layers=chosen,
            count=count,
            samples=samples,
            eyes=features,
            seed=seed,
            batch=batch,
        )
        people = People(opened)
        reader = None
        if measure is not None or regressor is not None:
            names = _measured_names(settings.attributes, settings.hold)
            reader = _reader(people, data, names, regressor, features, seed)
        found = find(opened, data, settings, regressor=reader, tell=say)
    if measure is not None:
        assert reader is not None
        measured, found = _measure(
            people, found, reader, numbers.seeds(measure), strengths, identity, batch, data, calibrate=True
        )
        from aetherist.cli.styles_view import show_measured

        show_measured(measured)
    found.save(out)
    if pictures is not None:
        _strips(people, found, numbers.seeds(measure or f"0-{SHOWN - 1}")[:SHOWN], strengths, pictures, batch)
    say(f"wrote {out}: {', '.join(found.names)}")


@app.command
def evaluate(
    model: Source,
    /,
    *,
    directions: Annotated[Path | None, Parameter(group=WHAT)] = None,
    data: Data = None,
    seeds: Annotated[str, Parameter(group=MEASURE)] = "0-255",
    strengths: Strengths = "-2,-1,1,2",
    attributes: Annotated[str | None, Parameter(group=MEASURE)] = None,
    features: Eyes = "cnn",
    identity: Identity = None,
    seed: Annotated[int, Parameter(group=MEASURE)] = 0,
    calibrate: Annotated[bool, Parameter(negative="", group=MEASURE)] = False,
    save: Annotated[Path | None, Parameter(group=FILES)] = None,
    out: Annotated[Path | None, Parameter(group=FILES)] = None,
    regressor: Regressor = None,
    pictures: Pictures = None,
    as_json: Json = False,
    override: Annotated[Overrides, Parameter(group=MODEL)] = None,
    device: Annotated[Device, Parameter(group=MACHINE)] = "auto",
    batch: Batch = 8,
) -> None:
    """Measure what style directions do: to their attribute, to the others, and to who somebody is.

    Each person is edited along every direction at every strength, seen from the front, and compared with the same
    person unedited. Attributes are read off the pictures by a network trained on labelled data; its error for people
    kept apart is printed.

    Args:
        directions: The file; `directions.safetensors` in the model's folder by default.
        seeds: The people: `0-255`. Fewer than 256 say little.
        attributes: What to read, with commas between them; age, gender, smile, ethnicity by default.
        seed: Of the training of what reads attributes.
        calibrate: Make each step as long as documented, as it was measured; for `--save`.
        save: Write the directions with their figures and ranges to this file.
        out: Write the JSON to this file, whole or not at all.
    """
    for path in (save, out):
        _writable(path)
    from aetherist.cli.models import open_model

    opened = open_model(model, device, override)
    from aetherist.graphs.styles import People, digest_of

    with asked():
        found = _opened(model, directions)
        found.require(digest_of(opened), opened.recipe.name)
        people = People(opened)
        reader = _reader(people, data, _measured_names(_names(attributes), ()), regressor, features, seed)
    measured, found = _measure(
        people, found, reader, numbers.seeds(seeds), strengths, identity, batch, data, calibrate=calibrate
    )
    if save is not None:
        found.save(save)
        say(f"wrote {save}")
    text = json.dumps(measured.to_dict(), indent=2) + "\n"
    if out is not None:
        from aetherist.base.files import write_whole

        write_whole(out, text.encode())
        say(f"wrote {out}")
    if pictures is not None:
        _strips(people, found, numbers.seeds(seeds)[:SHOWN], strengths, pictures, batch)
    if as_json:
        write(text)
    else:
        from aetherist.cli.styles_view import show_measured

        show_measured(measured)


@app.command(name="show")
def show_(
    source: Annotated[str, Parameter(help="A file of directions, or a model whose folder has one.")],
    /,
    *,
    markdown: Annotated[bool, Parameter(negative="", help="Print the table as Markdown.")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
) -> None:
    """List a set of style directions: what a strength of 1 does, how far they go, and what was measured."""
    from aetherist.cli.styles_view import described, listed

    with asked():
        found = _opened(source, Path(source) if Path(source).is_file() else None)
    if as_json:
        write(json.dumps(described(found), indent=2) + "\n")
    else:
        listed(found, markdown=markdown)


def _opened(model: str, path: Path | None) -> DirectionSet:
    """Return the directions of a file, or of the model's folder."""
    from aetherist.components.styles import DirectionSet
    from aetherist.graphs.sources import model_folder

    if path is None:
        from aetherist.avatars.keeping import DIRECTIONS_FILE

        folder = model_folder(model)
        if folder is None or not (Path(str(folder)) / DIRECTIONS_FILE).is_file():
            raise UsageError(f"{model} has no {DIRECTIONS_FILE}; 'aetherist styles learn' makes it")
        path = Path(str(folder)) / DIRECTIONS_FILE
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    return DirectionSet.load(path)


def _reader(
    people: People,
    data: Path | None,
    attributes: tuple[str, ...],
    path: Path | None,
    eyes: str,
    seed: int,
) -> AttributeRegressor:
    """Return what reads attributes: from its file, or trained and then kept there."""
    from aetherist.graphs.styles import load_regressor, save_regressor, train_regressor

    device = people.model.device
    if path is not None and path.is_file():
        reader = load_regressor(path, device)
        say(f"attributes are read by {path}")
    else:
        _writable(path)
        if data is None:
            raise UsageError(
                "--data: name labelled pictures to learn to read attributes from, or an existing --regressor"
            )
        reader = train_regressor(data, attributes, eyes=eyes, device=device, seed=seed, tell=say)
        if path is not None:
            save_regressor(reader, path)
            say(f"wrote {path}")
    for line in reader.describe():
        say(f"  {line}")
    return reader


def _measure(
    people: People,
    directions: DirectionSet,
    reader: AttributeRegressor,
    seeds: list[int],
    strengths: str,
    identity: str | None,
    batch: int,
    data: Path | None,
    *,
    calibrate: bool,
) -> tuple[Measured, DirectionSet]:
    from aetherist.graphs.styles import calibrated, errors_on_model, measure, sight_of, with_figures

    options: dict[str, Any] = {} if identity is None else {"identity": identity}
    with asked():
        sight = sight_of(people, reader, tell=say, **options)
    if data is not None:
        errors = errors_on_model(people, reader, data, batch=batch)
        if errors is not None:
            told = ", ".join(f"{name} {error:.3g}" for name, error in errors.items())
            say(f"mean error of reading the model's own pictures of people of the data: {told}")
    if len(seeds) < 256:
        say(f"{len(seeds)} people are few: take 256 or more for figures to keep")
    values = numbers.decimals(strengths, "--strengths")
    styles = people.styles(people.latents(seeds))
    measured = measure(directions, styles, sight, strengths=[s for s in values if s], batch=batch, tell=say)
    if calibrate:
        directions, measured = calibrated(directions, measured)
    return measured, with_figures(directions, measured)


def _strips(
    people: People, directions: DirectionSet, seeds: list[int], strengths: str, folder: Path, batch: int
) -> None:
    from aetherist.cli.models import existing_folder
    from aetherist.export.pictures import arrange, write_picture
    from aetherist.graphs.styles import strip

    existing_folder(folder, "--pictures")
    styles = people.styles(people.latents(seeds))
    values = numbers.decimals(strengths, "--strengths")
    for direction in directions.directions:
        shown = strip(people, direction, styles, values, batch)
        told = {"direction": direction.name, "strengths": sorted({*values, 0.0}), "seeds": seeds}
        sheet = arrange(list(shown.flatten(0, 1)), shown.shape[1], shown.shape[0])
        write_picture(folder / f"{direction.name}.png", sheet, told)
    show(f"{len(directions)} strips are in {folder}, strengths {', '.join(f'{s:g}' for s in sorted({*values, 0.0}))}")


def _measured_names(attributes: tuple[str, ...], hold: tuple[str, ...]) -> tuple[str, ...]:
    from aetherist.graphs.styles import ATTRIBUTES

    return tuple(dict.fromkeys((*(attributes or ATTRIBUTES), *hold)))


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def _layers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(numbers.seeds(text))
    except UsageError as error:
        raise UsageError(str(error).replace("--seeds", "--layers").replace("seed", "layer")) from None


def _writable(path: Path | None) -> None:
    if path is not None and not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
