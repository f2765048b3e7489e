"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

Recipe = Annotated[str, Parameter(help="A recipe's name (`tiny`), its file, or a model folder.", show_default=False)]
Source = Annotated[
    str,
    Parameter(help="A model folder, the name of a model that ships, or a recipe (built with fresh weights, seed 0)."),
]
Graph = Annotated[
    str | None, Parameter(name=["--graph", "-g"], help="Which graph: `generate` if there is one, or else the first.")
]
Overrides = Annotated[
    list[str] | None,
    Parameter(
        name=["--override", "-o"],
        negative="",
        help="Replace a value of the recipe: `-o components.planes.channels=16`. May be given many times.",
    ),
]
Profile = Annotated[str | None, Parameter(help="Lay this entry of the recipe's `profiles` over it.")]
Device = Annotated[str, Parameter(help="`cpu`, `cuda`, `cuda:1`, `mps`, or `auto`: the first GPU if there is one.")]
Sizes = Annotated[
    list[str] | None,
    Parameter(
        name=["--size"],
        negative="",
        help="Size of an axis that the recipe leaves open: `--size N=4096` (64 otherwise).",
    ),
]
