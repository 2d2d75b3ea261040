"""The console speaks English to whoever chose it: navigation, headings, columns, buttons, fields."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import expect

import api.console
from api.accounts.tables import Role
from tests.api.console.conftest import PageAs, assert_sound, opened

ROOT = Path(api.console.__file__).parent
PLACES = {
    "section": 0, "Column": 0, "button": 0, "checkbox": 0, "input": 0, "number": 0, "textarea": 0, "tile": 0,
    "Destination": 1, "Field": 1, "badge": 1, "action": 2, "dialog": 0, "choice": 0,
    "day": 0, "line": 0, "deed": 1, "label": "select", "title": "screen",
}  # fmt: skip
"""Function -> which of its arguments people read; or keyword -> of which function."""


def said() -> Iterator[tuple[str, str]]:
    """Every literal that a screen shows as heading, column, field or button: file and words."""
    for file in sorted(ROOT.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rsplit(".", 1)[-1]
                place = PLACES.get(name)
                shown = node.args[place : place + 1] if isinstance(place, int) else []
                shown += [word.value for word in node.keywords if PLACES.get(word.arg or "") == name]
                for one in shown:
                    if (
                        isinstance(one, ast.Constant)
                        and isinstance(one.value, str)
                        and not one.value.isascii()
                    ):
                        yield file.name, one.value


def test_all_that_frames_a_screen_has_its_english() -> None:
    known = json.loads((ROOT / "assets" / "english.json").read_text())
    missing = [(file, words) for file, words in said() if words not in known]
    assert missing == []
    assert [words for words, english in known.items() if not english.strip()] == []


def test_what_stands_for_figures_and_words_is_in_the_english_as_well() -> None:
    known = json.loads((ROOT / "assets" / "english.json").read_text())
    places = re.compile(r"\{n?\}")
    unequal = [
        words
        for words, english in known.items()
        if sorted(places.findall(words)) != sorted(places.findall(english))
    ]
    assert unequal == []


def test_the_language_is_chosen_once_and_kept(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/compliance?month=2026-09")
    page.get_by_role("button", name="账号 head 的姓名").click()
    page.get_by_text("English", exact=True).click()
    navigation = page.get_by_role("navigation", name="Main navigation")
    expect(navigation.get_by_role("link", name="Compliance")).to_be_visible()
    expect(page.get_by_role("heading", name="Coverage by slot")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert_sound(page)
    opened(page, "/")
    expect(page.get_by_text("Hello, head 的姓名")).to_be_visible()
    opened(page, "/toolbox")
    expect(page.get_by_role("heading", name="Compute again")).to_be_visible()
    page.get_by_role("button", name="Account head 的姓名").click()
    page.get_by_text("中文", exact=True).click()
    expect(page.get_by_role("heading", name="重新计算")).to_be_visible()
