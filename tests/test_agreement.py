"""Machine and people compared: the statistics on textbook figures, and the files they may come in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from qa_pipeline.agreement import ENERGY, VERDICT, Judged, agreement, by_item, difference, kappa
from qa_pipeline.errors import InputError
from qa_pipeline.report.agreement import from_files

RESULT = """{"energy_score": 71.5, "verdict": "qualified", "chapters": [], "criticals": [], "findings": {},
"versions": {}, "items": [{"id": "C1", "score": 7, "max": 14, "level": 0.5, "status": "partial"},
{"id": "I1", "score": 0, "max": 10, "level": null, "status": "unknown"}]}"""


def test_kappa_is_agreement_beyond_chance() -> None:
    # Cohen's textbook table: 20 + 15 agree, 5 + 10 do not; p_o = 0.7, p_e = 0.5.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert agreement(pairs) == Decimal("0.7")
    assert kappa(pairs) == Decimal("0.4")
    assert kappa([("y", "n"), ("n", "y")]) == -1
    assert agreement([]) is None
    assert kappa([]) is None
    assert kappa([("y", "y")]) is None


def test_the_limits_of_agreement_are_bland_and_altmans() -> None:
    # Differences 2, -1, 4, 3: bias 2, s = sqrt(14 / 3); worked out by hand.
    found = difference([(Decimal(a), Decimal(b)) for a, b in ((12, 10), (9, 10), (14, 10), (13, 10))])
    assert found is not None
    assert (found.judged, found.absolute, found.bias) == (4, Decimal("2.5"), Decimal(2))
    assert float(found.high or 0) == pytest.approx(2 + 1.96 * (14 / 3) ** 0.5)
    assert float(found.low or 0) == pytest.approx(2 - 1.96 * (14 / 3) ** 0.5)
    alone = difference([(Decimal(3), Decimal(5))])
    assert alone is not None
    assert (alone.bias, alone.low, alone.high) == (-2, None, None)
    assert difference([]) is None


def test_items_are_told_apart_and_the_whole_comes_first() -> None:
    rows = by_item(
        [
            Judged(meeting="a", item="C1", words=("full", "missed"), scores=(Decimal(4), Decimal(0))),
            Judged(meeting="b", item="C1", words=("unknown", "full")),
            Judged(meeting="a", item=ENERGY, scores=(Decimal(70), Decimal(66))),
            Judged(meeting="a", item=VERDICT, words=("qualified", "qualified")),
        ]
    )
    assert [row.item for row in rows] == [VERDICT, ENERGY, "C1"]
    # What the machine did not know is no disagreement: counted apart.
    assert (rows[2].judged, rows[2].left_open, rows[2].agreement) == (1, 1, 0)
    assert rows[2].difference is not None
    assert rows[2].difference.judged == 1


def test_what_either_side_left_to_a_person_is_no_verdict() -> None:
    told = [("needs_review", "qualified"), ("qualified", "qualified"), ("not_qualified", "qualified")]
    rows = by_item(Judged(meeting=str(n), item=VERDICT, words=words) for n, words in enumerate(told))
    assert [(row.judged, row.left_open, row.agreement) for row in rows] == [(2, 1, Decimal("0.5"))]
    alone = by_item([Judged(meeting="a", item=VERDICT, words=told[0])])
    assert [(row.judged, row.agreement, row.kappa) for row in alone] == [(0, None, None)]


def test_what_the_machine_left_unknown_lowers_neither_agreement_nor_kappa() -> None:
    told = [("full", "full"), ("missed", "missed"), ("unknown", "full"), ("not_applicable", "partial")]
    (row,) = by_item(Judged(meeting=str(n), item="I1", words=words) for n, words in enumerate(told))
    assert (row.judged, row.left_open, row.agreement, row.kappa) == (2, 2, 1, 1)
    (energy,) = by_item([Judged(meeting="a", item=ENERGY)])
    assert (energy.judged, energy.left_open, energy.difference) == (0, 1, None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "0908.json").write_text(RESULT, encoding="utf-8")
    return tmp_path


def human(folder: Path, text: str, name: str = "human.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_results_meet_the_scores_that_people_gave(folder: Path) -> None:
    table = human(folder, "meeting,item,score\n0908,C1,14\n0908,I1,5\n0908,总分,66\n0908,结论,合格\n")
    assert from_files(folder / "results", table)[0] == [
        Judged(meeting="0908", item="C1", words=("partial", "full"), scores=(Decimal(7), Decimal(14))),
        Judged(meeting="0908", item="I1", words=("unknown", "partial")),
        Judged(meeting="0908", item=ENERGY, scores=(Decimal("71.5"), Decimal(66))),
        Judged(meeting="0908", item=VERDICT, words=("qualified", "qualified")),
    ]
    lines = human(folder, '{"meeting": "0908", "item": "C1", "score": 14}\n', "human.jsonl")
    assert from_files(folder / "results" / "0908.json", lines)[0][0].scores == (Decimal(7), Decimal(14))


def test_meetings_that_have_no_result_are_named(folder: Path) -> None:
    table = human(folder, "meeting,item,score\n0909,C1,3\n0908,C1,14\n9月10日,C1,3\n0909,I1,3\n,,\n,,\n")
    judged, alone = from_files(folder / "results", table)
    assert ({one.meeting for one in judged}, alone) == ({"0908"}, ("0909", "9月10日"))
    printed = CliRunner().invoke(app, ["agreement", str(folder / "results"), "--human", str(table)])
    assert printed.exit_code == 0
    assert "human.csv 里有 2 场会议没有质检结果，没有比较：0909、9月10日；会议名要与" in printed.stderr
    assert "共 1 场会议" in printed.stdout


def test_one_table_may_hold_both_and_the_command_prints_it(folder: Path) -> None:
    rows = (
        "meeting,item,machine,human,max\na,C1,14,7,14\nb,C1,0,0,14\na,结论,合格,不合格,\nb,结论,合格,合格,\n"
    )
    printed = CliRunner().invoke(app, ["agreement", str(human(folder, rows))])
    assert printed.exit_code == 0
    assert "C1" in printed.output
    assert "50%" in printed.output
    assert "共 2 场会议" in printed.output


def test_how_often_the_machine_gave_no_points_is_told_beside_each_item(folder: Path) -> None:
    table = human(folder, "meeting,item,score\n0908,C1,14\n0908,I1,5\n")
    both = human(
        folder, "meeting,item,machine,human,max\na,I1,,5,10\nb,I1,10,10,10\nc,I1,未知,5,10\n", "b.csv"
    )
    for given, rows in (
        ([str(folder / "results"), "--human", str(table)], [["C1", "1", "0", "0%"], ["I1", "0", "1", "–"]]),
        ([str(both)], [["I1", "1", "2", "100%"]]),
    ):
        printed = CliRunner().invoke(app, ["agreement", *given])
        assert printed.exit_code == 0, printed.output
        cells = [line.replace("│", " ").split()[:4] for line in printed.stdout.splitlines()]
        assert [row for row in cells if row and row[0] in ("C1", "I1")] == rows
        assert f"另有 {rows[-1][2]} 项次一方没有给分（未知或不适用）" in printed.stdout


def test_what_a_person_left_open_is_nothing_to_agree_with_and_stops_nothing(folder: Path) -> None:
    table = human(folder, "meeting,item,score\n0908,C1,\n0908,I1,不适用\n0908,总分,未知\n0908,结论,合格\n")
    judged, _ = from_files(folder / "results", table)
    rows = {row.item: (row.judged, row.left_open) for row in by_item(judged)}
    assert rows == {VERDICT: (1, 0), ENERGY: (0, 1), "C1": (0, 1), "I1": (0, 1)}
    both = human(folder, "meeting,item,machine,human,max\na,C1,7,,14\n", "both.csv")
    assert from_files(both, None)[0] == [Judged(meeting="a", item="C1")]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("meeting,item,score\n0908,能量值,170\n", "第 2 行的分数 170 不在 0 到 100 之间"),
        ("meeting,item,score\n0908,C9,1\n", "第 2 行的评分项「C9」不在 0908 的结果里：可用的有 C1、I1"),
        ("meeting,item,score\n0908,C1,好\n", "第 2 行的分数「好」不是数字"),
        ("meeting,item,score\n0908,C1,15\n", "不在 0 到 14 之间"),
        ("meeting,item,score\n0908,结论,还行\n", "结论「还行」不认识"),
        ("meeting,score\n0908,1\n", "缺少「item」一列"),
        (
            "meeting,item,score\n0908,C1,1\n0908,I1,1\n0908,C1,2\n",
            "第 4 行重复了 human.csv 第 2 行的 0908 C1",
        ),
        ("meeting,item,score\n0908,总分,60\n0908,能量值,70\n", "第 3 行重复了 human.csv 第 2 行"),
        ("", "human.csv 是空的，没有一行评分"),
        ("meeting,item,score\n", "human.csv 是空的，没有一行评分"),
        ("meeting,item,score\n0909,C1,1\n", "都没有质检结果：会议名要与结果文件名一致，如 0908"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(folder: Path, table: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        from_files(folder / "results", human(folder, table))


def test_a_table_as_a_chinese_spreadsheet_saves_it_is_read(folder: Path) -> None:
    table = folder / "人工.csv"
    table.write_bytes("会议,评分项,得分\n0908,C1,7\n0908,结论,不合格\n".encode("gb18030"))
    judged, alone = from_files(folder / "results", table)
    assert [(one.meeting, one.item) for one in judged] == [("0908", "C1"), ("0908", VERDICT)]
    assert alone == ()


def test_results_alone_ask_for_the_scores_that_people_gave(folder: Path) -> None:
    for results in (folder / "results", folder / "results" / "0908.json", folder / "results.jsonl"):
        with pytest.raises(InputError, match="是质检结果：请用 --human 给出人工评分的表"):
            from_files(results, None)


def test_files_that_are_not_there_or_no_text_are_refused(folder: Path) -> None:
    (folder / "x.csv").write_bytes(b"\xff\xfe")
    for path, sentence in ((folder / "no.csv", "读不到"), (folder / "x.csv", "不是文本文件：请另存为 CSV")):
        with pytest.raises(InputError, match=sentence):
            from_files(folder / "results", path)
    (folder / "x.xlsx").write_bytes(b"PK\x03\x04" + bytes(range(65, 90)))
    with pytest.raises(InputError, match=r"x\.xlsx 不是文本文件：请另存为 CSV"):
        from_files(folder / "results", folder / "x.xlsx")
    broken = human(folder, "{", "x.jsonl")
    with pytest.raises(InputError, match="第 1 行不是合法的 JSON"):
        from_files(folder / "results", broken)
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match="里没有质检结果"):
        from_files(folder / "empty", human(folder, "meeting,item,score\n"))
    for given in ([], ["--database", "sqlite:///h.db", "--human", str(folder / "x.csv")]):
        assert CliRunner().invoke(app, ["agreement", *given]).exit_code == 2
