"""A head on the graphics device: its buffers, and how they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.hair import Strands
from aetherist.data.heads.head import Head, Surface

if TYPE_CHECKING:
    from aetherist.data.heads.renderer import Renderer

_THINNED = 16
"""One strand in so many, made as much wider, stands for all where hair only takes light from what it covers."""


class LoadedStrands:
    """Strands as textures, one row a strand; the vertex shader makes ribbons of them."""

    def __init__(self, renderer: Renderer, strands: Strands) -> None:
        context = renderer.context
        self.count, self.points, _ = strands.points.shape
        paths = np.concatenate([strands.points, strands.open[..., None]], 2).astype("f4")
        looks = np.concatenate([strands.colours, strands.widths[:, None]], 1).astype("f4")
        self._renderer = renderer
        self._paths = context.texture((self.points, self.count), 4, paths.tobytes(), dtype="f4")
        self._looks = context.texture((1, self.count), 4, looks.tobytes(), dtype="f4")
        first = (np.arange(self.count)[:, None] * self.points + np.arange(self.points - 1)).reshape(-1, 1) * 2
        indices = context.buffer((first + _TWO_TRIANGLES).astype("i4").tobytes())
        self._arrays = {
            name: context.vertex_array(renderer.programs[name], [], indices) for name in ("hair", "strands")
        }
        self._indices = indices

    def draw(self, program: str, uniforms: dict[str, Any], share: float) -> None:
        """Draw the first ``share`` of the strands, wider so that they cover about as much."""
        self._paths.use(4)
        self._looks.use(5)
        settings = {"strands": 4, "looks": 5, "points": self.points, "widening": share**-0.85, "flatness": 0.0}
        self._renderer.set(program, settings | uniforms)
        self._arrays[program].render(vertices=int(self.count * share) * (self.points - 1) * 6)

    def release(self) -> None:
        """Give the device's memory back."""
        for array in self._arrays.values():
            array.release()
        for texture in (self._paths, self._looks):
            texture.release()
        self._indices.release()


class LoadedHead:
    """The parts of a head on the device, with the light that reaches them worked out."""

    def __init__(self, renderer: Renderer, head: Head) -> None:
        self._renderer = renderer
        self.uniforms = head.uniforms
        self.hair = None if head.hair is None else LoadedStrands(renderer, head.hair)
        self.fuzz = LoadedStrands(renderer, head.fuzz)
        self._share = float(np.clip(renderer.resolution * renderer.supersampling / 720, 0.42, 1))
        surfaces = [head.skin, head.eyes, head.teeth, head.tongue]
        bare = [Surface({"position": s.attributes["position"]}, s.triangles) for s in surfaces]
        self._shapes = [renderer.vertex_array("shape", surface) for surface in bare]
        skin, eyes, teeth, tongue = self._lit(surfaces)
        self._skin = renderer.vertex_array("skin", skin)
        self._eyes = renderer.vertex_array("eye", eyes)
        self._teeth = renderer.vertex_array("mouth", teeth)
        self._tongue = renderer.vertex_array("mouth", tongue)

    def _lit(self, surfaces: list[Surface]) -> list[Surface]:
        """Return the surfaces with how open they are to the sky among their attributes."""
        points, normals = (
            np.concatenate([surface.attributes[name] for surface in surfaces]) for name in ("position", "normal")
        )

        def draw(matrix: NDArray[np.float64], direction: NDArray[np.float64]) -> None:
            self._draw_meshes(matrix)
            if self.hair is not None:
                self.hair.draw("strands", _seen_from(matrix, direction, 0.0045), 1 / _THINNED)

        open_, direction = self._renderer.measure_openness(draw, points, normals)
        bounds = np.cumsum([len(surface.attributes["position"]) for surface in surfaces])[:-1]
        skin, *others = surfaces
        open_skin, *open_others = np.split(open_, bounds)
        region = skin.attributes["region"].copy()
        region[:, 2] = open_skin
        lit = attrs.evolve(
            skin, attributes=skin.attributes | {"region": region, "open_direction": direction[: len(region)]}
        )
        rest = [
            attrs.evolve(surface, attributes=surface.attributes | {"open_": values})
            for surface, values in zip(others, open_others, strict=True)
        ]
        return [lit, *rest]

    def draw(self) -> None:
        """Draw all parts, in colour, with the uniforms that are set."""
        renderer = self._renderer
        if self.hair is not None:
            self.hair.draw("hair", {}, self._share)
        gloss = self.uniforms["hair_gloss"]
        self.fuzz.draw("hair", {"hair_gloss": 0.15 * gloss, "hanging": 0.0}, self._share)
        self._skin.render()
        self._eyes.render()
        for array, tooth, colour in ((self._teeth, 1.0, self.uniforms["teeth_colour"]), (self._tongue, 0.0, _TONGUE)):
            renderer.set("mouth", {"tooth": tooth, "mouth_colour": colour})
            array.render()

    def draw_shapes(self, matrix: NDArray[np.float64], direction: NDArray[np.float64], thickness: float) -> None:
        """Draw the depth of all that casts a shadow, in parallel projection."""
        self._draw_meshes(matrix)
        if self.hair is not None:
            self.hair.draw("strands", _seen_from(matrix, direction, thickness), self._share)

    def _draw_meshes(self, matrix: NDArray[np.float64]) -> None:
        self._renderer.set("shape", {"projection": matrix})
        for shape in self._shapes:
            shape.render()

    def release(self) -> None:
        """Give the device's memory back."""
        with self._renderer.context:
            for array in (*self._shapes, self._skin, self._eyes, self._teeth, self._tongue):
                array.release()
            for strands in (self.hair, self.fuzz):
                if strands is not None:
                    strands.release()


_TWO_TRIANGLES = np.array([0, 1, 2, 1, 3, 2])
_TONGUE = np.array([0.40, 0.085, 0.078])
_AFAR = 1000.0


def _seen_from(matrix: NDArray[np.float64], direction: NDArray[np.float64], thickness: float) -> dict[str, Any]:
    """Return the uniforms of ribbons seen in parallel projection: by an eye far away, and at least so thick."""
    return {"projection": matrix, "camera_position": direction * _AFAR, "pixel": thickness / _AFAR}
