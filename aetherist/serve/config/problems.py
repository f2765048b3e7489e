"""What is wrong with a configuration, all of it at once, each with its key and where it was said."""

from __future__ import annotations

from collections.abc import Iterable

import attrs


@attrs.frozen
class Problem:
    """One fault: the setting's dotted key, what is wrong and what to do, and where the value comes from."""

    key: str
    message: str
    source: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.key, self.message) if part)


class ConfigRefused(ValueError):
    """A configuration, or a change of one, that is not taken; ``problems`` says why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
