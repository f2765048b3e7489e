"""The two ways to a model hub: a repository down into its cache, and a folder up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from aetherist.export.packages import needed

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
"""How a repository of a hub is called: ``owner/name``."""

WANTED = ["*.json", "*.yaml", "*.safetensors", "*.md"]
"""What of a repository is fetched: nothing that could hold code."""


def download(
    repository: str,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
    token: str | bool | None = None,
) -> Path:
    """Return the folder of a repository in the hub's cache; fetched first where it is not there.

    Raises:
        ValueError: If there is no such repository or revision, or it is not in the cache and must not be fetched.
        OSError: If the hub cannot be reached.
    """
    hub, errors = needed("huggingface_hub", "hub"), needed("huggingface_hub.errors", "hub")
    try:
        return Path(
            hub.snapshot_download(
                repository,
                revision=revision,
                cache_dir=cache_dir,
                local_files_only=local_files_only,
                token=token,
                allow_patterns=WANTED,
            )
        )
    except (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.LocalEntryNotFoundError,
        errors.HFValidationError,
    ) as error:
        at = f" at {revision}" if revision else ""
        raise ValueError(f"there is no model '{repository}'{at}, neither a folder nor on the hub: {error}") from None


def upload(
    folder: Path,
    repository: str,
    *,
    private: bool = False,
    revision: str | None = None,
    message: str,
    token: str | bool | None = None,
) -> str:
    """Send a folder to a repository of the hub, which is made where it is not there; return where it can be seen."""
    api: Any = needed("huggingface_hub", "hub").HfApi(token=token)
    api.create_repo(repository, private=private, exist_ok=True)
    if revision is not None:
        api.create_branch(repository, branch=revision, exist_ok=True)
    return str(api.upload_folder(repo_id=repository, folder_path=folder, revision=revision, commit_message=message))
