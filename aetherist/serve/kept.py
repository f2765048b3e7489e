"""Artifacts, as answers tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aetherist.serve.services import Services

if TYPE_CHECKING:
    from aetherist.storage import Artifact


def artifact_data(services: Services, artifact: Artifact, name: str | None = None) -> dict[str, Any]:
    """Return what is told of an artifact, with a name that holds for a while without a key."""
    name = name or artifact.name
    return {
        "digest": artifact.digest,
        "url": services.signer.url(artifact.digest, name, services.settings.security.signing_seconds),
        "media_type": artifact.media_type,
        "size": artifact.size,
        "name": name,
    }
