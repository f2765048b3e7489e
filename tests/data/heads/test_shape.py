"""Heads are shaped as heads: closed where they should be, symmetric where people are, aged where the old are."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from aetherist.data.heads import Attributes, build_head, sample_attributes
from aetherist.data.heads.mesh import Part
from aetherist.data.heads.morphs import Morphs
from aetherist.data.heads.regions import scalp, smoothstep
from aetherist.data.heads.subdivide import catmull_clark, refine_corners

pytestmark = pytest.mark.usefixtures("shapes")
PERSON = Attributes(
    age=30, gender=0.9, smile=0, european=1, asian=0, african=0, hair_style="bob", hair_colour="brown", grey=0, beard=0
)


def test_subdividing_a_cube_leads_to_a_round_thing() -> None:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    points = corners
    for _ in range(3):
        matrix, quads = catmull_clark(quads, len(points))
        assert np.allclose(matrix.sum(1), 1)
        points = matrix @ points
    assert len(quads) == 6 * 4**3
    radius = np.linalg.norm(points, axis=1)
    assert radius.std() / radius.mean() < 0.06
    assert np.allclose(points.mean(0), 0)


def test_subdividing_a_flat_sheet_keeps_its_straight_rim() -> None:
    grid = np.array([[x, y, 0] for y in range(4) for x in range(4)], float)
    quads = np.array([[4 * y + x, 4 * y + x + 1, 4 * y + x + 5, 4 * y + x + 4] for y in range(3) for x in range(3)])
    matrix, finer = catmull_clark(quads, 16)
    points = matrix @ grid
    assert points[:, 2].max() == 0
    assert points[:, 0].max() > 2.7
    corners = refine_corners(grid[quads])
    assert np.allclose(corners[:, 0][9 * 2], grid[quads[0, 2]])
    assert finer.shape == (36, 4)


def test_morphs_of_weight_zero_are_the_template_and_weights_add() -> None:
    morphs = Morphs()
    assert np.array_equal(morphs.mix({}), morphs.template)
    once = morphs.mix({"nose-hump-incr": 1.0}) - morphs.template
    twice = morphs.mix({"nose-hump-incr": 2.0}) - morphs.template
    assert np.abs(once).max() > 0.01
    assert np.allclose(2 * once, twice)


def test_the_skin_points_outwards_and_is_nearly_symmetric() -> None:
    morphs, part = Morphs(), Part("skin", 1)
    points = part.points(morphs.template)
    head = points[:, 1] > 7.6
    normals = part.normals(points)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1)
    assert ((normals * (points - [0, 7.35, 0.35])).sum(1)[head] > 0).mean() > 0.98
    mirrored = points * [-1, 1, 1]
    from scipy.spatial import cKDTree

    assert np.percentile(cKDTree(points).query(mirrored)[0], 95) < 0.02


def test_old_faces_sag_and_smiles_widen_the_mouth() -> None:
    morphs = Morphs()
    lips = np.abs(morphs.mix(morphs.expression(attrs.evolve(PERSON, smile=1.0), 0)) - morphs.template).max()
    assert lips > 0.05
    young, old = (morphs.identity(attrs.evolve(PERSON, age=age), 0) for age in (25.0, 80.0))
    assert young["l-eye-bag-incr"] == 0 < old["l-eye-bag-incr"]
    assert old["caucasian-female-old"] > 0.7 > young["caucasian-female-old"]


def test_the_head_stands_in_the_middle_of_the_world_at_the_size_of_a_portrait() -> None:
    for seed in range(6):
        head = build_head(sample_attributes(seed), seed)
        skin, eyes = head.skin.attributes["position"], head.eyes.attributes["position"]
        upper = skin[skin[:, 1] > 0]
        assert np.abs(upper.mean(0)[0]) < 0.02
        assert 0.12 < upper[:, 0].max() < 0.25
        assert 0.10 < eyes[:, 2].max() < 0.22
        assert -0.02 < eyes.mean(0)[1] < 0.12
        assert np.isfinite(skin).all()


def test_a_smile_moves_the_mouth_and_not_the_head() -> None:
    plain, smiling = (build_head(attrs.evolve(PERSON, smile=smile), 3) for smile in (0.0, 1.0))
    moved = np.linalg.norm(plain.skin.attributes["position"] - smiling.skin.attributes["position"], axis=1)
    canonical = plain.skin.attributes["canonical"]
    assert moved[canonical[:, 1] > 7.9].max() < 1e-9
    assert moved[canonical[:, 1] < 6.8].max() > 0.005
    assert plain.hair is not None
    assert smiling.hair is not None
    assert np.array_equal(plain.hair.points, smiling.hair.points)


def test_every_choice_has_its_own_chance() -> None:
    brown, blond = (build_head(attrs.evolve(PERSON, hair_colour=colour), 3) for colour in ("brown", "blond"))
    assert brown.hair is not None
    assert blond.hair is not None
    assert np.array_equal(brown.hair.points, blond.hair.points)
    assert not np.allclose(brown.hair.colours, blond.hair.colours)
    assert np.array_equal(brown.skin.attributes["position"], blond.skin.attributes["position"])
    assert np.array_equal(brown.uniforms["skin_colour"], blond.uniforms["skin_colour"])


@pytest.mark.parametrize("style", ["buzz", "short", "long", "tied", "afro"])
def test_hair_grows_from_the_scalp_stays_out_of_the_face_and_near_the_head(style: str) -> None:
    head = build_head(attrs.evolve(PERSON, hair_style=style), 1)
    assert head.hair is not None
    points = head.hair.points
    assert np.isfinite(points).all()
    assert np.abs(points[..., [0, 2]]).max() < 0.5
    assert -1 < points[..., 1].min() < points[..., 1].max() < 0.5
    face = (np.abs(points[..., 0]) < 0.07) & (points[..., 2] > 0.16) & (points[..., 1] < 0.06) & (points[..., 1] > -0.2)
    assert face.any(1).mean() < 0.01
    assert ((head.hair.open > 0) & (head.hair.open <= 1.01)).all()


def test_a_bald_head_has_no_hair_and_a_beard_needs_a_beard() -> None:
    bald = build_head(attrs.evolve(PERSON, hair_style="bald", gender=0.1), 1)
    bearded = build_head(attrs.evolve(PERSON, hair_style="bald", gender=0.1, beard=1.0), 1)
    assert bald.hair is None
    assert len(bearded.fuzz.points) > 5 * len(bald.fuzz.points)


def test_the_hairline_recedes() -> None:
    points = Part("skin", 1).points(Morphs().template)
    full, receded = scalp(points), scalp(points, 1.0)
    assert (receded <= full + 1e-9).all()
    assert receded.sum() < 0.9 * full.sum()


def test_smoothstep_rises_either_way() -> None:
    x = np.linspace(0, 1, 5)
    assert smoothstep(0, 1, x).tolist() == pytest.approx([0, 0.15625, 0.5, 0.84375, 1])
    assert np.allclose(smoothstep(1, 0, x), 1 - smoothstep(0, 1, x))
