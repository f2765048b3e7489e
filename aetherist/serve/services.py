"""What the routes work with: one of each, made when the server starts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
from starlette.requests import HTTPConnection

from aetherist.serve.security.signing import Signer
from aetherist.serve.usage import UsageMeter

if TYPE_CHECKING:
    from aetherist.serve.config import ServerConfig
    from aetherist.serve.engine import Engine
    from aetherist.serve.live import LiveConfig
    from aetherist.storage import Storage
    from aetherist.telemetry import Metrics


@attrs.define
class Services:
    """The parts of a running server.

    Args:
        config: Its settings, some of which change while it runs.
        storage: Where things are kept.
        engine: What computes.
        jobs: What works through the jobs; ``None`` until the server has started.
        metrics: What is counted.
        log: A logger that knows the request.
        usage: Who used what.
        signer: Names artifacts for those without a key.
    """

    config: LiveConfig
    storage: Storage
    engine: Engine
    metrics: Metrics
    log: Any
    usage: UsageMeter
    signer: Signer
    jobs: Any = None
    models: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    """What the engine said of its models."""
    recipes: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict)
    """Graphs of the recipes that ship, as they are drawn."""
    viewers: int = 0
    """Views that are open."""
    draining: bool = False
    """Whether the server is on its way down: it finishes what it has and says that it is not ready."""
    started: float = attrs.field(factory=time.time)

    @property
    def settings(self) -> ServerConfig:
        """The settings as they are now."""
        return self.config.current


def services(connection: HTTPConnection) -> Services:
    """Return the services of the server that got a request; for ``Depends``."""
    found: Services = connection.app.state.services
    return found
