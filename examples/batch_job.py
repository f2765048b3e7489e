"""A batch job: an avatar file and a picture for each seed, and a line about each in `avatars.jsonl`.

    python examples/batch_job.py portrait --seeds 0-99 --out out/people

It goes on where it was stopped. (`aetherist batch` does this at scale.)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import aetherist
from aetherist import AvatarModel


def work(model: AvatarModel, seeds: Sequence[int], out: Path, *, psi: float = 0.7) -> Iterator[dict[str, object]]:
    """Make what is missing; yield a line about each avatar that is made."""
    out.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        picture, file = out / f"seed{seed:05d}.png", out / f"seed{seed:05d}.avatar"
        if file.exists():
            continue
        avatar = model.avatar(seed, psi=psi)
        avatar.render().save(picture)
        avatar.save(file)  # last: whoever sees it knows that the rest is there
        yield {"seed": seed, "digest": avatar.digest, "model": model.digest, "picture": picture.name}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model")
    parser.add_argument("--seeds", default="0-9", help="FIRST-LAST")
    parser.add_argument("--out", type=Path, default=Path("out/people"))
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args(arguments)
    first, last = (int(number) for number in asked.seeds.split("-"))
    model = aetherist.load(asked.model, device=asked.device)
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "avatars.jsonl").open("a") as lines:
        for line in work(model, range(first, last + 1), asked.out):
            lines.write(json.dumps(line) + "\n")
            lines.flush()


if __name__ == "__main__":
    main()
