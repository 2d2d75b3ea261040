"""Rubrics: those that score, those of the past, the drafts; one of them to read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts
from api.console.calls import call
from api.console.dialogs import anew, confirm
from api.console.frame import View, screen
from api.console.listing import Column
from api.rubrics import service
from api.rubrics.endpoints import rubrics as all_rubrics
from api.rubrics.schemas import DraftHead, RubricHead, RubricOut
from api.rubrics.tables import RubricState
from models.base import SHANGHAI
from qa_pipeline.names import KINDS, THEMES
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/rubrics"
TITLE: Final = "量规"
_VERSION: Final = re.compile(r'^version:[ \t]*["\']?([\w.-]+?)["\']?[ \t]*(#.*)?$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shelf:
    """All rubrics and drafts."""

    rubrics: tuple[RubricHead, ...]
    drafts: tuple[DraftHead, ...]


def register() -> None:
    """Add the screens."""
    screen(PATH, title=TITLE, permission=Permission.MANAGE_RUBRICS)(rubrics)
    screen(f"{PATH}/{{name}}/{{version}}", title=TITLE, permission=Permission.MANAGE_RUBRICS)(rubric)


def read(session: Session, asker: Caller) -> Shelf:
    return Shelf(tuple(all_rubrics(session, asker)), tuple(map(service.draft_head, service.drafts(session))))


def one(session: Session, name: str, version: str) -> RubricOut:
    """Raises NotFound."""
    found, row, text = service.find(session, name, version)
    return RubricOut(**dict(service.head(found, row)), yaml=text)


def next_version(text: str) -> str:
    """The same rubric as its next version: ``1.1`` becomes ``1.2``; what bears no number gets one."""

    def raised(match: re.Match[str]) -> str:
        stem, dot, last = match[1].rpartition(".")
        following = f"{stem}{dot}{int(last) + 1}" if last.isdecimal() else f"{match[1]}.1"
        return f'version: "{following}"'

    return _VERSION.sub(raised, text, count=1)


async def rubrics(view: View) -> None:
    shelf = await view.ask(read, view.asker)
    with parts.section("草稿", "改好、试跑、看影响，再发布"):
        if shelf.drafts:
            listing.table(
                "草稿",
                [Column("名称"), Column("修改人"), Column("修改时间")],
                [
                    [
                        listing.link(f"{PATH}/drafts/{draft.code}", draft.title),
                        draft.edited_by,
                        f"{draft.edited_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
                    ]
                    for draft in shelf.drafts
                ],
            )
        else:
            parts.empty("没有草稿：在下表中选一份量规，点“以此起草”。")

    async def act(name: str, code: str) -> None:
        of, version = code.split("@", 1)
        if name == "draft":
            await _draft(view, of, version)
        else:
            told = f"停用 {of} {version}？新质检的会议不再按它评分；停用后这一版不能再启用，已出的分数不变。"
            path = f"rubrics/{of}/{version}/retire"
            confirm("停用量规", told, "停用", lambda: call(view, "POST", path), anew, destroys=True)

    with parts.section("量规", "公司发布的优先于自带的；已出的分数不随之改变"):
        listing.table(
            "量规",
            [Column("量规"), Column("状态"), Column("适用"), Column("生效"), Column("合格线", True),
             Column("项数", True), Column("操作")],
            [_row(each) for each in shelf.rubrics],
            on_action=act,
        )  # fmt: skip


def _row(each: RubricHead) -> list[object]:
    code = f"{each.id}@{each.version}"
    buttons = [listing.action("draft", code, "以此起草", subject=code)]
    if each.shipped:
        state = listing.badge(Status.UNKNOWN, "自带", "inventory_2")
    elif each.state is RubricState.PUBLISHED:
        state = listing.badge(Status.PASS, "已发布")
        buttons.append(listing.action("retire", code, "停用", subject=code))
    else:
        state = listing.badge(Status.UNKNOWN, "已停用", "block")
    by = f"{each.published_by} {each.published_at.astimezone(SHANGHAI):%m-%d}" if each.published_at else ""
    return [
        listing.two_lines(
            listing.link(f"{PATH}/{each.id}/{each.version}", each.label), f"{each.id} {each.version} {by}"
        ),
        state,
        _applies(each),
        _term(each),
        f"{each.pass_line:g}",
        str(each.items),
        listing.joined(buttons),
    ]


def _applies(each: RubricHead) -> str:
    words = [KINDS[kind] for kind in each.kinds] + [THEMES[theme] for theme in each.themes]
    return "、".join([*words, *each.institutions]) or "全部"


def _term(each: RubricHead) -> str:
    if each.first is None and each.last is None:
        return "一直"
    return f"{each.first or '一直'} 至 {each.last or '今后'}"


async def _draft(view: View, name: str, version: str) -> None:
    found: RubricOut = await view.ask(one, name, version)
    body: dict[str, Any] = {"title": f"{found.label} 新版", "yaml": next_version(found.yaml)}
    answer = await call(view, "POST", "rubrics/drafts", body)
    if answer.ok:
        ui.navigate.to(f"{PATH}/drafts/{answer.body['code']}")
    else:
        ui.notify(answer.refusal, type="negative")


async def rubric(view: View, name: str, version: str) -> None:
    found = await view.ask(one, name, version)
    trail = listing.link(PATH, "量规")
    ui.html(
        f'<nav class="crumbs" aria-label="位置">{trail}<span aria-hidden="true">›</span></nav>',
        sanitize=False,
    )
    with parts.section(
        f"{found.label} {found.version}", f"{_applies(found)}；{_term(found)}；SHA-256 {found.sha256[:12]}"
    ):
        ui.html(f'<pre class="code" tabindex="0">{listing.escaped(found.yaml)}</pre>', sanitize=False)

        async def fork() -> None:
            await _draft(view, name, version)

        ui.button("以此起草", on_click=fork)
