"""Object stores by their addresses, through obstore: how one is opened, and what its errors mean."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import obstore.store
from obstore.exceptions import BaseError

from aetherist.storage.errors import AddressError

URL = re.compile(r"[a-z][a-z0-9+.-]+://")

PATIENCE: dict[str, Any] = {"max_retries": 5, "retry_timeout": timedelta(seconds=30)}
"""How long a store that does not answer is asked again; obstore itself would go on for three minutes."""


def open_url(url: str) -> Any:
    """Open the store at an address: ``s3://bucket/folder``, ``gs://...``, ``az://...``, ``memory:///``.

    Keys, regions and endpoints come from the environment, as each store's own tools read them.

    Raises:
        AddressError: If the address is none of a store.
    """
    options: dict[str, Any] = {}
    if not url.startswith("memory:"):
        client: dict[str, Any] = {"connect_timeout": "5s", "timeout": "300s"}
        if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://") and url.startswith("s3"):
            client["allow_http"] = True
        options = {"client_options": client, "retry_config": PATIENCE}
    try:
        return obstore.store.from_url(url, **options)
    except (BaseError, ValueError) as error:
        raise AddressError(f"{url} is no address of a store: {first_line(error)}") from None


@contextlib.contextmanager
def refusals(place: str) -> Iterator[None]:
    """Turn what a store refuses into an ``OSError`` that names the place; what is not there is FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{place}: there is nothing") from None
    except (BaseError, OSError) as error:
        raise OSError(f"{place}: {first_line(error)}") from None


def first_line(error: Exception) -> str:
    """Return what an error says, without the structures that obstore appends."""
    return next(iter(str(error).splitlines()), type(error).__name__).strip()
