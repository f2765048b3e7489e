"""Names of artifacts that hold for a while without a key: an ``<img>`` and a download cannot send one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import urlencode


class Signer:
    """Signs addresses of artifacts.

    Args:
        secret: 32 bytes that only the servers of one database know.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def url(self, digest: str, name: str | None, seconds: float) -> str:
        """Return the address of an artifact that holds for so many seconds, to be saved under a name."""
        expires = int(time.time() + seconds)
        query = {"expires": expires, "signature": self._signature(digest, name or "", expires)}
        return f"/v1/artifacts/{digest}?{urlencode(({'name': name} if name else {}) | query)}"

    def holds(self, digest: str, name: str | None, expires: int, signature: str) -> bool:
        """Return whether a signature is ours, for exactly this, and not too old."""
        expected = self._signature(digest, name or "", expires)
        return hmac.compare_digest(expected.encode(), signature.encode()) and expires >= time.time()

    def _signature(self, digest: str, name: str, expires: int) -> str:
        text = f"artifact\n{digest}\n{expires}\n{name}".encode("utf-8", "surrogatepass")
        code = hmac.new(self._secret, text, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(code).rstrip(b"=").decode()
