"""A gateway's configuration: layers, where values come from, what is refused and how, and what is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from aetherist.serve.config import ConfigRefused, ServerConfig, Sources, entries, load, printed
from aetherist.serve.config.fields import without_secrets
from aetherist.serve.config.layers import overrides


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AETHERIST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def read(
    tmp_path: Path, text: str | None = None, environ: dict[str, str] | None = None, **more: Any
) -> tuple[ServerConfig, Sources]:
    file = None
    if text is not None:
        file = tmp_path / "gateway.yaml"
        file.write_text(text, encoding="utf-8")
    return load(file, environ=environ or {}, **more)


def refused(tmp_path: Path, text: str | None = None, **more: Any) -> list[str]:
    with pytest.raises(ConfigRefused) as caught:
        read(tmp_path, text, **more)
    return [str(problem) for problem in caught.value.problems]


def test_the_defaults_serve_the_portrait_to_this_machine_alone(home: Path) -> None:
    config = ServerConfig()
    assert (config.server.host, config.server.port) == ("127.0.0.1", 8000)
    assert config.models.sources == {"portrait": "portrait"}
    assert config.models.default == "portrait"
    assert not config.keys_required
    assert config.database_url == f"sqlite:///{home / 'aetherist.db'}"
    assert config.artifacts_url == str(home / "artifacts")
    assert config.limits.body_bytes == 8 * 2**20
    assert config.limits.recipe_parameters == 200_000_000


def test_later_layers_go_before_earlier_ones_and_each_value_tells_its_own(tmp_path: Path) -> None:
    text = "server:\n  port: 9000\nlimits:\n  queue: 10\n  per_client: 3\n  rate: 5/second\n"
    config, sources = read(
        tmp_path,
        text,
        environ={"AETHERIST_LIMITS__QUEUE": "20", "AETHERIST_LIMITS__PER_CLIENT": "4"},
        flags={"limits.queue": (30, "--queue")},
        profile="production",
    )
    file = tmp_path / "gateway.yaml"
    told = {
        "limits.queue": (30, "flag --queue"),
        "limits.per_client": (4, "environment AETHERIST_LIMITS__PER_CLIENT"),
        "limits.rate": ("5/second", f"{file}:6"),
        "server.port": (9000, f"{file}:2"),
        "security.keys": ("required", "profile production"),
        "limits.jobs_queued": (100, "default"),
    }
    for key, (value, source) in told.items():
        section, name = key.split(".")
        assert getattr(getattr(config, section), name) == value
        assert sources.origin(key) == source
    assert sources.given("server.port")
    assert not sources.given("server.host")


def test_the_environment_takes_lists_maps_sizes_and_null_as_yaml_does(tmp_path: Path) -> None:
    config, sources = read(
        tmp_path,
        "telemetry: {traces: 'http://collector:4318/v1/traces'}",
        environ={
            "AETHERIST_MODELS__SOURCES": "{face: tiny, other: ./models/other}",
            "AETHERIST_MODELS__DEVICE": "cuda:0,cuda:1",
            "AETHERIST_SECURITY__CORS_ORIGINS": '["https://a.example", "https://b.example"]',
            "AETHERIST_LIMITS__BODY_BYTES": "2MiB",
            "AETHERIST_LIMITS__RECIPE_FLOPS": "1.5G",
            "AETHERIST_TELEMETRY__TRACES": "null",
        },
    )
    assert config.models.sources == {"face": "tiny", "other": "./models/other"}
    assert config.models.default == "face"
    assert config.models.devices == ("cuda:0", "cuda:1")
    assert config.security.cors_origins == ["https://a.example", "https://b.example"]
    assert config.limits.body_bytes == 2 * 2**20
    assert config.limits.recipe_flops == 1_500_000_000
    assert config.telemetry.traces is None
    assert sources.origin("models.sources") == "environment AETHERIST_MODELS__SOURCES"


def test_models_of_layers_come_together_and_null_takes_one_away(tmp_path: Path) -> None:
    text = "models:\n  sources:\n    tiny: tiny\n    other: ./other\n"
    config, sources = read(
        tmp_path,
        text,
        environ={"AETHERIST_MODELS__SOURCES__FACE": "portrait"},
        flags={"models.sources.other": (None, "-o")},
    )
    assert config.models.sources == {"tiny": "tiny", "face": "portrait"}
    told = sources.origin("models.sources")
    assert f"{tmp_path / 'gateway.yaml'}:3" in told
    assert "environment AETHERIST_MODELS__SOURCES__FACE" in told


def test_the_environment_may_name_the_file_and_the_profile_and_the_file_the_profile(tmp_path: Path) -> None:
    file = tmp_path / "named.yaml"
    file.write_text("profile: development\nlimits: {queue: 5}\n", encoding="utf-8")
    config, sources = load(environ={"AETHERIST_CONFIG": str(file)})
    assert (config.limits.queue, config.telemetry.level, sources.profile) == (5, "debug", "development")
    config, _ = load(environ={"AETHERIST_CONFIG": str(file), "AETHERIST_PROFILE": "production"})
    assert config.security.keys == "required"


def test_everything_that_is_wrong_is_said_at_once_with_file_line_key_and_near_names(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    found = refused(tmp_path, "sever:\n  port: 1\nlimits:\n  queu: 3\n  per_client: many\nserver:\n  port: 99999999\n")
    assert f"{file}:1: sever: there is no such section; did you mean server?" in found
    assert f"{file}:4: limits.queu: there is no such setting; did you mean queue?" in found
    assert any(
        text.startswith(f"{file}:5: limits.per_client: 'many': input should be a valid integer") for text in found
    )
    assert any(text.startswith(f"{file}:7: server.port: 99999999: input should be less than") for text in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limits: [1]", "limits: this is a section; its settings are body_bytes"),
        ("- a", "settings are written as sections"),
        ("limits: {queue: 1", "this is no valid YAML"),
        ("limits: {queue: 1, queue: 2}", "queue"),
        ("limits: {queue: true}", "this is a number"),
        ("limits: {rate: fast}", "'fast' is no rate; write 600/minute"),
        ("models: {default: nobody}", "models.default: 'nobody' is none of the models in sources: portrait"),
        ("models: {sources: {}}", "models.sources"),
        ("models: {sources: {a/b: tiny}}", "models.sources.a/b"),
        ("telemetry: {traces: collector}", "write https://host"),
        ("profile: prod", "there is no profile 'prod'; known: development, production"),
        ("profile: [a]", "name one profile"),
        ("server: {host: 0.0.0.0}\nsecurity: {keys: off}", "security.keys: 'off' is taken only where no other machine"),
        ("server: {public_url: 'https://a.example'}\nsecurity: {keys: off}", "at https://a.example"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_where(tmp_path: Path, text: str, words: str) -> None:
    found = refused(tmp_path, text)
    assert any(words in problem for problem in found), found


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AETHERIST_LIMIT__QUEUE", "limit: there is no such section; did you mean limits?"),
        ("AETHERIST_LIMITS__QUEU", "limits.queu: there is no such setting; did you mean queue?"),
        ("AETHERIST_LIMITS_QUEUE", "limits.queue: two underscores divide: AETHERIST_LIMITS__QUEUE"),
    ],
)
def test_a_variable_that_looks_like_a_setting_and_is_none_is_refused(tmp_path: Path, name: str, words: str) -> None:
    assert refused(tmp_path, environ={name: "3"}) == [f"environment {name}: {words}"]


def test_other_variables_of_the_prefix_mean_something_else(tmp_path: Path) -> None:
    read(tmp_path, environ={"AETHERIST_DEBUG": "1", "AETHERIST_HOME": str(tmp_path), "AETHERIST_OWN": "x"})


def test_aetherist_home_is_named_as_the_source_of_the_data_folder(tmp_path: Path) -> None:
    config, sources = read(tmp_path, environ={"AETHERIST_HOME": str(tmp_path / "there")})
    assert config.server.data_folder == tmp_path / "there"
    assert sources.origin("server.data_folder") == "environment AETHERIST_HOME"


@pytest.mark.parametrize(
    ("host", "public", "private"),
    [
        ("127.0.0.1", None, True),
        ("127.8.8.8", None, True),
        ("::1", None, True),
        ("localhost", "http://localhost:80", True),
        ("0.0.0.0", None, False),
        ("gateway.example", None, False),
        ("127.0.0.1", "https://gateway.example", False),
    ],
)
def test_keys_are_required_as_soon_as_another_machine_can_reach_the_gateway(
    host: str, public: str | None, private: bool
) -> None:
    config = ServerConfig.model_validate({"server": {"host": host, "public_url": public}})
    assert config.is_private is private
    assert config.keys_required is not private


def test_overrides_read_key_and_value(tmp_path: Path) -> None:
    config, sources = read(
        tmp_path, flags=overrides(["limits.queue=7", "models.sources.a=tiny", "cache.planes_bytes=1KiB"])
    )
    assert (config.limits.queue, config.models.sources, config.cache.planes_bytes) == (7, {"a": "tiny"}, 1024)
    assert sources.origin("limits.queue") == "flag -o limits.queue"
    with pytest.raises(ConfigRefused, match=r"write a setting and its value: -o limits\.queue=32"):
        overrides(["limits.queue"])


def test_what_is_printed_is_a_file_that_gives_the_same_configuration(tmp_path: Path) -> None:
    config, sources = read(tmp_path, "limits: {rate: 5/second}", profile="production")
    text = printed(config, sources)
    assert any(line.endswith("# profile production") and "keys: required" in line for line in text.splitlines())
    assert any(
        line.endswith(f"# {tmp_path / 'gateway.yaml'}:1") and "rate: 5/second" in line for line in text.splitlines()
    )
    assert read(tmp_path, text)[0] == config
    keys = {f"{section}.{name}" for section, settings in yaml.safe_load(text).items() for name in settings}
    assert keys == {entry.key for entry in entries(config, sources)}


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    text = "storage:\n  database: postgresql://me:hunter2@db/aetherist\n  artifacts: s3://bucket/a?secret_access_key=hunter2\n"
    config, sources = read(tmp_path, text)
    assert config.storage.database == "postgresql://me:hunter2@db/aetherist"
    shown = printed(config, sources) + repr(config) + str(config) + repr([*entries(config, sources)])
    assert "hunter2" not in shown
    assert "postgresql://me:***@db/aetherist" in shown
    wrong = refused(tmp_path, "telemetry: {traces: 'ftp://me:hunter2@there'}")
    assert "hunter2" not in str(wrong)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p%40@h:5432/d", "postgresql://u:***@h:5432/d"),
        ("sqlite:///a/b.db", "sqlite:///a/b.db"),
        ("s3://b?access_key_id=A&endpoint=http://x&secret=B", "s3://b?access_key_id=***&endpoint=http://x&secret=***"),
        ("http://host/path", "http://host/path"),
        (7, 7),
    ],
)
def test_a_url_is_shown_without_its_secrets(text: object, shown: object) -> None:
    assert without_secrets(text) == shown


def test_every_setting_says_what_it_is_and_either_changes_live_or_says_why_not() -> None:
    found = list(entries(ServerConfig(), Sources()))
    assert len(found) > 40
    for entry in found:
        assert entry.description, entry.key
        assert entry.live is not bool(entry.why), entry.key
    live = {entry.key.partition(".")[0] for entry in found if entry.live}
    assert {"limits", "batching", "cache"} <= live
    assert all(entry.live for entry in found if entry.key.startswith(("limits.", "batching.", "cache.")))
