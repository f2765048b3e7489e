"""The image, as far as it can be read without Docker: what it copies is there, what it runs is what the gateway has."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aetherist.cli.main import COMMANDS
from aetherist.serve.config import load
from aetherist.serve.routes import all_routers
from tests.deploy.dockerfile import read
from tests.deploy.places import DEPLOY, ROOT

BEFORE, STAGES = read(DEPLOY / "Dockerfile")
BUILD, GATEWAY = STAGES
IGNORED = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()


def environment() -> dict[str, str]:
    pairs = [word.partition("=") for each in GATEWAY.all("ENV") for word in each.words]
    return {name: value for name, _, value in pairs}


def test_it_is_built_in_two_stages_of_which_the_last_has_no_tools_of_the_first() -> None:
    assert [stage.name for stage in STAGES] == ["build", "gateway"]
    assert BUILD.base == GATEWAY.base == "python:${PYTHON}-slim-bookworm"
    supported = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    assert f"Programming Language :: Python :: {BEFORE['PYTHON']}" in supported
    assert [each.text for each in GATEWAY.all("COPY")] == ["--from=build /opt/aetherist /opt/aetherist"]


def test_every_argument_that_is_used_is_declared_in_its_stage() -> None:
    for stage in STAGES:
        declared = {each.text.partition("=")[0] for each in stage.all("ARG")} | set(environment())
        used = {name for each in stage.instructions for name in re.findall(r"\$\{?([A-Z_]+)", each.text)}
        assert used <= declared | {"PATH"}, stage.name


def test_what_is_copied_is_there_and_not_ignored() -> None:
    allowed = [line[1:] for line in IGNORED if line.startswith("!")]
    assert IGNORED[0] == "*"
    sources = [source for each in BUILD.all("COPY") for source in each.words[:-1]]
    assert {"aetherist", "recipes", "constraints.txt"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source


def test_the_extras_are_those_of_the_package() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    given = next(each.text for each in BUILD.all("ARG") if each.text.startswith("EXTRAS=")).partition("=")[2]
    assert {"serve", "postgres"} <= set(given.split(",")) <= set(extras)


def test_nothing_runs_as_root() -> None:
    names = [each.name for each in GATEWAY.instructions]
    assert GATEWAY.all("USER")[-1].text == "10001:10001"
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :])


def test_its_environment_is_a_production_gateway_that_asks_for_keys() -> None:
    config, sources = load(environ=environment())
    assert sources.profile == "production"
    assert config.keys_required
    assert not config.is_private
    assert str(config.server.data_folder) == "/var/lib/aetherist" == GATEWAY.all("VOLUME")[0].text
    assert str(config.server.port) == GATEWAY.all("EXPOSE")[0].text


def test_it_starts_a_command_and_stops_by_the_signal_that_drains() -> None:
    entry, command = (json.loads(GATEWAY.all(name)[0].text) for name in ("ENTRYPOINT", "CMD"))
    assert entry == ["aetherist"]
    assert command[0] in {name for name, *_ in COMMANDS}
    assert GATEWAY.all("STOPSIGNAL")[0].text == "SIGTERM"


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_its_health_is_what_the_gateway_says(status: int, code: int) -> None:
    text = GATEWAY.all("HEALTHCHECK")[0].text
    words = json.loads(text[text.index("[") :])
    assert "/healthz" in {route.path for router in all_routers() for route in router.routes}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        script = words[2].replace(":8000/", f":{server.server_port}/")
        done = subprocess.run([sys.executable, words[1], script], capture_output=True, check=False, timeout=30)
        thread.join()
    assert done.returncode == code


def test_an_image_for_the_cpu_is_not_built_of_wheels_for_cuda() -> None:
    space: dict[str, object] = {"__name__": "torch_kind"}
    exec(compile((DEPLOY / "torch_kind.py").read_text(encoding="utf-8"), "torch_kind.py", "exec"), space)
    fault = space["fault"]
    assert callable(fault)
    assert fault("cpu", None) is None
    assert fault("cuda", "13.0") is None
    assert "give an index of CPU wheels" in fault("cpu", "13.0")
    assert "for the CPU" in fault("cuda", None)
    assert "write cpu or cuda" in fault("gpu", None)
