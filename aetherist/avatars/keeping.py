"""Models that make avatars as folders, and on a hub."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aetherist.avatars import hub
from aetherist.core.errors import WeightsError
from aetherist.core.weights import model_digest

if TYPE_CHECKING:
    from aetherist.avatars.model import AvatarModel

DIRECTIONS_FILE = "directions.safetensors"
CARD_FILE = "README.md"

_CARD = """\
---
library_name: aetherist
tags: [avatars, 3d, aetherist]
---
# {name}

A model that makes avatars, for Aetherist (`pip install 'aetherist[hub]'`).

```python
import aetherist

model = aetherist.load("{repository}")
model.avatar(seed=7).render(yaw=0.3)
```

Digest: `{digest}`
"""


def save_folder(model: AvatarModel, folder: str | Path, *, overwrite: bool = False) -> None:
    """Write a model folder with the model's directions; see :meth:`AvatarModel.save_pretrained`."""
    inner = model.model
    manifest = inner.manifest
    compact = manifest is not None and any(entry.compact for entry in manifest.components.values())
    digest = model_digest(inner.recipe, inner.components, compact=compact)
    if digest != model.digest:
        raise WeightsError(
            f"{model.name} is no longer what it was when it was opened (its digest was {model.digest} and is {digest}: "
            "other weights, another precision, or overrides), so that its avatars would not open; save it as a model "
            f"of its own: model.model.save({str(folder)!r})"
        )
    metadata = manifest.metadata if manifest is not None else None
    inner.save(folder, overwrite=overwrite, metadata=metadata, compact=compact)
    if model.directions is not None:
        model.directions.save(Path(folder) / DIRECTIONS_FILE)


def push(
    model: AvatarModel, repository: str, *, private: bool, revision: str | None, message: str, token: str | bool | None
) -> str:
    """Save a model to a hub; see :meth:`AvatarModel.push_to_hub`."""
    if not hub.REPOSITORY.fullmatch(repository):
        raise ValueError(f"'{repository}' is no repository of a hub; write OWNER/NAME")
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "model"
        save_folder(model, folder)
        card = _CARD.format(name=model.name, repository=repository, digest=model.digest)
        (folder / CARD_FILE).write_text(card, encoding="utf-8")
        return hub.upload(folder, repository, private=private, revision=revision, message=message, token=token)
