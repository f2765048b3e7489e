"""An imported generator draws the reference's own picture: EG3D's format in, safe weights, equal numbers out.

The weights are those of the small reference network that the tests compare with (see tests/references), so the picture
has a known answer, and the script says how near it comes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.references import oracle  # noqa: E402

NAME = "tiny256"


def main() -> int:
    """Import, draw, compare; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/reference"), help="where the files go")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    say("1. A checkpoint becomes a model folder: a recipe, safetensors and digests")
    write_checkpoint(out)
    shutil.rmtree(out / "model", ignore_errors=True)
    aetherist(
        *("import", "eg3d", str(out / "reference.safetensors"), str(out / "model")),
        *("--arguments", str(out / "arguments.json")),
    )

    say("2. The model draws the reference's own picture")
    write_inputs(out)
    aetherist(
        *("run", str(out / "model"), "--graph", "generate", "--outputs", "image,raw,depth"),
        *("--inputs", str(out / "inputs.safetensors"), "--out", str(out / "outputs.safetensors")),
    )
    equal = compare(out)
    print(f"\nLook at {out / 'equals-reference.png'} (ours, the reference's, the difference times 100).")
    return 0 if equal else 1


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n=== {text}\n", flush=True)


def aetherist(*arguments: str) -> None:
    """Run a command as a user would, and show it."""
    print("$ aetherist", *arguments, flush=True)
    status = subprocess.run([sys.executable, "-m", "aetherist", *arguments], cwd=ROOT, check=False).returncode
    if status:
        sys.exit(f"aetherist {arguments[0]} ended with status {status}")


def write_checkpoint(out: Path) -> None:
    """Write the reference network as other people's tools would: a state dict, and the constructor's arguments."""
    tensors = {f"{net}.{key}": value for net in "GD" for key, value in oracle.weights(NAME, net).items()}
    save_file({key: value.contiguous() for key, value in tensors.items()}, out / "reference.safetensors")
    config = oracle.config(NAME)
    wanted = ("generator", "discriminator", "neural_rendering_resolution")
    (out / "arguments.json").write_text(json.dumps({key: config[key] for key in wanted}, indent=2))


def write_inputs(out: Path) -> None:
    """Write the latents, the poses they are conditioned on, and the cameras that look."""
    known = oracle.expected(NAME)
    save_file({"latent": known["z"], "pose": known["pose"], "camera": known["camera"]}, out / "inputs.safetensors")


def compare(out: Path) -> bool:
    """Say how near the pictures come to the reference's, and put them side by side."""
    ours, reference = load_file(out / "outputs.safetensors"), oracle.expected(NAME)
    floors = oracle.config(NAME)["noise_floor"]
    equal = True
    for key, name in (("image", "image"), ("raw", "image_raw")):
        error = (ours[key] - reference[f"posed/{name}"]).abs().max().item()
        allowed = 4 * floors[f"posed/{name}"]["max_abs"]
        equal = equal and error <= allowed
        print(f"{key:>6}: largest difference {error:.2e}; float32 itself is uncertain by {allowed / 4:.2e}")
    difference = (ours["image"] - reference["posed/image"]).abs() * 100
    rows = [
        torch.cat([(mine - theirs.min()) / span, (theirs - theirs.min()) / span, apart / span], dim=2)
        for mine, theirs, apart in zip(ours["image"], reference["posed/image"], difference, strict=True)
        for span in [theirs.max() - theirs.min()]
    ]
    pixels = (torch.cat(rows, dim=1) * 255).clamp(0, 255).byte().permute(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(pixels.numpy())).save(out / "equals-reference.png")
    print("the pictures are equal" if equal else "the pictures DIFFER")
    return equal


if __name__ == "__main__":
    sys.exit(main())
