"""The demo behind `make demo`: people who never were, from the model that ships.

A recipe is checked and a broken one explained; then `portrait` draws sixteen people, turns four of them all the way
round in a video with their depth beside them, and one becomes a mesh.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the demo; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="where the files go")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    people, video, mesh = out / "people", out / "orbit.mp4", out / "head.glb"

    say("1. A recipe is proved sound before a tensor is allocated, and a broken one is explained")
    aetherist("check", "portrait")
    aetherist("check", "examples/broken.yaml", expect=1)

    say("2. Sixteen people, unselected: seeds 0 to 15")
    aetherist("render", "portrait", "--seeds", "0-15", "--grid", "8x2", "--out", str(people))

    say("3. All the way round four of them")
    turn = ("--motion", "orbit", "--frames", "48", "--fps", "24", "--pane", "depth", "--scale", "2")
    aetherist("video", "portrait", "--seeds", "0-3", "--grid", "2x2", *turn, "--out", str(video))

    say("4. One of them as a mesh")
    aetherist("export", "portrait", "--seed", "3", "--out", str(mesh))

    print(f"\nLook at {people / 'grid.png'} and {video}; {mesh} opens in Blender and other viewers.")
    return 0


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n=== {text}\n", flush=True)


def aetherist(*arguments: str, expect: int = 0) -> None:
    """Run a command as a user would, and show it."""
    print("$ aetherist", *arguments, flush=True)
    root = Path(__file__).resolve().parent.parent
    status = subprocess.run([sys.executable, "-m", "aetherist", *arguments], cwd=root, check=False).returncode
    if status != expect:
        sys.exit(f"aetherist {arguments[0]} ended with status {status}")


if __name__ == "__main__":
    sys.exit(main())
