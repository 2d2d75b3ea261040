"""How long what the service holds is kept, which recordings are deleted next, and which must stay."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from nicegui import ui

from api.access import Permission
from api.console import listing, parts
from api.console.calls import Answer, call
from api.console.dialogs import anew, confirm, deed, dialog, line, text_of, words
from api.console.frame import View, screen, settings
from api.console.listing import Column, Field, Html
from api.recordings.resumable import KEPT
from api.recordings.service import ANSWERS_KEPT
from api.retention.endpoints import HoldOut, LeavingOut, RetentionOut, read_holds, read_retention
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/retention"
A_PAGE: Final = 50
LIFTED: Final = {"false": "仍在保留", "true": "已解除", "all": "全部"}


def register() -> None:
    """Add the screen."""
    screen(PATH, title="保留期", permission=Permission.MANAGE_RETENTION)(retention)


async def retention(view: View, lifted: str = "false", cursor: str = "", after: str = "") -> None:
    """``cursor`` is a page of what goes next, ``after`` one of the holds."""
    chosen = lifted if lifted in LIFTED else "false"
    days = settings().retention_days
    going = await view.ask(read_retention, view.asker, days=days, cursor=cursor or None, limit=A_PAGE)
    wanted = None if chosen == "all" else chosen == "true"
    held = await view.ask(read_holds, view.asker, lifted=wanted, cursor=after or None, limit=A_PAGE)
    _kept(going.days)
    _going(view, going)
    with parts.section("法定保留", "直到解除：到期不删除录音，应请求也不删除其中的个人信息", place="holds"):
        with ui.element("div").classes("toolbar"):
            state = Field("lifted", "状态", chosen, options=LIFTED)
            listing.filters(PATH, [state], place="holds")
            ui.button("设为法定保留", icon="gavel", on_click=lambda: _hold(view))
        _holds(view, held.items)
        if held.next is not None:
            onward = listing.link(PATH, "下一页 ›", place="holds", after=held.next, lifted=chosen)
            ui.html(onward, sanitize=False).classes("no-print")


def _kept(days: int | None) -> None:
    rows: list[list[object]] = [
        [
            "录音",
            f"{days} 天，从会议开始算起" if days else "不限",
            "由服务器的 HUIJIAN_RETENTION_DAYS 设定；到期由每日清理删除，审计中逐段记下",
        ],
        ["结论、文字稿、行动项", "不限", "录音删除后仍在；个人信息按申请删除"],
        ["没有传完的录音", f"{KEPT.days} 天", "从开始上传算起"],
        ["撤回的录音", "几天", "没有会议再用后由每日清理删除，审计中记下"],
        ["上传的回执", f"{ANSWERS_KEPT.days} 天", "含文件名，供重试时核对"],
        ["审计记录", "不限", "只增不改"],
    ]
    with parts.section("保留多久"):
        listing.table("保留多久", [Column("内容"), Column("保留时间"), Column("说明")], rows)


def _going(view: View, going: RetentionOut) -> None:
    async def keep(_: str, code: str) -> None:
        _hold(view, code)

    with parts.section("接下来删除的录音", "先到期的在前；同一录音还属于别的会议的，随最晚的一场删除"):
        if not going.items:
            none = "没有快要删除的录音。" if going.days else "录音不限期保留，没有要删除的。"
            parts.empty(none)
            return
        listing.table(
            "接下来删除的录音",
            [Column("会议"), Column("召开"), Column("录音"), Column("到期"), Column("操作")],
            map(_leaving, going.items),
            on_action=keep,
        )
        listing.further(PATH, going.next)


def _leaving(one: LeavingOut) -> list[object]:
    return [
        listing.two_lines(listing.link(f"/meetings/{one.meeting}", one.institution_name), one.meeting),
        listing.whole(f"{one.started_at:%Y-%m-%d}"),
        f"{one.parts} 段，{one.size / 1e6:,.1f} MB",
        listing.whole(f"{one.leaves_at:%Y-%m-%d}"),
        listing.action("hold", one.meeting, "设为法定保留", subject=one.meeting),
    ]


def _holds(view: View, held: list[HoldOut]) -> None:
    def lift(_: str, code: str) -> None:
        told = "解除后录音重新按保留期计算：已过期的，当天的清理就会删除，不能恢复。"
        path = f"meetings/{quote(code)}/legal-hold"
        title = f"解除 {code} 的法定保留"
        confirm(title, told, "解除", lambda: call(view, "DELETE", path), anew, destroys=True)

    if not held:
        parts.empty("没有符合条件的法定保留。")
        return
    columns = [Column("会议"), Column("状态"), Column("原因"), Column("设定"), Column("操作")]
    listing.table("法定保留", columns, map(_held, held), on_action=lift)


def _held(one: HoldOut) -> list[object]:
    if one.lifted_at is None:
        state = listing.badge(Status.WARN, "保留中", "gavel")
        act = listing.action("lift", one.meeting, "解除", subject=one.meeting)
    else:
        lifted = listing.badge(Status.UNKNOWN, "已解除", "lock_open")
        state = listing.two_lines(lifted, f"{one.lifted_at:%Y-%m-%d %H:%M} {one.lifted_by}")
        act = Html("")
    return [
        listing.two_lines(listing.link(f"/meetings/{one.meeting}", one.institution_name), one.meeting),
        state,
        one.reason,
        listing.two_lines(f"{one.ordered_at:%Y-%m-%d %H:%M}", one.ordered_by),
        act,
    ]


def _hold(view: View, code: str = "") -> None:
    with dialog("设为法定保留") as opened:
        meeting = line("会议编号", code)
        reason = words("原因")
        ui.label("原因不写姓名、电话。解除之前，录音到期不删除、不能撤回，会中的个人信息也不删除。").classes(
            "soft"
        )

        async def do() -> Answer:
            if text_of(meeting) is None or text_of(reason) is None:
                raise InputError("请填写会议编号和原因。")
            path = f"meetings/{quote(text_of(meeting) or '', safe='')}/legal-hold"
            return await call(view, "PUT", path, {"reason": text_of(reason)})

        deed(opened, "设为保留", do, anew)
