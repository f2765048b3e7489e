"""What a recipe says under ``training:``: phases over its graphs, what they are fed, and when things happen.

The trainer knows no GAN. A phase evaluates a graph, minimises one of its outputs, and moves the components it names;
adversarial training is two phases, reconstruction is one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Tag,
    model_validator,
)

from aetherist.graphs.training.schedules import (
    BySchedule,
    Count,
    NonNegative,
    Number,
    PositiveCount,
    written_as,
)

Precision = Literal["fp32", "bf16", "fp16"]


class Spec(BaseModel):
    """Base of the parts of ``training:``: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True)


class DrawFeed(Spec):
    """Random numbers, drawn anew in every phase; their shape is the input's, a row for each image."""

    draw: Literal["normal", "uniform", "seeds"]
    """Unit normal numbers, uniform ones, or integer seeds."""
    low: float = -1.0
    """The least uniform number."""
    high: float = 1.0
    """The greatest uniform number."""
    scale: float = 1.0
    """The standard deviation of normal numbers."""
    by: str | None = None
    """A whole-numbered field of the data that the draw hangs on: the same identity, the same latent at every step."""
    sizes: dict[str, PositiveInt] = Field(default_factory=dict)
    """Sizes of the axes that the input leaves open, by name: ``{N: 1000}``."""


class FieldFeed(Spec):
    """A field of the data. Bytes become numbers in the range that the input means."""

    field: str
    """Which: image, camera, depth, mask, identity, index, or an attribute such as ``attributes.age``."""
    row: Literal["own", "other"] = "own"
    """Of the image itself, or of another one drawn at random."""
    swap: NonNegative = 0.0
    """The probability of taking the other image's instead."""
    size: PositiveInt | str | None = None
    """Resize a picture to this many rows and columns, or to what a component has: ``rays.resolution``."""


class ValueFeed(Spec):
    """A plain value, or a number by schedule."""

    value: Annotated[Annotated[bool | int | float | str | None, Tag("plain")] | BySchedule, Discriminator(written_as)]


class ControlFeed(Spec):
    """A number that training steers; see ``controls``."""

    control: str


_FEEDS = {"draw": DrawFeed, "field": FieldFeed, "value": ValueFeed, "control": ControlFeed}


def _kind(data: Any) -> str | None:
    keys = data.keys() if isinstance(data, dict) else type(data).model_fields.keys() if isinstance(data, Spec) else ()
    return next((kind for kind in _FEEDS if kind in keys), None)


Feed = Annotated[
    Annotated[DrawFeed, Tag("draw")]
    | Annotated[FieldFeed, Tag("field")]
    | Annotated[ValueFeed, Tag("value")]
    | Annotated[ControlFeed, Tag("control")],
    Discriminator(
        _kind,
        custom_error_type="feed",
        custom_error_message="a feed is {draw: normal}, {field: image}, {value: 1.0} or {control: name}",
    ),
]
"""How one input of a graph is fed."""


class OptimizerSpec(Spec):
    """An optimizer and its settings."""

    type: Literal["adam", "adamw", "sgd"] = "adam"
    """Which method; sgd reads the first of ``betas`` as its momentum."""
    lr: NonNegative = 0.002
    """The learning rate."""
    betas: tuple[float, float] = (0.0, 0.99)
    """Decay of the running averages of gradients and of their squares."""
    eps: PositiveFloat = 1e-8
    """Added to the root of the second average."""
    weight_decay: NonNegativeFloat = 0.0
    """Pull of the weights towards 0."""


def _named(data: Any) -> str:
    return "name" if isinstance(data, str) else "own"


class PhaseSpec(Spec):
    """One evaluation of a graph a step, and the components that follow its gradient."""

    graph: str
    """Which graph is evaluated, for the outputs below and no others."""
    minimise: str = "loss"
    """The output to minimise; a scalar."""
    update: list[str] = Field(min_length=1)
    """The components that are moved; all others hold still and need no gradient."""
    every: PositiveInt = 1
    """Run in every step, or in every n-th."""
    starts: Count = 0
    """How many images pass before the first run."""
    ends: Count | None = None
    """After how many images the phase is over."""
    weight: Number = 1.0
    """Factor on what is minimised."""
    optimizer: Annotated[Annotated[OptimizerSpec, Tag("own")] | Annotated[str, Tag("name")], Discriminator(_named)] = (
        Field(default_factory=OptimizerSpec)
    )
    """The optimizer, or the name of an earlier phase whose optimizer this one shares."""
    lazy: bool = False
    """This phase regularises: multiply its loss by ``every``, and slow the shared Adam down for the extra steps."""
    clip: PositiveFloat | None = None
    """The greatest norm of the gradient of all updated components together."""
    precision: Precision | None = None
    """Another precision than that of the training."""
    compile: bool = False
    """Compile the graph; not for phases that differentiate within it."""
    checkpoint_activations: list[str] = Field(default_factory=list)
    """Components whose activations are computed again in the backward pass rather than kept."""
    report: list[str] | None = None
    """Outputs to record, by their mean; every scalar output if not given."""
    after: dict[str, str] = Field(default_factory=dict)
    """Methods to call after the step, each with an output: ``{mapping.update_average: styles}``."""
    feeds: dict[str, Feed] = Field(default_factory=dict)
    """Feeds of this phase, beside and before the common ones."""


