"""Models, what their edits follow, and the people of seeds to pick from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from aetherist.serve.attending import attended
from aetherist.serve.catalogue import all_described, described
from aetherist.serve.engine import CheckRecipe, Person, Picture
from aetherist.serve.openapi import PICTURES, WORK, problems
from aetherist.serve.people import fits, model_name
from aetherist.serve.pictures import KEPT, answer, drawn, has, tag_of
from aetherist.serve.recipes import written
from aetherist.serve.schemas.models import Directions, ModelData, ModelItem, ModelList, RecipeData
from aetherist.serve.schemas.people import Pitch, Psi, Yaw
from aetherist.serve.schemas.pictures import Format, Output, Side
from aetherist.serve.security import Caller, require
from aetherist.serve.services import Services, services

router = APIRouter(prefix="/v1/models", tags=["models"])

Parts = Annotated[Services, Depends(services)]
Reader = Annotated[Caller, Depends(require("read"))]
Maker = Annotated[Caller, Depends(require("generate"))]
# Held to no form: a name is looked up, and one that is none is unknown.
Model = Annotated[str, Path(description="As `GET /v1/models` lists it.", examples=["portrait"])]


@router.get("", summary="List the models", operation_id="list_models", responses=problems(*WORK))
async def list_models(parts: Parts, caller: Reader) -> ModelList:
    """The models that the server was given. One that cannot be loaded is left out, and the log says why."""
    return ModelList(items=[ModelItem.of(model) for model in await all_described(parts, caller)])


@router.get(
    "/{model}", summary="Describe a model", operation_id="get_model", responses=problems("unknown_model", *WORK)
)
async def get_model(model: Model, parts: Parts, caller: Reader) -> ModelData:
    """What it makes, and how it is usually looked at."""
    return ModelData.of(await described(model_name(model, parts), parts, caller))


@router.get(
    "/{model}/recipe",
    summary="Show the recipe of a model",
    operation_id="get_model_recipe",
    responses=problems("unknown_model", *WORK),
)
async def get_model_recipe(model: Model, parts: Parts, caller: Reader) -> RecipeData:
    """As it composes, with its graphs; as it was written where it is a recipe that ships."""
    known = await described(model_name(model, parts), parts, caller)
    name, composed = known["recipe"], known["text"]
    text = await run_in_threadpool(written, name, composed)
    key = f"{name} {known['digest']}"
    graphs = parts.recipes.get(key)
    if graphs is None:
        checked = await parts.engine.submit(CheckRecipe(text), client=caller.client)
        graphs = parts.recipes[key] = checked["graphs"]
    return RecipeData(name=name, text=text, composed=composed, graphs=graphs)


@router.get(
    "/{model}/directions",
    summary="List what edits of a model follow",
    operation_id="list_directions",
    responses=problems("unknown_model", *WORK),
)
async def list_directions(model: Model, parts: Parts, caller: Reader) -> Directions:
    """A slider each; `range` is what was measured, and a strength of 1 is one `step`. None for a model without."""
    return Directions(items=(await described(model_name(model, parts), parts, caller))["directions"])


@router.get(
    "/{model}/seeds/{seed}.{format}",
    summary="Show the person of a seed",
    operation_id="get_seed_picture",
    response_class=Response,
    responses=PICTURES | problems("unknown_model", "too_large", *WORK),
)
async def seed_picture(
    request: Request,
    parts: Parts,
    caller: Maker,
    model: Model,
    seed: Annotated[int, Path(ge=0, lt=2**32)],
    format: Format,
    psi: Annotated[Psi | None, Query()] = None,
    yaw: Annotated[Yaw, Query()] = 0.0,
    pitch: Annotated[Pitch, Query()] = 0.0,
    size: Annotated[Side | None, Query()] = None,
    output: Output = "image",
) -> Response:
    """The same address gives the same picture for as long as the model is the same, so a browser may keep it."""
    name = model_name(model, parts)
    fits(size, parts)
    digest = (await described(name, parts, caller))["digest"]
    tag = tag_of(digest, seed, format, psi, yaw, pitch, size, output)
    headers = {"ETag": tag, "Cache-Control": KEPT}
    if has(request, tag):
        return Response(status_code=304, headers=headers)
    quality = None if format == "png" else 90
    person = Person(seed=seed, psi=psi)
    work = Picture(name, person, yaw=yaw, pitch=pitch, size=size, output=output, format=format, quality=quality)
    return answer(await attended(request, drawn(work, parts, caller, "picture")), headers)
