"""Where a worker process begins: imports PyTorch only there, so that the gateway itself starts at once."""

from __future__ import annotations

from multiprocessing.connection import Connection

from aetherist.serve.engine.messages import Setup


def run(connection: Connection, setup: Setup) -> None:
    """Run a worker; see :mod:`aetherist.serve.engine.worker.main`."""
    from aetherist.serve.engine.worker.main import main

    main(connection, setup)
