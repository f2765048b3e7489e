"""Real servers, private to a test session: PostgreSQL from the system's packages, and one that speaks S3."""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

UNPRIVILEGED = ("postgres", "nobody")
"""Who runs PostgreSQL for root, which it refuses."""


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server in a folder of its own; yield the URL of its socket, without a database's name."""
    programs = _programs()
    user = _user()
    if programs is None or (os.getuid() == 0 and user is None):
        pytest.skip("needs PostgreSQL's server programs (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="aetherist-postgresql-"))
    data = folder / "data"
    # Room on the disk and a moment at the start are saved where nothing has to outlast a loss of power.
    settings = {
        "listen_addresses": "''",
        "unix_socket_directories": f"'{folder}'",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "60",
        "shared_buffers": "16MB",
    }

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(data), *arguments]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        with (folder / "said").open("ab") as said:
            code = subprocess.run(
                command, stdout=said, stderr=said, user=user, env=environment, cwd=folder, check=False
            ).returncode
        assert code == 0, (folder / "said").read_text()

    try:
        if user is not None:
            shutil.chown(folder, user)
        run("initdb", "--username=aetherist", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        run("pg_ctl", "start", "--wait", "--log", str(folder / "log"))
        try:
            yield f"postgresql://aetherist@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate")
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def s3() -> Iterator[str]:
    """Start a server that speaks S3; yield its address."""
    server_module = pytest.importorskip("moto.server", reason="moto, which speaks S3, is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def s3_environment(address: str) -> dict[str, str]:
    """Return what tells every client of S3 where the server is."""
    given = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1", "ENDPOINT_URL": address}
    return {f"AWS_{name}": value for name, value in given.items()}


def _programs() -> Path | None:
    """Return the folder of the newest server that is installed; Debian keeps it off the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    return None if found is None else Path(found).parent


def _user() -> str | None:
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in UNPRIVILEGED if name in known), None)
