"""Days, months and times of day: written as 2026-11-08, 2026-11 and 09:30, whatever the browser's language.

A field is typed into, or filled from the calendar that its button opens: the browser's own, so that a phone
shows what its owner is used to. assets/page.js opens it and puts what was typed into the usual form.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from nicegui import ui

from api.console import parts
from models.base import SHANGHAI
from qa_pipeline.errors import InputError


class Kind(StrEnum):
    """What is asked for; the value is the browser's word for it."""

    DAY = "date"
    MONTH = "month"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class _Shape:
    read: Callable[[str], str]
    """The usual form of a text; raises ValueError."""
    holder: str
    told: str
    opens: str
    icon: str
    refusal: str


_SHAPES: Final = {
    Kind.DAY: _Shape(
        lambda text: date.fromisoformat(text).isoformat(),
        "年-月-日",
        "请写成 2026-11-08 这样的形式。",
        "打开日历",
        "event",
        "日期“{text}”不对：请写成 2026-11-08 这样的形式。",
    ),
    Kind.MONTH: _Shape(
        lambda text: date.fromisoformat(f"{text}-01").isoformat()[:7],
        "年-月",
        "请写成 2026-09 这样的形式。",
        "打开月历",
        "calendar_month",
        "月份“{text}”不对：请写成 2026-09 这样的形式。",
    ),
    Kind.TIME: _Shape(
        lambda text: f"{time.fromisoformat(text):%H:%M}",
        "时:分",
        "请写成 09:30 这样的形式。",
        "打开时钟",
        "schedule",
        "时间“{text}”不对：请写成 09:30 这样的形式。",
    ),
}


def field(label: str, value: object = "", *, kind: Kind = Kind.DAY) -> ui.input:
    """Ask it for its value by ``given``."""
    shape = _SHAPES[kind]
    box = ui.input(label, value=str(value)).props(
        f"outlined dense stack-label data-when={kind} inputmode=numeric autocomplete=off maxlength=16 "
        f'placeholder="{shape.holder}" title="{shape.told}"'
    )
    parts.named(box, label)
    with box.add_slot("append"):
        ui.html(_opener(shape, kind), sanitize=False, tag="span")
    return box


def control(name: str, label: str, value: str, kind: Kind) -> str:
    """The same as HTML, for a form that the browser sends."""
    shape = _SHAPES[kind]
    return (
        f'<div class="when"><label><span>{html.escape(label)}</span>'
        f'<input name="{name}" value="{html.escape(value)}" data-when="{kind}" inputmode="numeric" '
        f'autocomplete="off" maxlength="16" placeholder="{shape.holder}" title="{shape.told}"></label>'
        f"{_opener(shape, kind)}</div>"
    )


def _opener(shape: _Shape, kind: Kind) -> str:
    return (
        f'<button type="button" class="pick" data-kind="{kind}" aria-label="{shape.opens}">'
        f'<i class="q-icon notranslate material-icons" aria-hidden="true">{shape.icon}</i></button>'
    )


def given(box: ui.input) -> str | None:
    """What was filled in, in the usual form; None for nothing. Raises InputError for what is no moment."""
    text = str(box.value or "").strip()
    return read(text, Kind(box.props["data-when"])) if text else None


def known(box: ui.input) -> str | None:
    """The same while it is being written: None for what is not whole yet."""
    try:
        return given(box)
    except InputError:
        return None


def day(text: str, otherwise: date) -> date:
    """A day of an address; ``otherwise`` for "". Raises InputError."""
    return date.fromisoformat(read(text, Kind.DAY)) if text else otherwise


def read(text: str, kind: Kind) -> str:
    """The usual form of a text. Raises InputError."""
    shape = _SHAPES[kind]
    try:
        return shape.read(text)
    except ValueError as error:
        raise InputError(shape.refusal.format(text=text)) from error


def required(box: ui.input) -> str:
    """Raises InputError where nothing was filled in as well."""
    found = given(box)
    if found is None:
        raise InputError("请填写日期。")
    return found


def moment(on: ui.input, at: ui.input) -> str | None:
    """A day and a time of day as one moment in the company's zone; None while either is missing.

    Raises InputError for what is no day or no time."""
    day_given, clock = given(on), given(at)
    if day_given is None or clock is None:
        return None
    return datetime.combine(date.fromisoformat(day_given), time.fromisoformat(clock), SHANGHAI).isoformat()
