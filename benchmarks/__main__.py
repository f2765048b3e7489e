"""Run the benchmarks: ``python -m benchmarks [--quick] [NAME ...]``; ``--help`` lists the names."""

from __future__ import annotations

import argparse
import importlib
import platform

import torch

ALL = ("check", "plans", "generator", "training", "meshes", "orbits", "batches", "gateway")


def main() -> None:
    """Run what was asked for, and print its tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("which", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that they run")
    arguments = parser.parse_args()
    unknown = set(arguments.which) - set(ALL)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    threads = torch.get_num_threads()
    print(f"Python {platform.python_version()}, torch {torch.__version__}, {threads} threads, {platform.machine()}")
    for name in arguments.which or ALL:
        for measured in importlib.import_module(f"benchmarks.{name}").main(quick=arguments.quick):
            print(measured, flush=True)


if __name__ == "__main__":
    main()
