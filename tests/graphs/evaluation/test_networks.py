"""Networks by name, by path, and as recipes write them."""

from __future__ import annotations

import pytest
import torch

from aetherist.components.embeddings import MobileFace, TorchScriptEmbedding
from aetherist.graphs.evaluation.networks import embedder, perceptual
from aetherist.graphs.evaluation.report import UnavailableError
from tests.components.embeddings.scripted import pixel_means

CPU = torch.device("cpu")


def test_a_torchscript_file_is_asked_how_many_numbers_it_gives():
    found = embedder(str(pixel_means()), CPU)
    assert isinstance(found.network, TorchScriptEmbedding)
    assert found(torch.zeros(2, 3, 20, 20)).shape == (2, 12)


def test_a_component_is_taken_with_its_settings():
    found = embedder("{type: embedding.mobileface, weights: null, crop: [0, 0, 0.5, 0.5]}", CPU)
    assert isinstance(found.network, MobileFace)
    vectors = found(torch.zeros(1, 3, 32, 32))
    assert vectors.shape == (1, 256)
    assert vectors.dtype == torch.float64
    assert found.label == "untrained network; not the network that papers use"


def test_pictures_are_seen_as_files_hold_them():
    found = embedder(str(pixel_means()), CPU)
    image = torch.full((1, 3, 8, 8), 0.5)
    assert torch.equal(found(image), found(image + 0.001))


def test_what_is_not_in_the_cache_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("AETHERIST_CACHE", str(tmp_path))
    with pytest.raises(UnavailableError) as caught:
        embedder("mobileface", CPU)
    assert caught.value.fix == "aetherist weights get mobileface"
    with pytest.raises(UnavailableError) as caught:
        perceptual("vgg16-hed", CPU)
    assert caught.value.fix == "aetherist weights get vgg16-hed"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("mobilface", "did you mean mobileface"),
        ("{type: [}", "no component as recipes write it"),
        ("{weights: null}", "write a component as recipes do"),
    ],
)
def test_what_is_no_network_is_refused(asked, said):
    with pytest.raises(ValueError, match=said.replace("[", r"\[")):
        embedder(asked, CPU)


def test_features_of_lpips_are_a_name_or_a_file():
    with pytest.raises(ValueError, match="neither a file"):
        perceptual("nothing.pth", CPU)
