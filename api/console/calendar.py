"""The holiday table: which years are known, and entering those that are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts
from api.console.calls import call
from api.console.dialogs import confirm
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.organisation.service import today
from models.calendar.repository import CalendarRepository
from models.calendar.tables import SpecialDay
from qa_pipeline.compliance.calendar import FIRST_YEAR, LAST_YEAR, BaseKind, ImportedDays, day_kind, is_known
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/calendar"
BEFORE: Final = 1
AFTER: Final = 2
"""Years around today's that are listed even if nobody entered them."""


@dataclass(frozen=True, slots=True)
class Year:
    """One year; days as lines of the form ``2028-10-01 国庆节``."""

    year: int
    known: bool
    source: str | None
    """None: not entered here."""
    days: Mapping[SpecialDay, tuple[str, ...]]
    """As entered here."""
    counts: Mapping[SpecialDay, int]
    """As they hold, entered or built in; of an unknown year 0."""


def register() -> None:
    """Add the screen."""
    screen(PATH, title="节假日", permission=Permission.MANAGE_CALENDAR)(calendar)


def read(session: Session, asker: Caller, years: Sequence[int]) -> tuple[Year, ...]:
    """The years that were entered, and the given ones."""
    repository = CalendarRepository(session, within=asker.within)
    imported = repository.imported()
    sources = {row.year: row.source for row in repository.years()}
    return tuple(
        Year(
            year=year,
            known=is_known(year, imported),
            source=sources.get(year),
            days={
                kind: tuple(
                    f"{each.day} {each.name}" for each in repository.days_of(year) if each.kind is kind
                )
                for kind in SpecialDay
            },
            counts=_counts(year, imported),
        )
        for year in sorted({*years, *sources})
    )


def _counts(year: int, imported: ImportedDays) -> dict[SpecialDay, int]:
    first = date(year, 1, 1)
    kinds = Counter(day_kind(first + timedelta(days=number), imported) for number in range(365))
    return {
        SpecialDay.HOLIDAY: kinds[BaseKind.STATUTORY_HOLIDAY],
        SpecialDay.LIEU_WORKDAY: kinds[BaseKind.LIEU_WORKDAY],
    }


def parsed(text: str) -> list[dict[str, str]]:
    """A day and its name from every line. Raises InputError naming the line that is wrong."""
    days = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        day, _, name = line.strip().partition(" ")
        try:
            date.fromisoformat(day)
        except ValueError as error:
            raise InputError(f"第 {number} 行“{line.strip()}”不对：请写成 2028-10-01 国庆节。") from error
        if not name.strip():
            raise InputError(f"第 {number} 行缺少名称：请写成 2028-10-01 国庆节。")
        days.append({"day": day, "name": name.strip()})
    return days


async def calendar(view: View, year: str = "") -> None:
    now = today().year
    if year and not (year.isdecimal() and FIRST_YEAR <= int(year) <= LAST_YEAR):
        raise InputError(f"年份“{year}”不对：请填写 {FIRST_YEAR}–{LAST_YEAR} 之间的年份。")
    chosen = int(year) if year else now + 1
    years = await view.ask(read, view.asker, [*range(now - BEFORE, now + AFTER + 1), chosen])
    with parts.section("各年节假日", "决定每场会议的窗口；未知的年份不判早晚"):
        listing.table(
            "各年节假日",
            [Column("年份"), Column("状态"), Column("节假日", figures=True), Column("调休", figures=True),
             Column("依据")],
            [_row(one) for one in years],
        )  # fmt: skip
        listing.filters(PATH, [Field("year", "录入或修改哪一年", str(chosen), "number")])
    _form(view, next(one for one in years if one.year == chosen))


def _row(one: Year) -> list[object]:
    if one.source is not None:
        state = listing.badge(Status.PASS, "已录入", "edit_calendar")
    elif one.known:
        state = listing.badge(Status.PASS, "内置")
    else:
        state = listing.badge(Status.WARN, "未知，请录入")
    return [
        listing.link(PATH, one.year, year=str(one.year)),
        state,
        *(str(one.counts[kind]) if one.known else "—" for kind in SpecialDay),
        one.source or Html(""),
    ]


def _form(view: View, one: Year) -> None:
    note = "保存后代替内置的该年节假日，每行一天：日期 空格 名称"
    with parts.section(f"{one.year} 年", note), ui.element("div").classes("stack"):
        source = ui.input("依据", value=one.source or "").props("outlined dense").classes("w-full")
        boxes: dict[str, Any] = {}
        with ui.element("div").classes("columns even"):
            for kind, field, title in (
                (SpecialDay.HOLIDAY, "holidays", "法定节假日"),
                (SpecialDay.LIEU_WORKDAY, "lieu_workdays", "调休工作日（周末上班）"),
            ):
                box = ui.textarea(title, value="\n".join(one.days[kind])).props("outlined autogrow")
                boxes[field] = box.classes("w-full")
        refused = ui.label().classes("negative").props("role=alert")

        async def save() -> None:
            try:
                days = {field: parsed(box.value) for field, box in boxes.items()}
            except InputError as error:
                refused.text = str(error)
                return
            answer = await call(view, "PUT", f"calendar/years/{one.year}", {"source": source.value, **days})
            refused.text = answer.refusal
            if answer.ok:
                ui.notify(f"{one.year} 年的节假日已保存。", type="positive")
                ui.navigate.to(f"{PATH}?year={one.year}")

        def forget() -> None:
            told = "改过的日期都换成内置的，不能找回。"
            confirm(
                f"恢复 {one.year} 年的内置节假日", told, "恢复",
                lambda: call(view, "DELETE", f"calendar/years/{one.year}"),
                lambda _: ui.navigate.to(f"{PATH}?year={one.year}"), destroys=True,
            )  # fmt: skip

        with ui.row():
            ui.button("保存", on_click=save)
            if one.source is not None:
                ui.button("恢复内置", on_click=forget).props("flat")
