"""The page on data lists every kind of finding there is, with its severity."""

from __future__ import annotations

import re

from aetherist.data.check import Finding
from tests.docs.pages import ROOT, page


def test_every_kind_of_finding_is_listed() -> None:
    files = (ROOT / "aetherist" / "data" / name for name in ("check.py", "cameracheck.py"))
    texts = "".join(file.read_text(encoding="utf-8") for file in files)
    kinds = set(re.findall(r'(?:_add\(|yield )"([a-z-]+)"', texts))
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| .* \| (error|warning) \|$", page("data.md").text, re.MULTILINE))
    assert listed == {kind: Finding(kind, "", "").severity for kind in kinds}
