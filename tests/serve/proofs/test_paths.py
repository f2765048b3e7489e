"""No path of a request leads to a file, wherever in it the path is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.serve.proofs.raw import request, said
from tests.serve.proofs.serving import Served

OUTSIDE = [
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%252e%252e%252fetc%252fpasswd",
    "....//....//etc/passwd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "%2fetc%2fpasswd",
    "file:%2f%2f%2fetc%2fpasswd",
    "%c0%ae%c0%ae%2fetc%2fpasswd",
    "etc%00.png",
    "..%00%2faetherist.db",
    "~root",
    "CON",
]
ALSO = ["/assets/{name}", "/{name}", "/graph/{name}", "/v1/{name}", "/v1/artifacts/{name}?name={name}"]


def addresses(served: Served) -> list[str]:
    return [*served.client.get("/openapi.json").json()["paths"], *ALSO]


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_part_of_an_address_leads_to_a_file(served: Served, path: str) -> None:
    asked = 0
    for template in addresses(served):
        if template.endswith("/events") or "{" not in template:
            continue
        for part in re.findall(r"\{(\w+)\}", template):
            target = re.sub(r"\{(\w+)\}", lambda found, part=part: path if found[1] == part else "0", template)
            answer = said(served, request("GET", target))
            asked += 1
            assert 400 <= answer.status < 500, (target, answer.text)
            assert answer.headers["content-type"] == "application/problem+json", target
            assert "root:" not in answer.text
            assert str(Path.cwd()) not in answer.text
    assert asked > 20


@pytest.mark.parametrize(
    "name", ["../../evil.sh", "..\\evil.sh", "/etc/passwd", "a/../b", ".bashrc", "%00", "\u202egnp.exe"]
)
def test_a_name_to_save_under_is_a_name(served: Served, name: str) -> None:
    made = served.client.post("/v1/generate", json={"seeds": "1", "output": "raw"}).json()["items"][0]["artifact"]
    answer = served.client.get(f"/v1/artifacts/{made['digest']}", params={"name": name})
    disposition = answer.headers["content-disposition"]
    assert answer.status_code == 200
    assert not re.search(r"[/\\]|filename=\"\.|%2f|%5c|%e2%80%ae|%00", disposition, re.IGNORECASE), disposition


def test_names_of_files_inside_what_is_made_are_ours(served: Served) -> None:
    body = {"model": "tiny", "person": {"seed": 1}, "name": "../../\u00e9vil"}
    made = served.client.post("/v1/avatars", json=body).json()
    disposition = served.client.get(f"/v1/avatars/{made['id']}/file").headers["content-disposition"]
    assert disposition == "attachment; filename=\"evil.avatar\"; filename*=UTF-8''%C3%A9vil.avatar"
