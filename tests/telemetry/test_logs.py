"""Logs: one JSON object a line or a line for people, with the ids of the request, and never a secret."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from aetherist.telemetry import bound, configure_logs, get_logger, set_level
from aetherist.telemetry.logs import _Handler

SECRET = "ak_k1_" + "s" * 43


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler, _Handler)]
    yield
    root.handlers[:], root.level = before


def rows(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_message_is_one_line_of_json_with_what_is_bound_around_it() -> None:
    stream = io.StringIO()
    configure_logs("json", stream=stream)
    with bound(request_id="r1", key_id="k1"):
        get_logger("serve").info("made\na picture", pictures=2)
    get_logger("serve").info("outside")
    first, second = rows(stream)
    assert first | {"timestamp": ""} == {
        "event": "made\na picture",
        "pictures": 2,
        "request_id": "r1",
        "key_id": "k1",
        "level": "info",
        "logger": "aetherist.serve",
        "timestamp": "",
    }
    assert first["timestamp"].endswith("Z")
    assert "request_id" not in second


def test_tasks_do_not_see_what_others_bind() -> None:
    stream = io.StringIO()
    configure_logs("json", stream=stream)

    async def work(name: str) -> None:
        with bound(job_id=name):
            await asyncio.sleep(0)
            get_logger().info("working", name=name)

    async def both() -> None:
        await asyncio.gather(work("a"), work("b"))

    asyncio.run(both())
    assert [row["job_id"] == row["name"] for row in rows(stream)] == [True, True]


def test_messages_of_other_packages_come_the_same_way_from_warning_on() -> None:
    stream = io.StringIO()
    configure_logs("json", stream=stream)
    with bound(request_id="r2"):
        logging.getLogger("uvicorn.error").warning("slow %s", "client")
    logging.getLogger("sqlalchemy").info("SELECT 1")
    assert [(row["event"], row["logger"], row["request_id"]) for row in rows(stream)] == [
        ("slow client", "uvicorn.error", "r2")
    ]


def test_the_level_changes_while_running() -> None:
    stream = io.StringIO()
    configure_logs("json", "warning", stream=stream)
    log = get_logger("serve")
    log.info("quiet")
    set_level("debug")
    log.debug("heard")
    set_level("error")
    log.warning("quiet again")
    assert [row["event"] for row in rows(stream)] == ["heard"]


def test_configuring_again_does_not_double_messages() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logs("json", stream=first)
    configure_logs("json", stream=second)
    get_logger().info("once")
    assert first.getvalue() == ""
    assert len(rows(second)) == 1


@pytest.mark.parametrize("format", ["json", "console"])
def test_no_secret_is_written(format: Any) -> None:
    stream = io.StringIO()
    configure_logs(format, stream=stream)
    log = get_logger("serve")
    log.info(
        f"a key {SECRET} came",
        authorization=f"Bearer {SECRET}",
        headers={"x": [f"Bearer {SECRET}"]},
        url="postgresql://me:hunter2@db/a",
        path="/v1/artifacts/ab?expires=1&signature=hunter2",
        password="hunter2",
    )
    logging.getLogger("uvicorn.error").warning("bad key %s", SECRET)
    held = f"hunter2 {SECRET}"
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("failed")
    text = stream.getvalue()
    assert "hunter2" not in text, held
    assert "s" * 20 not in text
    assert "ak_k1_***" in text
    assert "postgresql://me:***@db/a" in text


def test_an_error_comes_with_its_traceback() -> None:
    stream = io.StringIO()
    configure_logs("json", stream=stream)
    try:
        raise ValueError("broken")
    except ValueError:
        get_logger().exception("failed")
    (row,) = rows(stream)
    assert row["exception"][0]["exc_value"] == "broken"
    assert "locals" not in row["exception"][0]["frames"][0] or row["exception"][0]["frames"][0]["locals"] is None


def test_auto_is_json_where_nobody_looks() -> None:
    stream = io.StringIO()
    configure_logs("auto", stream=stream)
    get_logger().info("hello")
    assert rows(stream)[0]["event"] == "hello"
    people = io.StringIO()
    configure_logs("console", stream=people)
    get_logger().info("hello", pictures=2)
    assert "hello" in people.getvalue()
    assert "pictures=2" in people.getvalue()


def test_a_program_with_logs_of_its_own_gets_texts(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "aetherist"), bound(request_id="r3"):
        get_logger("serve").info(f"key {SECRET} came", pictures=2)
    (record,) = caplog.records
    assert record.getMessage().startswith("key ak_k1_*** came ")
    assert "pictures=2" in record.getMessage()
    assert "request_id='r3'" in record.getMessage()


def test_nothing_is_printed_where_nothing_is_configured(capsys: pytest.CaptureFixture[str]) -> None:
    get_logger("serve").info("quiet")
    assert capsys.readouterr() == ("", "")
