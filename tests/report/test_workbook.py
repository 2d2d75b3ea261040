"""The batch workbook: a row a meeting, averages by institution, and what could not be inspected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from qa_pipeline.errors import OutputError
from qa_pipeline.report.json import to_json
from qa_pipeline.report.workbook import CELL_LIMIT, write_workbook
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.scorecard import Critical


def done(name: str, inspection: Inspection) -> dict[str, Any]:
    return {"name": name, "status": "done", "result": to_json(inspection)}


def written(folder: Path, *rows: dict[str, Any]) -> Workbook:
    write_workbook(rows, folder / "结果.xlsx")
    return load_workbook(folder / "结果.xlsx")


def table(sheet: Worksheet) -> list[dict[str, Any]]:
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows if any(v is not None for v in row)]


def test_a_meeting_is_a_row_with_score_verdict_reasons_and_items(
    good: Inspection, poor: Inspection, tmp_path: Path
) -> None:
    first, second = table(written(tmp_path, done("a", good), done("b", poor))["会议"])
    assert first["文件"] == "a"
    assert first["机构"] == "兰州城关营业部"
    assert first["会议"] == "周复盘会"
    assert f"{first['日期']:%Y-%m-%d}" == "2026-04-08"
    assert first["能量值"] == good.scorecard.energy_score
    assert first["结论"] == "合格"
    assert second["结论"] == "不合格"
    assert second["按人到位"] == "不通过"
    assert second["按人到位·原因"] == poor.compliance.on_roster.reason
    for item in poor.scorecard.items:
        assert second[f"{item.id} {item.label}"] == pytest.approx(item.score, abs=1e-4)


def test_i4_earlier_commitments_have_a_sheet_where_there_are_any(
    good: Inspection, followed: Inspection, tmp_path: Path
) -> None:
    kept, *_, passed_over = table(written(tmp_path, done("a", good), done("b", followed))["上次承诺"])
    assert [kept[key] for key in ("文件", "事项", "谁", "期限", "结果")] == [
        "b",
        "陪访五户",
        "王芳霞",
        "2026-04-03",
        "兑现",
    ]
    assert kept["原话与时间"].startswith("[01:05] 陪访做了没有？\n[01:10] 五户都访了")
    assert (passed_over["结果"], passed_over["原话与时间"]) == ("没有提到", None)
    assert "上次承诺" not in written(tmp_path, done("a", good)).sheetnames


def test_an_item_that_does_not_count_says_so_and_a_missing_one_is_empty(
    good: Inspection, monthly: Inspection, tmp_path: Path
) -> None:
    items = (
        replace(good.scorecard.items[0], level=None, status="unknown"),
        replace(good.scorecard.items[1], id="X1", label="本机构项"),
        *good.scorecard.items[2:],
    )
    told = replace(good, scorecard=replace(good.scorecard, items=items))
    first, second = table(written(tmp_path, done("a", told), done("b", monthly))["会议"])
    assert first[f"{items[0].id} {items[0].label}"] == "未知"
    assert second["X1 本机构项"] is None


def test_gates_are_listed_with_what_they_do(good: Inspection, tmp_path: Path) -> None:
    gates = (
        Critical(id="K1", label="时长不足", reason="不到 30 分钟"),
        Critical(id="K6", label="合规红线", reason="说到返佣", review=True),
    )
    told = replace(good, scorecard=replace(good.scorecard, criticals=gates))
    (row,) = table(written(tmp_path, done("a", told))["会议"])
    assert row["关键否决"] == "一票否决·时长不足：不到 30 分钟；人工复核·合规红线：说到返佣"


def test_institutions_are_averaged_over_the_items_that_counted(
    good: Inspection, poor: Inspection, tmp_path: Path
) -> None:
    here = replace(poor, facts=replace(poor.facts, institution=good.facts.institution))
    nowhere = replace(poor, facts=replace(poor.facts, institution=None))
    rows = table(written(tmp_path, done("a", good), done("b", here), done("c", nowhere))["机构均分"])
    averages = {row["机构"]: row for row in rows}
    assert list(averages) == ["兰州城关营业部", "未注明机构", "全部"]
    scores = (good.scorecard.energy_score, poor.scorecard.energy_score)
    assert averages["兰州城关营业部"]["平均能量值"] == pytest.approx(sum(scores) / 2)
    assert averages["兰州城关营业部"]["合格率"] == 0.5
    assert averages["全部"]["场数"] == 3
    item = good.scorecard.items[0]
    levels = (good.scorecard.items[0].level or 0.0, poor.scorecard.items[0].level or 0.0)
    assert averages["兰州城关营业部"][f"{item.id} {item.label}"] == pytest.approx(sum(levels) / 2, abs=1e-3)


def test_an_unknown_score_is_empty_and_leaves_the_average(
    good: Inspection, unscored: Inspection, tmp_path: Path
) -> None:
    book = written(tmp_path, done("a", good), done("b", unscored))
    assert table(book["会议"])[1]["能量值"] is None
    assert table(book["机构均分"])[0]["平均能量值"] == good.scorecard.energy_score


def test_what_could_not_be_inspected_is_listed_with_the_reason(good: Inspection, tmp_path: Path) -> None:
    book = written(
        tmp_path,
        done("a", good),
        {"name": "坏", "status": "failed", "error": "录音 坏.m4a 已损坏，请重新导出。"},
        {"name": "空", "status": "skipped", "error": "没有会议信息。"},
    )
    assert len(table(book["会议"])) == 1
    assert table(book["未完成"]) == [
        {"文件": "坏", "情况": "失败", "原因": "录音 坏.m4a 已损坏，请重新导出。"},
        {"文件": "空", "情况": "跳过", "原因": "没有会议信息。"},
    ]


@pytest.mark.parametrize("text", ["=HYPERLINK(0)", "+1", "-1", "@x", "\tx"])
def test_text_is_never_a_formula(good: Inspection, tmp_path: Path, text: str) -> None:
    sheet = written(tmp_path, done(text, good))["会议"]
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].value == text
    assert sheet["A2"].quotePrefix


def test_text_that_a_cell_cannot_hold_is_cut_or_cleaned(good: Inspection, tmp_path: Path) -> None:
    told = replace(good, warnings=("长" * 40_000, "\x07响"))
    (row,) = table(written(tmp_path, done("a\x00b", told))["会议"])
    assert row["文件"] == "ab"
    assert len(row["提醒"]) == CELL_LIMIT


def test_a_batch_without_any_meeting_is_still_a_workbook(tmp_path: Path) -> None:
    book = written(tmp_path)
    assert book.sheetnames == ["会议", "机构均分", "未完成"]
    assert [table(sheet) for sheet in book.worksheets] == [[], [], []]


def test_headings_stay_in_sight_and_verdicts_are_tinted(
    good: Inspection, poor: Inspection, tmp_path: Path
) -> None:
    sheet = written(tmp_path, done("a", good), done("b", poor))["会议"]
    assert sheet.freeze_panes == "B2"
    column = next(cell.column for cell in sheet[1] if cell.value == "结论")
    assert [sheet.cell(row, column).fill.fgColor.rgb for row in (2, 3)] == ["00E3F1E7", "00F8E1DF"]


def test_a_place_that_cannot_be_written_is_refused(good: Inspection, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="这是一个文件夹"):
        write_workbook([done("a", good)], tmp_path)
