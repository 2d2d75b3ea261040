"""The files that say how the service is run: they parse, name what exists, and hold no secret."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from api.cli import app
from api.settings import PREFIX, Settings
from tests.sound import ROOT

DEPLOY = ROOT / "api" / "deploy"
UNITS = ("huijian.service", "huijian-worker@.service")
NOT_SETTINGS = {"HUIJIAN_MODELS"}
"""Read by the speech models' store."""


def compose() -> dict[str, Any]:
    return dict(YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text()))


def require_command(words: list[str]) -> None:
    """The words are a command of this program with options that it has."""
    assert words[0].rpartition("/")[2] == "huijian"
    command, context = typer.main.get_command(app), None
    names = iter(words[1:])
    while hasattr(command, "commands"):
        name = next(names)
        command = command.commands[name]
    context = command.make_context(words[-1], list(names))
    assert context is not None


def unit(name: str) -> dict[str, list[str]]:
    """Every directive with its values (they may stand more than once)."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_composition_is_a_database_the_api_and_two_workers_on_one_volume() -> None:
    services = compose()["services"]
    assert set(services) == {"database", "upgrade", "serve", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    for name in ("upgrade", "serve", "worker"):
        assert services[name]["volumes"] == ["recordings:/data"]
        assert services[name]["environment"]["HUIJIAN_DATABASE_URL"].startswith("postgresql://")
        require_command(services[name].get("command") or docker_command())
    assert set(compose()["volumes"]) == {"database", "recordings"}
    waits = {name: set(service.get("depends_on", ())) for name, service in services.items()}
    assert waits == {"database": set(), "upgrade": {"database"}, "serve": {"upgrade"}, "worker": {"serve"}}
    assert services["serve"]["ports"] == ["${HUIJIAN_LISTEN:-127.0.0.1:8000}:8000"]


def docker_command() -> list[str]:
    (found,) = re.findall(r"^CMD \[(.*)\]$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return shlex.split(found.replace(",", " "))


def test_the_image_holds_every_package_and_ends_in_a_command_that_exists() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    for folder in ("qa_pipeline", "models", "api", "rubrics"):
        assert re.search(rf"^COPY {folder} {folder}$", text, re.MULTILINE)
    for file in re.findall(r"^COPY (?!--)(.*) \./$", text, re.MULTILINE)[0].split():
        assert (ROOT / file).is_file()
    assert "--require-hashes" in text
    assert re.search(r"^USER huijian$", text, re.MULTILINE)
    require_command(docker_command())


@pytest.mark.parametrize("file", ["compose.yaml", "Dockerfile", *UNITS])
def test_no_secret_is_written_down_and_every_setting_exists(file: str) -> None:
    text = (DEPLOY / file).read_text()
    said = re.findall(
        r"^\s*-?\s*(\w*(?:PASSWORD|SECRET|TOKEN|ACCESS_KEY)\w*)\s*[:=]\s*(.*)$", text, re.MULTILINE
    )
    assert all(value.startswith("${") for _, value in said), said
    known = {PREFIX + name.upper() for name in Settings.model_fields} | NOT_SETTINGS | {"HUIJIAN_LISTEN"}
    assert set(re.findall(r"HUIJIAN_[A-Z_]+[A-Z]", text)) <= known


@pytest.mark.parametrize("name", UNITS)
def test_the_units_start_what_exists_and_do_not_run_as_root(name: str, tmp_path: Path) -> None:
    found = unit(name)
    for line in found["ExecStart"] + found.get("ExecStartPre", []):
        require_command(shlex.split(line))
    assert found["User"] == ["huijian"]
    assert found["Restart"] == ["always"]
    if shutil.which("systemd-analyze") is None:
        return
    for other in UNITS:  # the program need not be installed here
        text = (DEPLOY / other).read_text().replace("/opt/huijian/bin/huijian", shutil.which("true") or "")
        (tmp_path / other).write_text(text)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)], capture_output=True, text=True
    )
    assert (checked.returncode, name in checked.stderr) == (0, False), checked.stderr
