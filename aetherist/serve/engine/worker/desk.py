"""Has each kind of work done by what knows how."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from aetherist.serve.engine.messages import Settings, Setup
from aetherist.serve.engine.state import ModelState
from aetherist.serve.engine.work import (
    CheckRecipe,
    Describe,
    Made,
    MakeAvatar,
    Mesh,
    Picture,
    RunGraph,
    Video,
    Work,
)
from aetherist.serve.engine.worker import pictures
from aetherist.serve.engine.worker.describing import describe
from aetherist.serve.engine.worker.people import People, strange
from aetherist.serve.engine.worker.shelf import Loader, Shelf
from aetherist.serve.engine.worker.show import Show
from aetherist.serve.engine.worker.tokens import Token

Give = Callable[[int, Any], None]


class Desk:
    """The models of a worker and the people that are known, and what is done with them.

    Args:
        setup: Of the worker.
        tell: Told what becomes of models.
        loader: Makes models of their sources.
    """

    def __init__(
        self, setup: Setup, tell: Callable[[ModelState], None] = lambda _state: None, loader: Loader | None = None
    ) -> None:
        self.setup = setup
        self.settings = setup.settings
        self.shelf = Shelf(setup.sources, setup.device, setup.settings.planes_bytes, tell, loader)
        self.people = People()
        self._shows: dict[str, Show] = {}

    def change(self, settings: Settings) -> None:
        """Take what has changed in the configuration."""
        self.settings = settings
        self.shelf.limit(settings.planes_bytes)

    def planes(self) -> dict[str, int]:
        """Return how much is kept of whom, and how often that served."""
        shows = list(self._shows.values())
        return self.shelf.planes() | {
            "hits": sum(show.counts.hits for show in shows),
            "misses": sum(show.counts.misses for show in shows),
        }

    def do(self, works: Sequence[Work], tokens: Sequence[Token], give: Give) -> None:
        """Do a batch; hand over each result, or what was raised, as it comes.

        A batch is of pictures of one model and one output, or of a single other piece of work.
        """
        if isinstance(works[0], Picture):
            batch = cast("Sequence[Picture]", works)
            model = self.shelf.get(batch[0].model)
            pictures.render(batch, tokens, model, self.people, self._show(batch[0].model), give)
            return
        for place, (work, token) in enumerate(zip(works, tokens, strict=True)):
            try:
                token.check()
                give(place, self._one(work, token))
            except Exception as error:
                give(place, error)

    def _one(self, work: Work, token: Token) -> Any:
        match work:
            case MakeAvatar():
                return self._make(work)
            case Video():
                from aetherist.serve.engine.worker.films import film

                model, show = self.shelf.get(work.model), self._show(work.model)
                with self._file(work.format) as path:
                    return film(work, token, model, self.people, show, path)
            case Mesh():
                from aetherist.serve.engine.worker.shapes import shape

                with self._file("ply" if work.format == "splats" else work.format) as path:
                    return shape(work, token, self.shelf.get(work.model), self.people, path)
            case Describe():
                return describe(self.shelf.get(work.model), work.model) | {"default": work.model == self.setup.default}
            case CheckRecipe():
                from aetherist.serve.engine.worker.checking import check_recipe

                return check_recipe(work, token, self.settings)
            case RunGraph():
                from aetherist.serve.engine.worker.runs import run_graph

                known = None if work.model is None else self.shelf.get(work.model).model
                return run_graph(work, token, known, self.setup.device, self.settings)
        raise TypeError(f"nobody knows how to do {type(work).__name__}")

    def _make(self, work: MakeAvatar) -> Made:
        model = self.shelf.get(work.model)
        avatar = self.people.find(model, work.person, "error" if work.beyond == "error" else "allow")
        warnings = strange(avatar) if work.beyond == "warn" else []
        return Made(avatar.to_bytes(), avatar.digest, avatar.seed, avatar.psi, avatar.edits, warnings)

    def _show(self, name: str) -> Show:
        model = self.shelf.get(name)
        show = self._shows.get(name)
        if show is None or show.model is not model:
            show = self._shows[name] = Show(model)
        return show

    @contextlib.contextmanager
    def _file(self, suffix: str) -> Iterator[Path]:
        """Give a name in the scratch folder that nobody else has; nothing stays there where an error passes through."""
        path = Path(self.setup.scratch) / f"{os.urandom(12).hex()}.{suffix}"
        try:
            yield path
        except BaseException:
            path.unlink(missing_ok=True)
            raise
