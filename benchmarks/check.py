"""The static check: how long a real recipe takes, and how the time grows with the number of steps."""

from __future__ import annotations

from aetherist.core.check import check
from aetherist.core.recipe import Recipe
from benchmarks.measure import median_seconds, seconds, table

LIMIT_WARM = 0.050
LIMIT_1000 = 1.0


def generated(steps: int) -> str:
    """Return a recipe with a chain of steps: pictures from [-1, 1] to [0, 1] and back."""
    lines = [
        "name: chain",
        "components: {unit: {type: image.to_unit}, signed: {type: image.to_signed}}",
        "graphs:",
        "  chain:",
        "    inputs: {image: Image}",
        "    steps:",
    ]
    previous = "image"
    for index in range(steps):
        callee = "unit" if index % 2 == 0 else "signed"
        lines.append(f"      s{index}: {{call: {callee}, with: {{image: {previous}}}}}")
        previous = f"s{index}"
    lines.append(f"    outputs: {{image: {previous}}}")
    return "\n".join(lines)


def main(quick: bool = False) -> list[str]:
    """Measure, and return tables."""
    warm = median_seconds(lambda: check("eg3d-ffhq512"), repeats=9)
    named = table(
        "Static check of eg3d-ffhq512, warm process",
        ("seconds", "limit", "share of the limit"),
        [(seconds(warm), seconds(LIMIT_WARM), f"{warm / LIMIT_WARM:.0%}")],
    )
    rows = []
    first = None
    for steps in (10, 100, 1000) if quick else (10, 100, 1000, 10000):
        text = generated(steps)

        def work(text: str = text) -> None:
            assert check(Recipe.read("chain.yaml", text=text)).ok

        taken = median_seconds(work, repeats=3 if steps > 1000 else 5)
        first = first or taken / steps
        rows.append((f"{steps:,}", seconds(taken), seconds(taken / steps), f"{taken / steps / first:.2f}"))
    scaling = table(
        f"Static check of a generated graph (limit at 1,000 steps: {seconds(LIMIT_1000)})",
        ("steps", "seconds", "a step", "a step, against 10 steps"),
        rows,
    )
    return [named, scaling]
