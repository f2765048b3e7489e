"""The models of a worker: loaded one after the other, and refused where they are damaged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from aetherist.avatars.loading import load
from aetherist.avatars.model import AvatarModel
from aetherist.serve.engine.errors import ModelUnavailable, UnknownModel
from aetherist.serve.engine.state import ModelState

RETRY = 30.0
"""Seconds after which a refused model may be tried again."""

Loader = Callable[[str], AvatarModel]


class Shelf:
    """Models by their names, each with its own state; one that cannot be loaded does not stand in the way of others.

    Args:
        sources: What each name stands for, as :func:`aetherist.load` takes it.
        device: Where to compute.
        memory: Bytes of planes to keep, all models together.
        tell: Told of each change of a model's state.
        loader: Makes a model of a source; :func:`aetherist.load` by default.
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        device: str = "cpu",
        memory: int = 0,
        tell: Callable[[ModelState], None] = lambda _state: None,
        loader: Loader | None = None,
    ) -> None:
        self.sources = dict(sources)
        self.memory = memory
        self._tell = tell
        self._load = loader or (lambda source: load(source, device=device, memory=self.memory))
        self._models: dict[str, AvatarModel] = {}
        self._states = {name: ModelState(name, "loading") for name in sources}
        self._tried: dict[str, float] = {}
        self._lock = threading.Lock()

    @property
    def models(self) -> list[AvatarModel]:
        """Those that are loaded."""
        return list(self._models.values())

    def get(self, name: str) -> AvatarModel:
        """Return a model.

        Raises:
            UnknownModel: If there is no such name.
            ModelUnavailable: If it is being loaded, or cannot be.
        """
        model = self._models.get(name)
        if model is not None:
            return model
        if name not in self.sources:
            raise UnknownModel(f"there is no model '{name}'")
        if self.revive(name) == "refused":
            raise ModelUnavailable(f"the model '{name}' cannot be loaded; the server's log says why", RETRY)
        raise ModelUnavailable(f"the model '{name}' is being loaded; ask again in a moment")

    def revive(self, name: str) -> str:
        """Return what a model's state was; try one that was refused again, if the last try is long enough ago."""
        with self._lock:
            status = self._states[name].status
            again = status == "refused" and time.monotonic() - self._tried[name] > RETRY
            if again:
                self._states[name] = ModelState(name, "loading")
        if again:
            threading.Thread(target=self.load, args=(name,), daemon=True).start()
        return status

    def load(self, name: str) -> None:
        """Load a model, or remember why that cannot be."""
        try:
            model = self._load(self.sources[name])
            state = ModelState(name, "ready", model.digest)
        except Exception as error:
            state = ModelState(name, "refused", error=f"{type(error).__name__}: {error}")
        with self._lock:
            self._tried[name] = time.monotonic()
            self._states[name] = state
            if state.status == "ready":
                self._models[name] = model
        self.limit(self.memory)
        self._tell(state)

    def limit(self, memory: int) -> None:
        """Keep so many bytes of planes, in equal parts for the models that are loaded."""
        self.memory = memory
        models = self.models
        for model in models:
            model.memory.limit = memory // len(models)

    def planes(self) -> dict[str, int]:
        """Return how much is kept of how many people."""
        models = self.models
        return {
            "bytes": sum(model.memory.size for model in models),
            "limit": self.memory,
            "people": sum(len(model.memory) for model in models),
        }
