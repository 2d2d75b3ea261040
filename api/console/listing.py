"""Lists as the screens draw them: tables that turn into cards on a phone, filters, months, slot states.

They are plain HTML: hundreds of rows cost the browser no element of the framework, and every filter is a
form whose address can be kept.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal
from urllib.parse import urlencode

from nicegui import ui

from api.console import MOUNT, when, where
from api.console.parts import ICONS, OF_VERDICT, UNKNOWN, named
from models.calendar.weeks import month_start, months_later
from models.meetings.compliance import SLOT_STATES, SlotState
from qa_pipeline.errors import InputError
from qa_pipeline.names import STATUSES, VERDICTS
from qa_pipeline.values.vocabulary import Status, Verdict

OF_SLOT: Final = {
    SlotState.HELD: (Status.PASS, "check_circle"),
    SlotState.LATE: (Status.WARN, "schedule"),
    SlotState.EARLY: (Status.WARN, "update"),
    SlotState.LOW: (Status.FAIL, "trending_down"),
    SlotState.MISSING: (Status.FAIL, "event_busy"),
    SlotState.PENDING: (Status.UNKNOWN, "hourglass_empty"),
    SlotState.UNKNOWN: (Status.UNKNOWN, "help_outline"),
}
FIRST_MONTH: Final = date(2000, 1, 1)
LAST_MONTH: Final = date(2099, 12, 1)


class Html(str):
    """Text that is HTML already; any other text of a cell is escaped."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; figures stand on the right.

    In a dense table the title stands, on a phone, before figures and before what is ``labelled`` because it
    says too little alone.
    """

    title: str
    figures: bool = False
    labelled: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One filter: a choice where ``options`` (value -> word) are given, a day or month where a kind is.

    Of institutions the kind is what is offered, and ``options`` (else 全部) stand before them.
    """

    name: str
    label: str
    value: str = ""
    kind: when.Kind | where.Offered | Literal["text", "number"] = "text"
    options: Mapping[str, str] | None = None
    refusal: str = ""
    """Of what was typed for an institution."""


def escaped(text: object) -> Html:
    return text if isinstance(text, Html) else Html(html.escape(str(text)))


def link(path: str, words: object, *, place: str = "", **query: str) -> Html:
    """A link to a screen of the console, or to a place in it (`parts.section`)."""
    return Html(f'<a href="{html.escape(address(path, place=place, **query))}">{escaped(words)}</a>')


def address(path: str, *, place: str = "", **query: str) -> str:
    given = {name: value for name, value in query.items() if value}
    return f"{MOUNT}{path}" + (f"?{urlencode(given)}" if given else "") + (f"#{place}" if place else "")


def badge(value: Status, word: str | None = None, icon: str | None = None) -> Html:
    """Icon, word and colour together."""
    name = icon or ICONS[value]
    return Html(
        f'<span class="status {value}"><i class="q-icon notranslate material-icons" aria-hidden="true">{name}'
        f"</i><span>{escaped(word or STATUSES[value])}</span></span>"
    )


def slot_badge(state: SlotState) -> Html:
    status, icon = OF_SLOT[state]
    return badge(status, SLOT_STATES[state], icon)


def verdict_badge(value: Verdict | None) -> Html:
    if value is None:
        return badge(Status.UNKNOWN, "未质检")
    return badge(OF_VERDICT[value], VERDICTS[value])


def action(name: str, code: str, words: str, *, subject: str) -> Html:
    """A button of a row; the table's ``on_action`` hears the name and the code."""
    told = html.escape(f"{words} {subject}")
    return Html(
        f'<button type="button" class="act" data-action="{html.escape(name)}" '
        f'data-code="{html.escape(code)}" aria-label="{told}">{escaped(words)}</button>'
    )


def two_lines(text: object, below: object) -> Html:
    """A cell of what matters, and below it what tells it apart or explains it."""
    return Html(f"<span>{escaped(text)}<small>{escaped(below)}</small></span>")


def whole(text: object) -> Html:
    """A day, a moment, an address: never broken, though it has hyphens and dots."""
    return Html(f'<span class="whole">{escaped(text)}</span>')


def joined(pieces: Iterable[Html], between: str = " ") -> Html:
    return Html(between.join(pieces))


def percent(value: Decimal | float | None) -> str:
    """With one decimal, so that columns stand in line; rounded down: only all is 100 %."""
    return UNKNOWN if value is None else f"{math.floor(float(value) * 1000 + 1e-6) / 10:.1f}%"


