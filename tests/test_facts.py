"""Meeting facts: what is read, and what is refused with place, key and nearest word."""

from datetime import date, datetime, time
from time import process_time

import pytest

from qa_pipeline.errors import FactsError
from qa_pipeline.facts import facts_from, facts_warnings, merge, read_facts
from qa_pipeline.values.facts import Figure, MeetingFacts, Roster
from qa_pipeline.values.vocabulary import MeetingKind, Theme

GOOD = """\
kind: 周复盘会
meeting_date: 2026-11-08
start_time: 09:00
institution: 天水秦州营销服务部
theme: 主管领跑周
host: 马国栋
admin_manager: 马国栋
deputies: [王芳霞]
expected_attendees:
  - 王芳霞
  - 李小军
  - 赵彩琴
attendees: [王芳霞, 李小军]
on_leave: 赵彩琴
on_site: 2
prepared_at: 2026-11-07 18:30
meeting_minutes: 62.5
figures:
  - {owner: 王芳霞, indicator: 期缴保费, value: 32万, as_of: 2026-11-07}
  - owner: 天水秦州营销服务部
    indicator: u_rate
    value: 62.5%
"""


@pytest.fixture
def sidecar(tmp_path):
    def write(text: str):
        path = tmp_path / "周会 录音.meeting.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_whole_sidecar(sidecar):
    assert read_facts(sidecar(GOOD)) == MeetingFacts(
        kind=MeetingKind.WEEKLY_REVIEW,
        meeting_date=date(2026, 11, 8),
        start_time=time(9, 0),
        institution="天水秦州营销服务部",
        theme=Theme.SUPERVISOR_LEAD,
        host="马国栋",
        admin_manager="马国栋",
        deputies=("王芳霞",),
        expected_attendees=Roster(count=3, names=("王芳霞", "李小军", "赵彩琴")),
        attendees=Roster(count=2, names=("王芳霞", "李小军")),
        on_leave=("赵彩琴",),
        on_site=2,
        prepared_at=datetime(2026, 11, 7, 18, 30),
        meeting_minutes=62.5,
        figures=(
            Figure(
                owner="王芳霞", indicator="regular_premium", value=320_000, unit="元", as_of=date(2026, 11, 7)
            ),
            Figure(owner="天水秦州营销服务部", indicator="u_rate", value=0.625, unit="%"),
        ),
    )


