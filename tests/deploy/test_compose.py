"""The compose file: every setting is one of the gateway's, and every service, file and port that is named is there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from aetherist.serve.config import ServerConfig, load
from aetherist.serve.config.environment import PREFIX
from tests.deploy.places import COMPOSE, DEPLOY, filled, variables

GIVEN = {
    "POSTGRES_PASSWORD": "p",
    "S3_PASSWORD": "s",
    "GRAFANA_PASSWORD": "g",
    "AETHERIST_PUBLIC_URL": "https://avatars.example.org",
}
TEXT = (COMPOSE / "compose.yaml").read_text(encoding="utf-8")
STACK: dict[str, Any] = filled(yaml.safe_load(TEXT), GIVEN)
SERVICES: dict[str, Any] = STACK["services"]


def gateway(*files: str) -> tuple[ServerConfig, dict[str, str]]:
    """Return the gateway's configuration as the container would have it."""
    environ: dict[str, str] = {}
    for file in ("compose.yaml", *files):
        stack = filled(yaml.safe_load((COMPOSE / file).read_text(encoding="utf-8")), GIVEN)
        environ |= stack["services"]["aetherist"]["environment"]
    return load(environ=environ)[0], environ


def test_the_gateway_is_one_of_production_that_asks_for_keys() -> None:
    config, environ = gateway()
    assert environ["AETHERIST_PROFILE"] == "production"
    assert config.keys_required
    assert config.server.public_url == GIVEN["AETHERIST_PUBLIC_URL"]
    assert int(config.storage.quota_bytes or 0) == 50 * 2**30
    assert gateway("cuda.yaml")[0].models.devices == ("cuda:0",)


def test_a_setting_that_the_gateway_has_not_is_refused() -> None:
    _, environ = gateway()
    with pytest.raises(ValueError, match="storage"):
        load(environ=environ | {f"{PREFIX}STORAGE__DATABSE": "x"})


def test_its_database_and_its_store_are_services_with_the_same_names_and_passwords() -> None:
    config, environ = gateway()
    database = urlsplit(config.database_url)
    postgres = SERVICES[database.hostname]["environment"]
    assert (database.username, database.password) == (postgres["POSTGRES_USER"], postgres["POSTGRES_PASSWORD"])
    assert database.path == f"/{postgres['POSTGRES_DB']}"
    store = urlsplit(environ["AWS_ENDPOINT_URL"])
    s3 = SERVICES[store.hostname]["environment"]
    assert environ["AWS_ACCESS_KEY_ID"] == s3["MINIO_ROOT_USER"]
    assert environ["AWS_SECRET_ACCESS_KEY"] == s3["MINIO_ROOT_PASSWORD"]
    bucket = urlsplit(config.artifacts_url).netloc
    made = SERVICES["bucket"]["command"][0]
    assert f"s3/{bucket}" in made
    assert environ["AWS_ENDPOINT_URL"] in made


def test_what_must_be_given_has_no_default_and_what_is_used_is_explained() -> None:
    known = {
        line.lstrip("#").partition("=")[0]
        for line in (COMPOSE / "env.example").read_text(encoding="utf-8").splitlines()
        if "=" in line and " " not in line.partition("=")[0]
    }
    used = variables(TEXT) | variables((COMPOSE / "cuda.yaml").read_text(encoding="utf-8"))
    assert {name for name, must in used.items() if must} == set(GIVEN)
    assert set(used) == known
    for name in GIVEN:
        with pytest.raises(KeyError, match=name):
            filled(TEXT, {other: value for other, value in GIVEN.items() if other != name})


def test_the_gateway_is_confined_and_has_the_time_to_drain() -> None:
    service = SERVICES["aetherist"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    config, _ = gateway()
    assert int(service["stop_grace_period"].removesuffix("s")) > config.server.drain_seconds
    assert f"gateway:{'/var/lib/aetherist'}" in service["volumes"]


def test_every_image_is_pinned_and_everything_that_is_named_is_there() -> None:
    for name, service in SERVICES.items():
        image, _, tag = service["image"].rpartition(":")
        assert image, name
        assert tag != "latest", name
        needed = service.get("depends_on", [])
        assert set(needed) <= set(SERVICES), name
        for other, how in needed.items() if isinstance(needed, dict) else ():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (COMPOSE / source).exists() or source in ("../prometheus", "../grafana"), source
            else:
                assert source in STACK["volumes"], source
    build = SERVICES["aetherist"]["build"]
    assert (COMPOSE / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_prometheus_asks_the_gateway_with_a_key_and_grafana_asks_prometheus() -> None:
    scraped = yaml.safe_load((COMPOSE / "prometheus.yml").read_text(encoding="utf-8"))
    job = scraped["scrape_configs"][0]
    host, _, port = job["static_configs"][0]["targets"][0].partition(":")
    assert host in SERVICES
    assert int(port) == gateway()[0].server.port
    assert job["authorization"]["credentials_file"] == "secrets/metrics.key"
    assert "./secrets:/etc/prometheus/secrets:ro" in SERVICES["prometheus"]["volumes"]
    assert (COMPOSE / "secrets" / ".gitignore").read_text(encoding="utf-8").startswith("*\n")
    source = yaml.safe_load((COMPOSE / "grafana" / "datasource.yaml").read_text(encoding="utf-8"))["datasources"][0]
    assert urlsplit(source["url"]).hostname in SERVICES
    shown = yaml.safe_load((COMPOSE / "grafana" / "dashboards.yaml").read_text(encoding="utf-8"))["providers"][0]
    assert f"../grafana:{shown['options']['path']}:ro" in SERVICES["grafana"]["volumes"]


def test_the_rules_and_dashboards_that_are_mounted_are_found() -> None:
    patterns = yaml.safe_load((COMPOSE / "prometheus.yml").read_text(encoding="utf-8"))["rule_files"]
    if not (DEPLOY / "prometheus").is_dir() or not (DEPLOY / "grafana").is_dir():
        pytest.skip("deploy/prometheus and deploy/grafana are not here")
    rules = {path for pattern in patterns for path in (DEPLOY / "prometheus").glob(pattern.removeprefix("rules/"))}
    assert rules
    for path in rules:
        assert "groups" in yaml.safe_load(path.read_text(encoding="utf-8"))
    assert list((DEPLOY / "grafana").rglob("*.json"))
