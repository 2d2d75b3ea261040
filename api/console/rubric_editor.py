"""A rubric's draft: checked while it is written, tried on examples and on the archive, published."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts, when, where
from api.console.calls import Answer, call
from api.console.dialogs import confirm
from api.console.frame import View, screen
from api.console.listing import Column, Html
from api.console.rubrics import PATH, TITLE
from api.organisation.service import subtree_of, today
from api.rubrics import endpoints, service
from api.rubrics.schemas import (
    DiffOut,
    DiffRow,
    DraftOut,
    ExampleOut,
    ExamplesOut,
    LintIn,
    LintOut,
    ProblemOut,
)
from models.calendar.weeks import month_start, months_later
from qa_pipeline.errors import HuijianError, InputError
from qa_pipeline.values.vocabulary import Status
from qa_pipeline.values.written import points

PAUSE: Final = 0.6
"""Seconds without a key after which the text is checked."""
SHOWN: Final = 60
KEPT: Final = "event => event.preventDefault()"
OF_WORD: Final = {"合格": Status.PASS, "不合格": Status.FAIL}


def register() -> None:
    """Add the screen."""
    screen(f"{PATH}/drafts/{{code}}", title=TITLE, permission=Permission.MANAGE_RUBRICS)(editor)


def read(session: Session, code: str) -> DraftOut:
    """Raises NotFound."""
    return service.draft_shown(service.draft(session, code))


def checked(session: Session, asker: Caller, text: str) -> LintOut:
    if not text.strip():
        return LintOut(valid=False, problems=[ProblemOut(line=1, column=1, text="量规是空的。")], remarks=[])
    return endpoints.check(session, asker, LintIn(yaml=text))


def compared(session: Session, asker: Caller, code: str, month: date, below: str | None) -> DiffOut:
    text = service.draft(session, code).text
    return service.compare(session, asker, text, month, below=subtree_of(session, asker, below))


async def editor(view: View, code: str) -> None:
    draft: DraftOut = await view.ask(read, code)
    await _Editor(view, draft).draw()


class _Editor:
    """One open draft."""

    def __init__(self, view: View, draft: DraftOut) -> None:
        self.view, self.draft = view, draft
        self.timer: ui.timer | None = None
        self._unsaved = False
        self.saving = asyncio.Lock()

    @property
    def unsaved(self) -> bool:
        return self._unsaved

    @unsaved.setter
    def unsaved(self, value: bool) -> None:
        """The browser asks before it leaves what is not saved: nothing else keeps the text."""
        if value != self._unsaved:
            ui.run_javascript(f"onbeforeunload = {KEPT if value else 'null'}")
        self._unsaved = value

    async def draw(self) -> None:
        trail = listing.link(PATH, "量规")
        ui.html(
            f'<nav class="crumbs" aria-label="位置">{trail}<span aria-hidden="true">›</span>'
            f'<span aria-current="page">{listing.escaped(self.draft.title)}</span></nav>',
            sanitize=False,
        )
        with ui.element("div").classes("columns"):
            with ui.element("div"):
                self._text()
            with ui.element("div"):
                with parts.section("写法", "边写边查，点一条跳到那一行"):
                    self.found = ui.element("div").classes("w-full").props("aria-live=polite")
                self._examples()
                self._comparison(await self.view.ask(where.offered, self.view.asker))
                self._publishing()
        await self._check()

    def _text(self) -> None:
        with parts.section("草稿"), ui.element("div").classes("stack"):
            self.title = ui.input("名称", value=self.draft.title).props("outlined dense")
            self.code = ui.codemirror(
                self.draft.yaml,
                language="YAML",
                theme="githubLight",
                line_wrapping=True,
                on_change=self._changed,
            ).classes("code-editor")
            self.title.on_value_change(self._changed)
            with ui.element("div").classes("turn-buttons"):
                ui.button("保存", icon="save", on_click=self.save)
                self.state = ui.label("已保存").classes("soft").props("role=status")
            self.refused = ui.label().classes("negative").props("role=alert")
        ui.timer(0.3, self._settle, once=True)

    async def _settle(self) -> None:
        """What only the browser knows or takes: whether it is dark, and the name of the text field."""
        dark = await ui.run_javascript(
            "document.querySelector('.cm-content').setAttribute('aria-label', '量规（YAML）');"
            "return document.body.classList.contains('body--dark')"
        )
        if dark:
            self.code.set_theme("vscodeDark")

    def _changed(self) -> None:
        self.unsaved = True
        self.state.text = "有未保存的改动"
        if self.timer is not None:
            self.timer.cancel()
        self.timer = ui.timer(PAUSE, self._check, once=True)

    async def _check(self) -> None:
        found = await self.view.ask(checked, self.view.asker, self.code.value)
        self.code.decorations[:] = [
            {"kind": "line", "line": line, "class": "cm-wrong"}
            for line in sorted({problem.line for problem in found.problems if problem.line})
        ]
        self.found.clear()
        with self.found:
            parts.status(
                *(
                    (Status.PASS, "写法正确")
                    if found.valid
                    else (Status.FAIL, f"{len(found.problems)} 处要改")
                )
            )
            for problem in found.problems[:SHOWN]:
                self._problem(problem)
            for remark in found.remarks[:SHOWN]:
                ui.label(f"建议：{remark}").classes("soft")

    def _problem(self, problem: ProblemOut) -> None:
        with ui.element("div").classes("proof"):
            if problem.line:
                line = problem.line
                words = f"{line}:{problem.column or 1}"
                told = f"跳到第 {line} 行第 {problem.column or 1} 列"
                jump = ui.button(words, on_click=lambda: self.code.reveal_line(line))
                parts.named(jump.props("flat dense no-caps"), told)
            ui.label(problem.text)

    async def save(self) -> bool:
        """Whether what is on the screen is what the service has."""
        async with self.saving:
            if not self.unsaved:
                return True
            self.unsaved = False
            body = {"title": self.title.value, "yaml": self.code.value}
            answer = await call(self.view, "PUT", f"rubrics/drafts/{self.draft.code}", body, seen=self.draft)
            self.refused.text = answer.refusal
            if answer.ok:
                self.draft = DraftOut.model_validate(answer.body)
            else:
                self.unsaved = True
            self.state.text = "有未保存的改动" if self.unsaved else "已保存"
            return answer.ok

    # ---------------------------------------------------------------- trying it

    def _examples(self) -> None:
        with parts.section("例子", "量规自带的例子须全部相符才能发布"):
            button = ui.button("保存并试跑", icon="science").props("outline")
            report = ui.element("div").classes("w-full").props("aria-live=polite")

            async def run() -> None:
                found = await self._tried(
                    button,
                    report,
                    lambda: self.view.ask(endpoints.examples, self.view.asker, self.draft.code),
                )
                if found is not None:
                    with report:
                        _outcomes(found)

            button.on_click(run)

    def _comparison(self, offered: where.Offered) -> None:
        last = months_later(month_start(today()), -1)
        with parts.section("谁的结论会变", "拿某月已质检的会议按新旧两份量规各评一次，不改原有结果"):
            with ui.element("div").classes("fields"):
                month = when.field("月份", f"{last:%Y-%m}", kind=when.Kind.MONTH)
                below = where.field("机构（不选为全部）", offered, optional=True)
            button = ui.button("保存并比较", icon="compare_arrows").props("outline")
            report = ui.element("div").classes("w-full").props("aria-live=polite")

            async def run() -> None:
                async def ask() -> DiffOut:
                    first = listing.month_of(month.value or "", today=today())
                    place = await where.given(self.view, below)
                    return await self.view.ask(compared, self.view.asker, self.draft.code, first, place)

                found = await self._tried(button, report, ask)
                if found is not None:
                    with report:
                        _differences(found)

            button.on_click(run)

    async def _tried(
        self, button: ui.button, report: ui.element, ask: Callable[[], Awaitable[Any]]
    ) -> Any | None:
        """What the service found about the saved text; None: it was refused, and the report says why."""
        report.clear()
        if not await self.save():
            return None
        with report:
            parts.empty("正在计算……")
        button.disable()
        try:
            found = await ask()
        except where.NoSuchInstitution:
            report.clear()  # said at its field
            return None
        except HuijianError as error:
            report.clear()
            with report:
                ui.label(str(error)).classes("negative").props("role=alert")
            return None
        finally:
            button.enable()
        report.clear()
        return found

    def _publishing(self) -> None:
        with parts.section("发布", "发布后新质检的会议即按它评分"), ui.element("div").classes("turn-buttons"):
            path = f"rubrics/drafts/{self.draft.code}"

            async def publish() -> Answer:
                if not await self.save():
                    raise InputError(self.refused.text)
                return await call(self.view, "POST", f"{path}/publish")

            def discard() -> Awaitable[Answer]:
                return call(self.view, "DELETE", path)

            def sure() -> None:
                told = f"发布“{self.draft.title}”？新质检的会议即按它评分。"
                confirm("发布量规", told, "发布", publish, lambda _: ui.navigate.to(PATH))

            def gone(_: Any) -> None:
                self.unsaved = False
                ui.navigate.to(PATH)

            def away() -> None:
                told = "删除这份草稿？删除后不能找回。"
                confirm("删除草稿", told, "删除", discard, gone, destroys=True)

            ui.button("发布…", icon="publish", on_click=sure)
            ui.button("删除草稿…", on_click=away).props("flat")


def _outcomes(found: ExamplesOut) -> None:
    word = f"{found.total} 例全部相符" if not found.failed else f"{found.total} 例中 {found.failed} 例不符"
    parts.status(Status.FAIL if found.failed or not found.total else Status.PASS, word)
    failed = [one for one in found.outcomes if not one.passed]
    if failed:
        columns = [Column("项与例"), Column("应得", True), Column("实得", True), Column("原因")]
        listing.table("不符的例子", columns, map(_outcome, failed[:SHOWN]))


def _outcome(one: ExampleOut) -> list[object]:
    level = None if one.level is None else f"{one.level:g}"
    return [f"{one.item} 第 {one.number} 例", f"{one.expected:g}", level, one.reason]


def _differences(found: DiffOut) -> None:
    ui.label(f"比较 {found.compared} 场：{found.changed} 场分数或结论有变，其中 {found.flipped} 场结论改变。")
    if found.not_applicable:
        ui.label(f"另有 {found.not_applicable} 场不适用。")
    if found.rows:
        columns = [
            Column("会议"),
            Column("原分", True),
            Column("新分", True),
            Column("结论"),
            Column("有变的项"),
        ]
        listing.table("有变化的会议", columns, map(_difference, found.rows[:SHOWN]))


def _difference(row: DiffRow) -> list[object]:
    scores = (points(row.old_score), points(row.new_score))
    verdicts = _verdicts(row.old_verdict, row.new_verdict, flips=row.flips)
    return [listing.link(f"/meetings/{row.meeting}", row.meeting), *scores, verdicts, "、".join(row.items)]


def _verdicts(old: str, new: str, *, flips: bool) -> Html:
    if not flips:
        return listing.escaped(f"{old}，不变")
    return Html(f"<span>{listing.escaped(old)} → {listing.badge(OF_WORD.get(new, Status.WARN), new)}</span>")
