"""The help of every command: in Chinese, and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from rich.cells import cell_len
from typer.main import get_command
from typer.testing import CliRunner

from api.cli import app

ENGLISH = re.compile(r"usage|options|arguments?\b|commands?\b|required|default|show this|env var|range", re.I)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, one in getattr(command, "commands", {}).items():
        yield from commands(one, (*path, name))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_every_help_is_in_chinese_and_whole_in_any_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for path, command in commands(get_command(app)):
        asked = CliRunner().invoke(app, [*path, "--help"])
        assert asked.exit_code == 0
        assert asked.stdout.startswith(f"用法：huijian{''.join(f' {name}' for name in path)} [选项]")
        assert not ENGLISH.search(asked.stdout), asked.stdout
        told = [
            command.help,
            *(param.help for param in command.params if not getattr(param, "hidden", False)),
        ]
        assert [text for text in told if squeezed(text) not in squeezed(asked.stdout)] == []
        assert [line for line in asked.stdout.splitlines()[1:] if cell_len(line) > columns] == []


def test_a_help_tells_what_must_be_given_what_may_be_and_what_is_otherwise_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = CliRunner().invoke(app, ["serve", "--help"]).stdout
    assert "--port 整数             端口（1 到 65535；默认 8000）" in told
    assert "--worker / --no-worker  旁边是否带一个工作进程（默认 --worker）" in told
    told = CliRunner().invoke(app, ["rubric", "diff", "--help"]).stdout
    assert "old  现用的量规（必填）" in told
    assert "--on 路径  档案：存有质检结果 JSON 的文件夹或文件（必填）" in told


@pytest.mark.parametrize("typed", [[], ["rubric"]])
def test_a_group_of_commands_typed_alone_is_answered_by_its_help(typed: list[str]) -> None:
    asked = CliRunner().invoke(app, typed)
    assert (asked.exit_code, asked.stdout) == (2, CliRunner().invoke(app, [*typed, "--help"]).stdout)
