"""A head's latent: standard normal over many heads, and following from what the head is."""

import attrs
import numpy as np
import pytest

from aetherist.data.heads.attributes import sample_attributes, vary
from aetherist.data.heads.head import anatomy
from aetherist.data.heads.latent import ATTRIBUTE_SCORES, latent


@pytest.fixture(scope="module")
def latents():
    morphs = anatomy()[0]
    return np.stack([latent(sample_attributes(seed), seed, morphs) for seed in range(1500)])


def test_scores_are_standard_normal(latents) -> None:
    assert latents.shape == (1500, 120)
    assert np.abs(latents.mean(0)).max() < 0.12
    assert latents.std(0) == pytest.approx(np.ones(120), abs=0.15)
    assert np.isfinite(latents).all()


def test_details_do_not_hang_together(latents) -> None:
    details = latents[:, len(ATTRIBUTE_SCORES) :]
    correlation = np.corrcoef(details.T) - np.eye(details.shape[1])
    assert np.abs(correlation).max() < 0.15


@pytest.mark.parametrize("name", ["age", "gender", "smile", "hair_colour", "beard"])
def test_a_changed_attribute_changes_its_score_upwards(name: str) -> None:
    morphs, seed = anatomy()[0], 4
    person = attrs.evolve(sample_attributes(seed), gender=0.05, european=0.9, asian=0.05, african=0.05)
    low, high = (latent(varied, seed, morphs) for varied in vary(person, name))
    place = ATTRIBUTE_SCORES.index(name)
    assert low[place] < high[place]
    assert (low[len(ATTRIBUTE_SCORES) :] == high[len(ATTRIBUTE_SCORES) :]).all()


def test_ethnicities_are_told_by_their_differences() -> None:
    morphs, seed = anatomy()[0], 9
    person = attrs.evolve(sample_attributes(seed), european=0.1, asian=0.8, african=0.1)
    scores = dict(zip(ATTRIBUTE_SCORES, latent(person, seed, morphs), strict=False))
    assert scores["asian"] > scores["european"] == pytest.approx(scores["african"])
