"""``huijian data``: a file is what its name says."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app


@pytest.mark.parametrize("command", ["template", "export"])
def test_a_workbook_is_never_written_under_the_name_of_another_format(tmp_path: Path, command: str) -> None:
    for name in ("模板.json", "huijian.db"):
        ended = CliRunner().invoke(app, ["data", command, str(tmp_path / name)])
        assert ended.exit_code == 2, ended.output
        assert ended.stderr.endswith(f"{name}：只能写成 .xlsx、.csv，请换一个扩展名。\n")
    assert list(tmp_path.iterdir()) == []
