"""Draws heads with OpenGL, without a display: colour, mask and distance, seen from an exact camera."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from aetherist.data.heads.head import Head, Surface
from aetherist.data.heads.lighting import Uniforms, sphere
from aetherist.data.heads.loaded import LoadedHead
from aetherist.data.heads.matrices import orthographic, perspective
from aetherist.data.heads.mesh import unit
from aetherist.data.heads.morphs import Vertices, load

if TYPE_CHECKING:
    import moderngl

_SHADERS = Path(__file__).with_name("shaders")
_SHADOW_SIZE, _OCCLUSION_SIZE, _DIRECTIONS = 1024, 192, 36
_NO_EGL = "no OpenGL without a display (EGL); Debian has it: apt-get install libegl1 libgl1 libgl1-mesa-dri libglvnd0"


class NoRendererError(RuntimeError):
    """The heads cannot be rendered here; the text says what to install."""


@attrs.frozen
class View:
    """One picture: ``colour`` uint8 ``(H, W, 3)``, ``mask`` uint8 ``(H, W)``, ``distance`` float32 ``(H, W)``.

    The distance runs along the ray through the pixel's centre, in world units; it is 0 where nothing is.
    """

    colour: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    distance: NDArray[np.float32]


def make_context() -> moderngl.Context:
    """Return an OpenGL context that needs no display.

    Raises:
        NoRendererError: If moderngl or EGL are missing; the text is one line and says what to install.
    """
    try:
        import moderngl
        import scipy.spatial  # noqa: F401
    except ImportError as error:
        raise NoRendererError(f"rendering heads needs {error.name}: pip install 'aetherist[heads]'") from None
    try:
        settings: dict[str, Any] = {"standalone": True, "require": 330, "backend": "egl"}
        return moderngl.create_context(**settings)
    except Exception as error:
        raise NoRendererError(f"{_NO_EGL} ({error})") from None


class Renderer:
    """Renders heads at one resolution; samples each pixel ``supersampling`` times in either direction.

    Multisampling is ten times slower than that on a software rasteriser.
    """

    def __init__(self, resolution: int, supersampling: int | None = None) -> None:
        self.context = context = make_context()
        self.resolution = resolution
        self.supersampling = supersampling or (2 if resolution >= 128 else 4)
        side = resolution * self.supersampling
        self._targets = [context.texture((side, side), 4), context.texture((side, side), 1, dtype="f4")]
        self._frame = context.framebuffer(self._targets, context.depth_renderbuffer((side, side)))
        self._shadow_of: tuple[float, ...] = ()
        self._shadow, self._shadow_frame = self._depth_map(_SHADOW_SIZE)
        self._open, self._open_frame = self._depth_map(_OCCLUSION_SIZE)
        common = (_SHADERS / "common.glsl").read_text()
        self.programs = {name: self._program(name, common) for name in ("skin", "eye", "mouth", "hair", "backdrop")}
        self.programs |= {name: self._program(name, None) for name in ("shape", "strands")}
        self._noise = self._noise_texture()
        self._masks = self._mask_texture()
        corners = context.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self._backdrop = context.vertex_array(self.programs["backdrop"], [(corners, "2f", "corner")])

    def release(self) -> None:
        """Give the device back; the renderer cannot be used after."""
        self.context.release()

    def load(self, head: Head) -> LoadedHead:
        """Put a head on the device and work out how open to light its surfaces are."""
        self._shadow_of = ()
        with self.context:
            return LoadedHead(self, head)

    def render(self, head: LoadedHead, camera: NDArray[np.float64], light: Uniforms, background: Uniforms) -> View:
        """Draw a loaded head.

        Args:
            head: What ``load`` returned.
            camera: 25 numbers: OpenCV camera-to-world pose, then normalised intrinsics.
            light: What ``sample_light`` returned.
            background: What ``sample_background`` returned.
        """
        with self.context:
            return self._render(head, camera, light, background)

    def _render(self, head: LoadedHead, camera: NDArray[np.float64], light: Uniforms, background: Uniforms) -> View:
        context, names = self.context, ("backdrop", "skin", "mouth", "eye", "hair")
        to_shadow = self._cast_shadow(head, light["key_direction"])
        projection = perspective(camera)
        pixel = 1 / (camera[16] * self.resolution * self.supersampling)
        scene = {
            "projection": projection,
            "unproject": np.linalg.inv(projection),
            "camera_position": camera[[3, 7, 11]],
            "to_shadow": to_shadow,
            "noise": 0,
            "masks": 1,
            "shadow_map": 2,
            "pixel": 0.25 * pixel,
        }
        self._noise.use(0)
        self._masks.use(1)
        self._shadow.use(2)
        self._frame.use()
        self._frame.clear()
        for name in names:
            self.set(name, scene | light | background | head.uniforms)
        context.disable(context.DEPTH_TEST)
        self._backdrop.render(context.TRIANGLE_STRIP)
        context.enable(context.DEPTH_TEST)
        head.draw()
        return self._read()

    def _cast_shadow(self, head: LoadedHead, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        matrix = orthographic(direction, 0.62)
        if self._shadow_of == (id(head), *direction):
            return matrix
        self._shadow_of = (id(head), *direction)
        self._shadow_frame.use()
        self._shadow_frame.clear()
        self.context.enable(self.context.DEPTH_TEST)
        head.draw_shapes(matrix, direction, thickness=0.0016)
        return matrix

    def measure_openness(
        self, draw: Callable[[NDArray[np.float64], NDArray[np.float64]], None], points: Vertices, normals: Vertices
    ) -> tuple[NDArray[np.float64], Vertices]:
        """Return the share of the sky each point sees, ``(N,)``, and the mean direction it is seen in, ``(N, 3)``.

        The scene is drawn from many directions by ``draw(matrix, direction)``, and each point asks every picture
        whether it is in it (ambient occlusion and bent normals, Landis 2002).
        """
        size = _OCCLUSION_SIZE
        seen, total, bent = np.zeros(len(points)), np.full(len(points), 1e-6), 1e-3 * normals
        self.context.enable(self.context.DEPTH_TEST)
        for direction in sphere(_DIRECTIONS):
            matrix = orthographic(direction, 0.72)
            self._open_frame.use()
            self._open_frame.clear()
            draw(matrix, direction)
            nearest = np.frombuffer(self._open.read(), "f4").reshape(size, size)
            place = ((points + 0.012 * normals) @ matrix[:3, :3].T + matrix[:3, 3]) * 0.5 + 0.5
            column, row = np.clip((place[:, :2] * size).astype(int), 0, size - 1).T
            weight = np.maximum(normals @ direction, 0)
            visible = weight * (place[:, 2] - 0.004 < nearest[row, column])
            seen, total, bent = seen + visible, total + weight, bent + visible[:, None] * direction
        return np.clip(seen / total, 0.03, 1), unit(bent)

    def _read(self) -> View:
        """Return the picture, averaged over the samples of each pixel; top row first."""
        side, samples = self.resolution * self.supersampling, self.supersampling
        blocks = (self.resolution, samples, self.resolution, samples)
        texels = np.frombuffer(self._targets[0].read(), "u1").reshape(side, side, 4)[::-1].reshape(*blocks, 4)
        mean = np.round(texels.astype(np.float32).mean((1, 3))).astype(np.uint8)
        distance = np.frombuffer(self._targets[1].read(), "f4").reshape(side, side)[::-1].reshape(blocks)
        # Samples on the nearest surface of a pixel are averaged; what lies behind its edge is left out.
        nearest = np.where(distance > 0, distance, np.inf).min((1, 3), keepdims=True)
        front = (distance > 0) & (distance < nearest + 0.02)
        count = front.sum((1, 3))
        average = (distance * front).sum((1, 3)) / np.maximum(count, 1)
        return View(mean[..., :3], mean[..., 3], average.astype(np.float32))

    # -- resources ---------------------------------------------------------------------------------------------

    def _depth_map(self, size: int) -> tuple[moderngl.Texture, moderngl.Framebuffer]:
        import moderngl

        texture = self.context.depth_texture((size, size))
        texture.compare_func = ""
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        texture.repeat_x = texture.repeat_y = False
        return texture, self.context.framebuffer(depth_attachment=texture)

    def _program(self, name: str, common: str | None) -> moderngl.Program:
        vertex = (_SHADERS / f"{'hair' if name == 'strands' else name}.vert").read_text()
        if common is None:
            fragment = (_SHADERS / "nothing.frag").read_text()
        else:
            fragment = common + (_SHADERS / f"{name}.frag").read_text()
        return self.context.program(vertex_shader=vertex, fragment_shader=fragment)

    def _noise_texture(self) -> moderngl.Texture3D:
        import moderngl

        values = np.random.default_rng(7).integers(0, 256, (64, 64, 64, 4), dtype=np.uint8)
        texture = self.context.texture3d((64, 64, 64), 4, values.tobytes())
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        return texture

    def _mask_texture(self) -> moderngl.Texture:
        import moderngl

        masks = load()["masks"]
        texture = self.context.texture(masks.shape[1::-1], 4, np.ascontiguousarray(masks).tobytes())
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        return texture

    def set(self, name: str, uniforms: dict[str, Any]) -> None:
        """Give a program the uniforms it has, by name; the others are passed over."""
        program = self.programs[name]
        for key, value in uniforms.items():
            if key in program:
                slot: Any = program[key]
                if isinstance(value, np.ndarray) and value.ndim == 2:
                    slot.write(np.ascontiguousarray(value.T if value.shape == (4, 4) else value, "f4").tobytes())
                else:
                    slot.value = tuple(float(v) for v in value) if isinstance(value, np.ndarray) else value

    def vertex_array(self, name: str, surface: Surface) -> moderngl.VertexArray:
        """Return a mesh on the device, with the attributes that the program reads."""
        columns = [np.atleast_2d(array.T).T for array in surface.attributes.values()]
        data = self.context.buffer(np.concatenate(columns, 1).astype("f4").tobytes())
        layout = " ".join(f"{column.shape[1]}f" for column in columns)
        triangles = self.context.buffer(surface.triangles.astype("i4").tobytes())
        content = [(data, layout, *surface.attributes)]
        return self.context.vertex_array(self.programs[name], content, triangles, skip_errors=True)
