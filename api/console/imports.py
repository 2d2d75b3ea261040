"""Importing files: the template, the check before, and what is wrong in which sheet, row and column."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from nicegui import ui

from api.access import Permission
from api.console import listing, parts, where
from api.console.calls import Answer, answered
from api.console.frame import View, screen
from api.console.listing import Column
from models.exchange.entities import SHEETS

PATH: Final = "/imports"
SECONDS: Final = 600
MOST_PROBLEMS: Final = 200
_EXPORT: Final = """
<form class="filters" method="get" action="/api/v1/exports"
  onsubmit="this.entity.disabled = !this.entity.value; setTimeout(() => {{ this.entity.disabled = false; }})">
<label><span>导出哪一类数据</span>{offered}</label><button type="submit" class="act">导出 XLSX</button></form>
"""
"""Without a kind the parameter is left out: the service then takes all."""
"""How long a large file may take."""
_SEND: Final = """
const files = document.getElementById('import-file').files;
if (!files.length) return {{ok: false, body: {{detail: '请先选择文件。'}}}};
const form = new FormData();
form.append('file', files[0]);
form.append('dry_run', {dry_run});
const entity = {entity};
if (entity) form.append('entity', entity);
try {{
  const answer = await fetch('/api/v1/imports', {{
    method: 'POST', credentials: 'same-origin', headers: {{'X-CSRF-Token': {csrf}}}, body: form}});
  if (answer.status === 401) hjSignIn();
  return {{ok: answer.ok, body: await answer.json()}};
}} catch (error) {{
  return {{ok: false, body: {{detail: '没有传完：请检查网络后重试；未传完的文件不会写入任何一行。'}}}};
}}
"""
_FILE: Final = """
<label class="drop" for="import-file" ondragover="event.preventDefault()" ondrop="event.preventDefault();
  const input = this.querySelector('input'); input.files = event.dataTransfer.files; input.onchange()">
<span>选择 Excel（.xlsx）或 CSV 文件，或拖到这里</span>
<input id="import-file" type="file" accept=".xlsx,.csv" class="unseen"
  onchange="if (this.files.length) this.previousElementSibling.textContent = this.files[0].name"></label>
"""
_PLACE: Final = re.compile(
    r"表“(?P<sheet>[^”]*)”(?:第 (?P<row>\d+) 行)?(?:第 (?P<letter>[A-Z]+) 列| (?P<column>.+? 列（.*?）))?："
    r"(?P<text>.*)"
)


def register() -> None:
    """Add the screen."""
    screen(PATH, title="导入", permission=Permission.IMPORT)(imports)


def located(problem: str) -> list[object]:
    """Sheet, row, column and what is wrong; a sentence of another form stands whole."""
    found = _PLACE.fullmatch(problem)
    if found is None:
        return ["", "", "", problem]
    return [found["sheet"], found["row"] or "", found["column"] or found["letter"] or "", found["text"]]


async def imports(view: View) -> None:
    titles = {"": "按文件名", **{sheet.name: sheet.title for sheet in SHEETS}}
    with parts.section("模板与导出", "模板里写明每列怎么填；导出的已隐去个人信息，全部数据要等几分钟"):
        template = '<a href="/api/v1/imports/template" download>下载模板（XLSX）</a>'
        ui.html(template, sanitize=False).classes("more")
        offered = where.choices("entity", "", {**titles, "": "全部"})
        ui.html(_EXPORT.format(offered=offered), sanitize=False).classes("w-full")
    with parts.section("导入文件", "全部写入，或一行也不写"), ui.element("div").classes("stack"):
        ui.html(_FILE, sanitize=False).classes("w-full")
        entity = (
            ui.select(titles, value="", label="CSV 中是哪一类数据").props("outlined dense").classes("field")
        )
        with ui.row():
            check = ui.button("只检查", icon="fact_check").props("outline")
            take = ui.button("导入", icon="publish")
        report = ui.element("div").classes("w-full").props("aria-live=polite")

        async def send(dry_run: bool) -> None:
            for button in (check, take):
                button.disable()
            report.clear()
            with report:
                parts.empty("正在读取和核对……")
            answer = await _sent(view, str(entity.value), dry_run=dry_run)
            for button in (check, take):
                button.enable()
            report.clear()
            with report:
                _report(answer)

        check.on_click(lambda: send(True))
        take.on_click(lambda: send(False))


async def _sent(view: View, entity: str, *, dry_run: bool) -> Answer:
    script = _SEND.format(dry_run=json.dumps(dry_run), entity=json.dumps(entity), csrf=json.dumps(view.csrf))
    return await answered(script, SECONDS)


def _report(answer: Answer) -> None:
    if answer.ok:
        _taken(answer.body["sheets"], dry_run=answer.body["dry_run"])
        return
    problems = answer.body.get("problems") or []
    with ui.element("div").classes("refusal").props("role=alert"):
        ui.icon("error_outline")
        count = f"有 {len(problems)} 处需要修改，未导入任何一行。改好后再导入。"
        ui.label(count if problems else answer.refusal)
    if problems:
        listing.table(
            "错误报告",
            [Column("表"), Column("行", figures=True), Column("列"), Column("问题")],
            map(located, problems[:MOST_PROBLEMS]),
        )
        if problems[MOST_PROBLEMS:]:
            ui.label(f"只列出前 {MOST_PROBLEMS} 处，改正后再看其余。").classes("soft")


def _taken(sheets: Sequence[dict[str, Any]], *, dry_run: bool) -> None:
    ui.label("检查通过，尚未写入：" if dry_run else "导入完成：").classes("lead").props("role=status")
    listing.table(
        "导入结果",
        [Column("表"), *(Column(title, figures=True) for title in ("新增", "修改", "未变"))],
        [[one["title"], str(one["added"]), str(one["changed"]), str(one["unchanged"])] for one in sheets],
    )
