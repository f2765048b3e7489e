"""Recipes from outside: they reach no file, no environment and no code, and none of them grows without bounds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serve.proofs.serving import Served, until

GROWING = {
    "aliases of aliases": "a0: &a0 [x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 8)}]\n" for i in range(1, 12)),
    "an alias of itself": "a: &a [*a]\n",
    "merges": "a0: &a0 {x: 1}\n"
    + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k: *a{i - 1}}}\n" for i in range(1, 30)),
    "deep lists": "a: " + "[" * 100_000,
    "deep maps": "a: " + "{a: " * 20_000 + "1" + "}" * 20_000,
    "texts that double": "extends: tiny\nsettings:\n  x0: aaaaaaaaaa\n"
    + "".join(f"  x{i}: '${{settings.x{i - 1}}}${{settings.x{i - 1}}}'\n" for i in range(1, 40)),
    "lists that double": "extends: tiny\nsettings:\n  x0: [1, 1]\n"
    + "".join(f"  x{i}: ['${{settings.x{i - 1}}}', '${{settings.x{i - 1}}}']\n" for i in range(1, 40)),
    "a circle": "extends: tiny\nsettings: {a: '${settings.b}', b: '${settings.a}'}\n",
    "a power in a shape": "name: x\ncomponents: {u: {type: image.to_unit}}\ngraphs:\n  g:\n"
    "    inputs: {image: 'Image[B 3 9**9**9 2]'}\n    steps: {s: {call: u, with: {image: image}}}\n"
    "    outputs: {image: s}\n",
}
REACHING = {
    "the environment": "extends: tiny\nsettings: {x: '${oc.env:PATH}'}\n",
    "the environment by another name": "extends: tiny\nsettings: {x: '${env:PATH}', y: '${oc.env:HOME,none}'}\n",
    "a decoder": "extends: tiny\nsettings: {x: '${oc.decode:\"[1]\"}'}\n",
    "a file": "extends: /etc/passwd\n",
    "a file that is near": "extends: ../recipes/tiny.yaml\n",
    "a file by its address": "extends: file:///etc/passwd\n",
    "another server": "extends: http://127.0.0.1:1/recipe.yaml\n",
    "several files": "extends: [tiny, /etc/passwd]\n",
    "a function": "components: {x: {type: os.system}}\n",
    "a module": "components: {x: {type: 'aetherist.storage:Storage'}}\n",
    "an object": "!!python/object/apply:os.system ['true']\n",
    "a name": "a: !!python/name:os.system\n",
}


def checked(served: Served, text: str, **more: Any) -> dict[str, Any]:
    answer = served.client.post("/v1/recipes/check", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("what", GROWING)
def test_a_recipe_that_grows_is_refused_soon(served: Served, what: str) -> None:
    before = served.worker()["pid"]
    found = checked(served, GROWING[what])
    assert not found["ok"]
    assert found["diagnostics"]
    assert len(str(found)) < 200_000
    assert served.worker()["pid"] == before


@pytest.mark.parametrize("what", REACHING)
def test_a_recipe_reaches_nothing(served: Served, what: str) -> None:
    found = checked(served, REACHING[what])
    assert not found["ok"]
    told = str(found)
    assert "root:" not in told
    assert "/bin" not in told
    assert str(served.folder) not in told


@pytest.mark.parametrize(
    "override",
    ["settings.x=${oc.env:PATH}", "extends=/etc/passwd", "components.mapping.type=os.system", "=", "a" * 400],
)
def test_an_override_reaches_no_further(served: Served, override: str) -> None:
    answer = served.client.post("/v1/recipes/check", json={"text": "extends: tiny\n", "overrides": [override]})
    assert answer.status_code in (200, 422)
    assert answer.status_code == 422 or not answer.json()["ok"]
    assert "root:" not in answer.text
    assert "/bin" not in answer.text


def test_a_recipe_that_costs_too_much_is_told_so_and_not_run(served: Served) -> None:
    huge = "extends: tiny\nsettings: {channel_base: 4000000}\ncomponents: {planes: {channel_max: 16384}}\n"
    found = checked(served, huge, level="dry")
    assert not found["ok"]
    assert any(each["code"] == "too_costly" for each in found["diagnostics"])
    before = served.worker()["pid"]
    job = served.client.post("/v1/jobs", json={"kind": "run", "text": huge, "graph": "generate"}).json()
    until(lambda: served.client.get(job["links"]["self"]).json()["status"] not in ("queued", "running"))
    ended = served.client.get(job["links"]["self"]).json()
    assert (ended["status"], ended["problem"]["code"]) == ("failed", "too_costly")
    assert served.worker()["pid"] == before
