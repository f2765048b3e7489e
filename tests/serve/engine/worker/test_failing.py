"""A client is told what it can mend; what is ours goes to the log."""

from __future__ import annotations

import pytest
import torch

from aetherist.core.errors import RecipeError, WeightsError
from aetherist.core.recipe import Recipe
from aetherist.serve.engine import Failed, OutOfMemory, Refused
from aetherist.serve.engine.worker.failing import told


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:115] DefaultCPUAllocator: can't allocate memory: you tried ..."),
    ],
    ids=repr,
)
def test_memory_that_is_short_is_called_so(error: Exception) -> None:
    assert isinstance(told(error)[0], OutOfMemory)


def test_mistakes_of_clients_are_told_as_they_are() -> None:
    error, log = told(ValueError("a seed is a whole number"))
    assert (type(error), str(error), log) == (Refused, "a seed is a whole number", None)


def test_a_recipe_at_fault_brings_its_diagnostics() -> None:
    with pytest.raises(RecipeError) as found:
        Recipe.read("recipe.yaml", text="a: [", trusted=False)
    error, _ = told(found.value)
    assert isinstance(error, Refused)
    assert (error.code, error.diagnostics[0]["code"]) == ("unprocessable_recipe", "AE102")


@pytest.mark.parametrize("error", [KeyError("secret"), RuntimeError("at /home/someone"), OSError(28, "full", "/srv/x")])
def test_mistakes_of_ours_are_told_without_internals(error: Exception) -> None:
    shown, log = told(error)
    assert isinstance(shown, Failed)
    assert not any(word in str(shown) for word in ("secret", "/home", "/srv"))
    assert log


def test_a_damaged_model_is_told_by_the_shelf_alone() -> None:
    assert isinstance(told(WeightsError("AE602 damaged"))[0], Refused)
