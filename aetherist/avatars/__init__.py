"""Avatars: people that a model makes, to look at from anywhere, to edit, to mix and to keep."""

from aetherist.avatars.avatar import Avatar
from aetherist.avatars.loading import load
from aetherist.avatars.model import AvatarModel

__all__ = ["Avatar", "AvatarModel", "load"]
