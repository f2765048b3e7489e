"""A program that begins a batch in a process of its own whenever it is told to, to be killed at will.

For each line ``PLACE PEOPLE BATCH`` it prints the process's id, and then how it ended.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from aetherist.batch import FolderStore
from tests.batch.helpers import TWO, made, small_job


def main() -> None:
    torch.set_num_threads(1)
    job = small_job(views=TWO, outputs=("image", "depth"))
    model = job.open()
    print("ready", flush=True)
    for line in sys.stdin:
        place, people, batch = line.split()
        pid = os.fork()
        if pid == 0:
            made(job, model, FolderStore(Path(place)), range(int(people)), batch=int(batch))
            os._exit(0)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    main()
