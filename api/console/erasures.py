"""Erasing the personal data of a person who left or of a customer, on request: look first, then type whom."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.accounts.audit_repository import AuditFilter, AuditRepository
from api.accounts.tables import AuditEntry
from api.console import listing, parts
from api.console.calls import Answer, call
from api.console.dialogs import buttons, choice, deed, dialog, line, text_of
from api.console.frame import View, screen
from api.console.listing import Column
from api.privacy.service import Subject
from models.base import SHANGHAI
from qa_pipeline.errors import InputError

PATH: Final = "/erasures"
SHOWN: Final = 50
SECONDS: Final = 600
"""Every meeting where somebody may have been named is searched."""
SUBJECTS: Final = {Subject.PERSON: "人员（须已离职）", Subject.CUSTOMER: "客户"}
CODES: Final = {Subject.PERSON: "工号", Subject.CUSTOMER: "客户编号"}


def register() -> None:
    """Add the screen."""
    screen(PATH, title="个人信息", permission=Permission.MANAGE_RETENTION)(erasures)


def read(session: Session, asker: Caller) -> list[AuditEntry]:
    """The newest erasures of either kind, as the audit trail tells them."""
    trail = AuditRepository(session, within=asker.within)
    found = [
        entry
        for subject in Subject
        for entry, _ in trail.lines(AuditFilter(action=f"{subject}.erase"), cursor=None, limit=SHOWN)
    ]
    return sorted(found, key=lambda entry: entry.at, reverse=True)[:SHOWN]


async def erasures(view: View) -> None:
    done = await view.ask(read, view.asker)
    with parts.section("应请求删除个人信息", "姓名、电话和编号永久替换，历史数字和保单号保留"):
        with ui.element("div").classes("fields"):
            kinds = {key.value: word for key, word in SUBJECTS.items()}
            subject = choice("对象", kinds, Subject.PERSON.value).classes(replace="field")
            code = line("工号或客户编号").classes(replace="field")
            look = ui.button("看会涉及什么", icon="search").props("outline")
        place = ui.element("div").classes("w-full").props("aria-live=polite")

        async def preview() -> None:
            given = text_of(code)
            place.clear()
            if given is None:
                with place:
                    _refused("请填写工号或客户编号。")
                return
            look.disable()
            body = {"subject": subject.value, "code": given}
            answer = await call(view, "POST", "erasures/preview", body, seconds=SECONDS)
            look.enable()
            place.clear()
            with place:
                if answer.ok:
                    _found(view, answer.body)
                else:
                    _refused(answer.refusal)

        look.on_click(preview)
        code.on("keydown.enter", preview)
    _done(done)


def _refused(sentence: str) -> None:
    with ui.element("div").classes("refusal").props("role=alert"):
        ui.icon("error_outline")
        ui.label(sentence)


def _found(view: View, found: dict[str, Any]) -> None:
    """What would be covered, what stays, and the button."""
    logins = "、".join(found["logins"]) or "没有账号"
    rows: list[list[object]] = [
        ["姓名", found["name"]],
        [CODES[Subject(found["subject"])], found["code"]],
        ["机构", found["institution_name"]],
        ["逐场检索的会议", f"{found['meetings']} 场：结论、文字稿、行动项、复核和申诉中的姓名、电话"],
        ["会议以外", f"{found['texts']} 处文字：管理动作、活动、建议、文件名等"],
    ]
    if found["subject"] == Subject.PERSON:
        rows.append(["停用的账号", logins])
    rows.append(["不改动", "历史数字、保单号、审计记录；录音的声音按保留期删除"])
    listing.table("会涉及什么", [Column("项目"), Column("内容")], rows, dense=True)
    button = ui.button("删除个人信息", icon="person_remove", on_click=lambda: _ask(view, found))
    button.props("color=negative")


def _ask(view: View, found: dict[str, Any]) -> None:
    named = CODES[Subject(found["subject"])]
    with dialog("删除个人信息") as opened:
        ui.label(f"{found['name']}（{found['code']}），{found['institution_name']}")
        ui.label("不能恢复。此后导入的文件须去掉此人，否则会成为一个新人。").classes("soft")
        request = line("受理编号（不含个人信息）", first=True)
        typed = line(f"再输入一遍{named}，以确认是此人")

        async def do() -> Answer:
            if text_of(request) is None:
                raise InputError("请填写受理编号。")
            if text_of(typed) != found["code"]:
                raise InputError(f"输入的{named}与要删除的不同：请核对是不是此人。")
            body = {
                "subject": found["subject"],
                "code": found["code"],
                "request_number": text_of(request),
            }
            return await call(view, "POST", "erasures", body, seconds=SECONDS)

        deed(opened, "永久删除", do, _told, destroys=True)


def _told(done: dict[str, Any]) -> None:
    """The page is read anew when the dialog closes: its list then has this one too."""
    with dialog("已删除个人信息") as opened:
        opened.props("persistent")
        ui.label(f"替换了 {done['texts']} 处文字，历史数字改记在下面这个随机编号名下：")
        ui.label(done["code"]).classes("secret")
        with buttons():
            ui.button("知道了", on_click=ui.navigate.reload).props("autofocus")


def _done(entries: list[AuditEntry]) -> None:
    with parts.section("已办理的", "新的在前；完整的在审计记录里"):
        if not entries:
            parts.empty("还没有办理过。")
            return
        columns = [Column("时间"), Column("对象"), Column("受理编号"), Column("替换", True), Column("办理人")]
        listing.table("已办理的", columns, map(_erased, entries))


def _erased(one: AuditEntry) -> list[object]:
    whose = "人员" if one.object_kind == Subject.PERSON else "客户"
    return [
        listing.whole(f"{one.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"),
        listing.two_lines(whose, one.object_code),
        str(one.detail["request_number"]),
        f"{one.detail['texts']} 处",
        one.actor,
    ]
