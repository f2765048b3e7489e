"""Headers of answers, and names of files in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aetherist.serve.security.headers import disposition, safe_name
from tests.serve.conftest import Small


def test_answers_make_browsers_careful(small: Small) -> None:
    for path in ("/v1/session", "/v1/nothing", "/healthz", "/openapi.json"):
        headers = small().get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_transport_is_to_be_secure_where_it_is(small: Small) -> None:
    assert "strict-transport-security" not in small().get("/v1/session").headers
    headers = (
        small(server={"public_url": "https://a.example"}).get("/v1/session", headers={"Host": "a.example"}).headers
    )
    assert headers["strict-transport-security"].startswith("max-age=")


def test_a_request_is_known_by_an_id(small: Small) -> None:
    client = small()
    assert client.get("/v1/session", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    problem = client.get("/v1/models/x", headers={"X-Request-ID": "mine-2"})
    assert problem.json()["request_id"] == problem.headers["x-request-id"] == "mine-2"
    for wrong in ("", "a b", "x" * 65, "a;b", "<script>"):
        made = client.get("/v1/session", headers={"X-Request-ID": wrong}).headers["x-request-id"]
        assert made != wrong
        assert len(made) == 32


@given(st.text())
def test_no_name_of_a_file_leaves_its_header(name: str) -> None:
    text = disposition(name)
    assert text.isascii()
    assert not set(text) & set("\r\n\0/\\")
    assert text.startswith('attachment; filename="')
    assert text.count('"') == 2


@given(st.text())
def test_no_name_of_a_file_is_a_path(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert not safe.startswith(".")
    assert not set(safe) & set("/\\\0\n")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("head.glb", 'attachment; filename="head.glb"'),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        (
            'a"; filename="b.exe',
            "attachment; filename=\"a__ filename__b.exe\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe",
        ),
        ("K\u00f6nig.png", "attachment; filename=\"Konig.png\"; filename*=UTF-8''K%C3%B6nig.png"),
        ("a\r\nSet-Cookie: x=1", "attachment; filename=\"aSet-Cookie_ x_1\"; filename*=UTF-8''aSet-Cookie%3A%20x%3D1"),
    ],
)
def test_names_keep_what_is_harmless(name: str, expected: str) -> None:
    assert disposition(name) == expected