def table(
    label: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    on_action: Callable[[str, str], Any] | None = None,
    dense: bool = False,
) -> None:
    """A table; on a phone every row is a card. None reads unknown.

    The cells of a card bear the column's title; ``dense`` ones follow each other without it, for long lists
    of cells that speak for themselves, but for figures and what is labelled.
    """
    shape = "list dense" if dense else "list"
    drawn = _table(label, columns, rows, shape)
    element = ui.html(drawn, sanitize=False).classes("w-full")
    if "<a " not in drawn and "<button" not in drawn:
        # A table wider than its place scrolls; nothing in it takes the keys, so the region itself must.
        named(element.props("tabindex=0 role=group"), label)
    if on_action is not None:
        element.on(
            "click",
            lambda event: on_action(event.args["action"], event.args["code"]),
            js_handler="(event) => { const pressed = event.target.closest('button[data-action]');"
            " if (pressed) emit({action: pressed.dataset.action, code: pressed.dataset.code}); }",
        )


def folded(
    label: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    *,
    shown: int,
    on_action: Callable[[str, str], Any] | None = None,
) -> None:
    """A dense table of the first rows; the others, if any, open below it."""
    table(label, columns, rows[:shown], on_action=on_action, dense=True)
    if rows[shown:]:
        with ui.element("details"):
            with ui.element("summary"):
                ui.label(f"其余 {len(rows) - shown} 项")
            table(label, columns, rows[shown:], on_action=on_action, dense=True)


def _table(label: str, columns: Sequence[Column], rows: Iterable[Sequence[object]], shape: str) -> Html:
    heads = "".join(f'<th scope="col"{_kind(column)}>{escaped(column.title)}</th>' for column in columns)
    body = "".join(f"<tr>{_cells(columns, row)}</tr>" for row in rows)
    return Html(
        f'<table class="{shape}" aria-label="{html.escape(label)}"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _cells(columns: Sequence[Column], row: Sequence[object]) -> str:
    cells = []
    for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
        content = escaped(UNKNOWN if cell is None else cell)
        tag, scope = ("th", ' scope="row"') if place == 0 else ("td", "")
        title = html.escape(column.title)
        cells.append(f'<{tag}{scope}{_kind(column)} data-label="{title}">{content}</{tag}>')
    return "".join(cells)


def _kind(column: Column) -> str:
    if column.figures:
        return ' class="figure-cell"'
    return ' class="labelled"' if column.labelled else ""


def filters(path: str, fields: Sequence[Field], *, place: str = "", **kept: str) -> None:
    """A form that asks the same screen again; ``kept`` stays in the address.

    ``place``: the part of the screen that it is about, where that is not its top.
    """
    inputs = "".join(map(_input, fields))
    if not inputs:
        return  # whoever sees one institution only has nothing to choose
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in kept.items()
        if value
    )
    ui.html(
        f'<form class="filters no-print" method="get" action="{address(path, place=place)}" role="search">'
        f"{hidden}{inputs}"
        '<button type="submit" class="act">查看</button></form>',
        sanitize=False,
    ).classes("w-full")


def _input(field: Field) -> str:
    if isinstance(field.kind, when.Kind):
        return when.control(field.name, field.label, field.value, field.kind)
    if isinstance(field.kind, where.Offered):
        others = {"": "全部"} if field.options is None else field.options
        return where.control(field.name, field.label, field.value, field.kind, others, field.refusal)
    if field.options is None:
        value = html.escape(field.value)
        control = f'<input type="{field.kind}" name="{field.name}" value="{value}" maxlength="128">'
    else:
        control = where.choices(field.name, field.value, field.options)
    return f"<label><span>{escaped(field.label)}</span>{control}</label>"


def month_of(text: str, *, today: date) -> date:
    """The first day of ``2026-09``; today's month for "". Raises InputError."""
    if not text:
        return month_start(today)
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        month = date.min
    if not FIRST_MONTH <= month <= LAST_MONTH:
        raise InputError(f"月份“{text}”不对：请写成 2026-09 这样的形式。")
    return month


def months(path: str, month: date, **kept: str) -> None:
    """The month before, the month itself to choose, the month after."""
    with ui.element("div").classes("months no-print"):
        for offset, words in ((-1, "‹ 上月"), (1, "下月 ›")):
            other = months_later(month, offset)
            if FIRST_MONTH <= other <= LAST_MONTH:
                ui.html(link(path, words, month=f"{other:%Y-%m}", **kept), sanitize=False)
        filters(path, [Field("month", "月份", f"{month:%Y-%m}", when.Kind.MONTH)], **kept)


def further(path: str, cursor: str | None, *, place: str = "", **query: str) -> None:
    """A link to the next page, if there is one; ``place`` as for `filters`."""
    if cursor is not None:
        onward = link(path, "下一页 ›", place=place, cursor=cursor, **query)
        ui.html(onward, sanitize=False).classes("no-print")
