"""Results out, as files that other programs read."""

from aetherist.base.files import write_whole
from aetherist.export.lattice import Box
from aetherist.export.meshes import Mesh, extract_mesh
from aetherist.export.metadata import read_metadata
from aetherist.export.pictures import arrange, decode_picture, encode_picture, write_picture
from aetherist.export.splats import Splats, splats_of
from aetherist.export.video import VideoWriter, write_video
from aetherist.export.volumes import write_volume

__all__ = [
    "Box",
    "Mesh",
    "Splats",
    "VideoWriter",
    "arrange",
    "decode_picture",
    "encode_picture",
    "extract_mesh",
    "read_metadata",
    "splats_of",
    "write_picture",
    "write_video",
    "write_volume",
    "write_whole",
]
