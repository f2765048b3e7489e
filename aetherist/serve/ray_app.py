"""The gateway on a Ray cluster (extra ``ray``): each replica is a whole gateway with workers and a GPU of its own.

Ray Serve stands before the replicas and hands them requests; they share a database and an artifact store, so that what
one of them makes another gives out, and a job of a replica that dies is another's. ``serve run`` takes
``aetherist.serve.ray_app:build`` with the fields of :class:`Options`; ``deploy/ray/serve.yaml`` is an example.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from starlette.types import ASGIApp

from aetherist.export.packages import needed
from aetherist.serve.app import create_app
from aetherist.serve.config import ServerConfig, Sources, load
from aetherist.serve.config.layers import Layer
from aetherist.serve.live import LiveConfig
from aetherist.serve.server import attached
from aetherist.serve.services import Services
from aetherist.serve.tracing import Traced
from aetherist.telemetry import configure_logs, configure_traces

SPARE = 64
"""Requests of a replica beyond those that wait and those that stay open: pages, health, jobs."""

PATIENCE = 15.0
"""Seconds that a replica has to stop, after it has drained."""

START = 600.0
"""Seconds that the workers of a replica have to load their models."""


class Options(BaseModel):
    """What is asked of the cluster, beside the gateway's own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Path | None = Field(None, description="A YAML file of settings, on every node.")
    profile: str = Field("production", description="As of `aetherist serve`.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Any settings: `limits.queue: 32`.")
    replicas: PositiveInt = Field(1, description="How many gateways.")
    gpus: NonNegativeFloat = Field(1.0, description="GPUs of each; 0 is the CPU.")
    cpus: PositiveFloat = Field(2.0, description="CPU cores of each.")


def build(arguments: Mapping[str, Any]) -> Any:
    """Return the gateway as an application of Ray Serve; the arguments are the fields of :class:`Options`.

    Settings are read here, once, and every replica is given them: the environment of other nodes says nothing.

    Raises:
        ValueError: If a setting is wrong, keys are not required, or nodes would not share what is stored.
        MissingPackageError: If Ray Serve is not installed.
    """
    serve = needed("ray.serve", "ray")
    options = Options.model_validate(dict(arguments))
    flags = {"server.host": ("0.0.0.0", "Ray Serve")}
    flags |= {key: (value, "settings of Ray Serve") for key, value in options.settings.items()}
    config, sources = load(options.config, options.profile, flags)
    _require(config)

    def replica() -> ASGIApp:
        return gateway(sources)

    limits = config.limits
    deployment = serve.deployment(
        name="gateway",
        num_replicas=options.replicas,
        ray_actor_options={"num_cpus": options.cpus, "num_gpus": options.gpus},
        # The gateway itself says when it is busy, and how long; Ray is not to keep requests back.
        max_ongoing_requests=limits.queue + limits.websocket_connections + SPARE,
        graceful_shutdown_timeout_s=config.server.drain_seconds + PATIENCE,
    )
    return deployment(serve.ingress(replica)()).bind()


def gateway(sources: Sources) -> ASGIApp:
    """Return the gateway of one replica: the same application as that of ``aetherist serve``."""
    shared = sources.compose()
    scratch = tempfile.TemporaryDirectory(prefix="aetherist-replica-", ignore_cleanup_errors=True)
    own: dict[tuple[str, ...], tuple[Any, str]] = {
        ("server", "data_folder"): (scratch.name, "folder of the replica"),
        ("storage", "database"): (shared.database_url, sources.origin("storage.database")),
        ("storage", "artifacts"): (shared.artifacts_url, sources.origin("storage.artifacts")),
    }
    said = sources.layers.get("flags", Layer()).values
    sources = sources.with_layer("flags", Layer({**said, **own}))
    live = LiveConfig(sources.compose(), sources)
    telemetry = live.current.telemetry
    configure_logs(telemetry.logs, telemetry.level)
    if telemetry.traces:
        configure_traces(telemetry.traces)
    app = create_app(live)
    inner = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(application: Any) -> AsyncIterator[Any]:
        with scratch, attached(live, app.state.services):
            following = asyncio.create_task(live.follow())
            try:
                async with inner(application) as state:
                    await _ready(app.state.services)
                    yield state
            finally:
                following.cancel()

    app.router.lifespan_context = lifespan
    return Traced(app)


async def _ready(services: Services) -> None:
    """Wait for a worker, so that Ray hands this replica nothing before."""
    async with asyncio.timeout(START):
        while not services.engine.ready():
            await asyncio.sleep(0.1)


def _require(config: ServerConfig) -> None:
    """Hold that what stands behind Ray's proxy asks for keys, and that nodes share what they store."""
    ray = needed("ray", "ray")
    if not config.keys_required:
        raise ValueError(
            "keys are not required, and a gateway on Ray cannot see whom the proxy lets in; set security.keys to "
            "'required'"
        )
    nodes = len([node for node in ray.nodes() if node["Alive"]]) if ray.is_initialized() else 1
    local = [
        name
        for name, place in (("storage.database", config.database_url), ("storage.artifacts", config.artifacts_url))
        if place.startswith("sqlite") or "://" not in place
    ]
    if nodes > 1 and local:
        raise ValueError(
            f"the cluster has {nodes} nodes, and {' and '.join(local)} would be on one of them; set a postgresql:// "
            "and an s3:// address"
        )
