"""Encoded pictures that were asked for lately, by what was asked for."""

from __future__ import annotations

from collections import OrderedDict

import attrs

from aetherist.serve.engine.work import Encoded, Picture, digest_of


class PictureCache:
    """The last few pictures, up to so many bytes. Not for several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Encoded] = OrderedDict()
        self.size = 0
        self.hits = 0
        self.misses = 0

    def find(self, picture: Picture) -> tuple[str, Encoded | None]:
        """Return the name of a picture, and the picture if it is there."""
        key = digest_of(picture)
        found = self._kept.get(key)
        if found is None:
            self.misses += 1
            return key, None
        self.hits += 1
        self._kept.move_to_end(key)
        return key, attrs.evolve(found, stages={})

    def keep(self, key: str, picture: Encoded, limit: int) -> None:
        """Keep a picture, and let those go that were not asked for the longest."""
        old = self._kept.pop(key, None)
        self.size += len(picture.data) - (0 if old is None else len(old.data))
        self._kept[key] = picture
        self.trim(limit)

    def trim(self, limit: int) -> None:
        """Let pictures go until so many bytes are left."""
        while self.size > limit and self._kept:
            self.size -= len(self._kept.popitem(last=False)[1].data)

    def state(self, limit: int) -> dict[str, int]:
        """Return how it is doing."""
        return {
            "bytes": self.size,
            "limit": limit,
            "entries": len(self._kept),
            "hits": self.hits,
            "misses": self.misses,
        }
