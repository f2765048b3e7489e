"""Results out, as files that other programs read."""

from aetherist.export.files import write_whole
from aetherist.export.pictures import arrange, read_metadata, write_png

__all__ = ["arrange", "read_metadata", "write_png", "write_whole"]
