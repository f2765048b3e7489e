"""``aetherist serve``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from aetherist.cli.console import say, show, stderr, stdout, write
from aetherist.cli.failures import UsageError, asked

if TYPE_CHECKING:
    from aetherist.serve.live import LiveConfig

PACKAGES = (
    "pydantic_settings",
    "limits",
    "structlog",
    "prometheus_client",
    "watchfiles",
    "psutil",
    "sqlalchemy",
    "alembic",
    "obstore",
    "fastapi",
    "uvicorn",
    "websockets",
    "httptools",
)
"""What the extra ``serve`` brings and the gateway imports."""

SETTINGS = Group("Settings", sort_key=4)
PLACES = Group("Places", sort_key=5)


def serve(
    *,
    config: Annotated[Path | None, Parameter(help="A YAML file of settings; it is followed.", group=SETTINGS)] = None,
    profile: Annotated[
        str | None, Parameter(help="Settings that go together: `development` or `production`.", group=SETTINGS)
    ] = None,
    override: Annotated[
        list[str] | None,
        Parameter(
            name=["--override", "-o"],
            negative="",
            help="Any setting: `-o limits.queue=32`. May be given many times.",
            group=SETTINGS,
        ),
    ] = None,
    print_config: Annotated[
        bool, Parameter(negative="", help="Print every setting and where it comes from, and end.", group=SETTINGS)
    ] = False,
    host: Annotated[str | None, Parameter(help="Address to bind; `127.0.0.1` otherwise.")] = None,
    port: Annotated[int | None, Parameter(help="Port to bind; 8000 or the next free one otherwise.")] = None,
    model: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="A model to serve, as `NAME=SOURCE` or as its source. May be given many times; `portrait` otherwise.",
        ),
    ] = None,
    device: Annotated[
        list[str] | None,
        Parameter(negative="", help="`cpu`, `cuda:1` or `auto`. May be given many times: a worker each."),
    ] = None,
    data_folder: Annotated[Path | None, Parameter(help="Folder of all that is kept.", group=PLACES)] = None,
    database: Annotated[str | None, Parameter(help="`postgresql://...` instead of a file.", group=PLACES)] = None,
    artifacts: Annotated[
        str | None, Parameter(help="A folder or `s3://bucket/prefix` for what is made.", group=PLACES)
    ] = None,
    runs: Annotated[Path | None, Parameter(help="Folder of training runs to show.", group=PLACES)] = None,
) -> int:
    """Serve avatars over HTTP, with the web studio.

    Prints the URL once requests are answered. SIGTERM or Ctrl-C lets what is at work finish; a second one does not.
    Settings come from a profile, a file, the environment (`AETHERIST_SERVER__PORT`) and the command line; the later go
    before the earlier.
    """
    _packages()
    from aetherist.serve.config import load, overrides, printed
    from aetherist.serve.live import LiveConfig

    flags: dict[str, tuple[Any, str]] = {
        "server.host": (host, "--host"),
        "server.port": (port, "--port"),
        "models.device": (device, "--device"),
        "server.data_folder": (data_folder, "--data-folder"),
        "storage.database": (database, "--database"),
        "storage.artifacts": (artifacts, "--artifacts"),
        "runs.folder": (runs, "--runs"),
    }
    for text in model or []:
        name, source = _model(text)
        flags[f"models.sources.{name}"] = (source, "--model")
    said = {key: (value, name) for key, (value, name) in flags.items() if value is not None}
    with asked():
        settings, sources = load(config, profile, {**overrides(override or []), **said})
    if print_config:
        write(printed(settings, sources))
        return 0
    _serve(LiveConfig(settings, sources))
    return 0


def _serve(config: LiveConfig) -> None:
    from aetherist.serve.app import create_app
    from aetherist.serve.server import PortTaken, run
    from aetherist.storage import StorageError

    _require_models(config)
    if stderr().is_terminal:
        say("loading ...")
    try:
        run(config, create_app, _ready)
    except PortTaken as error:
        raise UsageError(str(error)) from None
    except StorageError as error:
        raise ValueError(str(error)) from error


def _require_models(config: LiveConfig) -> None:
    """Hold that the devices and the models are there: a worker could say so only in the log, of a gateway that is up.

    What looks like ``owner/name`` may be on a hub and is the worker's to find.

    Raises:
        UsageError: If one is not.
    """
    from aetherist.avatars.hub import REPOSITORY
    from aetherist.cli.models import device_named
    from aetherist.core.errors import RecipeError
    from aetherist.graphs.sources import require_source

    models = config.current.models
    for device in models.devices:
        if device != "auto":
            device_named(device, f"{config.sources.origin('models.device')}: models.device")
    for name, source in models.sources.items():
        try:
            require_source(source)
        except RecipeError as error:
            if REPOSITORY.fullmatch(source) and not Path(source).exists():
                continue
            fault, key = error.diagnostics[0], f"models.sources.{name}"
            said = "; ".join((fault.message, *fault.notes))
            raise UsageError(f"{config.sources.origin(key)}: {key}: {said}") from None


def _ready(url: str, config: LiveConfig) -> None:
    """Say where the gateway is, and what a client needs."""
    settings = config.current
    show(url)
    stdout().file.flush()
    say(f"serving {', '.join(settings.models.sources)}; the studio is at the same address; Ctrl-C ends it")
    if settings.keys_required:
        say(f"clients need a key; this makes one: aetherist keys create NAME{_place(config)}")


def _place(config: LiveConfig) -> str:
    """Return the options by which `aetherist keys` finds the same database."""
    from aetherist.serve.config.fields import without_secrets

    sources = config.sources
    words = f" --config {shlex.quote(str(sources.file))}" if sources.file is not None else ""
    if sources.layer_of("storage.database") == "flags":
        words += f" --database {without_secrets(config.current.database_url)}"
    elif sources.layer_of("server.data_folder") == "flags":
        words += f" --data-folder {shlex.quote(str(config.current.server.data_folder))}"
    return words


def _model(text: str) -> tuple[str, str]:
    """Read ``NAME=SOURCE``, or a source, whose last part is then its name."""
    name, equals, source = text.partition("=")
    if not equals:
        name, source = Path(text).stem if text.endswith((".yaml", ".yml")) else Path(text).name, text
    if not name or not source:
        raise UsageError(f"--model {text}: write NAME=SOURCE, as in --model portrait=./models/portrait")
    return name, source


def _packages() -> None:
    """Say which extra is missing, before anything is imported that needs it."""
    from aetherist.export.packages import needed

    for module in PACKAGES:
        needed(module, "serve")
