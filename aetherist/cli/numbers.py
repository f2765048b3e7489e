"""Numbers and lists of them, as people write and read them."""

from __future__ import annotations

import re

from aetherist.cli.failures import UsageError

MAX_SEEDS = 1_000_000
MAX_SEED = 2**32 - 1

_RANGE = re.compile(r"(\d+)(?:\s*-\s*(\d+))?")


def seeds(text: str) -> list[int]:
    """Read seeds: ``7``, ``0-3``, ``0-3,7``; each once, in the order written.

    Raises:
        UsageError: If it does not read so.
    """
    found: dict[int, None] = {}
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise UsageError(f"--seeds {text}: '{part.strip()}' is no seed and no range; write 0-3,7")
        first = int(match.group(1))
        last = int(match.group(2) or first)
        if last < first:
            raise UsageError(f"--seeds {text}: the range {part.strip()} runs backwards")
        if last > MAX_SEED:
            raise UsageError(f"--seeds {text}: a seed is at most {MAX_SEED:,}")
        if last - first + len(found) >= MAX_SEEDS:
            raise UsageError(f"--seeds {text}: that is more than {MAX_SEEDS:,} seeds")
        found.update(dict.fromkeys(range(first, last + 1)))
    return list(found)


def decimals(text: str, option: str) -> list[float]:
    """Read numbers with commas between them: ``-0.4,0,0.4``."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"{option} {text}: write a number, or several with commas: -0.4,0,0.4") from None
    if not all(abs(number) < 1e6 for number in numbers):
        raise UsageError(f"{option} {text}: that is not a finite number of a sensible size")
    return numbers


def grid(text: str) -> tuple[int, int]:
    """Read columns and rows: ``4x2``."""
    match = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text.strip())
    if match is None or "0" in match.groups():
        raise UsageError(f"--grid {text}: write columns x rows, as in 4x2")
    return int(match.group(1)), int(match.group(2))


def many(count: int, what: str) -> str:
    """Return how many of something: ``1 client``, ``2 clients``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def amount(number: float, unit: str = "") -> str:
    """Return a number to three figures with a prefix: ``304 G``, ``1.21 k``."""
    for prefix in ("", "k", "M", "G", "T"):
        if abs(number) < 999.5 or prefix == "T":
            break
        number /= 1000
    digits = f"{number:.3g}" if prefix or number != int(number) else str(int(number))
    return f"{digits} {prefix}{unit}".rstrip()


def memory(count: int) -> str:
    """Return bytes for reading: ``132 MB`` (a million bytes each)."""
    return amount(count, "B")


def duration(seconds: float) -> str:
    """Return a time for reading: ``227 us``, ``1.76 ms``, ``12.3 s``."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} us"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:.0f} s"
