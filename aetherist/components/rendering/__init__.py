"""Rays, plane features, decoders and the volume renderer."""

from aetherist.components.rendering.compositing import blend, interval_weights, sample_weights, weighted_depth
from aetherist.components.rendering.crops import CropAroundPoint
from aetherist.components.rendering.decoders import Field, MLPDecoder, SoftplusDecoder
from aetherist.components.rendering.normals import NormalsFromDepth, normals_from_depth
from aetherist.components.rendering.planes import PlaneTable, sample_planes
from aetherist.components.rendering.rays import PinholeRays, Rays, box_limits, pinhole_rays, project
from aetherist.components.rendering.sampling import importance_depths, stratified_depths
from aetherist.components.rendering.volume import View, VolumeRenderer

__all__ = [
    "CropAroundPoint",
    "Field",
    "MLPDecoder",
    "NormalsFromDepth",
    "PinholeRays",
    "PlaneTable",
    "Rays",
    "SoftplusDecoder",
    "View",
    "VolumeRenderer",
    "blend",
    "box_limits",
    "importance_depths",
    "interval_weights",
    "normals_from_depth",
    "pinhole_rays",
    "project",
    "sample_planes",
    "sample_weights",
    "stratified_depths",
    "weighted_depth",
]
