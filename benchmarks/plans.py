"""What a plan costs over the same modules called by hand, and what binding an identity saves."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from aetherist.components.cameras.pose import camera_from_angles
from aetherist.core.check import check
from aetherist.core.component import Component
from aetherist.core.plan import Plan
from aetherist.core.registry import Registry
from aetherist.graphs.model import Model
from benchmarks.measure import in_turns, seconds, table

STEPS = 12
VIEWS = 8


class Same(Component):
    """Hand on what comes in."""

    def forward(self, x: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        """Return ``x``."""
        return x


def trivial() -> str:
    """Measure a chain of twelve steps that do nothing: what is left is the plan's own cost."""
    registry = Registry()
    registry.add("bench.same", Same)
    steps = {f"s{i}": {"call": "same", "with": {"x": "x" if i == 0 else f"s{i - 1}"}} for i in range(STEPS)}
    graph = {"inputs": {"x": "Float[B N]"}, "steps": steps, "outputs": {"y": f"s{STEPS - 1}"}}
    recipe = {"name": "chain", "components": {"same": {"type": "bench.same"}}, "graphs": {"chain": graph}}
    report = check(recipe, registry=registry)
    report.raise_for_errors()
    module = report.parts["same"].build()
    plan = Plan.build(report.graphs["chain"], {"same": module})
    x = torch.zeros(2, 3)

    def by_hand() -> dict[str, Tensor]:
        y = x
        for _ in range(STEPS):
            y = module(x=y)
        return {"y": y}

    hand, planned = in_turns([by_hand, lambda: plan(x=x)], repeats=31, calls=200)
    rows = [
        ("by hand", seconds(hand), seconds(hand / STEPS), "1.00"),
        ("plan", seconds(planned), seconds(planned / STEPS), f"{planned / hand:.2f}"),
        ("the plan's own", seconds(max(planned - hand, 0.0)), seconds(max(planned - hand, 1e-12) / STEPS), ""),
    ]
    return table("Twelve steps that do nothing (limit: 2 us a step)", ("", "a call", "a step", "ratio"), rows)


def overhead(recipe: str, repeats: int) -> str:
    """Measure a generator as a plan and with its modules called by hand."""
    model = Model.build(recipe)
    plan = model.plan("generate")
    parts = model.components
    inputs = _inputs(model)
    cameras = itertools.cycle([camera_from_angles(0.1 * view, 0.0)[None] for view in range(VIEWS)])
    shapes = model.plan("generate")
    shapes.checks = "shapes"

    def by_hand() -> dict[str, Tensor]:
        camera = next(cameras)
        styles = parts["mapping"](latent=inputs["latent"], camera=inputs["pose"], psi=1.0, cutoff=None)
        planes = parts["planes"](styles=styles)
        rays = parts["rays"](camera=camera)
        view = parts["renderer"](planes=planes, origins=rays.origins, directions=rays.directions)
        final = parts["superres"](image=view.image, features=view.features, styles=styles)
        return {"image": final, "raw": view.image, "depth": view.depth, "alpha": view.alpha}

    def planned(by: Plan) -> dict[str, Any]:
        return by(latent=inputs["latent"], pose=inputs["pose"], camera=next(cameras))

    with torch.no_grad():
        hand, *taken = in_turns([by_hand, lambda: planned(shapes), lambda: planned(plan)], repeats=repeats)
    names = ("plan, checks of shapes", "plan, cameras looked into")
    rows = [("by hand", seconds(hand), "1.000")]
    rows += [(name, seconds(time), f"{time / hand:.3f}") for name, time in zip(names, taken, strict=True)]
    return table(f"Plan of {recipe} against its modules called by hand (limit: 1.01)", ("", "a picture", "ratio"), rows)


def binding(recipe: str, repeats: int) -> str:
    """Measure eight views of one identity: bound once, and as eight full runs."""
    model = Model.build(recipe)
    plan = model.plan("generate", ["image"])
    inputs = _inputs(model)
    cameras = [camera_from_angles(0.1 * view - 0.35, 0.0)[None] for view in range(VIEWS)]

    def bound() -> None:
        avatar = plan.bind(latent=inputs["latent"], pose=inputs["pose"])
        for camera in cameras:
            avatar(camera=camera)

    def full() -> None:
        for camera in cameras:
            plan(latent=inputs["latent"], pose=inputs["pose"], camera=camera)

    with torch.no_grad():
        avatar = plan.bind(latent=inputs["latent"], pose=inputs["pose"])
        tasks: list[Any] = [
            full,
            bound,
            lambda: plan.bind(latent=inputs["latent"], pose=inputs["pose"]),
            lambda: avatar(camera=cameras[0]),
        ]
        all_runs, bound_runs, identity, view = in_turns(tasks, repeats=repeats)
    bill = identity + VIEWS * view
    rows = [
        (f"{VIEWS} full runs", seconds(all_runs), "1.00"),
        (f"bind, then {VIEWS} views", seconds(bound_runs), f"{bound_runs / all_runs:.2f}"),
        (f"binding once + {VIEWS} renderings, measured apart", seconds(bill), f"{bill / all_runs:.2f}"),
    ]
    return table(f"{VIEWS} views of one identity, {recipe}", ("", "seconds", "ratio"), rows)


def _inputs(model: Model) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(1, model.components["mapping"].config.latent_dim, generator=generator)
    camera = camera_from_angles(0.0, 0.0)[None]
    return {"latent": latent, "pose": camera, "camera": camera}


def main(quick: bool = False) -> list[str]:
    """Measure, and return tables."""
    tables = [trivial(), overhead("tiny", 15 if quick else 101), binding("tiny", 5 if quick else 15)]
    if not quick:
        tables.append(binding("eg3d-ffhq512", 3))
    return tables
