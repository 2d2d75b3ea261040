"""The audit trail: who saw or changed what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.accounts.audit_repository import AuditFilter, AuditRepository
from api.console import listing, parts
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.pages import page
from models.base import SHANGHAI
from qa_pipeline.errors import InputError

PATH: Final = "/audit"
A_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail."""

    at: datetime
    actor: str
    action: str
    subject: str
    institution: str
    detail: str
    address: str


def register() -> None:
    """Add the screen."""
    screen(PATH, title="审计", permission=Permission.READ_AUDIT)(audit)


def read(
    session: Session, asker: Caller, wanted: AuditFilter, cursor: str | None
) -> tuple[list[Entry], str | None]:
    """Newest first."""
    lines = AuditRepository(session, within=asker.within).lines(wanted, cursor=cursor, limit=A_PAGE)
    found, further = page(lines, A_PAGE, lambda line: (line[0].at, line[0].id))
    return [
        Entry(
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=f"{entry.object_kind} {entry.object_code}",
            institution=institution or "",
            detail="，".join(f"{name}={value}" for name, value in entry.detail.items() if value is not None),
            address=entry.address or "",
        )
        for entry, institution in found
    ], further


def midnight(text: str, *, days_later: int = 0) -> datetime | None:
    """The day's first moment; None for "". Raises InputError."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days_later) if text else None
    except (ValueError, OverflowError) as error:
        raise InputError(f"日期“{text}”不对：请写成 2026-09-08 这样的形式。") from error
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else None


async def audit(
    view: View,
    actor: str = "",
    action: str = "",
    kind: str = "",
    code: str = "",
    first: str = "",
    last: str = "",
    cursor: str = "",
) -> None:
    since, until = midnight(first), midnight(last, days_later=1)
    named = {"actor": actor, "action": action, "kind": kind, "code": code}
    wanted = AuditFilter(**{name: text or None for name, text in named.items()}, since=since, until=until)
    found, further = await view.ask(read, view.asker, wanted, cursor or None)
    with parts.section("审计记录", "新的在前；记录只增不改"):
        with ui.element("div").classes("toolbar"):
            listing.filters(
                PATH,
                [
                    Field("actor", "操作者", actor),
                    Field("action", "动作", action),
                    Field("kind", "对象种类", kind),
                    Field("code", "对象编号", code),
                    Field("first", "自", first, "date"),
                    Field("last", "至", last, "date"),
                ],
            )
            moments = {
                "since": since.isoformat() if since else "",
                "until": until.isoformat() if until else "",
            }
            query = urlencode({name: text for name, text in {**named, **moments}.items() if text})
            ui.html(
                f'<a href="/api/v1/audit/export?{listing.escaped(query)}" download>导出 CSV</a>',
                sanitize=False,
            ).classes("more no-print")
        if not found:
            parts.empty("没有符合条件的记录：放宽条件再看。")
            return
        listing.table(
            "审计记录",
            [
                Column("时间"),
                Column("操作者"),
                Column("动作"),
                Column("对象"),
                Column("详情"),
                Column("来源"),
            ],
            [
                [
                    f"{one.at:%Y-%m-%d %H:%M:%S}",
                    one.actor,
                    one.action,
                    Html(
                        f"<span>{listing.escaped(one.subject)}<small>{listing.escaped(one.institution)}</small></span>"
                    ),
                    one.detail,
                    one.address,
                ]
                for one in found
            ],
            dense=True,
        )
        listing.further(PATH, further, first=first, last=last, **named)
