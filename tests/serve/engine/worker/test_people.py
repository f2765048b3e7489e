"""Who is meant is found once, and what is strange about an edit is said."""

from __future__ import annotations

import pytest
import torch

import aetherist
from aetherist.avatars import AvatarModel
from aetherist.components.styles import Direction, DirectionSet
from aetherist.serve.engine import Person
from aetherist.serve.engine.messages import Settings, Setup
from aetherist.serve.engine.work import MakeAvatar
from aetherist.serve.engine.worker.desk import Desk
from aetherist.serve.engine.worker.people import DEEPEST, People, strange
from aetherist.serve.engine.worker.tokens import Token


@pytest.fixture(scope="module")
def model() -> AvatarModel:
    bare = aetherist.load("tiny")
    vector = torch.nn.functional.normalize(torch.ones(bare.style_shape[1]), dim=0)
    age = Direction("age", vector, 0.5, unit="+10 years", range=(-2.0, 2.0))
    return aetherist.load("tiny", directions=DirectionSet((age,), bare.digest))


def test_people_are_those_of_the_library(model: AvatarModel) -> None:
    people = People()
    one, two = model.avatar(1, psi=0.5), model.avatar(2)
    assert people.find(model, Person(seed=1, psi=0.5)) == one
    assert people.find(model, Person(file=two.to_bytes())) == two
    mixed = people.find(model, Person(mix=(Person(seed=1, psi=0.5), Person(seed=2)), amount=0.25, layers=(0, 1)))
    assert mixed == one.mix(two, 0.25, layers=(0, 1))
    assert people.find(model, Person(seed=2, attributes={"age": 1.5})) == two.edit(age=1.5)


def test_who_was_met_is_not_made_again(model: AvatarModel) -> None:
    people = People(kept=1)
    first = people.find(model, Person(seed=1))
    assert people.find(model, Person(seed=1)) is first
    people.find(model, Person(seed=2))
    assert people.find(model, Person(seed=1)) is not first


def test_mixes_of_mixes_end_somewhere(model: AvatarModel) -> None:
    person = Person(seed=1)
    for _ in range(DEEPEST + 1):
        person = Person(mix=(person, Person(seed=2)))
    with pytest.raises(ValueError, match="8 times at most"):
        People().find(model, person)


def test_strengths_outside_their_range_are_warned_of_or_refused(model: AvatarModel) -> None:
    far = Person(seed=1, attributes={"age": 3.0})
    assert strange(People().find(model, far)) == ["age = 3 is outside the measured range -2 to 2"]
    desk = Desk(Setup("cpu", None, {"tiny": "tiny"}, "tiny", "", Settings(0, 0, 0, 0)), loader=lambda _: model)
    desk.shelf.load("tiny")
    given: list[object] = []
    for beyond in ("warn", "allow", "error"):
        work = MakeAvatar("tiny", far, beyond)  # type: ignore[arg-type]
        desk.do([work], [Token()], lambda _place, result: given.append(result))
    assert [len(made.warnings) for made in given[:2]] == [1, 0]  # type: ignore[attr-defined]
    assert isinstance(given[2], ValueError)
