"""Who is rendered is drawn by chance from a seed; two can differ in one attribute alone."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from aetherist.data.heads import CameraDistribution, sample_attributes, vary
from aetherist.data.heads.hairstyles import HAIR_STYLES
from aetherist.data.heads.plan import Settings, jobs
from aetherist.data.heads.seeds import child_seed, stream

PEOPLE = [sample_attributes(seed) for seed in range(400)]


def test_the_seed_decides() -> None:
    assert sample_attributes(5) == sample_attributes(5)
    assert sample_attributes(5) != sample_attributes(6)


def test_people_are_diverse_and_within_range() -> None:
    assert 18 <= min(p.age for p in PEOPLE) < 22
    assert 78 < max(p.age for p in PEOPLE) <= 82
    assert 0.4 < np.mean([p.gender > 0.5 for p in PEOPLE]) < 0.6
    assert 0.4 < np.mean([p.smile > 0 for p in PEOPLE]) < 0.6
    for person in PEOPLE:
        assert person.european + person.asian + person.african == pytest.approx(1)
        assert person.hair_style == "bald" or person.hair_style in HAIR_STYLES
        assert person.beard == 0 or person.gender < 0.5
    for name in ("european", "asian", "african"):
        assert 0.2 < np.mean([getattr(p, name) > 0.5 for p in PEOPLE]) < 0.45
    assert {p.hair_style for p in PEOPLE} == {*HAIR_STYLES, "bald"}


def test_attributes_are_plain_json_with_the_mixture_under_one_key() -> None:
    plain = PEOPLE[0].to_dict()
    assert set(plain["ethnicity"]) == {"european", "asian", "african"}
    assert set(plain) == {"age", "gender", "smile", "ethnicity", "hair_style", "hair_colour", "grey", "beard"}


@pytest.mark.parametrize("name", ["age", "gender", "smile", "hair_style", "hair_colour", "grey", "beard"])
def test_a_pair_differs_in_its_attribute_alone(name: str) -> None:
    for person in PEOPLE[:20]:
        low, high = (attrs.asdict(variant) for variant in vary(person, name))
        assert [key for key in low if low[key] != high[key]] == [name]


def test_a_pair_of_ethnicities_is_two_pure_ones() -> None:
    low, high = vary(PEOPLE[0], "ethnicity")
    for variant in (low, high):
        assert sorted((variant.european, variant.asian, variant.african)) == [0, 0, 1]
    assert attrs.evolve(high, european=low.european, asian=low.asian, african=low.african) == low


def test_an_unknown_attribute_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'charm'.*smile"):
        vary(PEOPLE[0], "charm")
    with pytest.raises(ValueError, match="'charm'"):
        Settings(1, 1, 64, pairs="charm")


def test_streams_of_a_seed_do_not_depend_on_each_other() -> None:
    assert stream(1, "light").random() != stream(1, "hair").random()
    assert stream(1, "light").random() == stream(1, "light").random()
    assert len({child_seed(0, "identity", n) for n in range(1000)}) == 1000


def test_what_is_drawn_for_a_head_does_not_depend_on_how_many_there_are() -> None:
    few, many = list(jobs(Settings(2, 3, 64))), list(jobs(Settings(9, 3, 128)))
    assert few == many[:2]


def test_views_share_identity_light_and_background_unless_asked_otherwise() -> None:
    (head,) = jobs(Settings(1, 4, 64))
    assert len({seeds.camera for seeds in head.views}) == 4
    assert len({(seeds.identity, seeds.light, seeds.background) for seeds in head.views}) == 1
    (head,) = jobs(Settings(1, 4, 64, new_light=True))
    assert len({seeds.light for seeds in head.views}) == 4
    assert len({seeds.background for seeds in head.views}) == 1


def test_the_two_of_a_pair_share_all_seeds() -> None:
    first, second = jobs(Settings(1, 4, 64, pairs="age"))
    assert first.views == second.views
    assert (first.name, second.name) == ("000000a", "000000b")


def test_cameras_are_exact_and_follow_their_distribution() -> None:
    cameras = CameraDistribution(yaw=0.3, pitch=0.15, around=0.4)
    angles = np.array([cameras.angles(seed) for seed in range(2000)])
    frontal = np.abs(angles[:, 0]) < 1
    assert 0.6 < frontal.mean() < 0.8
    assert angles[:, 1].std() == pytest.approx(0.15, rel=0.1)
    for yaw, pitch in angles[:50]:
        camera = cameras.camera(yaw, pitch)
        pose = camera[:16].reshape(4, 4)
        assert np.abs(pose[:3, :3] @ pose[:3, :3].T - np.eye(3)).max() < 1e-6
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
        assert np.abs(pose[:3, 3] + 2.7 * pose[:3, 2]).max() < 1e-6
        assert pose[1, 1] < 0
        assert camera[16:].tolist() == [4.2647, 0, 0.5, 0, 4.2647, 0.5, 0, 0, 1]


def test_cameras_agree_with_the_rest_of_the_package() -> None:
    from aetherist.components.cameras import camera_from_angles

    ours = CameraDistribution().camera(0.8, -0.3)
    assert np.allclose(ours, camera_from_angles(0.8, -0.3, pivot=(0.0, 0.0, 0.0)).numpy(), atol=1e-6)


@pytest.mark.parametrize("wrong", [{"identities": 0}, {"resolution": 4096}, {"image_format": "gif"}])
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**({"identities": 1, "views": 1, "resolution": 64} | wrong))


def test_impossible_cameras_are_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        CameraDistribution(around=2)
    with pytest.raises(ValueError, match="radius"):
        CameraDistribution(radius=0.1)
