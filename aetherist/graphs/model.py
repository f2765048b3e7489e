"""A model: a recipe whose components are built, and the plans of its graphs."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import torch

from aetherist.core.check import Report, check
from aetherist.core.component import Component
from aetherist.core.errors import RecipeError, did_you_mean
from aetherist.core.plan import Plan
from aetherist.core.recipe import Recipe
from aetherist.core.weights import (
    RECIPE_FILE,
    Manifest,
    load_weights,
    read_manifest,
    read_recipe,
    save_model,
)
from aetherist.graphs.sources import model_folder, require_source


class Model:
    """A checked recipe with its components.

    Attributes:
        report: The static check: recipe, typed graphs, diagnostics that are no errors.
        components: The built modules under their names in the recipe.
        manifest: What the model folder said, if the model came from one.
        seed: What fresh weights were drawn from.
    """

    def __init__(self, report: Report, components: dict[str, Component], manifest: Manifest | None = None) -> None:
        self.report = report
        self.components = components
        self.manifest = manifest
        self.seed = 0

    @classmethod
    def build(cls, source: Recipe | str | Path | Mapping[str, Any], *, seed: int = 0, **options: Any) -> Self:
        """Build a recipe with fresh weights; a component's depend on ``seed`` and on its name alone.

        Args:
            source: A recipe, its name, its file, or plain data.
            seed: For the initial weights.
            options: ``profile`` and ``overrides``, as for :func:`aetherist.core.check.check`.

        Raises:
            RecipeError: If the recipe is at fault, or a component cannot be built from its settings.
        """
        report = check(source, **options)
        report.raise_for_errors()
        components = {}
        for name, part in report.parts.items():
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(zlib.crc32(f"{seed}.{name}".encode()))
                try:
                    components[name] = part.build()
                except Exception as error:
                    message = f"{part.cls.component_name} cannot be built: {error}"
                    fault = report.recipe.fault("AE401", message, "components", name, of_key=True)
                    raise RecipeError([fault]) from error
        model = cls(report, components)
        model.seed = seed
        return model

    @classmethod
    def load(cls, folder: str | Path, *, overrides: Iterable[str] = ()) -> Self:
        """Load a model folder; digests are checked, no pickle is opened.

        Raises:
            WeightsError: If the folder is damaged or does not fit its recipe.
            RecipeError: If its recipe is at fault.
        """
        manifest = read_manifest(folder)
        text = read_recipe(folder, manifest)
        recipe = Recipe.read(str(Path(folder) / RECIPE_FILE), overrides=overrides, trusted=False, text=text)
        model = cls.build(recipe)
        load_weights(folder, model.components, manifest)
        model.manifest = manifest
        return model

    @classmethod
    def open(
        cls, source: str | Path, *, seed: int = 0, profile: str | None = None, overrides: Iterable[str] = ()
    ) -> Self:
        """Load a model by its folder or name, or build a recipe with fresh weights: whichever ``source`` is.

        Raises:
            RecipeError: If it is neither, or as of :meth:`build`.
            ValueError: If a profile is asked of a model folder, whose recipe is composed already.
        """
        folder = model_folder(source)
        if folder is None:
            require_source(source)
            return cls.build(source, seed=seed, profile=profile, overrides=overrides)
        if profile is not None:
            raise ValueError(f"{source} is a model: its recipe is composed and has no profile '{profile}'")
        return cls.load(folder, overrides=overrides)

    @property
    def recipe(self) -> Recipe:
        """The recipe that the model was built from."""
        return self.report.recipe

    @property
    def device(self) -> torch.device:
        """Where the components are; the CPU where nothing has weights."""
        tensors = (tensor for module in self.components.values() for tensor in module.state_dict().values())
        return next((tensor.device for tensor in tensors), torch.device("cpu"))

    def plan(self, graph: str, outputs: Iterable[str] | None = None) -> Plan:
        """Return the executable plan of a graph, pruned to ``outputs`` (all by default), in evaluation mode.

        Raises:
            ValueError: If the recipe has no such graph, or the graph no such output.
        """
        graphs = self.report.graphs
        if graph not in graphs:
            raise ValueError(f"{self.recipe.name} has no graph '{graph}'; {did_you_mean(graph, graphs)}")
        plan = Plan.build(graphs[graph], self.components, outputs)
        plan.eval()
        return plan

    def save(
        self,
        folder: str | Path,
        *,
        overwrite: bool = False,
        metadata: Mapping[str, Any] | None = None,
        compact: bool = False,
    ) -> Manifest:
        """Write the model as a folder, whole or not at all; a compact one keeps its weights in 16 bits."""
        self.manifest = save_model(
            folder, self.recipe, self.components, overwrite=overwrite, metadata=metadata, compact=compact
        )
        return self.manifest

    def to(self, device: str | torch.device | None = None, dtype: torch.dtype | None = None) -> Self:
        """Move every component; returns the model."""
        for module in self.components.values():
            module.to(device=device, dtype=dtype)
        return self

    def __repr__(self) -> str:
        return f"Model({self.recipe.name}: {', '.join(self.components)}; graphs {', '.join(self.report.graphs)})"
