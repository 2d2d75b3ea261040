"""Dialogs that ask for something and do it; what the API refuses is said where it was asked.

Every dialog of the console is made here: its buttons stand in one order, the way out first and the deed last,
Esc closes it, the first field has the focus (the way out where there is none, so that Enter does nothing that
was not meant), and it returns to where it was.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from inspect import isawaitable
from typing import Any, Final

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from api.console import parts, when, where
from api.console.calls import Answer
from qa_pipeline.errors import InputError

DENSE: Final = "outlined dense"
Do = Callable[[], Awaitable[Answer]]


@contextmanager
def dialog(title: str, *, wide: bool = False) -> Iterator[ui.dialog]:
    """A dialog with its title, open from the start."""
    shape = "form wide-form" if wide else "form"
    with parts.named(ui.dialog(), title) as opened, ui.card().classes(shape):
        ui.label(title).classes("heading").props("role=heading aria-level=2")
        yield opened
    opened.open()


def deed(
    opened: ui.dialog, words: str, do: Do, then: Callable[[Any], Any], *, destroys: bool = False
) -> Callable[[], Awaitable[None]]:
    """Cancel, and the deed, which is returned; where somebody else was quicker, a button reads anew.

    ``do`` may raise InputError; ``then`` hears what the API answered. ``destroys``: it takes something away.
    """
    refused = ui.label().classes("negative").props("role=alert")

    async def act() -> None:
        try:
            answer = await do()
        except where.NoSuchInstitution:
            refused.text = ""  # said at its field
            return
        except InputError as error:
            refused.text = str(error)
            return
        refused.text = answer.refusal
        again.set_visibility(not answer.ok and (answer.body or {}).get("code") == "stale")
        if answer.ok:
            opened.close()
            done = then(answer.body)
            if isawaitable(done):
                await done

    with buttons():
        again = ui.button("重新读取", on_click=ui.navigate.reload).props("flat")
        again.set_visibility(False)
        cancel = ui.button("取消", on_click=opened.close).props("flat")
        ui.button(words, on_click=act).props("color=negative" if destroys else "")
    fields: list[ui.element] = [one for one in opened.descendants() if isinstance(one, ValueElement)]
    if not any("autofocus" in one.props for one in fields):
        (fields or [cancel])[0].props("autofocus")
    return act


def confirm(
    title: str, told: str, words: str, do: Do, then: Callable[[Any], Any], *, destroys: bool = False
) -> None:
    """Asks whether it is meant; ``told``: what will be."""
    with dialog(title) as opened:
        ui.label(told)
        deed(opened, words, do, then, destroys=destroys)


def told_once(title: str, note: str, secret: str) -> None:
    """A secret that is shown this once; the page is read anew when the dialog closes."""
    with dialog(title) as opened:
        opened.props("persistent")
        ui.label(secret).classes("secret")
        ui.label(note).classes("soft")
        with buttons():
            copy = ui.button("复制", icon="content_copy", on_click=lambda: ui.clipboard.write(secret))
            copy.props("flat autofocus")
            ui.button("我已记下", on_click=ui.navigate.reload)


def buttons() -> ui.row:
    """Where the buttons of a dialog stand: at its end."""
    return ui.row().classes("w-full justify-end")


def line(label: str, value: str = "", *, first: bool = False, props: str = "") -> Any:
    """A line of text; ``first``: the one that has the focus when the dialog opens."""
    box = ui.input(label, value=value).props(f"{DENSE} maxlength=128 {props}")
    return box.props("autofocus" if first else "").classes("w-full")


def day(label: str, value: object = "") -> ui.input:
    return when.field(label, value).classes("w-full")


def choice(label: str, options: dict[Any, str], value: Any, **more: Any) -> Any:
    return ui.select(options, value=value, label=label, **more).props(DENSE).classes("w-full")


def home(label: str, offered: where.Offered, value: str = "", *, optional: bool = False) -> Any:
    """An institution; ask it for its value by ``where.given``."""
    return where.field(label, offered, value, optional=optional).classes("w-full")


def text_of(box: Any) -> str | None:
    """What was written; None for nothing."""
    return str(box.value or "").strip() or None


def texts_of(box: Any) -> list[str]:
    """Several, with commas or spaces between them."""
    return re.split(r"[\s、，,;；]+", text) if (text := text_of(box)) else []


def words(label: str, value: str = "") -> Any:
    """Text of some lines."""
    return ui.textarea(label, value=value).props("outlined autogrow maxlength=2000").classes("w-full")


def anew(_: Any) -> None:
    """Read the screen again, once something was done."""
    ui.navigate.reload()