@pytest.mark.parametrize("text", ["", "# 只有注释\n", "host:\non_site: ~\ndeputies: []\nattendees: []\n"])
def test_what_is_not_given_is_unknown(sidecar, text):
    assert read_facts(sidecar(text)) == MeetingFacts()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("kind: weekly_review\nmeting_date: 2026-11-08\n", "第 2 行第 1 列", "meeting_date"),
        ("kind: weekly_reveiw\n", "第 1 行第 1 列", "是否想写“weekly_review”"),
        ("kind: 月计划会\n", "第 1 行", "是否想写“月规划会”"),
        ("theme: 领跑周\n", "第 1 行", "是否想写“主管领跑周”"),
        ("meeting_date: 2026-02-30\n", "第 1 行", "这一天不存在"),
        ("meeting_date: 明天\n", "第 1 行", "年-月-日"),
        ("meeting_date: 2100-01-01\n", "第 1 行", "还没有到，请核对会议日期"),
        ("meeting_date: 0206-02-03\n", "第 1 行", "2000–2100"),
        ("host: 甲\nstart_time: 25:00\n", "第 2 行", "这个时间不存在"),
        ("start_time: 上午\n", "第 1 行", "时:分"),
        ("prepared_at: 2026-11-07\n", "第 1 行", "缺少时间"),
        ("host: 甲\nhost: 乙\n", "第 2 行第 1 列", "重复"),
        ("attendees: -3\n", "第 1 行", "人数"),
        ("attendees: 2.5\n", "第 1 行", "人数"),
        ("attendees: [张三, 张三]\n", "第 1 行", "重名"),
        ("expected_attendees: 0\n", "第 1 行", "应到人数不能为 0"),
        ("attendees: 3\non_site: 4\n", "第 2 行", "多于实到人数"),
        ("meeting_minutes: 很久\n", "第 1 行", "分钟"),
        ("meeting_minutes: 1441\n", "第 1 行", "不可能"),
        ("kind: weekly_review\ntheme: month_end_sprint\n", "第 2 行", "周复盘会的主题"),
        ("attendees: {a: 1}\n", "第 1 行", "一列名字"),
        ("- 张三\n", "meeting.yaml", "键: 值"),
        ("figures: 320\n", "第 1 行", "应为一列"),
        ("figures:\n  - 张三\n", "第 2 行第 5 列", "每项应写成"),
        ("figures:\n  - {owner: 甲, indicatr: fyc, value: 1}\n", "第 2 行", "是否想写“indicator”"),
        ("figures:\n  - {owner: 甲, indicator: fyd, value: 1}\n", "第 2 行", "是否想写“fyc”"),
        ("figures:\n  - {owner: 甲, indicator: fyc}\n", "第 2 行", "缺少“value”"),
        ("figures:\n  - {owner: 甲, indicator: fyc, value: 8 件}\n", "第 2 行", "应带单位“元”"),
        ("figures:\n  - {owner: 甲, indicator: u_rate, value: 62}\n", "第 2 行", "例如 62%"),
        ("figures:\n  - {owner: 甲, indicator: fyc, value: 1, as_of: 明天}\n", "第 2 行", "年-月-日"),
        (
            "figures:\n"
            "  - {owner: 甲, indicator: fyc, value: 1}\n"
            "  - {owner: 甲, indicator: FYC, value: 2}\n",
            "第 1 行",
            "写了两次",
        ),
        ("host: [甲\n", "第 2 行", "YAML"),
        ("host: '\x01'\n", "meeting.yaml", "YAML"),
        ("host: " + "[" * 2000, "meeting.yaml", "一层套一层太深"),
        ("- " * 2000, "meeting.yaml", "一层套一层太深"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(sidecar, text, place, words):
    path = sidecar(text)
    with pytest.raises(FactsError) as refused:
        read_facts(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert place in message
    assert words in message


def test_a_missing_file_a_folder_and_another_encoding(tmp_path):
    with pytest.raises(FactsError, match="找不到"):
        read_facts(tmp_path / "none.meeting.yaml")
    with pytest.raises(FactsError, match="无法读取"):
        read_facts(tmp_path)
    other = tmp_path / "gbk.meeting.yaml"
    other.write_bytes("host: 马国栋".encode("gbk"))
    with pytest.raises(FactsError, match="UTF-8"):
        read_facts(other)
    huge = tmp_path / "huge.meeting.yaml"
    huge.write_text("#" * 300_000, encoding="utf-8")
    with pytest.raises(FactsError, match="过大"):
        read_facts(huge)


def test_a_file_saved_by_notepad_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "bom.meeting.yaml"
    path.write_text("host: 马国栋\n", encoding="utf-8-sig")
    assert read_facts(path).host == "马国栋"


def test_flags_name_the_key_they_refuse():
    with pytest.raises(FactsError, match="kind"):
        facts_from({"kind": "daily"})
    with pytest.raises(FactsError, match="未知的键“hots”，是否想写“host”"):
        facts_from({"hots": "甲"})


def test_flags_as_people_type_them():
    facts = facts_from(
        {"attendees": "张三、李四，王五", "expected_attendees": "9", "meeting_date": "2026年11月8日"}
    )
    assert facts.attendees == Roster(count=3, names=("张三", "李四", "王五"))
    assert facts.expected_attendees == Roster(count=9)
    assert facts.meeting_date == date(2026, 11, 8)


def test_a_list_with_full_width_commas_is_still_a_list(sidecar):
    assert read_facts(sidecar("attendees: [张三，李四]\n")).attendees == Roster(
        count=2, names=("张三", "李四")
    )


def test_values_already_typed_are_taken_as_they_are():
    facts = facts_from(
        {"meeting_date": date(2026, 11, 8), "start_time": time(9), "attendees": Roster(count=3)}
    )
    assert (facts.meeting_date, facts.start_time) == (date(2026, 11, 8), time(9))
    assert facts.attendees == Roster(count=3)


def test_a_time_stamp_from_another_zone_is_brought_to_beijing():
    assert facts_from({"prepared_at": "2026-11-07T18:30:00Z"}).prepared_at == datetime(2026, 11, 8, 2, 30)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"prepared_at": "0001-01-01T00:00:00+14:00"}, "2000–2100"),
        ({"prepared_at": "9999-12-31T23:59:59-12:00"}, "2000–2100"),
        ({"prepared_at": "1026-11-07 18:30"}, "2000–2100"),
        ({"attendees": "9" * 5000}, "过大"),
        ({"on_site": "9" * 5000}, "过大"),
    ],
)
def test_a_time_or_number_beyond_all_reach_is_refused_in_words(given, words):
    with pytest.raises(FactsError, match=words):
        facts_from(given)


def test_a_list_of_many_thousand_names_is_checked_at_once():
    names = [f"人{number}" for number in range(50_000)]
    begun = process_time()
    assert facts_from({"attendees": names}).attendees == Roster(count=50_000, names=tuple(names))
    with pytest.raises(FactsError, match="“人7”出现两次"):
        facts_from({"attendees": [*names, "人7"]})
    assert process_time() - begun < 5


def test_flags_win_over_the_sidecar(sidecar):
    merged = merge(read_facts(sidecar(GOOD)), facts_from({"host": "王芳霞", "start_time": "10:30"}))
    assert (merged.host, merged.start_time, merged.admin_manager) == ("王芳霞", time(10, 30), "马国栋")


def test_a_flag_that_contradicts_the_sidecar_is_refused(sidecar):
    with pytest.raises(FactsError, match="on_site"):
        merge(read_facts(sidecar(GOOD)), facts_from({"on_site": 5}))


def test_more_attendees_than_expected_is_odd_but_possible():
    facts = facts_from({"expected_attendees": 8, "attendees": 9})
    assert "多于应到" in facts_warnings(facts)[0]
    assert facts_warnings(facts_from({"expected_attendees": 9, "attendees": 9})) == ()


def test_leave_that_does_not_fit_the_lists_is_told():
    facts = facts_from({"expected_attendees": ["甲", "乙"], "attendees": ["甲"], "on_leave": ["甲", "丙"]})
    assert [warning[:8] for warning in facts_warnings(facts)] == ["请假名单中的丙不", "甲同时在请假名单"]
