"""The systemd unit: read here, verified by systemd where it is, and a configuration that the gateway takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aetherist.serve.config import load
from tests.deploy.places import DEPLOY

UNIT = DEPLOY / "systemd" / "aetherist.service"
EXPOSED = 20
"""The greatest exposure by `systemd-analyze security`, in tenths: 100 is a service without any bounds."""


def values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def test_its_configuration_is_one_of_production_behind_a_proxy() -> None:
    environ = dict(pair.split("=", 1) for pair in values("Environment")[0].split())
    assert values("ExecStart") == ["/opt/aetherist/bin/aetherist serve --config /etc/aetherist/gateway.yaml"]
    config, sources = load(DEPLOY / "systemd" / "gateway.yaml", environ=environ)
    assert sources.profile == "production"
    assert config.keys_required
    assert str(config.server.data_folder) == environ["AETHERIST_HOME"] == f"/var/lib/{values('StateDirectory')[0]}"
    assert int(values("TimeoutStopSec")[0]) > config.server.drain_seconds


def test_passwords_come_from_a_file_of_their_own() -> None:
    assert values("EnvironmentFile") == ["-/etc/aetherist/environment"]
    text = UNIT.read_text(encoding="utf-8") + (DEPLOY / "systemd" / "gateway.yaml").read_text(encoding="utf-8")
    assert "://" not in text.replace("https://avatars.example.org", "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_takes_it_and_finds_it_confined(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8"), flags=re.M))
    drop_in = tmp_path / f"{UNIT.name}.d" / "gpu.conf"
    drop_in.parent.mkdir()
    for with_gpus in (False, True):
        if with_gpus:
            shutil.copy(DEPLOY / "systemd" / "gpu.conf", drop_in)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.strip()) == (0, "")
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSED}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
