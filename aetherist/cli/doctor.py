"""``aetherist doctor``."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from rich.text import Text

from aetherist import __version__
from aetherist.cli.console import columns, show
from aetherist.cli.failures import FAULTY
from aetherist.cli.numbers import memory

ALLOCATORS = ("jemalloc", "tcmalloc", "mimalloc")
MALLOC_SETTINGS = ("MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^;]*)(?:;.*extra == [\"']([\w-]+)[\"'])?")
_BOUND = re.compile(r"(>=|<)\s*([0-9.]+)")


def doctor() -> int:
    """Say what is installed, what is missing, and how to get it.

    Exits with 1 if something that Aetherist needs is missing or broken; a missing extra is no fault.
    """
    faults: list[str] = []
    requirements = _requirements()
    show(Text("versions", style="bold"))
    _versions(requirements.get("", []), faults)
    if not faults:
        _section("devices")
        _devices()
        _section("recipes and components")
        _registered(faults)
    _section("extras")
    _extras({extra: wanted for extra, wanted in requirements.items() if extra})
    show("")
    for fault in faults:
        show(Text.assemble(("fault: ", "bold red"), fault))
    if not faults:
        show(Text("nothing is wrong", style="bold green"))
    return FAULTY if faults else 0


def _section(title: str) -> None:
    show("", Text(title, style="bold"))


def _requirements() -> dict[str, list[tuple[str, str]]]:
    """Return what the installed distribution requires, by extra (``""`` for always): name and bounds."""
    try:
        written = metadata.requires("aetherist") or []
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, list[tuple[str, str]]] = {}
    for line in written:
        match = _REQUIREMENT.match(line)
        if match is not None and match.group(1).lower() != "aetherist":
            found.setdefault(match.group(3) or "", []).append((match.group(1), match.group(2).strip()))
    return found


def _versions(requirements: list[tuple[str, str]], faults: list[str]) -> None:
    rows: list[list[str | Text]] = [
        ["  aetherist", __version__, ""],
        ["  Python", platform.python_version(), sys.executable],
    ]
    if not requirements:
        faults.append(
            "aetherist is not installed as a package, so none of its components is found; run pip install -e ."
        )
    for name, bounds in requirements:
        problem = _problem(name, bounds)
        version = _version(name) or "missing"
        rows.append([f"  {name}", version, Text(f"needs {bounds}", style="red") if problem else ""])
        if problem:
            faults.append(f"{problem}; run pip install '{name}{bounds}'")
    columns(["", "", ""], rows, head=False)


def _problem(name: str, bounds: str) -> str | None:
    version = _version(name)
    if version is None:
        return f"{name} is missing"
    have = _numbers(version)
    for sign, bound in _BOUND.findall(bounds):
        limit = _numbers(bound)
        padded = have + (0,) * (len(limit) - len(have))
        if (padded < limit) if sign == ">=" else (padded[: len(limit)] >= limit):
            return f"{name} is {version}, and {bounds} is needed"
    return None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:4])


def _extras(extras: dict[str, list[tuple[str, str]]]) -> None:
    rows: list[list[str | Text]] = []
    for extra, wanted in sorted(extras.items()):
        missing = [name for name, bounds in wanted if _problem(name, bounds)]
        if missing:
            rows.append([f"  {extra}", f"lacks {', '.join(missing)}", f"pip install 'aetherist[{extra}]'"])
        else:
            rows.append([f"  {extra}", Text("present", style="green"), ""])
    columns(["", "", ""], rows, head=False)


def _devices() -> None:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    capability = torch.backends.cpu.get_cpu_capability()
    rows: list[list[str | Text]] = [
        ["  cpu", f"{cores} cores, {torch.get_num_threads()} threads, {capability}{_memory()}"]
    ]
    rows += [["", hint] for hint in _allocator_hints()]
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            device = torch.cuda.get_device_properties(index)
            text = f"{device.name}, {memory(device.total_memory)}, compute capability {device.major}.{device.minor}"
            rows.append([f"  cuda:{index}", text])
    elif torch.version.cuda is None:
        rows.append(
            ["  cuda", "this PyTorch is built without CUDA; for an NVIDIA GPU install a CUDA build (pytorch.org)"]
        )
    else:
        rows.append(
            ["  cuda", f"built for CUDA {torch.version.cuda}, but no GPU answers; look at nvidia-smi and the driver"]
        )
    if torch.backends.mps.is_available():
        rows.append(["  mps", "Apple GPU"])
    columns(["", ""], rows, head=False)


def _memory() -> str:
    try:
        return f", {memory(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'))}"
    except (ValueError, OSError, AttributeError):
        return ""


def _allocator_hints() -> list[str]:
    """Say how to keep glibc from giving large blocks back to the system after each picture, where it would."""
    if platform.libc_ver()[0] != "glibc" or any(os.environ.get(name) for name in MALLOC_SETTINGS):
        return []
    try:
        loaded = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    if any(name in loaded for name in ALLOCATORS):
        return []
    settings = " ".join(f"{name}=1073741824" for name in MALLOC_SETTINGS)
    return ["faster on a CPU: keep freed memory, by preloading jemalloc or tcmalloc, or with", settings]


def _registered(faults: list[str]) -> None:
    from aetherist.core.component import registry
    from aetherist.core.config import recipe_names
    from aetherist.core.registry import distribution_of
    from aetherist.graphs.sources import model_names

    counts: dict[str, int] = {}
    for name in registry.names():
        origin = distribution_of(registry.get(name))
        counts[origin] = counts.get(origin, 0) + 1
    rows: list[list[str | Text]] = [["  recipes", ", ".join(recipe_names()) or "none"]]
    rows += [["  models", ", ".join(model_names()) or "none"]]
    rows += [["  components", f"{count} of {origin}"] for origin, count in counts.items()]
    rows.append(["  port types", str(len(registry.types()))])
    columns(["", ""], rows, head=False)
    for plugin, text in registry.failures.items():
        faults.append(f"the plugin {plugin} is broken:\n{text.partition(chr(10))[2].rstrip()}")
