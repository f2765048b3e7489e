"""A page with sliders, embedded with Gradio.

    pip install gradio
    python examples/gradio_page.py portrait

What the page computes is an ordinary function, so that it can be tested and used without the page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from PIL import Image

import aetherist
from aetherist import AvatarModel

SPAN = (-1.0, 1.0)
"""Of a slider whose direction says no range."""


def attributes(model: AvatarModel) -> dict[str, tuple[float, float]]:
    """Return what can be edited with one slider, and how far each goes."""
    if model.directions is None:
        return {}
    ranges = model.directions.ranges
    parted = {name.partition(".")[0] for name in ranges if "." in name}
    return {name: ranges.get(name, SPAN) for name in sorted(model.directions.attributes) if name not in parted}


def viewer(model: AvatarModel) -> Callable[..., Image.Image]:
    """Return what makes a picture of the values of the sliders, in their order."""
    names = list(attributes(model))

    def look(seed: float, psi: float, yaw: float, pitch: float, *strengths: float) -> Image.Image:
        avatar = model.avatar(int(seed), psi=psi)
        if any(strengths):
            avatar = avatar.edit(dict(zip(names, strengths, strict=True)))
        picture: Image.Image = avatar.render(yaw, pitch)
        return picture

    return look


def page(model: AvatarModel) -> Any:
    """Return the page."""
    import gradio

    sliders = [
        gradio.Slider(0, 9999, value=7, step=1, label="seed"),
        gradio.Slider(0, 1, value=0.7, label="truncation"),
        gradio.Slider(-0.8, 0.8, value=0, label="yaw"),
        gradio.Slider(-0.5, 0.5, value=0, label="pitch"),
    ]
    sliders += [gradio.Slider(*span, value=0, label=name) for name, span in attributes(model).items()]
    return gradio.Interface(viewer(model), sliders, gradio.Image(type="pil"), live=True, title=model.name)


if __name__ == "__main__":
    page(aetherist.load(sys.argv[1] if len(sys.argv) > 1 else "portrait")).launch()
