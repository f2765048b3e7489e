"""A model whose people can be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aetherist.avatars.avatar import Avatar
from aetherist.avatars.files import open_avatar
from aetherist.avatars.keeping import push, save_folder
from aetherist.avatars.memory import Memory
from aetherist.avatars.pictures import Form, shaped, vectors
from aetherist.avatars.rendering import AvatarRenderer
from aetherist.components.cameras import Cameras, focal_from_fov
from aetherist.components.styles import DirectionSet
from aetherist.core.dims import Dim
from aetherist.core.plan import Plan
from aetherist.core.weights import model_digest
from aetherist.graphs.generate import Stage, latent_of_seed, latent_size, picture_type
from aetherist.graphs.model import Model

MEMORY = 256 * 2**20
"""Bytes of planes that are kept by default."""


class AvatarModel:
    """A model whose people can be asked for, shown and edited. :func:`aetherist.load` makes one.

    It may be used from several threads. It computes under ``torch.no_grad()`` and row by row, so that no picture
    depends on what else was asked for; :meth:`plan` gives the graphs themselves, for gradients and for batches.

    Args:
        model: On the device to use, with the graphs ``map`` and ``show``; ``field`` for density.
        name: What to call it; the recipe's name by default.
        directions: What edits follow.
        memory: Bytes of planes to keep of the people that were looked at last.

    Raises:
        ValueError: If a graph is missing or needs an unknown input, or the directions belong to another model.
    """

    def __init__(
        self, model: Model, *, name: str | None = None, directions: DirectionSet | None = None, memory: int = MEMORY
    ) -> None:
        self.model = model
        self.name = name or model.recipe.name
        for graph in ("map", "show"):
            if graph not in model.report.graphs:
                raise ValueError(
                    f"{self.name} makes no avatars: it has no graph '{graph}'; avatars need 'map' (latent to styles) "
                    "and 'show' (styles and camera to a picture), as in the recipe eg3d-ffhq512"
                )
        self._map = model.plan("map", ["styles"])
        self.latent_dim = latent_size(self._map.graph)
        self.style_shape = _sizes(self._map)
        self.stage = Stage.of(model)
        self.directions = directions
        self.memory = Memory(memory)
        self._renderer = AvatarRenderer(model, self.memory)
        if directions is not None:
            directions.require(self.digest, self.name)

    @cached_property
    def digest(self) -> str:
        """A name for the recipe and its weights: what the manifest of the model's folder says, or would say."""
        manifest = self.model.manifest
        return manifest.digest if manifest is not None else model_digest(self.model.recipe, self.model.components)

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return self.model.device

    @cached_property
    def average(self) -> Tensor:
        """Styles of the average person, ``(L, D)``: what truncation leads to.

        Raises:
            ValueError: If the graph ``map`` takes no ``psi``.
        """
        if "psi" not in self._map.graph.inputs:
            raise ValueError(f"{self.name} knows no average person: its graph 'map' has no input 'psi'")
        return self._styles(torch.zeros(1, self.latent_dim), 0.0, None)

    # People -----------------------------------------------------------------------------------------------------------

    def avatar(
        self,
        seed: int | None = None,
        *,
        latent: Tensor | None = None,
        styles: Tensor | None = None,
        psi: float | None = None,
        cutoff: int | None = None,
    ) -> Avatar:
        """Return a person.

        Args:
            seed: The same person as in EG3D's scripts and in ``aetherist generate``.
            latent: ``(latent_dim,)``, instead.
            styles: ``(L, D)``, or ``(D,)`` for all layers, instead.
            psi: Truncation: 0 is the average person, 1 is all of them; the recipe says by default.
            cutoff: Truncate only so many layers, from the first.

        Raises:
            ValueError: If not exactly one of the three is given, or it has another shape.
        """
        if sum(given is not None for given in (seed, latent, styles)) != 1:
            raise ValueError("an avatar is made of a seed, a latent or styles: give one of them")
        if styles is not None:
            if psi is not None or cutoff is not None:
                raise ValueError("styles are taken as they are; truncate the avatar: avatar(styles=w).truncate(0.7)")
            return Avatar(self, self._fitting("styles", styles, (self.style_shape, self.style_shape[1:])))
        if seed is not None:
            if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < 2**32:
                raise ValueError(
                    f"a seed is a whole number from 0 to 2**32 - 1, not {seed!r}; files open with open(path)"
                )
            latent = latent_of_seed(seed, self.latent_dim)[0]
        assert latent is not None
        latent = self._fitting("latent", latent, ((self.latent_dim,),))
        inputs = self._map.graph.inputs
        psi = float(psi if psi is not None else inputs["psi"].default if "psi" in inputs else 1.0)
        cutoff = cutoff if cutoff is not None else inputs["cutoff"].default if "cutoff" in inputs else None
        return Avatar(self, self._styles(latent[None], psi, cutoff), seed=seed, latent=latent, psi=psi, cutoff=cutoff)

    def avatars(self, seeds: Iterable[int], *, psi: float | None = None, cutoff: int | None = None) -> list[Avatar]:
        """Return a person for each seed."""
        return [self.avatar(seed, psi=psi, cutoff=cutoff) for seed in seeds]

    def open(self, source: str | Path | bytes) -> Avatar:
        """Read an avatar that was saved: its file, or what :meth:`Avatar.to_bytes` gave.

        Raises:
            ValueError: If the file is no avatar or is damaged, or belongs to another model: names both digests.
            OSError: If it cannot be read.
        """
        return open_avatar(source, self)

    def require_directions(self) -> DirectionSet:
        """Return the directions that edits follow.

        Raises:
            ValueError: If the model has none.
        """
        if self.directions is None:
            raise ValueError(
                f"{self.name} has no style directions, so its avatars cannot be edited; 'aetherist styles learn' makes "
                "them, and load(..., directions=FILE) takes them"
            )
        return self.directions

    # Looks ------------------------------------------------------------------------------------------------------------

    def camera(
        self, yaw: float = 0.0, pitch: float = 0.0, *, radius: float | None = None, fov: float | None = None
    ) -> Cameras:
        """Return a camera that looks at the model's people.

        Args:
            yaw: Radians; positive moves the camera towards +x.
            pitch: Radians; positive moves it up.
            radius: Distance from the origin, in world units; the recipe says by default.
            fov: Field of view in degrees; the recipe says by default.
        """
        return Cameras.from_angles(
            yaw,
            pitch,
            radius=self.stage.radius if radius is None else radius,
            pivot=self.stage.pivot,
            focal=self.stage.focal if fov is None else focal_from_fov(fov),
        )

    def render(
        self,
        avatars: Avatar | Sequence[Avatar],
        cameras: Cameras | Tensor | None = None,
        outputs: str | Sequence[str] = ("image",),
    ) -> dict[str, Tensor]:
        """Return what many avatars look like: ``(N, C, H, W)`` of each output, on the model's device.

        Avatars and cameras go in pairs; one of either is for all. What belongs to an avatar alone is computed once.

        Args:
            avatars: One, or N.
            cameras: ``(25,)``, or one or N; by default the frontal one.
            outputs: Of the graph ``show``: ``image``, ``raw``, ``depth``, ``alpha``.

        Raises:
            ValueError: If there are neither as many cameras as avatars, nor one of either; or an avatar is of another
                model.
        """
        names = (outputs,) if isinstance(outputs, str) else tuple(outputs)
        people = [avatars] if isinstance(avatars, Avatar) else list(avatars)
        views = vectors(self.camera() if cameras is None else cameras)
        count = max(len(people), len(views))
        if {len(people), len(views)} - {1, count} or not people:
            raise ValueError(f"{len(people)} avatars and {len(views)} cameras: give as many, or one for all")
        people = people * count if len(people) == 1 else people
        rows = list(self._rows(people, views.expand(count, -1), names))
        return {name: torch.cat([row[name] for row in rows]) for name in names}

    def pictures(
        self, avatar: Avatar, cameras: Cameras | Tensor, *, output: str = "image", as_: Form = "pil"
    ) -> Iterator[Any]:
        """Yield a picture of an avatar from each camera, in the form that is asked for."""
        views = vectors(cameras)
        meaning = self.meaning(output)
        return (shaped(row[output][0], meaning, as_) for row in self._rows([avatar] * len(views), views, (output,)))

    def field(self, avatar: Avatar, points: Tensor) -> dict[str, Tensor]:
        """Return density ``(N, 1)`` and features ``(N, C)`` of an avatar at points ``(N, 3)`` in world units.

        Raises:
            ValueError: If the model has no graph ``field``, or the points another shape.
        """
        if points.ndim != 2 or points.shape[-1] != 3:
            raise ValueError(f"points have the shape {tuple(points.shape)}; give (N, 3)")
        found = self._renderer.feel(self._own(avatar), points)
        return {name: value[0] for name, value in found.items()}

    def meaning(self, output: str) -> str | None:
        """Return what the numbers of a picture mean, such as ``image.signed``.

        Raises:
            ValueError: If the graph ``show`` has no such output, or it is no picture.
        """
        return picture_type(self.model.report.graphs["show"].select(output), output).meaning

    def plan(self, graph: str, outputs: Iterable[str] | None = None) -> Plan:
        """Return a graph as an ``nn.Module``, for other PyTorch code: batches, gradients, ``torch.compile``."""
        return self.model.plan(graph, outputs)

    # Keeping ----------------------------------------------------------------------------------------------------------

    @classmethod
    def from_pretrained(cls, source: str | Path, **options: Any) -> AvatarModel:
        """Load a model by name, from a folder or from a hub; the arguments are those of :func:`aetherist.load`.

        Raises:
            ValueError: As there, or if it is a recipe, which has no weights.
        """
        from aetherist.avatars.loading import load

        model = load(source, **options)
        if model.model.manifest is None:
            raise ValueError(f"{source} is a recipe, which has no weights; aetherist.load builds it with fresh ones")
        return model

    def save_pretrained(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the model folder, with the directions, so that its avatars open on what is loaded from there.

        Raises:
            WeightsError: If the folder exists and may not be replaced, or the model was changed since it was opened.
        """
        save_folder(self, folder, overwrite=overwrite)

    def push_to_hub(
        self,
        repository: str,
        *,
        private: bool = False,
        revision: str | None = None,
        message: str = "Add the model",
        token: str | bool | None = None,
    ) -> str:
        """Save the model to a repository of a hub (extra ``hub``), with a card; return where it can be seen.

        Args:
            repository: ``owner/name``; it is made where it is not there.
            private: Whether a new repository is.
            revision: The branch; the main one by default.
            message: Of the commit.
            token: By default the one that ``hf auth login`` left.

        Raises:
            ValueError: If the name is none of a repository, or the model was changed since it was opened.
        """
        return push(self, repository, private=private, revision=revision, message=message, token=token)

    # Parts ------------------------------------------------------------------------------------------------------------

    def _rows(self, people: Sequence[Avatar], views: Tensor, outputs: tuple[str, ...]) -> Iterator[dict[str, Tensor]]:
        return self._renderer.show([self._own(avatar) for avatar in people], views, outputs)

    def _own(self, avatar: Avatar) -> Avatar:
        if avatar.model is not self and avatar.model.digest != self.digest:
            raise ValueError(
                f"the avatar belongs to {avatar.model.name} with the digest {avatar.model.digest}, and this is "
                f"{self.name} with the digest {self.digest}"
            )
        return avatar

    def _styles(self, latent: Tensor, psi: float, cutoff: int | None) -> Tensor:
        inputs: dict[str, Any] = {"latent": self._renderer.here(latent)}
        known = self._map.graph.inputs
        for name, value, neutral in (("psi", psi, 1.0), ("cutoff", cutoff, None)):
            if name in known:
                inputs[name] = value
            elif value != neutral:
                raise ValueError(f"{self.name} takes no {name}: its graph 'map' has no such input")
        if "pose" in known:
            inputs["pose"] = self._renderer.here(self.stage.camera())[None]
        if "camera" in known:
            inputs["camera"] = self._renderer.here(self.stage.camera())[None]
        if "seeds" in known:
            inputs["seeds"] = torch.zeros(1, dtype=torch.int64, device=self.device)
        with torch.no_grad():
            styles: Tensor = self._map(**inputs)["styles"][0]
        return styles.to("cpu", torch.float32)

    def _fitting(self, name: str, values: Tensor, shapes: Sequence[tuple[int, ...]]) -> Tensor:
        if tuple(values.shape) not in shapes:
            wanted = " or ".join(str(shape) for shape in shapes)
            raise ValueError(f"{name} of the shape {tuple(values.shape)}: an avatar of {self.name} takes {wanted}")
        if not values.isfinite().all():
            raise ValueError(f"{name} has numbers that are not finite")
        return values.float() if name == "latent" else values.float().expand(self.style_shape)

    def __repr__(self) -> str:
        weights = "" if self.model.manifest is not None else ", untrained"
        return f"AvatarModel({self.name}, digest={self.digest[:12]}, {self.device}{weights})"


def _sizes(plan: Plan) -> tuple[int, int]:
    """Return how many layers and numbers the styles have that a plan gives."""
    type_ = plan.graph.output_types["styles"]
    sizes = [axis.constant if isinstance(axis, Dim) else None for axis in type_.shape.axes[1:]]
    if len(sizes) != 2 or None in sizes:
        raise ValueError(f"the styles of graph 'map' are {type_}; avatars need B and two fixed sizes")
    return sizes[0], sizes[1]  # type: ignore[return-value]
