"""What a gateway is told: one validated configuration, made of layers that remember where each value comes from."""

from aetherist.serve.config.layers import Sources, load, overrides
from aetherist.serve.config.listing import Entry, entries, printed
from aetherist.serve.config.model import (
    BatchingConfig,
    CacheConfig,
    JobsConfig,
    LimitsConfig,
    ModelsConfig,
    RunsConfig,
    SecurityConfig,
    ServerConfig,
    ServerSection,
    StorageConfig,
    TelemetryConfig,
)
from aetherist.serve.config.problems import ConfigRefused, Problem
from aetherist.serve.config.profiles import PROFILES

__all__ = [
    "PROFILES",
    "BatchingConfig",
    "CacheConfig",
    "ConfigRefused",
    "Entry",
    "JobsConfig",
    "LimitsConfig",
    "ModelsConfig",
    "Problem",
    "RunsConfig",
    "SecurityConfig",
    "ServerConfig",
    "ServerSection",
    "Sources",
    "StorageConfig",
    "TelemetryConfig",
    "entries",
    "load",
    "overrides",
    "printed",
]
