"""The gateway under load, on this machine's loopback: clients at once, a full queue, slow clients, an orbit, memory."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import httpx2
import psutil
from websockets.asyncio.client import connect

from benchmarks.measure import seconds, table

AT_ONCE = 8
SLOW = 200
LARGE = 2048
"""Pixels of a side of what slow clients do not read: megabytes, more than a connection buffers."""

RATE = 60.0
"""Views a second that a hand that drags asks for."""

MINUTES = 1.0

SMALL_CACHES = ("cache.planes_bytes=16MiB", "cache.pictures_bytes=1MiB")
"""They fill within seconds, so that memory that grows afterwards is no cache."""


@attrs.define
class Gateway:
    """A gateway that runs."""

    url: str
    process: psutil.Process
    seeds: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))

    def client(self) -> httpx2.AsyncClient:
        """Return a client with as many connections as it needs."""
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
        return httpx2.AsyncClient(base_url=self.url, timeout=120, limits=limits)

    def memory(self) -> dict[str, float]:
        """Return the resident memory of the server and of its worker, in MB."""
        worker = max(self.process.children(), key=lambda child: child.memory_info().rss)
        return {
            "server": self.process.memory_info().rss / 1e6,
            "worker": worker.memory_info().rss / 1e6,
        }


@contextlib.contextmanager
def gateway(*options: str) -> Iterator[Gateway]:
    """Run `aetherist serve` with the model `tiny` and a worker of one thread."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "aetherist", "serve", "--port=0", "--model=tiny", "--device=cpu"]
        command += [f"--data-folder={folder}", "-o", "models.threads=1", "-o", "limits.rate=1000000/second"]
        command += ["-o", "telemetry.level=warning", "-o", "server.drain_seconds=2"]
        command += [text for option in options for text in ("-o", option)]
        with (Path(folder) / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ})
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            while httpx2.get(f"{url}/readyz").status_code != 200:
                time.sleep(0.1)
            yield Gateway(url, psutil.Process(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            process.stdout.close()


@attrs.define
class Load:
    """What became of many requests."""

    took: list[float]
    wall: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.took) / self.wall

    def at(self, share: float) -> float:
        """Return the latency that so many stay below."""
        ranked = sorted(self.took)
        return ranked[min(len(ranked) - 1, math.ceil(share * len(ranked)) - 1)]


async def load(count: int, at_once: int, one: Callable[[], Awaitable[Any]]) -> Load:
    """Make so many requests, so many of them at a time."""
    left, took = iter(range(count)), []

    async def client() -> None:
        for _ in left:
            began = time.perf_counter()
            await one()
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(client())
    return Load(took, time.perf_counter() - began)


async def picture(client: httpx2.AsyncClient, seed: int, output: str = "image") -> httpx2.Response:
    """Ask for a picture of someone new."""
    answer = await client.get(f"/v1/models/tiny/seeds/{seed}.jpeg", params={"output": output})
    if answer.status_code not in (200, 429):
        raise RuntimeError(answer.text)
    return answer


async def at_once(server: Gateway, count: int, rounds: int) -> str:
    """Compare clients at once with one that asks for one picture after another, in turns."""
    rows = []
    async with server.client() as client:

        async def one() -> None:
            assert (await picture(client, next(server.seeds))).status_code == 200

        await load(AT_ONCE * 2, AT_ONCE, one)
        runs: dict[int, list[Load]] = {1: [], 2: [], AT_ONCE: []}
        for _ in range(rounds):
            for clients, found in runs.items():
                found.append(await load(count, clients, one))
    base = statistics.median(run.rate for run in runs[1])
    for clients, found in runs.items():
        rate = statistics.median(run.rate for run in found)
        p50, p99 = (statistics.median(run.at(share) for run in found) for share in (0.5, 0.99))
        rows.append((clients, f"{rate:.3g}", f"{rate / base:.2f}", seconds(p50), seconds(p99)))
    return table("Pictures of new people, by clients at once", ("clients", "a second", "against 1", "p50", "p99"), rows)


async def full(server: Gateway, count: int) -> str:
    """Ask for more than the queue holds, all at once; then come again when told."""
    queue = 8
    async with server.client() as client:
        await _change(client, {"limits.queue": queue, "limits.per_client": 10 * count})
        took: dict[int, list[float]] = {200: [], 429: []}
        waits: list[int] = []

        async def patient() -> int:
            for attempt in itertools.count(1):
                began = time.perf_counter()
                answer = await picture(client, next(server.seeds))
                if attempt == 1:
                    took[answer.status_code].append(time.perf_counter() - began)
                if answer.status_code == 200:
                    return attempt
                waits.append(int(answer.headers["retry-after"]))
                await asyncio.sleep(waits[-1] * random.uniform(1, 1.5))
            raise AssertionError

        began = time.perf_counter()
        attempts = await asyncio.gather(*(patient() for _ in range(count)))
        wall = time.perf_counter() - began
        await _change(client, {"limits.queue": None, "limits.per_client": None})
    refused = took[429]
    rows = [
        ("asked at once, of a queue of 8", count),
        ("refused with 429 at first", len(refused)),
        ("median time to be refused", seconds(statistics.median(refused)) if refused else "none was"),
        ("Retry-After, seconds", f"{min(waits)} to {max(waits)}" if waits else "none"),
        ("all served after", f"{wall:.3g} s, {max(attempts)} attempts at most"),
    ]
    return table("A full queue", ("", ""), rows)


async def _change(client: httpx2.AsyncClient, values: dict[str, Any]) -> None:
    (await client.patch("/v1/admin/config", json={"values": values})).raise_for_status()


async def slow(server: Gateway, count: int, rounds: int) -> str:
    """Compare one client alone with one beside 200: half never end their request, half never read their answer."""
    parts = urlsplit(server.url)
    head = b"POST /v1/generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Le"
    found: dict[str, list[Load]] = {"alone": [], "beside 200 slow clients": []}
    async with server.client() as client:

        async def one() -> None:
            assert (await picture(client, next(server.seeds))).status_code == 200

        kept = await client.post("/v1/generate", json={"seeds": "1", "size": LARGE})
        whole = f"GET {kept.json()['items'][0]['artifact']['url']} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        for _ in range(rounds):
            found["alone"].append(await load(count, 1, one))
            opened = [await asyncio.open_connection(parts.hostname, parts.port, limit=1) for _ in range(SLOW)]
            for index, (_, writer) in enumerate(opened):
                writer.write(whole if index % 2 else head)
            await asyncio.sleep(1)
            found["beside 200 slow clients"].append(await load(count, 1, one))
            for _, writer in opened:
                writer.transport.abort()
    base = statistics.median(run.rate for run in found["alone"])
    rows = []
    for name, runs in found.items():
        rate = statistics.median(run.rate for run in runs)
        p99 = statistics.median(run.at(0.99) for run in runs)
        rows.append((name, f"{rate:.3g}", f"{rate / base:.2f}", seconds(p99)))
    return table("One client, and 200 slow ones", ("", "a second", "against alone", "p99"), rows)


async def orbit(server: Gateway, frames: int) -> str:
    """Turn round someone over the WebSocket: as fast as it answers, and as a hand drags."""
    rows = []
    async with connect(f"{server.url.replace('http', 'ws', 1)}/v1/view", max_size=2**24, proxy=None) as socket:
        await socket.send(json.dumps({"type": "hello", "model": "tiny", "format": "webp"}))
        await socket.recv()

        async def ask(index: int) -> None:
            view = {"type": "view", "id": index, "person": {"seed": 7}, "moving": index < frames - 1}
            await socket.send(json.dumps({**view, "camera": {"yaw": math.tau * index / frames - math.pi}}))

        for name, paced in (("one after another", False), (f"{RATE:g} a second asked for", True)):
            got: list[float] = []

            async def read(got: list[float] = got, paced: bool = paced) -> None:
                last = -1
                while last < frames - 1:
                    answer = await socket.recv()
                    assert isinstance(answer, bytes), answer
                    length = int.from_bytes(answer[:4], "big")
                    last = json.loads(answer[4 : 4 + length])["id"]
                    got.append(time.perf_counter())
                    if not paced and last < frames - 1:
                        await ask(last + 1)

            began = time.perf_counter()
            reader = asyncio.create_task(read())
            if paced:
                for index in range(frames):
                    await asyncio.sleep(max(0.0, began + index / RATE - time.perf_counter()))
                    await ask(index)
            else:
                await ask(0)
            await reader
            wall = time.perf_counter() - began
            gaps = sorted(after - before for before, after in itertools.pairwise(got))
            p99 = gaps[math.ceil(0.99 * len(gaps)) - 1]
            rows.append((name, f"{len(got)}", f"{len(got) / wall:.3g}", f"{frames - len(got)}", seconds(p99)))
    head = ("views", "frames shown", "a second", "skipped for newer ones", "gap, p99")
    return table(f"{frames:,} views of an orbit over the WebSocket", head, rows)


async def memory(server: Gateway, duration: float) -> str:
    """Ask for all kinds of things for so long, and watch the memory of both processes."""
    end = time.monotonic() + duration
    samples: list[dict[str, float]] = []
    counts = {"pictures": 0, "kept pictures": 0, "avatars": 0, "checks": 0, "frames": 0}

    async def pictures(client: httpx2.AsyncClient) -> None:
        while time.monotonic() < end:
            await picture(client, next(server.seeds))
            counts["pictures"] += 1

    async def kept(client: httpx2.AsyncClient) -> None:
        while time.monotonic() < end:
            body = {"seeds": str(next(server.seeds)), "output": "raw"}
            url = (await client.post("/v1/generate", json=body)).json()["items"][0]["artifact"]["url"]
            (await client.get(url)).raise_for_status()
            counts["kept pictures"] += 1
            await asyncio.sleep(0.02)

    async def others(client: httpx2.AsyncClient) -> None:
        while time.monotonic() < end:
            body = {"model": "tiny", "person": {"seed": next(server.seeds)}}
            links = (await client.post("/v1/avatars", json=body)).json()["links"]
            (await client.get(links["picture"])).raise_for_status()
            (await client.delete(links["self"])).raise_for_status()
            (await client.post("/v1/recipes/check", json={"text": "extends: tiny\n"})).raise_for_status()
            for path in ("/v1/system", "/metrics", "/readyz"):
                (await client.get(path)).raise_for_status()
            counts["avatars"] += 1
            counts["checks"] += 1
            await asyncio.sleep(0.2)

    async def views() -> None:
        while time.monotonic() < end:
            async with connect(f"{server.url.replace('http', 'ws', 1)}/v1/view", proxy=None) as socket:
                await socket.send(json.dumps({"type": "hello", "model": "tiny"}))
                await socket.recv()
                for index in range(50):
                    view = {"type": "view", "id": index, "person": {"seed": next(server.seeds)}, "moving": True}
                    await socket.send(json.dumps(view))
                    await socket.recv()
                    counts["frames"] += 1
                    await asyncio.sleep(0.02)

    async def watch() -> None:
        while time.monotonic() < end:
            samples.append(await asyncio.to_thread(server.memory))
            await asyncio.sleep(min(1.0, duration / 50))

    async with server.client() as client, asyncio.TaskGroup() as group:
        for work in (pictures(client), kept(client), others(client), views(), watch()):
            group.create_task(work)
    tenth = max(1, len(samples) // 10)
    rows = []
    for name in ("server", "worker"):
        values = [sample[name] for sample in samples]
        places = (tenth, len(values) // 2, len(values) - tenth)
        parts = [statistics.median(values[place : place + tenth]) for place in places]
        rows.append(
            (name, *(f"{part:.0f} MB" for part in parts), f"{max(values):.0f} MB", f"{parts[2] / parts[0]:.3f}")
        )
    done = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    head = ("process", "second tenth", "middle", "last tenth", "most", "last against second")
    return table(f"Resident memory over {duration / 60:.3g} minutes: {done}", head, rows)


async def _all(quick: bool, minutes: float) -> list[str]:
    tables = []
    with gateway(*SMALL_CACHES) as server:
        tables.append(await at_once(server, 24 if quick else 200, 1 if quick else 5))
        tables.append(await full(server, 32 if quick else 128))
        tables.append(await slow(server, 16 if quick else 100, 1 if quick else 5))
        tables.append(await orbit(server, 60 if quick else 1000))
        tables.append(await memory(server, 60 * minutes))
    return tables


def main(quick: bool = False, minutes: float | None = None) -> list[str]:
    """Measure, and return tables."""
    return asyncio.run(_all(quick, minutes if minutes is not None else 0.1 if quick else MINUTES))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    parser.add_argument("--minutes", type=float, help=f"for how long memory is watched; {MINUTES:g} by default")
    given = parser.parse_args()
    print(*main(given.quick, given.minutes), sep="\n")
