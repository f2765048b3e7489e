"""``aetherist top``."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import Annotated, Any

from cyclopts import Parameter

from aetherist.cli.console import printable, stdout, write
from aetherist.cli.failures import UsageError

PATIENCE = 10.0
"""Seconds in which a gateway answers."""

KEY = "AETHERIST_KEY"


def top(
    url: Annotated[str, Parameter(help="Where the gateway is.")] = "http://127.0.0.1:8000",
    /,
    *,
    key: Annotated[
        str | None, Parameter(help=f"A key with the scope `read`, where keys are required; `{KEY}` otherwise.")
    ] = None,
    every: Annotated[float, Parameter(help="Seconds between two looks.")] = 1.0,
    once: Annotated[bool, Parameter(negative="", help="Look once and end.")] = False,
) -> int:
    """Watch a running gateway.

    Shows queue, latencies, workers, jobs and problems until Ctrl-C; elsewhere than on a terminal it looks once.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{printable(url)}: write the URL of a gateway, as in http://127.0.0.1:8000")
    if not 0.1 <= every <= 3600:
        raise UsageError(f"--every {every:g}: between 0.1 and 3600 seconds")
    url, key = url.rstrip("/"), key or os.environ.get(KEY)
    from aetherist.cli.top_view import View

    view = View(url)
    view.take(fetch(url, key))
    if once or not stdout().is_terminal:
        console = stdout()
        with console.capture() as capture:
            console.print(view.drawn())
        write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))
        return 0
    from rich.live import Live

    with Live(view.drawn(), console=stdout(), screen=True, auto_refresh=False) as live:
        try:
            while True:
                time.sleep(every)
                try:
                    view.take(fetch(url, key))
                except ValueError as error:
                    view.failed(str(error))
                live.update(view.drawn(), refresh=True)
        except KeyboardInterrupt:
            return 0


def fetch(url: str, key: str | None) -> dict[str, Any]:
    """Return what a gateway says of itself.

    Raises:
        ValueError: If none answers there, or not with that; says what to do.
    """
    request = urllib.request.Request(f"{url}/v1/system", headers={"Accept": "application/json"})
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise ValueError(f"{printable(url)}: {_refusal(error, key)}") from None
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        raise ValueError(f"{printable(url)}: no gateway answers there ({printable(str(reason))})") from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not {"queue", "workers", "latency"} <= found.keys():
        raise ValueError(f"{printable(url)}: what answers there is no gateway of Aetherist")
    return found


def _refusal(error: urllib.error.HTTPError, key: str | None) -> str:
    if error.code == 401:
        return "the key is not taken" if key else f"this gateway needs a key with the scope read: --key, or {KEY}"
    if error.code == 403:
        return "the key lacks the scope read"
    if error.code == 404:
        return "what answers there is no gateway of Aetherist"
    return f"it answers with {error.code} {printable(str(error.reason))}"
