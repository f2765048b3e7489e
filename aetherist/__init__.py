"""Aetherist: a component-graph framework for 3D-aware generative avatars."""

__version__ = "0.1.0"
