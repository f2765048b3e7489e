"""The configuration of a gateway, as it is after everything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ByteSize, ConfigDict, Field, field_validator, model_validator

from aetherist.serve.config.fields import Count, WordOrWords, Words, fixed, live
from aetherist.serve.config.places import data_folder, is_loopback

Bytes = Annotated[ByteSize, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Seconds = Annotated[float, Field(gt=0, le=7 * 86400)]

BOUND = "the gateway binds its address once, at the start"
LOADED = "models are loaded by the workers at the start"
OPENED = "the database and the artifact store are opened once, at the start"
MADE = "it is decided when the application is made"


class Section(BaseModel):
    """A group of settings; nothing that is not named here is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ServerSection(Section):
    """Where the gateway answers."""

    host: str = fixed(
        "127.0.0.1", BOUND, "Address to bind; `0.0.0.0` answers other machines, and then keys are required."
    )
    port: int = fixed(
        8000, BOUND, "Port to bind. Where it is taken and was not asked for, the next free one.", ge=0, le=65535
    )
    public_url: str | None = fixed(None, MADE, "What clients call the gateway, where a proxy stands before it.")
    drain_seconds: float = fixed(30.0, MADE, "How long a stopping gateway waits for what is at work.", ge=0, le=3600)
    forwarded_allow_ips: str = fixed(
        "", MADE, "Proxies whose `X-Forwarded-For` and `-Proto` are believed: addresses with commas, or `*`."
    )
    data_folder: Path = fixed(
        data_folder, OPENED, "Folder of the database and the artifacts, unless these are told elsewhere."
    )

    @field_validator("data_folder")
    @classmethod
    def _whole(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        return None if value is None else _url(value).rstrip("/")


class ModelsConfig(Section):
    """What is served, and on what."""

    sources: dict[Name, str] = fixed(
        {"portrait": "portrait"},
        LOADED,
        "Models by the name that clients say: the name of a model that ships, a folder, or a recipe.",
        min_length=1,
    )
    default: str = fixed("portrait", LOADED, "The model of requests that name none; else the first of `sources`.")
    device: WordOrWords = fixed(
        "auto", LOADED, "`auto` (the first GPU if there is one), `cpu`, `cuda:1`, or several: one worker each."
    )
    threads: int | None = fixed(None, LOADED, "CPU threads of a worker; `null` leaves it to PyTorch.", ge=1, le=1024)

    @model_validator(mode="before")
    @classmethod
    def _first(cls, data: Any) -> Any:
        """Let the first model be the default one where none is named."""
        if not isinstance(data, dict) or data.get("default") is not None:
            return data
        sources = data.get("sources")
        return {**data, "default": next(iter(sources))} if isinstance(sources, dict) and sources else data

    @model_validator(mode="after")
    def _there(self) -> ModelsConfig:
        if self.default not in self.sources:
            raise ValueError(f"default: '{self.default}' is none of the models in sources: {', '.join(self.sources)}")
        return self

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices as they are named, one worker each."""
        return (self.device,) if isinstance(self.device, str) else tuple(self.device)


class StorageConfig(Section):
    """Where things are kept."""

    database: str = fixed("", OPENED, "`postgresql://...`; empty is an SQLite file in the data folder.", repr=False)
    artifacts: str = fixed(
        "", OPENED, "A folder or `s3://bucket/prefix`; empty is a folder of the data folder.", repr=False
    )
    quota_bytes: Bytes | None = fixed(None, OPENED, "How much the artifacts may take together; `null` is no bound.")
    keep_days: int = fixed(
        30, "the jobs that are kept know it from the start", "For how long results of jobs are kept.", ge=1
    )


class LimitsConfig(Section):
    """What one request, one client and all of them may ask for."""

    body_bytes: Bytes = live("8MiB", "The largest body of a request.")
    picture_pixels: Count = live(2048 * 2048, "Pixels of the largest picture.")
    pictures_per_request: Count = live(64, "Pictures of one request; more are a job.")
    queue: Count = live(64, "Interactive work that waits, of everybody; beyond it a client is told when to come again.")
    per_client: Count = live(16, "Interactive work that waits, of one client.")
    rate: str = live("600/minute", "Requests of one key or address: `600/minute`, `10/second;1000/hour`.")
    deadline_seconds: Seconds = live(30.0, "For how long a request may wait and be worked on.")
    websocket_connections: Count = live(256, "Connections of viewers.")
    jobs_queued: Count = live(100, "Jobs that wait.")
    recipe_bytes: Bytes = live("256KiB", "The longest recipe from outside.")
    recipe_parameters: Count = live("200M", "Parameters of a recipe from outside.")
    recipe_flops: Count = live("5T", "FLOPs of one run of a recipe from outside.")
    recipe_memory_bytes: Bytes = live("4GiB", "Memory that a run of a recipe from outside may take.")

    @field_validator("rate")
    @classmethod
    def _is_rate(cls, value: str) -> str:
        import limits

        try:
            limits.parse_many(value)
        except ValueError:
            raise ValueError(f"'{value}' is no rate; write 600/minute, or several: 10/second;1000/hour") from None
        return value


class BatchingConfig(Section):
    """How requests become batches."""

    window_ms: float = live(4.0, "For how long the first of a batch waits for others.", ge=0, le=1000)
    max_batch: Count = live(8, "The largest batch.", le=256)


class CacheConfig(Section):
    """What is kept in memory."""

    planes_bytes: ByteSize = live(
        "256MiB", "Planes of people, by which further views of one cost only rendering.", ge=0
    )
    pictures_bytes: ByteSize = live("64MiB", "Encoded pictures.", ge=0)


class JobsConfig(Section):
    """Work that outlives its request."""

    concurrency: Count = live(1, "Jobs at work at once.", le=64)
    heartbeat_seconds: Seconds = fixed(
        5.0, "others tell by it whether this gateway lives", "How often a job at work says that it lives."
    )
    attempts: int = fixed(
        2, "jobs that wait are counted by it", "How often a job is tried whose gateway died.", ge=1, le=10
    )
    poll_seconds: Seconds = fixed(1.0, MADE, "How often the database is asked for jobs.")


class SecurityConfig(Section):
    """Who may ask."""

    keys: Literal["auto", "required", "off"] = fixed(
        "auto",
        MADE,
        "Whether requests need a key: `auto` is `required` unless only this machine can reach the gateway.",
    )
    cors_origins: Words = fixed([], MADE, "Other sites whose pages may call the gateway: `https://example.org`.")
    signing_seconds: Seconds = fixed(3600.0, MADE, "For how long a signed name of an artifact holds, at most.")
    foreign_recipes: bool = fixed(True, MADE, "Whether recipes from outside are checked and run, within `limits`.")


class TelemetryConfig(Section):
    """What the gateway says of itself."""

    logs: Literal["auto", "json", "console"] = fixed("auto", MADE, "`auto` is `console` on a terminal, else `json`.")
    level: Literal["debug", "info", "warning", "error"] = live("info", "Which messages are written.")
    metrics: bool = fixed(True, MADE, "Whether `/metrics` answers.")
    traces: str | None = fixed(
        None, MADE, "URL of a collector that takes OpenTelemetry traces over HTTP; `null` sends nothing.", repr=False
    )

    @field_validator("traces")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        return None if value is None else _url(value)


class RunsConfig(Section):
    """Training runs to show."""

    folder: Path | None = fixed(None, MADE, "Folder of training runs that the Runs page shows.")

    @field_validator("folder")
    @classmethod
    def _whole(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()


class ServerConfig(Section):
    """Everything that a gateway is told."""

    server: ServerSection = Field(default_factory=ServerSection)
    models: ModelsConfig = Field(default_factory=ModelsConfig)
    storage: StorageConfig = Field(default_factory=StorageConfig)
    limits: LimitsConfig = Field(default_factory=LimitsConfig)
    batching: BatchingConfig = Field(default_factory=BatchingConfig)
    cache: CacheConfig = Field(default_factory=CacheConfig)
    jobs: JobsConfig = Field(default_factory=JobsConfig)
    security: SecurityConfig = Field(default_factory=SecurityConfig)
    telemetry: TelemetryConfig = Field(default_factory=TelemetryConfig)
    runs: RunsConfig = Field(default_factory=RunsConfig)

    @model_validator(mode="after")
    def _guarded(self) -> ServerConfig:
        if self.security.keys == "off" and not self.is_private:
            raise ValueError(
                f"security.keys: 'off' is taken only where no other machine reaches the gateway, and server.host is "
                f"{self.server.host}{f' at {self.server.public_url}' if self.server.public_url else ''}; "
                "use 'required', or bind 127.0.0.1"
            )
        return self

    @property
    def is_private(self) -> bool:
        """Whether this machine alone can reach the gateway."""
        public = self.server.public_url
        return is_loopback(self.server.host) and (public is None or is_loopback(urlsplit(public).hostname or ""))

    @property
    def keys_required(self) -> bool:
        """Whether requests need a key."""
        return self.security.keys == "required" or (self.security.keys == "auto" and not self.is_private)

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return self.storage.database or f"sqlite:///{self.server.data_folder / 'aetherist.db'}"

    @property
    def artifacts_url(self) -> str:
        """Where the artifacts are: a folder or a URL."""
        return self.storage.artifacts or str(self.server.data_folder / "artifacts")


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("this is no URL; write https://host or http://host:port")
    return value
