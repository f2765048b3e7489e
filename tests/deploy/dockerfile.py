"""Dockerfiles cut into stages and instructions: no Docker is needed to see what they say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import attrs

KNOWN = {"FROM", "RUN", "CMD", "EXPOSE", "ENV", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR", "ARG", "STOPSIGNAL"}
KNOWN |= {"HEALTHCHECK", "LABEL", "ADD", "SHELL"}


@attrs.frozen
class Instruction:
    """One instruction, without the ends of its lines."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its words, without options."""
        return [word for word in shlex.split(self.text) if not word.startswith("--")]


@attrs.frozen
class Stage:
    """What begins with ``FROM``."""

    name: str
    base: str
    instructions: list[Instruction]

    def all(self, name: str) -> list[Instruction]:
        """Return the instructions of a name."""
        return [each for each in self.instructions if each.name == name]


def read(path: Path) -> tuple[dict[str, str], list[Stage]]:
    """Return the arguments before the first stage, and the stages.

    Raises:
        ValueError: For a line that is no instruction.
    """
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    before: dict[str, str] = {}
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, text = line.partition(" ")
        if name not in KNOWN or not text.strip():
            raise ValueError(f"no instruction: {line}")
        if name == "FROM":
            base, _, alias = text.partition(" AS ")
            stages.append(Stage(alias.strip(), base.strip(), []))
        elif stages:
            stages[-1].instructions.append(Instruction(name, text.strip()))
        else:
            key, _, value = text.partition("=")
            before[key] = value
    return before, stages
