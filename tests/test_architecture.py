"""The house keeps its plan: import directions, quick help, no unsafe loading, no second top level."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("qa_pipeline", "models", "api")
SHIPPED = [p for package in PACKAGES for p in (ROOT / package).rglob("*.py")]


def test_the_top_level_is_exactly_the_planned_one() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    visible = {line.split("/")[0] for line in tracked if not line.startswith(".")}
    assert visible == {
        "qa_pipeline",
        "models",
        "rubrics",
        "audio_samples",
        "api",
        "docs",
        "tests",
        "Makefile",
        "pyproject.toml",
        "README.md",
        "README.zh-CN.md",
        "LICENSE",
        "CHANGELOG.md",
        "requirements.lock",
    }


def test_a_stage_never_imports_a_later_one_and_packages_only_look_down() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    code = (
        "import sys, qa_pipeline.cli; "
        "heavy = {'numpy', 'faster_whisper', 'jieba', 'sklearn', 'av', 'pydantic', 'chinese_calendar'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_answers_and_lists_the_commands() -> None:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "qa_pipeline.cli", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert time.perf_counter() - began < 120  # hangs are caught here; speed itself is measured by the bench
    for command in ("inspect", "batch", "transcribe", "rubric", "asr", "calendar"):
        assert command in done.stdout


def test_the_installed_command_adds_those_of_the_model() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from api.cli import app; app(['--help'])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for command in ("inspect", "database", "data", "demo-org"):
        assert command in done.stdout


def test_shipped_code_loads_no_pickles_and_asserts_nothing() -> None:
    unsafe = re.compile(r"\bpickle\.|joblib\.load|yaml\.load\(|allow_pickle=True|^\s*assert ", re.MULTILINE)
    guilty = [p for p in SHIPPED if unsafe.search(p.read_text("utf-8"))]
    assert guilty == []


def test_no_file_names_a_registry_host() -> None:
    hosts = re.compile(r"(pypi|pythonhosted|npmjs)\.(org|com)|--index-url")
    texts = [ROOT / "requirements.lock", ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci" / "run"]
    assert [p.name for p in texts if hosts.search(p.read_text("utf-8"))] == []
