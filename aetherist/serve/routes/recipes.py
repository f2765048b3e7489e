"""Recipes that ship, and checks of recipes from outside."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Request
from starlette.concurrency import run_in_threadpool

from aetherist.serve.attending import attended
from aetherist.serve.engine import CheckRecipe
from aetherist.serve.openapi import WORK, problems
from aetherist.serve.problems import Problem
from aetherist.serve.recipes import recipe_names, shipped
from aetherist.serve.schemas.models import CheckBody, Checked, RecipeData, RecipeItem, RecipeList
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services

router = APIRouter(prefix="/v1/recipes", tags=["recipes"])

Parts = Annotated[Services, Depends(services)]
Reader = Annotated[Caller, Depends(require("read"))]

_EXAMPLES: dict[str, Any] = {
    "sound": {"summary": "A recipe on top of another", "value": {"text": "extends: tiny\n"}},
    "faulty": {
        "summary": "A setting that does not exist",
        "value": {"text": "extends: tiny\ncomponents:\n  mapping: {latent_dims: 32}\n"},
    },
}


@router.get("", summary="List the recipes that ship", operation_id="list_recipes")
async def list_recipes(_caller: Reader) -> RecipeList:
    """By name, as `extends` says them."""
    found = [await run_in_threadpool(shipped, name) for name in recipe_names()]
    return RecipeList(items=[RecipeItem(name=recipe.name, description=recipe.description) for recipe in found])


@router.post("/check", summary="Check a recipe", operation_id="check_recipe", responses=problems("too_large", *WORK))
async def check_recipe(
    request: Request, body: Annotated[CheckBody, Body(openapi_examples=_EXAMPLES)], parts: Parts, caller: Reader
) -> Checked:
    """Everything that is wrong with a recipe, each with a place, a reason and a fix, and the graphs that are sound.

    A recipe with faults is no problem here: the answer says `ok: false`.
    """
    foreign(body.text, parts)
    work = CheckRecipe(body.text, tuple(body.overrides), body.level)
    return Checked(**await attended(request, parts.engine.submit(work, client=caller.client)))


@router.get("/{name}", summary="Show a recipe", operation_id="get_recipe", responses=problems("unknown_recipe", *WORK))
async def get_recipe(name: Annotated[str, Path(examples=["tiny"])], parts: Parts, caller: Reader) -> RecipeData:
    """As it is written, as it composes, and its graphs."""
    recipe = await run_in_threadpool(shipped, name)
    graphs = parts.recipes.get(name)
    if graphs is None:
        checked = await parts.engine.submit(CheckRecipe(recipe.text), client=caller.client)
        graphs = parts.recipes[name] = checked["graphs"]
    return RecipeData(name=name, text=recipe.text, composed=recipe.composed, graphs=graphs)


def foreign(text: str, parts: Services) -> None:
    """Refuse recipes from outside where they are not wanted, or are too long to be looked at.

    Raises:
        Problem: ``forbidden`` or ``too_large``.
    """
    settings = parts.settings
    if not settings.security.foreign_recipes:
        raise Problem("forbidden", "this server takes no recipes from outside: security.foreign_recipes")
    if len(text.encode()) > settings.limits.recipe_bytes:
        raise Problem("too_large", f"a recipe may have {settings.limits.recipe_bytes} bytes")
