"""Files are taken whole or not at all, mistakes are told by sheet, row and column, and twice is once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import openpyxl
import pytest
from sqlalchemy import True_, func, select
from sqlalchemy.orm import Session

from models.base import Subtree
from models.exchange import importing, reading
from models.exchange.entities import SHEETS
from models.exchange.exporting import mask_in, rows, workbook
from models.exchange.importing import WRITE_AT_ONCE, Taken, take
from models.exchange.reading import MOST_UNPACKED, read
from models.exchange.references import GLOBAL, References
from models.exchange.sheets import Sheet
from models.indicators.tables import Observation
from models.organisation.tables import Institution, Person, Rank
from models.planning.tables import Target
from qa_pipeline.errors import InputError, SheetError
from tests.models.exchange.filled import ORGANISATION, Rows, with_row
from tests.models.exchange.filled import workbook as typed


def load(
    session: Session, sheets: Mapping[str, Rows] = ORGANISATION, *, within: Subtree | None = None
) -> tuple[Taken, ...]:
    filled = read(typed(sheets), file_name="数据.xlsx")
    with session.begin_nested():
        return take(session, filled, within=within or Subtree())


def problems(session: Session, sheets: Mapping[str, Rows], *, within: Subtree | None = None) -> list[str]:
    with pytest.raises(SheetError) as refused:
        load(session, sheets, within=within)
    return list(refused.value.problems)


def test_every_entity_is_taken(session: Session) -> None:
    taken = load(session)
    assert [one.title for one in taken] == [sheet.title for sheet in SHEETS]
    assert {one.title: one.added for one in taken} == {
        title: len(lines) - 1 for title, lines in ORGANISATION.items()
    }


def test_the_same_file_a_second_time_changes_nothing(session: Session) -> None:
    load(session)
    assert {(one.added, one.changed) for one in load(session)} == {(0, 0)}


def test_what_is_exported_is_what_is_taken(session: Session) -> None:
    load(session)
    content = workbook(session, mask=False)
    with session.begin_nested():
        again = take(session, read(content, file_name="导出.xlsx"))
    assert {(one.title, one.added, one.changed) for one in again} == {(s.title, 0, 0) for s in SHEETS}


def test_rows_may_stand_before_those_they_hang_from(session: Session) -> None:
    load(session)
    path = dict(session.execute(select(Institution.code, Institution.path)).all())
    assert path["350102"].startswith(path["3501"])
    assert path["3501"].startswith(path["35"])
    uplines = dict(session.execute(select(Person.code, Person.upline_id)).all())
    assert uplines["2002"] == session.scalar(select(Person.id).where(Person.code == "2001"))
    office = session.scalars(select(Target).where(Target.office_id.is_not(None))).one()
    person = session.scalars(select(Target).where(Target.person_id.is_not(None))).one()
    assert person.parent_id == office.id


def test_a_changed_cell_changes_its_row_only(session: Session) -> None:
    load(session)
    taken = load(session, with_row("客户", 客户姓名="郑美琳"))
    assert {one.title: one.changed for one in taken if one.changed} == {"客户": 1}


def test_a_corrected_observation_is_a_new_revision(session: Session) -> None:
    load(session)
    load(session, with_row("指标观测", 数值="1,300,000"))
    load(session, with_row("指标观测", 数值="1,300,000"))
    values = session.execute(
        select(Observation.revision, Observation.value)
        .where(Observation.institution_id.is_not(None))
        .order_by(Observation.revision)
    ).all()
    assert [(revision, int(value)) for revision, value in values] == [(1, 1234567), (2, 1300000)]


@pytest.mark.parametrize(
    ("title", "cells", "problem"),
    [
        ("机构", {"层级": "四"}, "表“机构”第 2 行 C 列（层级）：“四”不是数字"),
        ("机构", {"层级": "1e999999999"}, "C 列（层级）：数字过大"),
        ("机构", {"生效日期": "2026-02-30"}, "F 列（生效日期）：“2026-02-30”不是有效的日期"),
        ("机构", {"失效日期": "2019-01-01"}, "第 2 行：失效日期必须晚于生效日期"),
        ("机构", {"层级": 3, "应召开二会": "否"}, "机构 350102 的层级 3 不是其上级机构的下一级"),
        ("机构", {"上级机构代码": "99"}, "D 列（上级机构代码）：找不到“99”，或不在您的管辖范围内"),
        ("人员", {"推荐人工号": "2002"}, "E 列（推荐人工号）：上下级构成了循环"),
        ("人员", {"类别": "兼职"}, "C 列（类别）：“兼职”不在可选项中：外勤、内勤"),
        ("人员", {"姓名": "  "}, "B 列（姓名）：不能为空"),
        ("人员", {"工号": "2001"}, "第 3 行：与第 2 行重复（工号）"),
        ("人员", {"工号": 12345678901234567}, "长数字已被表格软件改写"),
        ("人员", {"电话": "139****1111"}, "是隐去后的内容，不能导入"),
        ("营业室", {"市场系数": 0}, "第 2 行：须大于 0"),
        ("指标观测", {"营业室代码": "350102-03"}, "机构代码、营业室代码、工号须恰好填一个"),
        ("指标观测", {"数值": "一百万"}, "F 列（数值）：“一百万”不是数字"),
        ("指标观测", {"数值": "1e30"}, "F 列（数值）：数字过大"),
        ("会议录音", {"时长秒": "1e400"}, "（时长秒）：数字过大"),
        ("客户周快照", {"温度": 101}, "第 2 行：数值超出允许范围"),
        ("保单", {"期缴保费": "12000.005"}, "E 列（期缴保费）：最多 2 位小数"),
        ("活动参与", {"到场": "否"}, "第 2 行：未到场的客户不能有保单号"),
        ("行事历", {"月份": "2026-11-12"}, "D 列（月份）：“2026-11-12”不是月份，请写成 2026-11"),
        ("行事历", {"结束时间": "2026-11-12 13:00"}, "第 2 行：结束时间必须晚于开始时间"),
        ("会议", {"开始时间": "九点"}, "“九点”不是时间，请写成 2026-11-08 09:00"),
        ("会议", {"开始时间": "2100-01-01 09:00", "结束时间": None}, "F 列（开始时间）：还没有到"),
        ("会议", {"场次": "350102 2026-11 W9"}, "找不到“350102 2026-11 W9”"),
        (
            "参数",
            {"参数代码": "temperature_half_life_days", "参数值": 0},
            "第 2 行：参数值超出该参数的允许范围",
        ),
        ("参数", {"机构代码": "35", "职级代码": "SM1"}, "机构代码与职级代码最多填一个"),
    ],
)
def test_a_mistake_is_told_by_sheet_row_and_column(
    session: Session, title: str, cells: dict[str, object], problem: str
) -> None:
    found = problems(session, with_row(title, **cells))
    assert problem in found[0], found
    rest = [text for text in found if f"表“{title}”" not in text]
    assert not rest or "工号" in cells, "rows of other sheets that name the row are right"


def test_a_file_with_one_wrong_row_leaves_nothing(session: Session) -> None:
    problems(session, with_row("导航建议", 期限="明天"))
    assert session.scalar(select(func.count()).select_from(Person)) == 0


def test_all_mistakes_are_told_at_once(session: Session) -> None:
    sheets = {**with_row("客户", 来源="抖音"), "参会": with_row("参会", 出席="在家")["参会"]}
    assert len(problems(session, sheets)) == 2


def test_two_open_ranks_of_one_person_are_refused(session: Session) -> None:
    found = problems(session, with_row("职级履历", 失效日期=None))
    assert any("同一时点只能有一条有效记录" in text for text in found), found


RANKS = ["工号", "职级代码", "机构代码", "生效日期", "失效日期"]


@pytest.mark.parametrize("at_once", [WRITE_AT_ONCE, 1])
@pytest.mark.parametrize("closing_first", [True, False])
def test_one_file_closes_a_rank_and_opens_the_next_in_whatever_order(
    session: Session, closing_first: bool, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "WRITE_AT_ONCE", at_once)
    load(session)
    closing = ["2002", "A1", "350102", "2025-03-01", "2026-12-01"]
    opening = ["2002", "SM1", "350103", "2026-12-01", None]
    lines = [closing, opening] if closing_first else [opening, closing]
    (taken,) = load(session, {"职级履历": [RANKS, *lines]})
    assert (taken.added, taken.changed) == (1, 1)
    (again,) = load(session, {"职级履历": [RANKS, *lines]})
    assert again.unchanged == 2


def test_one_file_makes_a_rank_lasting_and_ends_the_one_before(session: Session) -> None:
    load(session)
    load(session, {"职级履历": [RANKS, ["2002", "SM1", "350102", "2026-01-01", "2026-07-01"]]})
    lasting = ["2002", "SM1", "350102", "2026-01-01", None]
    ended = ["2002", "A1", "350102", "2025-03-01", "2026-01-01"]
    (taken,) = load(session, {"职级履历": [RANKS, lasting, ended]})
    assert taken.changed == 2


def test_whoever_is_bound_to_a_subtree_cannot_write_or_name_what_lies_outside(session: Session) -> None:
    load(session)
    path = session.scalars(select(Institution.path).where(Institution.code == "350103")).one()
    sheets = {
        "营业室": [
            ["营业室代码", "营业室名称", "机构代码", "生效日期"],
            ["X1", "某室", "350102", "2026-01-01"],
        ]
    }
    assert "不在您的管辖范围内" in problems(session, sheets, within=Subtree(path))[0]
    heading = ["客户代码", "客户姓名", "服务人员工号", "来源", "建档日期"]
    sheets = {"客户": [heading, ["K1", "某", "2002", "缘故", "2026-01-01"]]}
    assert "不在您的管辖范围内" in problems(session, sheets, within=Subtree(path))[0]
    sheets = {"职级": ORGANISATION["职级"]}
    assert problems(session, sheets, within=Subtree(path)) == ["表“职级”：只有总公司管理员可以导入"]


def test_export_keeps_to_the_subtree_and_masks_who_the_customers_are(session: Session) -> None:
    load(session)
    paths = dict(session.execute(select(Institution.code, Institution.path)).all())
    customers = next(sheet for sheet in SHEETS if sheet.name == "customers")
    here, beside = Subtree(paths["350102"]), Subtree(paths["350103"])
    inside = list(rows(session, customers, within=here, free=mask_in(session, here)))
    assert [row[:2] for row in inside] == [("K1", "郑**"), ("K2", "林**")]
    assert inside[0][4] == "138****5678"
    assert list(rows(session, customers, within=beside, free=None)) == []
    for sheet in SHEETS:
        for row in rows(session, sheet, within=beside, free=None):
            assert "350102" not in row, (sheet.title, row)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_taken_in_the_encodings_that_spreadsheets_write(session: Session, encoding: str) -> None:
    text = "职级代码,职级名称,职级序号,主管及以上\r\nSM1,业务主任,40,是\r\n"
    filled = read(text.encode(encoding), file_name="职级.csv")
    assert take(session, filled)[0].added == 1


@pytest.mark.parametrize(("most", "megabytes"), [(MOST_UNPACKED, 40), (2 * 1024**2, 3)])
def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_unread(
    most: int, megabytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_UNPACKED", most)
    content = io.BytesIO(typed({"职级": ORGANISATION["职级"]}))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", b" " * megabytes * 1024**2)
    monkeypatch.setattr(openpyxl, "load_workbook", None)
    with pytest.raises(InputError, match=f"解压后有 {megabytes} MB，超出可读取的大小：请拆成几个文件后重试"):
        read(content.getvalue(), file_name="a.xlsx")


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "a.xlsx", "是空的"),
        (b"\x00\x01\x02", "职级.csv", "不是 Excel（.xlsx）或 CSV 文件"),
        (b"PK\x03\x04", "会议纪要.docx", "“会议纪要.docx”不是 Excel（.xlsx）或 CSV 文件：请另存为其中一种"),
        (b"PK\x05\x06" + b"\0" * 18, "a.xlsx", "不是完好的 Excel 文件"),
        (b"x", "员工.csv", "没有名为“员工”的表"),
        ("职级代码,职级名".encode(), "职级.csv", "没有名为“职级名”的列，是否指“职级名称”？"),
        ("职级代码,职级代码".encode(), "职级.csv", "列“职级代码”出现了两次"),
        ("职级代码".encode(), "职级.csv", "缺少必填列 职级名称、职级序号、主管及以上"),
        ('职级代码,职级名称,职级序号,主管及以上\n"A,b'.encode(), "职级.csv", "引号不成对"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(content: bytes, name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason.replace("（", ".").replace("）", ".")):
        read(content, file_name=name)


def transferred(session: Session) -> Subtree:
    """The organisation, after 2002 has gone from 350102 to 350103; the subtree of 350102."""
    load(session)
    heading = ["工号", "职级代码", "机构代码", "生效日期", "失效日期"]
    load(session, {"职级履历": [heading, ["2002", "A1", "350102", "2025-03-01", "2026-12-01"]]})
    load(session, {"职级履历": [heading, ["2002", "A1", "350103", "2026-12-01", None]]})
    return Subtree(session.scalars(select(Institution.path).where(Institution.code == "350102")).one())


def test_every_sheet_tells_which_rows_lie_inside_a_subtree(session: Session) -> None:
    for sheet in SHEETS:
        condition = References(session, Subtree("/1/2/")).inside(sheet)
        assert isinstance(condition, True_) == (sheet.name in GLOBAL), sheet.title


def test_a_sheet_that_does_not_tell_whose_its_rows_are_is_refused(session: Session) -> None:
    codes = Sheet(name="codes", title="某表", table=Rank, key=("code",), columns=())
    with pytest.raises(TypeError, match="nothing tells"):
        References(session, Subtree("/1/2/")).inside(codes)


def test_a_guessed_code_changes_no_action_of_another_branch(session: Session) -> None:
    load(session)
    paths = dict(session.execute(select(Institution.code, Institution.path)).all())
    beside: dict[str, Rows] = {
        "人员": [["工号", "姓名", "类别", "入司日期"], ["3001", "邻人", "外勤", "2024-01-01"]],
        "职级履历": [["工号", "职级代码", "机构代码", "生效日期"], ["3001", "SM1", "350103", "2024-01-01"]],
    }
    load(session, beside)
    stolen = with_row("管理动作", 执行人工号="3001", 对象工号=None, 记录="另一件事")["管理动作"]
    found = problems(session, {"管理动作": stolen}, within=Subtree(paths["350103"]))
    assert found == ["表“管理动作”第 2 行：该记录不在您的管辖范围内"]
    own = with_row("管理动作", 记录="客户关注医疗")["管理动作"]
    assert load(session, {"管理动作": own}, within=Subtree(paths["350102"]))[0].changed == 1


@pytest.mark.parametrize(
    ("title", "cells", "problem"),
    [
        ("人员", {"姓名": "李某"}, "该记录不在您的管辖范围内"),
        ("客户", {"客户姓名": "郑某"}, "该记录不在您的管辖范围内"),
        ("客户周快照", {"价值": 1}, "找不到“K1”，或不在您的管辖范围内"),
        ("导航建议", {"理由": "改"}, "找不到“K1”，或不在您的管辖范围内"),
        ("活动量", {"拜访完成数": 1}, "找不到“2002”，或不在您的管辖范围内"),
    ],
)
def test_the_former_branch_changes_nothing_of_somebody_who_was_transferred(
    session: Session, title: str, cells: dict[str, object], problem: str
) -> None:
    former = transferred(session)
    heading, first, *_ = with_row(title, **cells)[title]
    changed = [None if header == "推荐人工号" else cell for header, cell in zip(heading, first, strict=True)]
    if title == "客户":
        changed[2] = "2001"  # who serves in the former branch still
    found = problems(session, {title: [heading, changed]}, within=former)
    assert problem in found[0], found


def test_the_former_branch_does_not_take_back_who_was_transferred(session: Session) -> None:
    former = transferred(session)
    heading = ["工号", "职级代码", "机构代码", "生效日期", "失效日期"]
    back = ["2002", "SM1", "350102", "2027-01-01", None]
    found = problems(session, {"职级履历": [heading, back]}, within=former)
    assert "找不到“2002”，或不在您的管辖范围内" in found[0]


def test_the_new_branch_does_not_change_what_somebody_was_before_the_transfer(session: Session) -> None:
    transferred(session)
    path = session.scalars(select(Institution.path).where(Institution.code == "350103")).one()
    heading = ["工号", "职级代码", "机构代码", "生效日期", "失效日期"]
    before = ["2002", "SM1", "350103", "2025-03-01", "2026-12-01"]
    found = problems(session, {"职级履历": [heading, before]}, within=Subtree(path))
    assert found == ["表“职级履历”第 2 行：该记录不在您的管辖范围内"]


def test_customers_go_with_who_serves_them_and_sales_stay_where_they_were_signed(session: Session) -> None:
    former = transferred(session)

    def codes(name: str) -> list[object]:
        sheet = next(sheet for sheet in SHEETS if sheet.name == name)
        return [row[0] for row in rows(session, sheet, within=former, free=None)]

    assert codes("customers") == ["K2"]
    assert codes("people") == codes("rank_history")[:1] == ["2001"]
    assert codes("inventory") == codes("interactions") == codes("recommendations") == []
    assert (codes("sales"), codes("management_actions")) == (["P1"], ["M1"])


SAID = "与客户郑美玲女士面谈，电话13812345678，身份证110101199003078515，陈经理在场"


def test_an_export_covers_customers_and_numbers_in_what_was_written(session: Session) -> None:
    sheets = with_row("管理动作", 记录=SAID)
    load(session, {**sheets, "行事历": with_row("行事历", 内容=SAID)["行事历"]})
    covered = "与客户郑**女士面谈，电话138****5678，身份证110*************15，陈经理在场"
    everything = read(workbook(session), file_name="导出.xlsx")
    told = {one.sheet.name: one.rows[0].cells for one in everything if one.rows}
    assert told["management_actions"]["record"] == told["activity_events"]["content"] == covered
    assert told["people"]["name"] == "王建国"
    assert "郑美玲女士" in str(read(workbook(session, mask=False), file_name="导出.xlsx"))


@pytest.mark.parametrize("record", ["电话138****5678", "客户郑**女士", "见李*。"])
def test_what_was_exported_masked_does_not_replace_the_original(session: Session, record: str) -> None:
    found = problems(session, with_row("管理动作", 记录=record))
    assert found == ["表“管理动作”第 2 行 F 列（记录）：是隐去后的内容，不能导入；请用未隐去的原文"]


def test_a_count_of_times_is_no_masked_name(session: Session) -> None:
    load(session, with_row("管理动作", 记录="陪访*2，电访 * 3"))
