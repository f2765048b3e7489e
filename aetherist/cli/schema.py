"""``aetherist schema``."""

from __future__ import annotations

import json
from pathlib import Path

from aetherist.cli.console import say, write


def schema(*, out: Path | None = None) -> None:
    """Print the JSON Schema of recipes, for editors.

    Every installed component's settings are in it, those of other packages too. A recipe that begins with
    `# yaml-language-server: $schema=recipe.json` is then completed and checked while it is written.

    Args:
        out: Write it to this file instead.
    """
    from aetherist.base.files import write_whole
    from aetherist.core.schema import recipe_schema

    text = json.dumps(recipe_schema(), indent=2) + "\n"
    if out is None:
        write(text)
    else:
        write_whole(out, text.encode())
        say(f"wrote {out}")
