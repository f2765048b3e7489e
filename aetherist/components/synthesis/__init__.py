"""StyleGAN2 synthesis: the mapping network and the tri-plane generator."""

from aetherist.components.synthesis.layers import SynthesisBlock, SynthesisLayer, ToImage
from aetherist.components.synthesis.mapping import MappingNetwork
from aetherist.components.synthesis.splines import LatentSplines
from aetherist.components.synthesis.triplane import TriplaneSynthesis

__all__ = ["LatentSplines", "MappingNetwork", "SynthesisBlock", "SynthesisLayer", "ToImage", "TriplaneSynthesis"]
