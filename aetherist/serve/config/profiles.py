"""Values that go together: what suits a developer's machine, and what suits a server."""

from __future__ import annotations

from typing import Any

PROFILES: dict[str, dict[str, Any]] = {
    "development": {
        "server": {"drain_seconds": 2.0},
        "limits": {"deadline_seconds": 120.0, "rate": "6000/minute"},
        "security": {"cors_origins": ["http://localhost:5173", "http://127.0.0.1:5173"]},
        "telemetry": {"logs": "console", "level": "debug"},
    },
    "production": {
        "server": {"drain_seconds": 60.0},
        "security": {"keys": "required"},
        "telemetry": {"logs": "json", "level": "info"},
    },
}
"""``development`` lets the pages of a Vite server call; ``production`` asks everybody for a key."""
