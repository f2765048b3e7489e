"""Where a gateway keeps its things unless it is told."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path


def data_folder() -> Path:
    """Return ``AETHERIST_HOME``, or the folder that the platform keeps for a user's data."""
    home = os.environ.get("AETHERIST_HOME")
    if home:
        return Path(home).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "aetherist"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "aetherist"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "aetherist"


def is_loopback(host: str) -> bool:
    """Whether what is bound to ``host`` can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
