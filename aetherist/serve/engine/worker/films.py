"""Videos, frame by frame into a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from aetherist.avatars.avatar import Avatar
from aetherist.avatars.memory import Memory
from aetherist.avatars.model import AvatarModel
from aetherist.export.video import VideoWriter
from aetherist.graphs.generate import to_pixels
from aetherist.serve.engine.work import MEDIA_TYPES, File, Video
from aetherist.serve.engine.worker.people import People
from aetherist.serve.engine.worker.pictures import scaled
from aetherist.serve.engine.worker.show import Show
from aetherist.serve.engine.worker.tokens import Token

MOST_FRAMES = 10_000


def film(work: Video, token: Token, model: AvatarModel, people: People, show: Show, path: Path) -> File:
    """Write a video to ``path``; nothing is left of one that is cancelled.

    Raises:
        ValueError: If a person, the number of frames or the output cannot be.
    """
    if not 1 <= work.frames <= MOST_FRAMES:
        raise ValueError(f"{work.frames} frames: a video has 1 to {MOST_FRAMES:,}")
    if not work.people:
        raise ValueError("a video shows one person, or several who become each other: give one at least")
    cast = [people.find(model, person) for person in work.people]
    views = model.stage.path(work.path, work.frames, yaw=work.yaw, pitch=work.pitch).vector
    meaning = model.meaning(work.output)
    if len(cast) > 1:
        show = Show(model, Memory(0))  # those in between are seen once, and would push everyone else out of the cache
    with VideoWriter(path, fps=work.fps) as video:
        for frame, avatar in enumerate(_present(cast, work.frames)):
            token.tell(frame / work.frames, f"frame {frame + 1} of {work.frames}")
            values: Tensor = show.render(
                [show.known(avatar, work.output)], [avatar], views[frame : frame + 1], work.output
            )[0]
            video.write(scaled(to_pixels(values, meaning)[0].cpu(), work.size))
        height, width = video.shape
    token.tell(1.0, "written")
    facts = {"frames": video.frames, "fps": float(video.rate), "width": width, "height": height}
    return File(str(path), MEDIA_TYPES[work.format], facts)


def _present(cast: Sequence[Avatar], frames: int) -> Iterator[Avatar]:
    """Yield who stands there in each frame: from each to the next, slowing down at each, and back to the first."""
    for frame in range(frames):
        leg, rest = divmod(frame * len(cast), frames)
        amount = rest / frames
        one, other = cast[leg], cast[(leg + 1) % len(cast)]
        yield one.mix(other, amount * amount * (3 - 2 * amount)) if rest and len(cast) > 1 else one
