"""Results out, as files that other programs read."""

from aetherist.export.files import write_whole
from aetherist.export.metadata import read_metadata
from aetherist.export.pictures import arrange, decode_picture, encode_picture, write_picture
from aetherist.export.video import VideoWriter, write_video

__all__ = [
    "VideoWriter",
    "arrange",
    "decode_picture",
    "encode_picture",
    "read_metadata",
    "write_picture",
    "write_video",
    "write_whole",
]
