"""The real networks, where the user's cache has them, on the sample of rendered heads."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

import aetherist
from aetherist.components.embeddings import FaceRecognition, InceptionV3, MobileFace, VGG16Features
from aetherist.components.embeddings.weights import cached
from aetherist.components.losses import LPIPS

SAMPLE = Path(aetherist.__file__).parent / "data" / "sample" / "heads64.zip"


def on(*networks: str) -> pytest.MarkDecorator:
    missing = [name for name in networks if not cached(name).is_file()]
    reason = f"not in the cache: {', '.join(missing)}; aetherist weights get NAME"
    return pytest.mark.skipif(bool(missing), reason=reason)


@cache
def heads() -> tuple[Tensor, Tensor]:
    """Return the pictures seen from the front, ``(N, 3, 64, 64)``, and whose they are."""
    with zipfile.ZipFile(SAMPLE) as archive:
        attributes = json.loads(archive.read("dataset.json"))["attributes"]
        frontal = {path: a["identity"] for path, a in attributes.items() if abs(a["yaw"]) < 0.6}
        pictures = [np.asarray(Image.open(io.BytesIO(archive.read(path))).convert("RGB")) for path in frontal]
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return images, torch.tensor(list(frontal.values()))


def separation(likeness: Tensor, identity: Tensor) -> float:
    """Return how often two pictures of one person are more alike than two of different ones."""
    same = identity[:, None] == identity[None]
    apart = likeness[~same]
    together = likeness[same & ~torch.eye(len(identity), dtype=torch.bool)]
    return (together[:, None] > apart[None]).float().mean().item()


def blurred(images: Tensor, factor: int) -> Tensor:
    small = F.interpolate(images, scale_factor=1 / factor, mode="bilinear", antialias=True)
    return F.interpolate(small, size=images.shape[-2:], mode="bilinear")


@on("mobileface")
@torch.no_grad()
def test_mobileface_tells_people_apart() -> None:
    images, identity = heads()
    directions = F.normalize(MobileFace.create()(images), dim=1)
    assert separation(directions @ directions.mT, identity) > 0.75


@on("face-recognition")
@torch.no_grad()
def test_face_recognition_tells_people_apart() -> None:
    images, identity = heads()
    embeddings = FaceRecognition.create()(images)
    assert separation(-torch.cdist(embeddings, embeddings), identity) > 0.75


@on("vgg16-hed", "lpips-vgg")
@torch.no_grad()
def test_lpips_orders_changes_as_people_would() -> None:
    images, _ = heads()
    images, others = images[:8], images[8:16]
    look, distance = VGG16Features.create(), LPIPS.create()
    changed = [blurred(images, 2), blurred(images, 4), others]
    distances = [distance(look(x), look(images)).item() for x in (images, *changed)]
    assert distances == sorted(distances)
    assert distances[0] == 0


@on("inception-nsfwjs")
@torch.no_grad()
def test_inception_sees_sets_of_blurred_pictures_farther_away() -> None:
    images, _ = heads()
    look = InceptionV3.create()
    mean = look(images[:8]).mean(dim=0)
    far = [(look(blurred(images[:8], factor)).mean(dim=0) - mean).norm().item() for factor in (2, 4, 8)]
    assert far == sorted(far)
