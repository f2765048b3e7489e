"""Videos, frame by frame: H.264 in MP4 and VP9 in WebM."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from aetherist.base.files import draft_of, refusal
from aetherist.export.metadata import VIDEO_SUFFIXES, commented
from aetherist.export.packages import MissingPackageError

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream

BT709 = 1
LIMITED_RANGE = 1
"""Numbers of the H.273 standard: how colours are coded, and that black is 16 and white 235."""

CODECS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    ".mp4": ("libx264", {"crf": "17", "preset": "medium"}, {"movflags": "+faststart"}),
    ".webm": (
        "libvpx-vp9",
        {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
        {"fflags": "+bitexact"},
    ),
}
"""By suffix: the encoder, its options, and the options of the container."""


class VideoWriter:
    """Writes a video as its frames come, whole or not at all; no frame is kept once it is encoded.

    ``.mp4`` is H.264 with its index in front, so that it plays while it loads; ``.webm`` is VP9. Both are yuv420p in
    BT.709, which every browser plays. A size that is odd is made even by repeating the last row or column. As a
    context manager it closes the file at the end, and leaves none where an error passes through::

        with VideoWriter("orbit.mp4", fps=30) as video:
            for pixels in frames:
                video.write(pixels)

    Args:
        path: Where to, ``.mp4`` or ``.webm``; its folder exists.
        fps: Frames a second.
        crf: Constant rate factor, 0 to 51 for H.264 (17 by default) and 0 to 63 for VP9 (20): less is better.
        metadata: JSON-ready; kept as the comment of the file.

    Raises:
        ValueError: If the suffix, the rate or the factor is no such thing.
        MissingPackageError: If PyAV is not installed (the extra ``export``).
    """

    def __init__(
        self,
        path: str | Path,
        *,
        fps: float = 30.0,
        crf: int | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        _av()
        self.path = Path(path)
        self.suffix = suffix_of(path)
        if not 0.1 <= fps <= 1000:
            raise ValueError(f"{fps:g} frames a second: a video has 0.1 to 1000")
        self.rate = Fraction(fps).limit_denominator(1001)
        worst = 51 if self.suffix == ".mp4" else 63
        if crf is not None and not 0 <= crf <= worst:
            raise ValueError(f"a rate factor of {crf}: {self.suffix} takes 0 (best) to {worst}")
        self.crf = crf
        self.metadata = metadata
        self.frames = 0
        self.shape: tuple[int, ...] = ()
        self._draft = draft_of(self.path)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def write(self, pixels: Tensor) -> None:
        """Append a frame.

        Args:
            pixels: ``(3, H, W)`` or ``(1, H, W)`` uint8, of the size of the frames before.

        Raises:
            ValueError: If it is no such tensor.
            OSError: If the file cannot be written.
        """
        if pixels.dtype is not torch.uint8 or pixels.ndim != 3 or pixels.shape[0] not in (1, 3):
            raise ValueError(f"a frame is uint8 (3, H, W) or (1, H, W); this is {pixels.dtype} {tuple(pixels.shape)}")
        size = tuple(pixels.shape[1:])
        if self.frames and size != self.shape:
            raise ValueError(
                f"frame {self.frames} is {size}, and those before it are {self.shape}; a video has one size"
            )
        av = _av()
        array = _even(pixels.expand(3, -1, -1)).movedim(0, -1).contiguous().cpu().numpy()
        frame = av.VideoFrame.from_ndarray(array, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        with self._failing_cleanly():
            if self._stream is None:
                self._open(frame.width, frame.height)
                self.shape = size
            frame.pts = self.frames
            frame.time_base = 1 / self.rate
            self._mux(frame)
        self.frames += 1

    def close(self) -> None:
        """Finish the file and put it in its place.

        Raises:
            ValueError: If there was no frame.
            OSError: If the file cannot be written.
        """
        if self._container is None:
            if not self.frames:
                raise ValueError(f"{self.path}: a video needs at least one frame")
            return
        with self._failing_cleanly():
            self._mux(None)
            self._container.close()
            self._container = None
            self._draft.replace(self.path)

    def discard(self) -> None:
        """Give the video up; what was at its place before is still there."""
        if self._container is not None:
            container, self._container = self._container, None
            # The trailer of a file without room cannot be written either; the draft goes anyway.
            with contextlib.suppress(OSError, ValueError):
                container.close()
        with contextlib.suppress(OSError):
            self._draft.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _open(self, width: int, height: int) -> None:
        codec, options, container_options = CODECS[self.suffix]
        if self.crf is not None:
            options = options | {"crf": str(self.crf)}
        container = _av().open(str(self._draft), "w", format=self.suffix[1:], container_options=container_options)
        self._container = container
        if self.metadata is not None:
            container.metadata["comment"] = commented(self.metadata)
        stream = container.add_stream(codec, rate=self.rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self.rate
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED_RANGE
        self._stream = stream

    def _mux(self, frame: Any) -> None:
        if self._stream is not None and self._container is not None:
            self._container.mux(self._stream.encode(frame))

    @contextlib.contextmanager
    def _failing_cleanly(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.discard()
            if isinstance(error, OSError):
                raise refusal(error, self.path) from error
            raise


def write_video(path: str | Path, frames: Iterable[Tensor], **options: Any) -> int:
    """Write frames as a video, as they come; return how many. The options are those of :class:`VideoWriter`."""
    with VideoWriter(path, **options) as video:
        for pixels in frames:
            video.write(pixels)
    return video.frames


def suffix_of(path: str | Path) -> str:
    """Return the suffix of a video file.

    Raises:
        ValueError: If it is no ``.mp4`` and no ``.webm``.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in VIDEO_SUFFIXES:
        raise ValueError(f"{path}: videos are written as {' or '.join(VIDEO_SUFFIXES)}, not '{suffix}'")
    return suffix


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[InputContainer]:
    """Open a video to read.

    Raises:
        OSError: If it cannot be read or is no video, naming it.
    """
    av = _av()
    try:
        container = av.open(str(path))
    except av.error.InvalidDataError:
        raise OSError(5, "this is no video", str(path)) from None
    with container:
        yield container


def frames_of(path: str | Path, wanted: Sequence[int]) -> list[Tensor]:
    """Return some frames of a video, ``(3, H, W)`` uint8 each, in the order of their numbers; those that it has.

    Raises:
        OSError: If it cannot be read.
    """
    found = []
    with opened(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number > max(wanted):
                break
            if number in wanted:
                found.append(torch.from_numpy(frame.to_ndarray(format="rgb24")).movedim(-1, 0))
    return found


def lossy(frames: Sequence[Tensor], suffix: str, crf: int | None = None) -> list[Tensor]:
    """Return frames as they come out of a video of this format: what its codec loses is lost."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"frames{suffix}"
        write_video(path, frames, crf=crf)
        return frames_of(path, range(len(frames)))


def _even(pixels: Tensor) -> Tensor:
    height, width = pixels.shape[1:]
    if height % 2 == 0 and width % 2 == 0:
        return pixels
    # Padding by repetition is not there for bytes.
    return F.pad(pixels.float(), (0, width % 2, 0, height % 2), mode="replicate").to(torch.uint8)


def _av() -> Any:
    try:
        import av
    except ModuleNotFoundError:
        raise MissingPackageError("videos need PyAV (av); run pip install 'aetherist[export]'") from None
    return av
