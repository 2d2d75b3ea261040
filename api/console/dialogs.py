"""Dialogs that ask for something and do it; what the API refuses is said where it was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from inspect import isawaitable
from typing import Any, Final

from nicegui import ui

from api.console.calls import Answer
from qa_pipeline.errors import InputError

DENSE: Final = "outlined dense"


@contextmanager
def dialog(title: str, *, wide: bool = False) -> Iterator[ui.dialog]:
    """A dialog with its title, open from the start."""
    shape = "form wide-form" if wide else "form"
    with ui.dialog().props(f'aria-label="{title}"') as opened, ui.card().classes(shape):
        ui.label(title).classes("heading").props("role=heading aria-level=2")
        yield opened
    opened.open()


def deed(
    opened: ui.dialog,
    words: str,
    do: Callable[[], Awaitable[Answer]],
    then: Callable[[Any], Any],
    *,
    props: str = "",
) -> Callable[[], Awaitable[None]]:
    """Cancel, and the deed, which is returned; where somebody else was quicker, a button reads anew.

    ``do`` may raise InputError; ``then`` hears what the API answered.
    """
    refused = ui.label().classes("negative").props("role=alert")

    async def act() -> None:
        try:
            answer = await do()
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

    with ui.row().classes("w-full justify-end"):
        again = ui.button("重新读取", on_click=ui.navigate.reload).props("flat")
        again.set_visibility(False)
        ui.button("取消", on_click=opened.close).props("flat")
        ui.button(words, on_click=act).props(props)
    return act


def line(label: str, value: str = "", *, first: bool = False, props: str = "") -> Any:
    """A line of text; ``first``: the one that has the focus when the dialog opens."""
    box = ui.input(label, value=value).props(f"{DENSE} maxlength=128 {props}")
    return box.props("autofocus" if first else "").classes("w-full")


def day(label: str, value: object = "") -> Any:
    return ui.input(label, value=str(value)).props(f"{DENSE} type=date stack-label").classes("w-full")


def choice(label: str, options: dict[Any, str], value: Any, **more: Any) -> Any:
    return ui.select(options, value=value, label=label, **more).props(DENSE).classes("w-full")


def text_of(box: Any) -> str | None:
    """What was written; None for nothing."""
    return str(box.value or "").strip() or None


def day_of(box: Any) -> str:
    """Raises InputError where no day was chosen."""
    if not box.value:
        raise InputError("请填写日期。")
    return str(box.value)


def anew(_: Any) -> None:
    """Read the screen again, once something was done."""
    ui.navigate.reload()
