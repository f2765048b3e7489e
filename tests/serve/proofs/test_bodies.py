"""Bodies that are too large, that lie about their length, or that grow when they are read."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import zipfile
from typing import Any

import psutil
import pytest

from tests.serve.proofs.problems import is_problem
from tests.serve.proofs.raw import request, said
from tests.serve.proofs.serving import Served

JSON = "Content-Type: application/json"
FILE = "Content-Type: application/octet-stream"
MOST = 8 * 2**20
ENDLESS = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"


class _Evil:
    def __reduce__(self) -> Any:
        return print, ("this must never be printed",)


@pytest.fixture(autouse=True)
def same_processes(served: Served) -> Any:
    """Nothing of this kills the worker, takes much memory, or is left at work."""
    before = served.worker()
    yield
    after = served.worker()
    assert (after["pid"], after["restarts"]) == (before["pid"], before["restarts"])
    assert psutil.Process(served.process.pid).memory_info().rss < 1.5 * 2**30
    assert served.healthy()


@pytest.mark.parametrize("path", ["/v1/generate", "/v1/recipes/check", "/v1/jobs", "/v1/avatars/file"])
def test_a_body_without_end_is_cut_off(served: Served, path: str) -> None:
    type_ = FILE if path.endswith("file") else JSON
    head = request("POST", path, [type_, "Transfer-Encoding: chunked"])
    answer = said(served, head, *[ENDLESS] * (2 * MOST // 0x10000))
    assert answer.status == 413, answer.text
    assert json.loads(answer.body)["code"] == "too_large"


def test_a_length_that_is_too_large_is_refused_unread(served: Served) -> None:
    answer = said(served, request("POST", "/v1/generate", [JSON, f"Content-Length: {MOST + 1}"]))
    assert answer.status == 413


@pytest.mark.parametrize(
    "framing",
    [
        ["Content-Length: 2", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 2"],
        ["Content-Length: 2", "Content-Length: 40"],
        ["Content-Length: -1"],
        ["Content-Length: 0x10"],
        ["Content-Length: 2,40"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding : chunked"],
    ],
)
def test_a_length_that_can_be_read_in_two_ways_is_none(served: Served, framing: list[str]) -> None:
    hidden = b"0\r\n\r\nGET /v1/admin/keys HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = said(served, request("POST", "/v1/generate", [JSON, *framing], hidden))
    assert answer.status == 400
    assert answer.headers["connection"] == "close"


def test_what_is_compressed_is_not_unpacked(served: Served) -> None:
    bomb = gzip.compress(b'{"seeds": "1"' + b" " * 50_000_000 + b"}", 9)
    answer = said(served, request("POST", "/v1/generate", [JSON, "Content-Encoding: gzip"], bomb))
    assert answer.status in (400, 415)


def _zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("avatar.json", bytes(100_000_000))
    return packed.getvalue()


def _tensors(header: Any, length: int | None = None, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


FILES = {
    "a zip bomb": _zip_bomb(),
    "a pickle": pickle.dumps(_Evil()),
    "a header without end": _tensors({}, 2**60),
    "a tensor that is not there": _tensors({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}),
    "a tensor of a negative size": _tensors(
        {"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, data=b"0000"
    ),
    "another tensor": _tensors({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, data=b"0000"),
    "deep text": struct.pack("<Q", 200_000) + b'{"a":' * 40_000,
    "nothing": b"",
}


@pytest.mark.parametrize("what", FILES)
def test_what_is_no_file_of_an_avatar_is_refused(served: Served, what: str) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    answer = served.client.post("/v1/avatars/file?model=tiny", content=FILES[what], headers=headers)
    assert answer.status_code == 415 if what == "nothing" and answer.status_code == 415 else 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


DEEP = {
    "lists": "[" * 100_000,
    "lists that end": "[" * 100_000 + "]" * 100_000,
    "objects": '{"people":' * 50_000,
    "mixes": '{"people":[' + '{"mix":[{"seed":1},' * 20_000 + '{"seed":1}' + "]}" * 20_000 + "]}",
    "a number of many digits": '{"people":[{"seed":' + "9" * 1_000_000 + "}]}",
    "a number that is infinite": '{"seeds":"1","psi":1e999}',
    "no number": '{"seeds":"1","psi":NaN}',
    "two of one key": '{"seeds":"1","seeds":{"a":1}}',
    "many keys": "{" + ",".join(f'"k{i}":1' for i in range(50_000)) + "}",
    "half a letter": '{"seeds":"\\ud800"}',
}


@pytest.mark.parametrize("what", DEEP)
def test_json_that_goes_deep_or_wide_is_refused(served: Served, what: str) -> None:
    answer = served.client.post("/v1/generate", content=DEEP[what], headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    is_problem(answer, answer.json()["code"])
    assert len(answer.content) < 1_000_000


def test_many_faults_are_told_in_few_words(served: Served) -> None:
    people = [{"seed": -1, "psi": "x", "cutoff": 0.5, "no": 1}] * 4096
    answer = served.client.post("/v1/generate", json={"people": people})
    is_problem(answer, "invalid_request")
    assert len(answer.content) < 1_000_000
