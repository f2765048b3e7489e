"""From what a request says of people and cameras to what the engine is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool

from aetherist.serve.engine import Person, Picture
from aetherist.serve.problems import Problem
from aetherist.serve.schemas.people import CameraSpec, MixedPerson, SavedPerson, SeedPerson, saved_in
from aetherist.serve.schemas.pictures import GenerateBody, Look
from aetherist.serve.services import Services
from aetherist.storage.errors import MissingError

Spec = SeedPerson | SavedPerson | MixedPerson

MOST_SEEDS = 100_000


def model_name(name: str | None, services: Services) -> str:
    """Return the model that is meant: the default one where none is named.

    Raises:
        Problem: ``unknown_model``.
    """
    models = services.settings.models
    if name is None:
        return models.default
    if name not in models.sources:
        raise Problem("unknown_model", f"there is no model '{name}'; there are {', '.join(sorted(models.sources))}")
    return name


async def person_of(spec: Spec, services: Services, model: str, files: dict[str, bytes] | None = None) -> Person:
    """Return whom a spec means; see :func:`people_of`."""
    return (await people_of([spec], services, model, files))[0]


async def people_of(
    specs: Sequence[Spec], services: Services, model: str, files: dict[str, bytes] | None = None
) -> list[Person]:
    """Return whom several specs mean.

    Args:
        specs: What a request says.
        services: For what is kept.
        model: Whose people they have to be.
        files: Saved avatars that were read before, by id; it is added to.

    Raises:
        Problem: ``unknown_avatar``; ``conflict`` if an avatar belongs to another model.
    """
    files = {} if files is None else files
    missing = {id_ for spec in specs for id_ in saved_in(spec)} - files.keys()
    if missing:
        files |= await run_in_threadpool(_files, sorted(missing), services, model)
    return [_person(spec, files) for spec in specs]


def people_in(body: GenerateBody) -> list[Spec]:
    """Return the people that a body asks for; attributes of the body are of those that have none of their own.

    Raises:
        Problem: ``invalid_request`` if its seeds are none.
    """
    if body.seeds is not None:
        return [
            SeedPerson(seed=seed, psi=body.psi, cutoff=None, attributes=body.attributes)
            for seed in seeds_of(body.seeds)
        ]
    assert body.people is not None
    if not body.attributes:
        return list(body.people)
    return [
        person if person.attributes else person.model_copy(update={"attributes": body.attributes})
        for person in body.people
    ]


def _files(ids: Sequence[str], services: Services, model: str) -> dict[str, bytes]:
    files = {}
    for id_ in ids:
        row = avatar_row(id_, services)
        if row.model != model:
            raise Problem("conflict", f"the avatar {id_} belongs to the model {row.model}, and this is {model}")
        known = services.models.get(model)
        if known is not None and row.model_digest != known["digest"]:
            raise Problem("conflict", f"the avatar {id_} was made by an earlier {model}, whose weights are gone")
        files[id_] = services.storage.artifacts.read(row.artifact)
    return files


def avatar_row(id_: str, services: Services) -> Any:
    """Return the row of a saved avatar; blocks.

    Raises:
        Problem: ``unknown_avatar``.
    """
    try:
        return services.storage.avatars.get(id_)
    except MissingError:
        raise unknown_avatar(id_) from None


def unknown_avatar(id_: str) -> Problem:
    """Return the problem that an avatar is which is not there."""
    return Problem("unknown_avatar", f"there is no avatar {id_}")


def _person(spec: Spec, files: dict[str, bytes]) -> Person:
    attributes: dict[str, Any] = dict(spec.attributes)
    if isinstance(spec, SeedPerson):
        return Person(seed=spec.seed, psi=spec.psi, cutoff=spec.cutoff, attributes=attributes)
    if isinstance(spec, SavedPerson):
        return Person(file=files[spec.id], attributes=attributes)
    first, second = (_person(part, files) for part in spec.mix)
    return Person(
        mix=(first, second),
        amount=spec.amount,
        layers=None if spec.layers is None else tuple(spec.layers),
        space=spec.space,
        attributes=attributes,
    )


def picture_of(model: str, person: Person, camera: CameraSpec, look: Look, services: Services) -> Picture:
    """Return the picture that is asked for.

    Raises:
        Problem: ``too_large`` where it would have more pixels than ``limits.picture_pixels``.
    """
    fits(look.size, services)
    return Picture(
        model=model,
        person=person,
        camera=None if camera.vector is None else tuple(camera.vector),
        yaw=camera.yaw,
        pitch=camera.pitch,
        radius=camera.radius,
        fov=camera.fov,
        output=look.output,
        size=look.size,
        format=look.format,
        quality=None if look.format == "png" else look.quality,
    )


def fits(size: int | None, services: Services) -> None:
    """Refuse a picture of too many pixels, before anything is computed."""
    most = services.settings.limits.picture_pixels
    if size is not None and size * size > most:
        raise Problem("too_large", f"a picture may have {most} pixels, and this one would have {size * size}")


def seeds_of(text: str) -> list[int]:
    """Return the seeds that ``0-3,7`` means.

    Raises:
        Problem: ``invalid_request``.
    """
    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or len(part) > 21:
            raise Problem("invalid_request", f"seeds: '{part}' is no seed and no range; write 0-3,7")
        start, end = int(first), int(last) if dash else int(first)
        if not start <= end < 2**32:
            raise Problem("invalid_request", f"seeds: '{part}' is no range of seeds from 0 to {2**32 - 1}")
        if len(found) + end - start >= MOST_SEEDS:
            raise Problem("too_large", f"seeds: {MOST_SEEDS} at most")
        found += range(start, end + 1)
    return found
