"""A data set of pictures with cameras, read without unpacking."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from aetherist.data.layout import Record, read_index
from aetherist.data.mirror import mirror_camera
from aetherist.data.source import open_source


class ImageDataset(Dataset[dict[str, Tensor]]):
    """Pictures and cameras in Aetherist's conventions, from a folder or a zip in the field's layout.

    An item is a dict: ``image`` ``(3, R, R)`` in [-1, 1]; ``camera`` ``(25,)``, OpenCV camera-to-world; ``index``
    ``()``, the number of the picture; and where asked for ``mask`` ``(1, R, R)`` in [0, 1], and ``depth``
    ``(1, R, R)``, the distance along the ray in world units, 0 where nothing is; ``identity`` ``()``, if every
    picture has that attribute.

    Args:
        path: The folder or zip; see ``aetherist.data.layout``.
        resolution: Side of the pictures; larger ones are reduced by area. None takes them as they are.
        mirror: Whether each picture also comes mirrored, with its camera; doubles the length. Items from half the
            length on are the mirrored ones.
        masks: Whether to read masks.
        depths: Whether to read depths.

    Raises:
        ValueError: If the data set is malformed, lacks what is asked for, or its pictures are not square or smaller
            than ``resolution``. ``check_dataset`` tells all faults at once.
    """

    def __init__(
        self,
        path: str | Path,
        resolution: int | None = None,
        *,
        mirror: bool = False,
        masks: bool = False,
        depths: bool = False,
    ) -> None:
        self._source = open_source(path)
        self._index = read_index(self._source)
        self.records: tuple[Record, ...] = self._index.records
        self.mirror, self._masks, self._depths = mirror, masks, depths
        for wanted, field in ((masks, "mask"), (depths, "depth")):
            lacking = [record.path for record in self.records if wanted and getattr(record, field) is None]
            if lacking:
                raise ValueError(f"{path}: {len(lacking)} pictures have no {field}, the first is {lacking[0]}")
        self.resolution = resolution or self._square(self._open(self.records[0].path), self.records[0].path).width
        self._cameras = torch.tensor([record.camera for record in self.records], dtype=torch.float64).float()
        identities = [record.attributes.get("identity") for record in self.records]
        self._identities = None if None in identities else torch.tensor(identities)

    def __len__(self) -> int:
        return len(self.records) * (2 if self.mirror else 1)

    @property
    def about(self) -> dict[str, Any]:
        """Where the data set says that it comes from."""
        return self._index.about

    @property
    def cameras(self) -> Tensor:
        """All cameras, mirrored ones last if there are any, ``(N, 25)``; what a generator draws its poses from."""
        return torch.cat([self._cameras, mirror_camera(self._cameras)]) if self.mirror else self._cameras

    def attributes(self, index: int) -> dict[str, Any]:
        """Return what is known of a picture; a mirrored one has the attributes of its original."""
        return self.records[index % len(self.records)].attributes

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        mirrored, number = divmod(range(len(self))[index], len(self.records))
        record = self.records[number]
        # Computed by numpy, which stays on one thread: torch would call on all cores for each small picture.
        picture = self._sized(record.path, "RGB", Image.Resampling.BOX).transpose(2, 0, 1).astype(np.float32, "C")
        item = {
            "image": torch.from_numpy(picture / np.float32(127.5) - np.float32(1)),
            "camera": self._cameras[number],
            "index": torch.tensor(number),
        }
        if self._masks and record.mask is not None:
            mask = self._sized(record.mask, "L", Image.Resampling.BOX)
            item["mask"] = torch.from_numpy(mask.astype(np.float32) / np.float32(255))[None]
        if self._depths and record.depth is not None:
            depth = self._sized(record.depth, "I;16", Image.Resampling.NEAREST)
            item["depth"] = torch.from_numpy(depth.astype(np.float32) * np.float32(self._index.depth_unit))[None]
        if mirrored:
            item |= {name: item[name].flip(-1) for name in ("image", "mask", "depth") if name in item}
            item["camera"] = mirror_camera(item["camera"])
        if self._identities is not None:
            item["identity"] = self._identities[number]
        return item

    def _open(self, name: str) -> Image.Image:
        try:
            picture = Image.open(BytesIO(self._source.read(name)))
            picture.load()
        except (OSError, SyntaxError) as error:
            raise ValueError(f"{self._source.path}: {name} cannot be read: {error}") from error
        return picture

    def _square(self, picture: Image.Image, name: str) -> Image.Image:
        if picture.width != picture.height:
            raise ValueError(f"{self._source.path}: {name} is {picture.width} x {picture.height}; square is needed")
        return picture

    def _sized(self, name: str, mode: str, method: Image.Resampling) -> NDArray[Any]:
        """Return a picture as a writable array of the wanted size."""
        picture = self._square(self._open(name), name)
        if picture.mode != mode:
            picture = picture.convert(mode)
        if picture.width < self.resolution:
            size = f"{picture.width} pixels, smaller than {self.resolution}"
            raise ValueError(f"{self._source.path}: {name} is {size}; give a smaller resolution")
        if picture.width > self.resolution:
            picture = picture.resize((self.resolution, self.resolution), method)
        return np.array(picture)
