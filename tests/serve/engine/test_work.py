"""What is asked for has a name that depends on what it says alone, and errors come whole through a pipe."""

from __future__ import annotations

import pickle

import pytest

from aetherist.serve.engine import Busy, EngineError, Person, Picture, Refused, Video, WorkerLost
from aetherist.serve.engine.errors import ModelUnavailable
from aetherist.serve.engine.work import digest_of


def test_equal_work_has_equal_names() -> None:
    one = Picture("tiny", Person(seed=1, attributes={"age": 1.0, "smile": 0.5}), yaw=0.25)
    same = Picture("tiny", Person(seed=1, attributes={"smile": 0.5, "age": 1.0}), yaw=0.25)
    assert digest_of(one) == digest_of(same) == digest_of(pickle.loads(pickle.dumps(one)))


@pytest.mark.parametrize(
    "other",
    [
        Picture("tiny", Person(seed=2)),
        Picture("other", Person(seed=1)),
        Picture("tiny", Person(seed=1), pitch=0.1),
        Picture("tiny", Person(seed=1), format="webp"),
        Picture("tiny", Person(seed=1), metadata={"a": 1}),
        Picture("tiny", Person(file=b"1")),
        Video("tiny", (Person(seed=1),)),
    ],
    ids=repr,
)
def test_other_work_has_other_names(other: Picture | Video) -> None:
    assert digest_of(other) != digest_of(Picture("tiny", Person(seed=1)))


@pytest.mark.parametrize("given", [{}, {"seed": 1, "file": b"x"}, {"seed": 1, "mix": (Person(seed=1), Person(seed=2))}])
def test_a_person_is_one_thing(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="give one of them"):
        Person(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        Busy("full", 3.0),
        Refused("no", "too_costly", [{"code": "AE204"}]),
        ModelUnavailable("later", 7.0),
        WorkerLost("died"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_come_through_a_pipe_whole(error: EngineError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), back.code, vars(back)) == (type(error), str(error), error.code, vars(error))
