"""Checks a data set: what is wrong, and where."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from PIL import Image

from aetherist.data.cameracheck import camera_faults, convention_faults
from aetherist.data.layout import INDEX, PICTURES, label_fault, read_plain
from aetherist.data.pictures import contact_sheet, pose_picture
from aetherist.data.source import Source, open_source

_WARNINGS = frozenset({"unlabelled", "duplicate", "upside-down", "same-camera", "odd-size", "position"})
_SHEET = 64
_THUMBNAIL = 96


@attrs.frozen
class Finding:
    """Something wrong: its ``kind``, ``where`` it is (a path, or a place in dataset.json), and what it is."""

    kind: str
    where: str
    message: str

    @property
    def severity(self) -> str:
        """ "error" if training on it would go wrong, else "warning"."""
        return "warning" if self.kind in _WARNINGS else "error"


@attrs.frozen
class DataReport:
    """What a check found.

    Attributes:
        path: The data set.
        images: How many labelled pictures it has.
        size: Width and height of most of them; None if none can be read.
        findings: All that is wrong, in order of place.
        contact_sheet: A selection of the pictures.
        poses: Where the cameras stand, from above and as yaw against pitch.
    """

    path: Path
    images: int
    size: tuple[int, int] | None
    findings: tuple[Finding, ...]
    contact_sheet: Image.Image = attrs.field(repr=False, eq=False)
    poses: Image.Image = attrs.field(repr=False, eq=False)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong but warnings."""
        return all(finding.severity == "warning" for finding in self.findings)

    def save_pictures(self, folder: str | Path) -> tuple[Path, Path]:
        """Write the contact sheet and the picture of the poses as PNG and return their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = folder / "contact-sheet.png", folder / "poses.png"
        for path, picture in zip(paths, (self.contact_sheet, self.poses), strict=True):
            picture.save(path)
        return paths

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, without the pictures."""
        found = [attrs.asdict(finding) | {"severity": finding.severity} for finding in self.findings]
        return {"path": str(self.path), "images": self.images, "size": self.size, "ok": self.ok, "findings": found}

    def __str__(self) -> str:
        size = f", {self.size[0]} x {self.size[1]}" if self.size else ""
        lines = [f"{self.path}: {self.images} pictures{size}"]
        for kind, count in Counter(finding.kind for finding in self.findings).items():
            same = [finding for finding in self.findings if finding.kind == kind]
            lines.append(f"{same[0].severity}: {kind}, {count} times" if count > 1 else f"{same[0].severity}: {kind}")
            lines += [f"  {finding.where}: {finding.message}" for finding in same[:3]]
            lines += [f"  ... and {count - 3} more"] * (count > 3)
        return "\n".join(lines if self.findings else [*lines, "nothing is wrong"])


def check_dataset(path: str | Path, progress: Callable[[int, int], None] | None = None) -> DataReport:
    """Look through a data set, every file of it, and report all that is wrong.

    Args:
        path: A folder or zip; see ``aetherist.data.layout``.
        progress: Called with how many pictures are done, and of how many.

    Raises:
        ValueError: If there is no data set: nothing at the path, or no readable ``dataset.json`` with labels.
    """
    source = open_source(path)
    plain = read_plain(source)
    check = _Check(source, plain)
    check.run(progress)
    return DataReport(
        path=Path(path),
        images=len(plain["labels"]),
        size=check.sizes.most_common(1)[0][0] if check.sizes else None,
        findings=tuple(check.findings),
        contact_sheet=contact_sheet(check.thumbnails, _THUMBNAIL),
        poses=pose_picture(np.array(list(check.cameras.values())).reshape(-1, 25)),
    )


