"""``huijian calendar 2026-11``: the month's slots, legal windows, themes and what must be covered."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import typer

from qa_pipeline.compliance.calendar import (
    BASE_KINDS,
    Slot,
    parse_month,
    slots,
)
from qa_pipeline.names import KINDS, THEMES
from qa_pipeline.values.vocabulary import MeetingKind

WEEKDAYS = "一二三四五六日"


def calendar(
    month: Annotated[str, typer.Argument(help="月份，例如 2026-11。", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出。")] = False,
) -> None:
    """查看某月四场会议的召开窗口、主题和必讲内容。"""
    year, number = parse_month(month)
    found = slots(year, number)
    if as_json:
        typer.echo(json.dumps([_as_json(slot) for slot in found], ensure_ascii=False, indent=2))
    else:
        _print(year, number, found)


def _as_json(slot: Slot) -> dict[str, Any]:
    return {
        "id": slot.id,
        "kind": slot.kind,
        "theme": slot.theme,
        "base": slot.base.isoformat(),
        "base_kind": slot.base_kind,
        "earliest": slot.earliest.isoformat() if slot.earliest else None,
        "latest": slot.latest.isoformat() if slot.latest else None,
        "covers": [day.isoformat() for day in slot.covers],
        "collision": slot.collision,
        "must_cover": [{"rule": r.rule, "text": r.text} for r in slot.requirements],
    }


def _print(year: int, month: int, found: tuple[Slot, ...]) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(title=f"{year} 年 {month} 月 二会日历")
    table.add_column("场次", no_wrap=True)
    for heading in ("会议", "主题", "基准日", "召开窗口"):
        table.add_column(heading)
    for slot in found:
        table.add_row(slot.id, KINDS[slot.kind], THEMES[slot.theme], _base(slot), _window(slot))
    console.print(table)
    for slot in found:
        console.print(f"\n[bold]{slot.id} {THEMES[slot.theme]}[/bold]（检视 {_days(*slot.covers)}）")
        if slot.collision:
            console.print(Padding(f"! {slot.collision}", (0, 0, 0, 2)))
        for requirement in slot.requirements:
            console.print(Padding(f"{requirement.rule} {requirement.text}", (0, 0, 0, 2)))
    if any(slot.window is None for slot in found):
        console.print(
            f"\n注意：{year} 年 {month} 月前后的法定节假日安排尚未收录，召开窗口未知，不作推算；"
            "国务院公布后请运行 pip install -U chinesecalendar 更新节假日数据，再查一次。",
            soft_wrap=True,
        )


def _base(slot: Slot) -> str:
    if slot.kind == MeetingKind.MONTHLY_PLANNING:
        return "27日至月末"
    return f"{slot.base:%m-%d} 周{WEEKDAYS[slot.base.weekday()]}\n{BASE_KINDS[slot.base_kind]}"


def _window(slot: Slot) -> str:
    if slot.earliest is None or slot.latest is None:
        return "未知\n（节假日未收录）"
    days = [slot.earliest] if slot.earliest == slot.latest else [slot.earliest, slot.latest]
    return "\n至 ".join(f"{day:%m-%d} 周{WEEKDAYS[day.weekday()]}" for day in days)


def _days(first: date, last: date) -> str:
    return f"{first:%m-%d} 至 {last:%m-%d}"
