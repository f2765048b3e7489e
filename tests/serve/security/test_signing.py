"""Names of artifacts that hold for a while without a key."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from aetherist.serve.security.signing import Signer

DIGEST = "a" * 64


def parts(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_signed_name_holds_for_its_artifact_and_its_name() -> None:
    signer = Signer(b"0" * 32)
    query = parts(signer.url(DIGEST, "head.glb", 60))
    expires, signature = int(query["expires"]), query["signature"]
    assert signer.holds(DIGEST, "head.glb", expires, signature)
    assert not signer.holds("b" * 64, "head.glb", expires, signature)
    assert not signer.holds(DIGEST, "evil.html", expires, signature)
    assert not signer.holds(DIGEST, None, expires, signature)
    assert not signer.holds(DIGEST, "head.glb", expires + 1, signature)
    assert not signer.holds(DIGEST, "head.glb", expires, "")
    assert not Signer(b"1" * 32).holds(DIGEST, "head.glb", expires, signature)


def test_a_signed_name_expires() -> None:
    signer = Signer(b"0" * 32)
    query = parts(signer.url(DIGEST, None, -1))
    assert not signer.holds(DIGEST, None, int(query["expires"]), query["signature"])


@pytest.mark.parametrize("name", ["a&signature=x", "a b", "\u00e4", "a\nb", "%2e%2e"])
def test_any_name_can_be_signed(name: str) -> None:
    signer = Signer(b"0" * 32)
    url = signer.url(DIGEST, name, 60)
    assert url.startswith(f"/v1/artifacts/{DIGEST}?")
    query = parts(url)
    assert query["name"] == name
    assert signer.holds(DIGEST, name, int(query["expires"]), query["signature"])
