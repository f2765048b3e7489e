"""Settings of components that grow while the weights stay: the resolution that is rendered, samples along a ray.

A grown setting is no number inside a graph but part of a component's config, which shapes are reckoned with. So each
value makes a recipe of its own, which is checked like any other before training starts; when its time comes the
components are built anew around the parameters that are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from aetherist.core.recipe import Recipe
from aetherist.graphs.training.spec import GrowSpec

Settings = dict[str, int]


def settings_at(specs: Mapping[str, GrowSpec], images: int) -> Settings:
    """Return what every growing setting is once ``images`` have been seen."""
    return {name: [value for start, value in spec.stages() if start <= images][-1] for name, spec in specs.items()}


def stages(specs: Mapping[str, GrowSpec]) -> Iterator[tuple[int, Settings]]:
    """Yield every moment at which something grows, with all settings from then on; the first is 0 images."""
    moments = sorted({0, *(start for spec in specs.values() for start, _ in spec.stages())})
    for moment in moments:
        yield moment, settings_at(specs, moment)


def grown(recipe: Recipe, settings: Settings) -> Recipe:
    """Return a recipe with growing settings at the given values."""
    if not settings:
        return recipe
    data = recipe.plain()
    for path, value in settings.items():
        *parents, last = path.split(".")
        place: dict[str, Any] = data["components"]
        for name in parents:
            place = place[name]
        place[last] = value
    return Recipe.read(data, trusted=recipe.trusted)


def adopt(fresh: nn.Module, old: nn.Module) -> nn.Module:
    """Give a freshly built module the very parameters and buffers of an old one, and return it.

    Raises:
        ValueError: If the two have not the same tensors; what grows may not change weights.
    """
    ours, theirs = fresh.state_dict(), old.state_dict()
    shapes = [{name: tuple(tensor.shape) for name, tensor in state.items()} for state in (ours, theirs)]
    if shapes[0] != shapes[1]:
        differing = sorted(set(shapes[0].items()) ^ set(shapes[1].items()))[0][0]
        raise ValueError(
            f"a growing setting changes the weights: '{differing}' is another; only sizes of data may grow"
        )
    for name, module in old.named_modules():
        target = fresh.get_submodule(name)
        for key in module._parameters:
            target._parameters[key] = module._parameters[key]
        for key in module._buffers:
            if key not in module._non_persistent_buffers_set:
                target._buffers[key] = module._buffers[key]
    reference = next(old.parameters(), None)
    if reference is not None:
        fresh.to(reference.device)
    return fresh.train(old.training)
