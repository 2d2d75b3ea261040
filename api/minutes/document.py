"""Minutes as a Word document that a manager sends as it is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from api.minutes.schemas import MinutesOut
from models.base import SHANGHAI
from models.meetings.tables import ActionState
from qa_pipeline.names import CHAPTERS, KINDS, THEMES
from qa_pipeline.values.written import UNKNOWN, clock

FONT: Final = "微软雅黑"
LATIN: Final = "Arial"
INK: Final = RGBColor(0x1F, 0x2A, 0x37)
QUIET: Final = RGBColor(0x6B, 0x72, 0x80)
ACCENT: Final = RGBColor(0x1D, 0x4E, 0x89)
HEAD_FILL: Final = "E8EEF5"
LINE: Final = "C5CEDA"
STATES: Final = {
    ActionState.OPEN: "待办",
    ActionState.KEPT: "已兑现",
    ActionState.BROKEN: "未兑现",
    ActionState.DROPPED: "已取消",
}


def document(shown: MinutesOut) -> bytes:
    """The minutes as .docx."""
    page = Document()
    _set_up(page, shown)
    _title(page, shown)
    _table_of_facts(page, shown)
    _heading(page, "一、会议进程")
    _chapters(page, shown)
    _heading(page, "二、要点与决定")
    _decisions(page, shown)
    _heading(page, "三、行动项")
    _actions(page, shown)
    _heading(page, "四、优秀做法")
    _practices(page, shown)
    target = io.BytesIO()
    page.save(target)
    return target.getvalue()


# ---------------------------------------------------------------- parts


def _title(page: Any, shown: MinutesOut) -> None:
    title = page.add_paragraph(style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.add_run(f"{shown.institution}{KINDS[shown.kind]}纪要")
    below = page.add_paragraph()
    below.alignment = WD_ALIGN_PARAGRAPH.CENTER
    below.paragraph_format.space_after = Pt(10)
    parts = [f"{shown.started_at.astimezone(SHANGHAI):%Y年%m月%d日}" if shown.started_at else "日期未知"]
    parts += [THEMES[shown.theme]] if shown.theme else []
    _quiet(below, "　".join(parts))


def _table_of_facts(page: Any, shown: MinutesOut) -> None:
    attended = UNKNOWN if shown.present is None else f"{shown.present} 人（应到 {shown.due or UNKNOWN} 人）"
    cells = [
        ("时间", _span(shown.started_at, shown.ended_at)),
        ("主持人", shown.host or UNKNOWN),
        ("会议编号", shown.meeting),
        ("出席", attended),
    ]
    table = _table(page, 2, (2.2, 6.3, 2.2, 6.3))
    for number, (name, value) in enumerate(cells):
        row, column = divmod(number, 2)
        _fill(table.cell(row, 2 * column), name, bold=True, shaded=True)
        _fill(table.cell(row, 2 * column + 1), value)
    for name, text in (("主题", shown.topic), ("目标", shown.goal)):
        if text:
            row = table.add_row()
            _fill(row.cells[0], name, bold=True, shaded=True)
            _fill(row.cells[1].merge(row.cells[3]), text)


def _chapters(page: Any, shown: MinutesOut) -> None:
    table = _table(page, 1, (4.5, 5.5, 3.0, 4.0))
    _header(table, ("环节", "录音位置", "时长", "备注"))
    for span in shown.chapters:
        cells = table.add_row().cells
        _fill(cells[0], span.label)
        _fill(cells[1], f"{clock(span.start)} – {clock(span.end)}")
        _fill(cells[2], f"{(span.end - span.start) / 60:.0f} 分钟")
        _fill(cells[3], "" if span.sure else "划分把握不大，请核对")


def _decisions(page: Any, shown: MinutesOut) -> None:
    if not shown.decisions:
        _quiet(page.add_paragraph(), "录音中没有识别出明确的目标、对策或总结。")
        return
    for chapter, said in groupby(shown.decisions, key=lambda one: one.chapter):
        page.add_paragraph(CHAPTERS[chapter], style="Heading 2")
        for one in said:
            line = page.add_paragraph(style="List Bullet")
            line.add_run(f"【{one.kind}】").bold = True
            line.add_run(one.text)
            _quiet(line, f"　{one.speaker or '说话人未知'}，{clock(one.start)}")


def _actions(page: Any, shown: MinutesOut) -> None:
    if not shown.actions:
        _quiet(page.add_paragraph(), "会上没有形成行动项。")
        return
    table = _table(page, 1, (1.0, 7.6, 3.0, 3.0, 2.4))
    _header(table, ("序", "事项", "责任人", "期限", "状态"))
    for number, action in enumerate(shown.actions, 1):
        cells = table.add_row().cells
        _fill(cells[0], str(number))
        _fill(cells[1], action.what)
        _fill(cells[2], action.owner or "待明确")
        _fill(cells[3], f"{action.due_on:%Y-%m-%d}" if action.due_on else "待明确")
        _fill(cells[4], STATES[action.state] if action.confirmed else "待确认")
    if not all(action.confirmed for action in shown.actions):
        _quiet(page.add_paragraph(), "“待确认”者由录音自动识别，请主持人核对责任人和期限。")


def _practices(page: Any, shown: MinutesOut) -> None:
    if not shown.practices:
        _quiet(page.add_paragraph(), "录音中没有识别出可复制的做法。")
    for practice in shown.practices:
        page.add_paragraph(f"{practice.number}. {practice.text}", style="Heading 2")
        for quote in practice.quotes:
            line = page.add_paragraph()
            line.paragraph_format.left_indent = Cm(0.6)
            line.add_run(f"“{quote.text}”")
            _quiet(line, f"　{quote.speaker or '说话人未知'}，{clock(quote.start)}")


# ---------------------------------------------------------------- looks


def _set_up(page: Any, shown: MinutesOut) -> None:
    section = page.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin = section.bottom_margin = Cm(2.2)
    for name, size, colour in (
        ("Normal", 10.5, INK),
        ("List Bullet", 10.5, INK),
        ("Title", 20, ACCENT),
        ("Heading 1", 13, ACCENT),
        ("Heading 2", 11, INK),
    ):
        _write_in(page.styles[name], size, colour)
    page.styles["Normal"].paragraph_format.line_spacing = 1.25
    page.styles["Normal"].paragraph_format.space_after = Pt(4)
    _without_border(page.styles["Title"])
    page.core_properties.title = f"{shown.institution}{KINDS[shown.kind]}纪要"
    page.core_properties.author = "会鉴"
    page.core_properties.language = "zh-CN"
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    told = "号码和客户姓名已隐去　" if shown.masked else "内部资料，含未隐去的个人信息，请勿外传　"
    _quiet(footer, f"{told}由会鉴根据会议录音整理（结论第 {shown.scorecard_version} 版）　第 ")
    _field(footer, "PAGE")
    _quiet(footer, " 页")


def _write_in(style: Any, size: float, colour: RGBColor) -> None:
    """Chinese text takes its font from ``eastAsia``, which python-docx leaves to the theme."""
    style.font.name, style.font.size, style.font.color.rgb = LATIN, Pt(size), colour
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for place in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{place}"), None)
    fonts.set(qn("w:eastAsia"), FONT)


def _without_border(style: Any) -> None:
    border = style.element.pPr.find(qn("w:pBdr"))
    if border is not None:
        style.element.pPr.remove(border)


def _heading(page: Any, text: str) -> None:
    line = page.add_paragraph(text, style="Heading 1")
    line.paragraph_format.space_before, line.paragraph_format.space_after = Pt(12), Pt(4)


def _table(page: Any, rows: int, widths: Sequence[float]) -> Any:
    """A table with thin lines whose columns keep their widths, in centimetres."""
    table = page.add_table(rows=rows, cols=len(widths))
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", LINE)):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    properties = table._tbl.tblPr  # their order is fixed, and Word minds it
    properties.find(qn("w:tblLayout")).addprevious(borders)
    return table


def _header(table: Any, names: Sequence[str]) -> None:
    """The first row, which Word repeats on every page."""
    row = table.rows[0]
    for cell, name in zip(row.cells, names, strict=True):
        _fill(cell, name, bold=True, shaded=True)
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(repeated)


def _fill(cell: Any, text: str, *, bold: bool = False, shaded: bool = False) -> None:
    line = cell.paragraphs[0]
    line.paragraph_format.space_before = line.paragraph_format.space_after = Pt(2)
    line.add_run(text).bold = bold
    if shaded:
        fill = OxmlElement("w:shd")
        for name, value in (("val", "clear"), ("color", "auto"), ("fill", HEAD_FILL)):
            fill.set(qn(f"w:{name}"), value)
        cell._tc.get_or_add_tcPr().append(fill)


def _quiet(line: Any, text: str) -> None:
    run = line.add_run(text)
    run.font.size, run.font.color.rgb = Pt(9), QUIET


def _field(line: Any, name: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    run = line.add_run("1")
    run.font.size, run.font.color.rgb = Pt(9), QUIET
    field.append(run._r)
    line._p.append(field)


def _span(start: datetime | None, end: datetime | None) -> str:
    if start is None:
        return UNKNOWN
    begin = f"{start.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return f"{begin} – {end.astimezone(SHANGHAI):%H:%M}" if end else begin
