"""``aetherist show``."""

from __future__ import annotations

from rich.syntax import Syntax

from aetherist.cli.console import stdout, write
from aetherist.cli.options import Overrides, Profile, Recipe


def show(recipe: Recipe, /, *, resolved: bool = False, profile: Profile = None, override: Overrides = None) -> None:
    """Print a recipe as written, or what it composes to.

    `--profile` and `-o` say something about what a recipe composes to, so they imply `--resolved`.

    Args:
        resolved: With `extends`, the profile, overrides and `${...}` worked out.
    """
    from aetherist.core.recipe import Recipe as Composed

    composed = Composed.read(recipe, profile=profile, overrides=override or [])
    if resolved or profile is not None or override:
        composed.raise_for_errors()
        _print(composed.to_yaml())
    else:
        _print(next(iter(composed.texts.values())))


def _print(text: str) -> None:
    console = stdout()
    if console.is_terminal and not console.no_color:
        console.print(Syntax(text.rstrip("\n"), "yaml", theme="ansi_dark", background_color="default", word_wrap=True))
    else:
        write(text)
