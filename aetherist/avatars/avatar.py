"""One person that a model makes."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from aetherist.avatars.files import avatar_bytes
from aetherist.avatars.pictures import Form, vectors
from aetherist.avatars.provenance import film_told, picture_told
from aetherist.base.files import write_whole
from aetherist.components.cameras import Cameras
from aetherist.components.cameras.pose import finite
from aetherist.components.styles import Beyond, Edits, mixed_layers, slerp
from aetherist.components.styles import edits as editing
from aetherist.export.pictures import encode_picture, write_picture
from aetherist.graphs.generate import PITCH, YAW, Motion, to_pixels

if TYPE_CHECKING:
    from aetherist.avatars.model import AvatarModel
    from aetherist.export.meshes import Mesh
    from aetherist.export.splats import Splats


class Avatar:
    """One person that a model makes: styles, and the edits that are laid over them.

    An avatar never changes: what edits or mixes it returns another. Two are equal if they hold the same.

    Attributes:
        model: What it is shown by.
        seed: Of the latent, where it is known.
        psi: Truncation of the latent's styles.
        cutoff: How many layers are truncated; ``None`` for all.
    """

    def __init__(
        self,
        model: AvatarModel,
        base: Tensor,
        *,
        styles: Tensor | None = None,
        edits: Edits | None = None,
        seed: int | None = None,
        latent: Tensor | None = None,
        psi: float = 1.0,
        cutoff: int | None = None,
    ) -> None:
        self.model = model
        self._edits = editing.plain(edits or {})
        self.seed, self.psi, self.cutoff = seed, psi, cutoff
        self._base = _own(base)
        self._styles = self._base if styles is None else _own(styles)
        self._latent = None if latent is None else _own(latent)

    @property
    def base(self) -> Tensor:
        """Styles before edits, ``(L, D)`` float32 on the CPU; a copy."""
        return self._base.clone()

    @property
    def styles(self) -> Tensor:
        """Styles as edited, ``(L, D)`` float32 on the CPU; a copy."""
        return self._styles.clone()

    @property
    def latent(self) -> Tensor | None:
        """The latent that the base comes from, ``(latent_dim,)``; ``None`` where it comes from none."""
        return None if self._latent is None else self._latent.clone()

    @property
    def edits(self) -> dict[str, Any]:
        """Strength of each attribute that is edited; a copy."""
        return editing.plain(self._edits)

    def tensors(self) -> dict[str, Tensor]:
        """Return what the avatar holds: ``base``, ``styles``, and ``latent`` where it has one; copies."""
        held = {"base": self._base, "styles": self._styles, "latent": self._latent}
        return {name: tensor.clone() for name, tensor in held.items() if tensor is not None}

    @cached_property
    def digest(self) -> str:
        """A name for what the avatar holds and the model it belongs to: a SHA-256."""
        facts = [self.model.digest, self.edits, self.seed, self.psi, self.cutoff]
        content = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        for name, tensor in sorted(self.tensors().items()):
            content.update(f"{name} {tuple(tensor.shape)}".encode() + tensor.numpy().tobytes())
        return content.hexdigest()

    @cached_property
    def looks(self) -> str:
        """A digest of what is shown: avatars that hold the same styles look alike, however they came to them."""
        return hashlib.sha256(self._styles.numpy().tobytes()).hexdigest()

    # Changes ----------------------------------------------------------------------------------------------------------

    def edit(
        self,
        attributes: Mapping[str, Any] | None = None,
        /,
        *,
        beyond: Beyond = "warn",
        **more: Any,
    ) -> Avatar:
        """Return the avatar with other strengths: ``edit(age=0.5)``, ``edit({"ethnicity": {"asian": 0.7}})``.

        A strength of 1 is one step of the direction. It replaces the one that there was; 0 takes it away.

        Args:
            attributes: Strengths by attribute; the same as keywords.
            beyond: What to do about strengths outside the measured range: ``"warn"``, ``"error"`` or ``"allow"``.

        Raises:
            ValueError: If the model has no directions, an attribute is unknown (names near ones), or a strength is
                outside its range and that is an error.
        """
        directions = self.model.require_directions()
        edits = editing.merged(self.edits, {**(attributes or {}), **more}, directions.attributes)
        editing.watch(edits, directions.ranges, beyond)
        return self._with(self._base, edits, **self._origin())

    def mix(
        self, other: Avatar, amount: float = 0.5, *, layers: Iterable[int] | None = None, space: Literal["w", "z"] = "w"
    ) -> Avatar:
        """Return an avatar between this one (``amount`` 0) and another (1).

        Without ``layers`` the edits are mixed like the people, and can be edited on. With them the styles of those
        layers are mixed as they are edited: the first layers shape, the last ones colour.

        Args:
            other: Of the same model.
            amount: How much of the other.
            layers: Which layers to mix, from 0.
            space: ``"w"`` mixes styles in a straight line, ``"z"`` latents on their sphere.

        Raises:
            ValueError: If the models differ, a layer does not exist, or an avatar has no latent to mix.
        """
        self._same_model(other)
        if not math.isfinite(amount):
            raise ValueError(f"amount={amount}: give a finite number")
        if layers is not None:
            if space == "z":
                raise ValueError("layers are mixed in w: latents have none")
            return self._with(mixed_layers(self._styles, other._styles, amount, layers), {})
        edits = editing.blended(self.edits, other.edits, amount)
        if space == "z":
            latent, psi = self._mixed_latents(other, amount)
            avatar = self.model.avatar(latent=latent, psi=psi, cutoff=self.cutoff)
            return avatar._with(avatar._base, edits, **avatar._origin())
        return self._with(torch.lerp(self._base, other._base, amount), edits)

    def interpolate(self, other: Avatar, frames: int, *, space: Literal["w", "z"] = "w") -> Iterator[Avatar]:
        """Yield ``frames`` avatars from this one to another, both included; see :meth:`mix`."""
        if frames < 2:
            raise ValueError(f"frames={frames}: from one to another takes 2 or more")
        return (self.mix(other, index / (frames - 1), space=space) for index in range(frames))

    def truncate(self, psi: float, *, cutoff: int | None = None) -> Avatar:
        """Return the avatar nearer to the average person: there at 0, unchanged at 1. Edits stay.

        Args:
            psi: How much of what sets it apart is kept.
            cutoff: Truncate only so many layers, from the first.

        Raises:
            ValueError: If the model knows no average.
        """
        if not math.isfinite(psi):
            raise ValueError(f"psi={psi}: give a finite number")
        base = torch.lerp(self.model.average, self._base, psi)
        if cutoff is not None:
            base = torch.cat([base[:cutoff], self._base[cutoff:]])
        if self._latent is None or (cutoff != self.cutoff and self.psi != 1.0):
            return self._with(base, self.edits)  # no truncation of a latent gives this
        return self._with(base, self.edits, **self._origin() | {"psi": self.psi * psi, "cutoff": cutoff})

    # Looks ------------------------------------------------------------------------------------------------------------

    def camera(
        self,
        yaw: float = 0.0,
        pitch: float = 0.0,
        *,
        radius: float | None = None,
        fov: float | None = None,
    ) -> Cameras:
        """Return the camera at these angles, in radians: positive is to the right, and up; see the model's."""
        return self.model.camera(yaw, pitch, radius=radius, fov=fov)

    def render(
        self,
        yaw: float = 0.0,
        pitch: float = 0.0,
        *,
        camera: Cameras | Tensor | None = None,
        output: str = "image",
        as_: Form = "pil",
    ) -> Any:
        """Return a picture.

        Args:
            yaw: Of the camera, in radians; positive moves it to the right, towards +x.
            pitch: Positive moves it up.
            camera: Instead of the angles.
            output: Of the graph ``show``: ``image``, ``raw``, ``depth`` or ``alpha``.
            as_: ``"pil"``, ``"numpy"`` (uint8 ``(H, W, 3)``) or ``"tensor"`` (the graph's own values, ``(C, H, W)``).
        """
        return next(self._pictures(self.camera(yaw, pitch) if camera is None else camera, output, as_))

    def picture(
        self,
        path: str | Path,
        yaw: float = 0.0,
        pitch: float = 0.0,
        *,
        camera: Cameras | Tensor | None = None,
        output: str = "image",
        quality: int | None = None,
    ) -> None:
        """Write what :meth:`render` shows to ``.png``, ``.jpg`` or ``.webp``, with how it was made in its metadata.

        ``aetherist recipe from FILE`` reads that, and makes the picture again; what Pillow saves of a picture that
        :meth:`render` gave does not say it.

        Args:
            path: Where to.
            yaw: As in :meth:`render`, like ``pitch``, ``camera`` and ``output``.
            pitch: See there.
            camera: See there.
            output: See there.
            quality: 1 to 100, of a JPEG (95 by default) or WebP (lossless by default).
        """
        seen_from = vectors(self.camera(yaw, pitch) if camera is None else camera)[0]
        pixels, _ = to_pixels(next(self._pictures(seen_from, output, "tensor")), self.model.meaning(output))
        told = picture_told(self, output, seen_from) | {"options": {"quality": quality} if quality is not None else {}}
        write_picture(path, pixels, told, quality=quality)

    def orbit(
        self, frames: int = 60, *, elevation: float = 0.0, output: str = "image", as_: Form = "pil"
    ) -> Iterator[Any]:
        """Yield pictures from cameras that go all the way round; what they share is computed once.

        Args:
            frames: How many; the last stands one step before the first.
            elevation: Pitch of them all, in radians.
            output: As in :meth:`render`.
            as_: As in :meth:`render`.
        """
        finite(elevation=elevation)
        return self._pictures(self.model.stage.path("orbit", frames, pitch=elevation), output, as_)

    def sway(
        self, frames: int = 60, *, yaw: float = YAW, pitch: float = PITCH, output: str = "image", as_: Form = "pil"
    ) -> Iterator[Any]:
        """Yield pictures from cameras in a closed ellipse before the face; what they share is computed once.

        Args:
            frames: How many.
            yaw: Greatest angle to either side, in radians.
            pitch: Greatest angle up and down.
            output: As in :meth:`render`.
            as_: As in :meth:`render`.
        """
        return self._pictures(self.model.stage.path("sway", frames, yaw=yaw, pitch=pitch), output, as_)

    def density(self, points: Tensor) -> Tensor:
        """Return the density at points ``(N, 3)`` in world units, ``(N,)``, before its softplus."""
        return self.model.field(self, points)["density"][..., 0]

    def mesh(self, resolution: int = 256, **options: Any) -> Mesh:
        """Return the surface of the head, coloured: ``avatar.mesh().save("head.glb")`` (extra ``export``).

        Args:
            resolution: Cells along the longest side of the box.
            options: Of :func:`aetherist.avatars.shapes.mesh_of`: ``level``, ``faces``, ``texture``, ``box``, ...

        Raises:
            ValueError: If there is no surface at that level, or the model has no graph ``field``.
        """
        from aetherist.avatars.shapes import mesh_of

        return mesh_of(self, resolution=resolution, **options)

    def splats(self, count: int = 100_000, **options: Any) -> Splats:
        """Return Gaussians that cover the head's surface; the options are those of :meth:`mesh`."""
        from aetherist.avatars.shapes import splats_from

        return splats_from(self, count, **options)

    def video(
        self,
        path: str | Path,
        frames: int = 90,
        *,
        motion: Motion = "sway",
        yaw: float | None = None,
        pitch: float | None = None,
        cameras: Cameras | None = None,
        output: str = "image",
        **options: Any,
    ) -> None:
        """Write a video, ``.mp4`` or ``.webm``, frame by frame (extra ``export``).

        Args:
            path: Where to.
            frames: How many.
            motion: ``"sway"``, an ellipse before the face, or ``"orbit"``, all the way round.
            yaw: Radians: the greatest angle of a sway (0.4), or where an orbit begins (0).
            pitch: Radians: the greatest angle of a sway (0.2), or the elevation of an orbit (0).
            cameras: Any other path, instead.
            output: As in :meth:`render`.
            options: Of :class:`aetherist.export.VideoWriter`: ``fps``, ``crf``; and ``metadata``, which otherwise say
                how it was made.
        """
        from aetherist.export.video import write_video

        meaning = self.model.meaning(output)
        if cameras is None:
            cameras = self.model.stage.path(motion, frames, yaw=yaw, pitch=pitch)
        seen_from = vectors(cameras)
        told = film_told(self, output, seen_from) | {"options": {"crf": options["crf"]} if "crf" in options else {}}
        shown = self._pictures(seen_from, output, "tensor")
        write_video(path, (to_pixels(values, meaning)[0] for values in shown), **{"metadata": told, **options})

    def save(self, path: str | Path) -> None:
        """Write the avatar to a small file, which :meth:`AvatarModel.open` of the same model reads."""
        write_whole(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return what :meth:`save` writes, to send it or to keep it elsewhere."""
        return avatar_bytes(self)

    def _pictures(self, cameras: Cameras | Tensor, output: str, form: Form) -> Iterator[Any]:
        return self.model.pictures(self, cameras, output=output, as_=form)

    def _repr_png_(self) -> bytes:
        values = self.render(as_="tensor")
        return encode_picture(to_pixels(values, self.model.meaning("image"))[0])

    # Parts ------------------------------------------------------------------------------------------------------------

    def _with(self, base: Tensor, edits: Edits, **origin: Any) -> Avatar:
        styles = self.model.require_directions().apply(base[None], edits)[0] if edits else base
        return Avatar(self.model, base, styles=styles, edits=edits, **origin)

    def _origin(self) -> dict[str, Any]:
        return {"seed": self.seed, "latent": self._latent, "psi": self.psi, "cutoff": self.cutoff}

    def _same_model(self, other: Avatar) -> None:
        if other.model.digest != self.model.digest:
            raise ValueError(
                f"the avatars are of different models: of {self.model.name} with the digest {self.model.digest}, and "
                f"of {other.model.name} with the digest {other.model.digest}"
            )

    def _mixed_latents(self, other: Avatar, amount: float) -> tuple[Tensor, float]:
        if self._latent is None or other._latent is None:
            raise ValueError("space='z' mixes latents, and an avatar of styles has none; mix in space='w'")
        if self.cutoff != other.cutoff:
            raise ValueError(
                f"the avatars are truncated differently (cutoff {self.cutoff} and {other.cutoff}); mix in space='w'"
            )
        return slerp(self._latent, other._latent, amount), self.psi + (other.psi - self.psi) * amount

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Avatar) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        parts = [self.model.name] + ([f"seed={self.seed}"] if self.seed is not None else [])
        parts += [f"psi={self.psi:g}"] if self.psi != 1.0 else []
        parts += [f"{name}={strength}" for name, strength in self.edits.items()]
        return f"Avatar({', '.join(parts)}, digest={self.digest[:12]})"


def _own(values: Tensor) -> Tensor:
    return values.detach().to("cpu", torch.float32, copy=True).contiguous()
