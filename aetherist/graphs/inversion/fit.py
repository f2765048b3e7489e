"""From a photograph to styles, by gradients."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Literal

import attrs
import torch
from torch import Tensor

from aetherist.components.cameras import Cameras
from aetherist.graphs.inversion.descent import Descent
from aetherist.graphs.inversion.objective import Objective, Weights
from aetherist.graphs.inversion.photo import Photo
from aetherist.graphs.inversion.search import Search
from aetherist.graphs.inversion.sight import Sight
from aetherist.graphs.inversion.space import StyleSpace
from aetherist.graphs.inversion.tuning import tuned
from aetherist.graphs.model import Model

Stages = Literal["search", "w", "layers", "tune"]

SPREAD = 0.7
"""Candidates are nearer to the average than people are: they are seen more clearly."""

TRIAL = 7
"""This part of the steps goes to each pose that may be the right one."""


@attrs.frozen
class Settings:
    """How to go about it.

    Attributes:
        steps: With one style for all layers, at the raw resolution.
        layer_steps: With a style for each layer, at the full resolution.
        tune_steps: With the styles fixed, of the model itself.
        candidates: How many people to begin with one of, beside the average one.
        seed: Of the candidates and the distribution of styles.
        rate: Learning rate of styles, in their standard deviations.
        turn_rate: Of the camera's angles, in radians.
        tune_rate: Of the model's weights.
        weights: Of the terms.

    Raises:
        ValueError: If a number is too small.
    """

    steps: int = 150
    layer_steps: int = 100
    tune_steps: int = 0
    candidates: int = 16
    seed: int = 0
    rate: float = 0.2
    turn_rate: float = 0.02
    tune_rate: float = 0.0005
    weights: Weights = attrs.field(factory=Weights)

    def __attrs_post_init__(self) -> None:
        for name in ("steps", "layer_steps", "tune_steps", "candidates"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)}: give 0 or more")
        for name in ("rate", "turn_rate", "tune_rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)}: give a positive number")


@attrs.frozen(eq=False)
class Step:
    """How far it is, after one step.

    Attributes:
        stage: What is going on.
        step: From 1.
        steps: How many this stage has.
        loss: What is minimised; stages differ in what they look at, so compare within one.
        terms: What it is the sum of.
        picture: What the model shows now, ``(3, H, W)`` in [-1, 1]; ``None`` while searching.
    """

    stage: Stages
    step: int
    steps: int
    loss: float
    terms: Mapping[str, float]
    picture: Tensor | None = None


@attrs.frozen(eq=False)
class Inversion:
    """What was found.

    Attributes:
        styles: ``(L, D)`` float32 on the CPU.
        camera: From which the photograph seems taken, or was.
        model: The model that shows the styles: the one that was given, or a tuned copy.
        picture: What it shows, ``(3, R, R)`` in [-1, 1], on the CPU.
        losses: First and last loss of each stage.
        left_out: Which terms were left out, and how to get them.
        labels: What networks were looked with.
        seconds: How long it took.
    """

    styles: Tensor
    camera: Cameras
    model: Model
    picture: Tensor
    losses: Mapping[str, tuple[float, float]]
    left_out: tuple[str, ...]
    labels: tuple[str, ...]
    seconds: float


def invert(
    model: Model,
    photo: Photo,
    *,
    camera: Cameras | Tensor | None = None,
    settings: Settings = Settings(),
    observe: Callable[[Step], None] | None = None,
) -> Inversion:
    """Find the person that a model makes of a photograph.

    It begins with the average person or the most alike of a few, and fits one style for all layers at the raw
    resolution, with the camera's yaw and pitch where the camera is not known: from a few poses for a while, then on
    from the best. Then each layer gets a style of its own,
    near that one. What is found is no more unusual than the photograph demands: Zhu et al. 2020, "Improved StyleGAN
    Embedding"; Tov et al. 2021, "Designing an Encoder", section 3. With ``tune_steps`` the model itself then learns
    the picture: Roich et al. 2021, "Pivotal Tuning".

    On a CPU the same arguments and number of threads give the same bits.

    Args:
        model: With the graphs ``map`` and ``show``, on the device to use. It is not changed.
        photo: At the resolution of the model's pictures; see :func:`read_photo`.
        camera: One camera; found where it is not given, around the model's own.
        settings: How to go about it.
        observe: Told of every step.

    Raises:
        ValueError: If the model makes no avatars, the photo has another resolution, or the loss is not finite.
    """
    began = time.perf_counter()
    fit = _Fit(model, photo, _vector(camera), settings, observe or (lambda _: None))
    coordinates, angles, spent = fit.start()
    coordinates, angles = fit.one_style(coordinates, angles, spent)
    styles, angles = fit.layers(coordinates, angles)
    seen_from = fit.camera_at(angles)
    result = model
    if settings.tune_steps:
        result = tuned(model, styles, seen_from, fit.objective, settings.tune_steps, settings.tune_rate, fit.told)
    with torch.no_grad():
        sight = Sight(result)
        shown = sight.show(styles, seen_from, whole=True)
    return Inversion(
        styles.cpu(),
        Cameras.from_vector(seen_from[0].cpu()),
        result,
        shown["image"][0].cpu(),
        fit.losses,
        fit.objective.left_out,
        fit.objective.labels,
        time.perf_counter() - began,
    )


class _Fit:
    """One photograph and one model."""

    def __init__(
        self, model: Model, photo: Photo, camera: Tensor | None, settings: Settings, observe: Callable[[Step], None]
    ) -> None:
        self.settings, self.observe = settings, observe
        self.sight = Sight(model)
        size = tuple(photo.image.shape)
        if size != (3, self.sight.resolution, self.sight.resolution):
            raise ValueError(
                f"the photo is {size}; {model.recipe.name} shows {self.sight.resolution} rows and columns; read it at "
                "that resolution"
            )
        self.space = StyleSpace.of(model, seed=settings.seed).to(self.sight.device)
        self.objective = Objective(photo, settings.weights, self.sight.device)
        self.camera = None if camera is None else camera[None].to(self.sight.device)
        self.losses: dict[str, tuple[float, float]] = {}
        if self.camera is not None:
            self.sight.fix(self.camera)

    def told(self, step: Step) -> None:
        """Keep the first and last loss of each stage, and tell the observer."""
        first, _ = self.losses.get(step.stage, (step.loss, step.loss))
        self.losses[step.stage] = (first, step.loss)
        self.observe(step)

    def start(self) -> tuple[Tensor, Tensor | None, int]:
        """Return coordinates ``(K,)`` and angles ``(2,)`` to begin with, and how many steps were spent on them."""
        settings, device = self.settings, self.sight.device
        drawn = self.space.draw(settings.candidates, seed=settings.seed, spread=SPREAD).to(device)
        people = torch.cat([drawn.new_zeros(1, self.space.size), drawn])
        total = Search.total(len(people), posed=self.camera is None)

        def tell(done: int, least: float) -> None:
            self.told(Step("search", done, total, least, {}))

        search = Search(self.sight, self.space, self.objective, people, tell)
        if self.camera is not None:
            return search.people_from(self.camera).coordinates, None, 0
        trial = settings.steps // TRIAL
        found = []
        for start in search.poses():
            assert start.angles is not None
            angles = torch.tensor(start.angles, device=device)
            found.append(self._moved(start.coordinates, angles, trial) if trial else (start.coordinates, angles, 0.0))
        coordinates, moved, _ = min(found, key=lambda each: each[2])
        return coordinates, moved, trial

    def one_style(self, coordinates: Tensor, angles: Tensor | None, spent: int) -> tuple[Tensor, Tensor | None]:
        """Fit one style for all layers, and the angles, in the steps that are left."""
        steps = self.settings.steps - spent
        person, turn, _ = self._moved(coordinates, angles, steps, "w")
        return person, turn

    def _moved(
        self, coordinates: Tensor, angles: Tensor | None, steps: int, stage: Stages | None = None
    ) -> tuple[Tensor, Tensor | None, float]:
        """Return coordinates and angles after so many steps at the raw resolution, and the last loss."""
        descent = Descent(steps)
        person = descent.add(coordinates, self.settings.rate)
        turn = None if angles is None else descent.add(angles, self.settings.turn_rate)
        loss = math.inf
        for step in descent:
            shown = self._show(self.space.styles(person), turn, whole=False)
            terms = self.objective(shown, whole=False)
            terms["usual"] = self.settings.weights.usual * person.square().mean()
            values = descent.descend(terms)
            loss = sum(values.values())
            if stage is not None:
                self._told(stage, step, steps, values, shown)
        return person.detach(), None if turn is None else turn.detach(), loss

    def layers(self, coordinates: Tensor, angles: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Fit a style for each layer, and the angles; returns styles ``(L, D)``."""
        descent = Descent(self.settings.layer_steps)
        person = descent.add(coordinates, self.settings.rate / 2)
        apart = descent.add(coordinates.new_zeros(self.space.layers, self.space.size), self.settings.rate / 2)
        turn = None if angles is None else descent.add(angles, self.settings.turn_rate / 4)
        weights = self.settings.weights
        for step in descent:
            shown = self._show(self.space.styles(person + apart), turn, whole=True)
            terms = self.objective(shown, whole=True)
            terms["usual"] = weights.usual * person.square().mean()
            terms["agreement"] = weights.agreement * apart.square().mean()
            self._told("layers", step, self.settings.layer_steps, descent.descend(terms), shown)
        return self.space.styles((person + apart).detach()), None if turn is None else turn.detach()

    def camera_at(self, angles: Tensor | None) -> Tensor:
        """Return the camera ``(1, 25)`` that was given, or that was found."""
        if angles is None:
            assert self.camera is not None
            return self.camera
        return self.sight.camera(*angles)

    def _show(self, styles: Tensor, angles: Tensor | None, *, whole: bool) -> dict[str, Tensor]:
        return self.sight.show(styles, None if angles is None else self.sight.camera(*angles), whole=whole)

    def _told(self, stage: Stages, step: int, steps: int, terms: dict[str, float], shown: dict[str, Tensor]) -> None:
        picture = shown.get("image", shown.get("raw"))
        assert picture is not None
        self.told(Step(stage, step, steps, sum(terms.values()), terms, picture[0].detach()))


def _vector(camera: Cameras | Tensor | None) -> Tensor | None:
    if camera is None:
        return None
    vector = camera.vector if isinstance(camera, Cameras) else camera
    if vector.numel() != 25:
        raise ValueError(f"cameras of the shape {tuple(vector.shape[:-1])}: a photograph is taken from one")
    return vector.reshape(25).float()
