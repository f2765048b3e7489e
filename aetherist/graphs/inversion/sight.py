"""What a model shows of styles, rough and quick or whole, with gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aetherist.components.cameras import camera_from_angles
from aetherist.core.plan import Plan
from aetherist.graphs.generate import Stage, picture_type
from aetherist.graphs.model import Model

_GIVEN = ("styles", "camera", "seeds")


class Sight:
    """The graph ``show`` of a model: ``rough`` without the steps that only the final picture needs, and ``whole``.

    Args:
        model: On the device to use.

    Attributes:
        stage: Where the model's cameras stand.
        resolution: Rows and columns of the final pictures.

    Raises:
        ValueError: If the model has no such graph, the graph needs another input, or its picture is not in [-1, 1].
    """

    def __init__(self, model: Model) -> None:
        graphs, name = model.report.graphs, model.recipe.name
        for wanted in ("map", "show"):
            if wanted not in graphs:
                raise ValueError(
                    f"{name} has no graph '{wanted}'; to find a person in a picture takes 'map' (latent to styles) and "
                    "'show' (styles and camera to a picture), as in the recipe eg3d-ffhq512"
                )
        graph = graphs["show"]
        strange = [key for key, given in graph.inputs.items() if given.required and key not in _GIVEN]
        if strange or "camera" not in graph.inputs or "image" not in graph.outputs:
            raise ValueError(
                f"graph 'show' of {name} takes {', '.join(graph.inputs)} and gives {', '.join(graph.outputs)}; it "
                "should take styles and camera, and give an image"
            )
        for output in ("image", "raw"):
            meaning = picture_type(graph, output).meaning if output in graph.outputs else "image.signed"
            if meaning is None or not meaning.startswith("image.signed"):
                raise ValueError(f"output '{output}' of graph 'show' of {name} is no picture in [-1, 1]: {meaning}")
        self.device = model.device
        self.stage = Stage.of(model)
        known = [key for key in ("image", "raw", "alpha") if key in graph.outputs]
        self._whole = model.plan("show", known)
        self._rough = model.plan("show", [key for key in known if key != "image"] if "raw" in known else known)
        self._rest: dict[bool, Plan] = {}
        self._styles_alone: dict[str, Any] = {}
        if "seeds" in graph.inputs:
            self._styles_alone["seeds"] = torch.zeros(1, dtype=torch.int64, device=self.device)
        own = (tensor.dtype for part in model.components.values() for tensor in part.parameters())
        self.dtype = next((dtype for dtype in own if dtype.is_floating_point), torch.float32)
        for plan in (self._whole, self._rough):
            plan.checks = "off"
        self.resolution = self._size()

    @property
    def parameters(self) -> list[Tensor]:
        """What the model learned that its pictures depend on, apart from networks that never change."""
        return [parameter for parameter in self._whole.parameters() if parameter.requires_grad]

    def camera(self, yaw: float | Tensor, pitch: float | Tensor) -> Tensor:
        """Return the model's camera ``(1, 25)`` at angles in radians; gradients pass."""
        place = self.stage
        camera = camera_from_angles(yaw, pitch, radius=place.radius, pivot=place.pivot, focal=place.focal)
        return camera.reshape(1, 25).to(self.device)

    def fix(self, camera: Tensor) -> None:
        """Look from one camera ``(1, 25)`` from now on; what hangs on it alone is computed here, once."""
        for whole in (False, True):
            plan = self._plan(whole)
            self._rest[whole] = plan.bind(camera=camera.to(self.dtype), keep=self._styles_alone)

    def show(self, styles: Tensor, camera: Tensor | None, *, whole: bool) -> dict[str, Tensor]:
        """Return ``image`` (where ``whole``, or where there is no other), ``raw`` and ``alpha``, a batch of one.

        Args:
            styles: ``(L, D)``.
            camera: ``(1, 25)``; ``None`` for the one that is fixed.
            whole: Whether the final picture is wanted.
        """
        given = {"styles": styles[None].to(self.dtype), **self._styles_alone}
        if camera is None:
            shown: dict[str, Tensor] = self._rest[whole](**given)
        else:
            shown = self._plan(whole)(camera=camera.to(self.dtype), **given)
        return {name: value.float() for name, value in shown.items()}

    def views(self, styles: Tensor, cameras: list[Tensor]) -> list[dict[str, Tensor]]:
        """Return the rough pictures of one person from each camera, without gradients; planes are computed once."""
        with torch.no_grad():
            person = self._rough.bind(styles=styles[None].to(self.dtype), **self._styles_alone)
            return [{name: value.float() for name, value in person(camera=c.to(self.dtype)).items()} for c in cameras]

    def _plan(self, whole: bool) -> Plan:
        return self._whole if whole else self._rough

    def _size(self) -> int:
        side = self._whole.graph.output_types["image"].shape.axes[-1].constant  # type: ignore[union-attr]
        if side is None:
            raise ValueError("the size of the pictures of graph 'show' is not fixed")
        return int(side)
