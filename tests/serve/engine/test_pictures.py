"""Encoded pictures are kept by what was asked for, up to so many bytes."""

from __future__ import annotations

from aetherist.serve.engine import Encoded, Person, Picture
from aetherist.serve.engine.pictures import PictureCache


def asked(seed: int) -> Picture:
    return Picture("tiny", Person(seed=seed))


def given(size: int = 10) -> Encoded:
    return Encoded(bytes(size), "image/png", 1, 1, {"render": 0.5})


def test_what_was_kept_is_found_and_took_no_time() -> None:
    cache = PictureCache()
    key, nothing = cache.find(asked(1))
    assert nothing is None
    cache.keep(key, given(), 100)
    _, found = cache.find(asked(1))
    assert found is not None
    assert (found.data, found.stages) == (bytes(10), {})
    assert cache.state(100) == {"bytes": 10, "limit": 100, "entries": 1, "hits": 1, "misses": 1}


def test_the_ones_not_asked_for_the_longest_go_first() -> None:
    cache = PictureCache()
    keys = [cache.find(asked(seed))[0] for seed in range(3)]
    cache.keep(keys[0], given(), 25)
    cache.keep(keys[1], given(), 25)
    cache.find(asked(0))
    cache.keep(keys[2], given(), 25)
    assert [cache.find(asked(seed))[1] is not None for seed in range(3)] == [True, False, True]
    assert cache.size == 20


def test_what_is_larger_than_all_the_room_is_not_kept() -> None:
    cache = PictureCache()
    cache.keep(cache.find(asked(1))[0], given(30), 25)
    assert cache.size == 0


def test_less_room_lets_pictures_go() -> None:
    cache = PictureCache()
    for seed in range(3):
        cache.keep(cache.find(asked(seed))[0], given(), 100)
    cache.trim(15)
    assert cache.size == 10
