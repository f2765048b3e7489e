"""Which names a file may mention, and what each becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from aetherist.interop.pickles.errors import printable, unsafe
from aetherist.interop.pickles.values import Global

Rebuild = Callable[[tuple[object, ...]], object]
"""One of our functions: from the arguments that the file gives to an inert value."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}(\.[A-Za-z_][A-Za-z0-9_]{0,99}){0,9}")


@dataclass(frozen=True)
class Vocabulary:
    """The names that one kind of pickle may mention. Any other name ends the reading."""

    functions: Mapping[str, Rebuild] = field(default_factory=dict)
    """Name -> our function that stands for a call of it."""
    mappings: frozenset[str] = frozenset()
    """Classes whose instances become plain dicts."""
    mentions: frozenset[str] = frozenset()
    """Names that may occur as arguments and are never called (dtypes, storage classes)."""
    record_modules: tuple[str, ...] = ()
    """Package prefixes; an instance of any class below them becomes a `Record` of its attributes."""

    def resolve(self, module: str, name: str) -> Global:
        """The token for a name, or `UnsafePickleError` when the name is not listed."""
        token = Global(module, name)
        if token.qualified not in self.known and not self.is_record(token):
            raise unsafe(f"asks for the global {printable(token.qualified)}, which no checkpoint of this format needs")
        return token

    @cached_property
    def known(self) -> frozenset[str]:
        """The names that are listed one by one."""
        return self.mappings | self.mentions | self.functions.keys()

    def is_record(self, token: Global) -> bool:
        """Whether instances of the class become records."""
        return (
            any(f"{token.module}.".startswith(prefix) for prefix in self.record_modules)
            and MODULE.fullmatch(token.module) is not None
            and NAME.fullmatch(token.name) is not None
        )
