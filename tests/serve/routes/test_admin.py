"""Administration over HTTP."""

from __future__ import annotations

from tests.serve.conftest import Small, key, services


def test_settings_say_where_they_come_from_and_no_secret(small: Small) -> None:
    client = small()
    settings = {item["key"]: item for item in client.get("/v1/admin/config").json()["items"]}
    assert settings["limits.queue"]["live"]
    assert not settings["server.port"]["live"]
    assert settings["server.port"]["why"]
    assert settings["models.sources"]["value"] == {"tiny": "tiny"}


def test_a_change_holds_at_once_and_all_of_it_or_none(small: Small) -> None:
    client = small()
    answer = client.patch("/v1/admin/config", json={"values": {"limits.jobs_queued": 7, "jobs.concurrency": 2}})
    assert answer.status_code == 200
    assert answer.json()["values"]["limits.jobs_queued"] == {"before": 100, "after": 7}
    assert services(client).settings.limits.jobs_queued == 7
    answer = client.patch(
        "/v1/admin/config", json={"values": {"limits.queue": 8, "server.port": 99, "limits.rate": "often"}}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/values/server.port", "/values/limits.rate"}
    assert services(client).settings.limits.queue == 64


def test_keys_are_made_used_and_revoked_and_that_is_written_down(small: Small) -> None:
    client = small(security={"keys": "required"})
    admin = key(client, "admin")
    made = client.post("/v1/admin/keys", json={"name": "studio", "scopes": ["read"], "rate": "5/minute"}, headers=admin)
    assert made.status_code == 201
    secret = {"Authorization": f"Bearer {made.json()['secret']}"}
    assert client.get("/v1/jobs", headers=secret).status_code == 200
    assert client.get("/v1/admin/keys", headers=secret).status_code == 403
    listed = client.get("/v1/admin/keys", headers=admin).json()["items"]
    assert "studio" in [item["name"] for item in listed]
    assert made.json()["secret"] not in client.get("/v1/admin/keys", headers=admin).text
    revoked = client.delete(f"/v1/admin/keys/{made.json()['id']}", headers=admin)
    assert revoked.json()["revoked_at"] is not None
    assert client.get("/v1/jobs", headers=secret).status_code == 401
    assert client.delete("/v1/admin/keys/nobody", headers=admin).status_code == 404
    kinds = [row["kind"] for row in client.get("/v1/admin/audit?kind=key.*", headers=admin).json()["items"]]
    assert kinds == ["key.revoked", "key.created"]


def test_a_key_that_is_none_is_refused(small: Small) -> None:
    client = small()
    for body in (
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "", "scopes": ["read"]},
        {"name": "x", "scopes": ["read"], "rate": "often"},
    ):
        assert client.post("/v1/admin/keys", json=body).status_code == 422


def test_the_audit_comes_in_pages(small: Small) -> None:
    client = small()
    for number in range(5):
        services(client).storage.events.record("config", detail={"number": number})
    first = client.get("/v1/admin/audit?limit=2").json()
    second = client.get(f"/v1/admin/audit?limit=9&before={first['next']}").json()
    assert [row["detail"]["number"] for row in first["items"] + second["items"]] == [4, 3, 2, 1, 0]
    assert second["next"] is None


def test_others_than_admins_see_nothing_of_it(small: Small) -> None:
    client = small(security={"keys": "required"})
    maker = key(client, "generate")
    for path in ("config", "audit", "keys"):
        assert client.get(f"/v1/admin/{path}", headers=maker).status_code == 403
        assert client.get(f"/v1/admin/{path}").status_code == 401
    assert client.patch("/v1/admin/config", json={"values": {"limits.queue": 1}}, headers=maker).status_code == 403