class EmaSpec(Spec):
    """Moving averages of components; the averaged ones are what snapshots save. Karras et al. 2018, section 4."""

    half_life: PositiveCount = 10_000
    """After how many images a weight counts half."""
    ramp_up: PositiveFloat | None = 0.05
    """The half-life is at most this share of the images seen; none for a constant one."""
    components: list[str] | None = None
    """Which; every component that a phase updates and that the snapshot graph calls, if not given."""


class ControlSpec(Spec):
    """A number steered so that the mean sign of an output stays at a target. Karras et al. 2020 (ADA), section 3."""

    watch: str
    """``phase.output``: positive where the discriminator takes a real picture for real."""
    target: float = 0.6
    """The mean sign to hold."""
    over: PositiveCount = 500_000
    """How many images the way from 0 to 1 takes."""
    start: float = Field(0.0, alias="from")
    """The first value."""
    limit: PositiveFloat = 0.8
    """The greatest value; the least is 0."""


class GrowSpec(Spec):
    """A whole-numbered setting of a component that grows in steps; the weights stay what they are."""

    start: PositiveInt = Field(alias="from")
    """The first value."""
    to: PositiveInt
    """The last value."""
    over: PositiveCount
    """How many images the way takes."""
    after: Count = 0
    """How many images pass before it begins."""
    steps: PositiveInt = 8
    """In how many steps; each is checked before training starts."""

    def stages(self) -> list[tuple[int, int]]:
        """Return ``(images, value)`` for the start and each step; values are even, or the ends."""
        found = [(0, self.start)]
        for step in range(1, self.steps + 1):
            exact = self.start + (self.to - self.start) * step / self.steps
            value = self.to if step == self.steps else 2 * round(exact / 2)
            if value != found[-1][1]:
                found.append((self.after + self.over * step // self.steps, value))
        return found


class DataSpec(Spec):
    """What is done with the data before it is fed."""

    resolution: PositiveInt | None = None
    """Reduce pictures to this many rows and columns as they are read; as they are if not given."""
    mirror: bool = False
    """Take every image a second time, mirrored, and its camera with it."""


class SnapshotSpec(Spec):
    """What is kept for looking at: model folders and pictures at fixed seeds."""

    graph: str = "generate"
    """The graph that makes pictures."""
    every: PositiveCount | None = 200_000
    """Save a model folder after so many images; null for one at the end alone."""
    compact: bool = False
    """Save model folders with real numbers in 16 bits (fp16), at half the size."""
    images_every: PositiveCount | None = 50_000
    """Draw pictures after so many images."""
    grid: tuple[PositiveInt, PositiveInt] = (4, 4)
    """Columns and rows."""
    outputs: list[str] = Field(default_factory=lambda: ["image", "depth"])
    """Which outputs are drawn, each as a picture of its own; those that the graph has not are left out."""
    feeds: dict[str, Feed] = Field(default_factory=dict)
    """Feeds of the snapshot graph, beside and before the common ones."""


class CheckpointSpec(Spec):
    """What is kept for going on after a stop."""

    every: PositiveCount = 50_000
    """Write one after so many images."""
    keep: PositiveInt = 2
    """How many of the latest stay."""


class TrainingSpec(Spec):
    """All of ``training:``."""

    batch_size: PositiveInt
    """Images a step, over all processes."""
    length: PositiveCount
    """Images to train for."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Of the initial weights, the order of the data, and everything drawn."""
    precision: Precision = "fp32"
    """Of the arithmetic inside the components; weights, optimizers and what passes between components are fp32."""
    full_precision: list[str] = Field(default_factory=list)
    """Components that compute in fp32 all the same."""
    accumulate: PositiveInt = 1
    """In how many parts a process takes its share of the batch, to need less memory."""
    nonfinite: Literal["stop", "skip"] = "stop"
    """What to do where a loss is not finite: stop, or leave out that phase of that step."""
    clean_gradients: bool = False
    """Replace what is not finite in gradients: not-a-number by 0, infinity by 1e5."""
    log_every: PositiveCount = 1_000
    """Write a line of records after so many images."""
    ema: EmaSpec | None = None
    """Moving averages of weights."""
    data: DataSpec = Field(default_factory=DataSpec)
    """What is done with the data."""
    feeds: dict[str, Feed] = Field(default_factory=dict)
    """How graph inputs are fed, by the input's name, in every phase whose graph has it."""
    controls: dict[str, ControlSpec] = Field(default_factory=dict)
    """Numbers that training steers: the strength of augmentation."""
    grow: dict[str, GrowSpec] = Field(default_factory=dict)
    """Settings of components that grow: ``rays.resolution``."""
    phases: dict[str, PhaseSpec] = Field(min_length=1)
    """What happens in a step, in this order."""
    snapshots: SnapshotSpec = Field(default_factory=SnapshotSpec)
    """What is kept for looking at."""
    checkpoints: CheckpointSpec = Field(default_factory=CheckpointSpec)
    """What is kept for going on."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        """Drop the phases, feeds and such that a recipe laid over another has set to ``null``."""
        if not isinstance(data, dict):
            return data
        removable = ("phases", "feeds", "controls", "grow")
        return {
            key: {name: entry for name, entry in value.items() if entry is not None}
            if key in removable and isinstance(value, dict)
            else value
            for key, value in data.items()
        }

    def feeds_of(self, phase: str) -> dict[str, Feed]:
        """Return every feed that a phase may use, its own before the common ones."""
        return self.feeds | self.phases[phase].feeds
