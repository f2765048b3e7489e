"""Networks that describe pictures: embeddings to compare, features to match. Their weights never change."""

from aetherist.components.embeddings.face_recognition import FaceRecognition
from aetherist.components.embeddings.frozen import FrozenNetwork
from aetherist.components.embeddings.inception import InceptionV3
from aetherist.components.embeddings.mobileface import MobileFace
from aetherist.components.embeddings.torchscript import TorchScriptEmbedding
from aetherist.components.embeddings.vgg16 import VGG16Features
from aetherist.components.embeddings.weights import Provenance, cache_folder

__all__ = [
    "FaceRecognition",
    "FrozenNetwork",
    "InceptionV3",
    "MobileFace",
    "Provenance",
    "TorchScriptEmbedding",
    "VGG16Features",
    "cache_folder",
]
