"""Every dialog and every field of a day is made in one place; what is no day is refused in one sentence."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import api.console
from api.console import when
from api.console.when import Kind
from qa_pipeline.errors import InputError

SCREENS = {file.name: file.read_text() for file in Path(api.console.__file__).parent.glob("*.py")}


def test_no_screen_makes_a_dialog_or_a_field_of_a_day_of_its_own() -> None:
    assert {name for name, text in SCREENS.items() if "ui.dialog(" in text} == {"dialogs.py"}
    own = re.compile(r"type=.?(date|month|time)\b|ui\.(date|time)(_input)?\(")
    assert [name for name, text in SCREENS.items() if own.search(text)] == []


def test_no_name_is_written_into_a_string_of_props() -> None:
    """An office called 「一室" onclick="…」 would end the string and begin props of its own."""
    written = re.compile(r"""props\(\s*f?['"][^()]*aria-label="?\{""")
    assert [name for name, text in SCREENS.items() if written.search(text)] == []


@pytest.mark.parametrize(
    ("text", "kind", "usual"),
    [
        ("2026-11-08", Kind.DAY, "2026-11-08"),
        ("20261108", Kind.DAY, "2026-11-08"),
        ("2026-11", Kind.MONTH, "2026-11"),
        ("09:30", Kind.TIME, "09:30"),
    ],
)
def test_a_moment_is_read_in_its_usual_form(text: str, kind: Kind, usual: str) -> None:
    assert when.read(text, kind) == usual


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        ("明天", Kind.DAY, "日期“明天”不对：请写成 2026-11-08 这样的形式。"),
        ("2026-02-30", Kind.DAY, "日期“2026-02-30”不对：请写成 2026-11-08 这样的形式。"),
        ("2026-13", Kind.MONTH, "月份“2026-13”不对：请写成 2026-09 这样的形式。"),
        ("25:00", Kind.TIME, "时间“25:00”不对：请写成 09:30 这样的形式。"),
    ],
)
def test_what_is_no_moment_is_refused_in_one_sentence(text: str, kind: Kind, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        when.read(text, kind)


def test_an_address_without_a_day_means_the_other_one() -> None:
    assert when.day("", date(2026, 11, 8)) == date(2026, 11, 8)