class _Check:
    """One pass over a data set, and what it has gathered so far."""

    def __init__(self, source: Source, plain: dict[str, Any]) -> None:
        self._source, self._plain = source, plain
        self._names = set(source.names())
        self.findings: list[Finding] = []
        self.cameras: dict[str, np.ndarray] = {}
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.thumbnails: list[Image.Image] = []
        self._size_of: dict[str, tuple[int, int]] = {}
        self._digests: dict[str, str] = {}

    def run(self, progress: Callable[[int, int], None] | None) -> None:
        labelled = list(self._labelled())
        shown = set(np.linspace(0, len(labelled) - 1, min(_SHEET, len(labelled))).astype(int)) if labelled else set()
        for number, name in enumerate(labelled):
            picture = self._picture(name)
            if picture is not None and number in shown:
                self.thumbnails.append(picture.convert("RGB").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX))
            if progress is not None:
                progress(number + 1, len(labelled))
        self._odd_sizes()
        self._conventions()
        self._unlabelled()

    def _add(self, kind: str, where: str, message: str) -> None:
        self.findings.append(Finding(kind, where, message))

    def _labelled(self) -> Iterator[str]:
        """Check the labels and yield the names of the pictures that are there."""
        seen: set[str] = set()
        if not self._plain["labels"]:
            self._add("label", INDEX, '"labels" is empty')
        for number, label in enumerate(self._plain["labels"]):
            fault = label_fault(label)
            if fault is not None:
                self._add("label", f"{INDEX}: labels[{number}]", fault)
                continue
            name = label[0]
            if name in seen:
                self._add("label", name, "it is labelled twice")
                continue
            seen.add(name)
            camera = np.array(label[1], float)
            faults = list(camera_faults(camera))
            for kind, message in faults:
                self._add(kind, name, message)
            if not faults:
                self.cameras[name] = camera
            if name not in self._names:
                self._add("missing", name, "it is labelled, but the file is not there")
            else:
                yield name

    def _picture(self, name: str) -> Image.Image | None:
        """Read a picture with its mask and depth, and note what is wrong with them."""
        try:
            data = self._source.read(name)
            picture = Image.open(BytesIO(data))
            picture.load()
        except (OSError, SyntaxError, ValueError) as error:
            self._add("corrupt", name, f"it cannot be read: {error}")
            return None
        digest = hashlib.sha256(data).hexdigest()
        first = self._digests.setdefault(digest, name)
        if first != name:
            self._add("duplicate", name, f"it is the same file as {first}")
        if picture.width != picture.height:
            self._add("size", name, f"it is {picture.width} x {picture.height}; pictures must be square")
        self.sizes[picture.size] += 1
        self._size_of[name] = picture.size
        for field in ("masks", "depths"):
            other = (self._plain.get(field) or {}).get(name)
            if other is not None:
                self._companion(name, other, field, picture.size)
        return picture

    def _companion(self, name: str, other: str, field: str, size: tuple[int, int]) -> None:
        if other not in self._names:
            self._add("missing", other, f"it is given in {field} for {name}, but the file is not there")
            return
        try:
            picture = Image.open(BytesIO(self._source.read(other)))
            picture.load()
        except (OSError, SyntaxError, ValueError) as error:
            self._add("corrupt", other, f"it cannot be read: {error}")
            return
        if picture.size != size:
            self._add("size", other, f"it is {picture.width} x {picture.height}, but {name} is {size[0]} x {size[1]}")

    def _odd_sizes(self) -> None:
        if not self.sizes:
            return
        usual = self.sizes.most_common(1)[0][0]
        for name, size in self._size_of.items():
            if size != usual and size[0] == size[1]:
                self._add("size", name, f"it is {size[0]} x {size[1]}, but most are {usual[0]} x {usual[1]}")
        if usual[0] & (usual[0] - 1):
            self._add("odd-size", str(self._source.path), f"{usual[0]} is no power of two; most recipes need one")

    def _conventions(self) -> None:
        if not self.cameras:
            return
        names = list(self.cameras)
        for kind, rows, message in convention_faults(np.array(list(self.cameras.values()))):
            for row in rows:
                self._add(kind, names[row], message)

    def _unlabelled(self) -> None:
        labels = self._plain["labels"]
        labelled = {label[0] for label in labels if isinstance(label, list) and label and isinstance(label[0], str)}
        known = labelled | {other for field in ("masks", "depths") for other in (self._plain.get(field) or {}).values()}
        for name in sorted(self._names - known):
            if name.lower().endswith(PICTURES):
                self._add("unlabelled", name, "it has no label, so it is not used")
