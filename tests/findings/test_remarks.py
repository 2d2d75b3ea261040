"""Good practices and common problems, with advice (R34)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from qa_pipeline.cli import app
from qa_pipeline.errors import RubricError
from qa_pipeline.findings import remarks, sharing
from qa_pipeline.findings.registry import take
from qa_pipeline.values.findings import Remark
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.findings.dialogue import EMPTY, GOOD, WEEKLY, acted, findings, reading


def test_r34_a_good_meeting_shows_practices_with_proof_and_advice() -> None:
    found = findings(GOOD)
    ids = {r.id for r in found.practices}
    assert {"probe_to_customer", "distilled_steps"} <= ids
    for remark in found.practices:
        assert remark.evidence
        assert remark.suggestion


def test_a_practice_comes_with_a_card_to_pass_on() -> None:
    """谁的做法、在哪一段讲的、每一步的原话，拿去就能发。"""
    shared = next(r for r in findings(GOOD).practices if r.id in remarks.SHARED)
    card = shared.suggestion.partition("实践卡：")[2]
    steps = re.findall(r"\d\. ([^；。]+)", card)
    assert len(steps) >= 3
    assert re.search(r"的做法（\d\d:\d\d 至 \d\d:\d\d）：1\. ", card)
    assert all(any(step[:12] in line for line in GOOD.splitlines()) for step in steps)


def test_r34_an_empty_meeting_shows_its_problems() -> None:
    ids = {r.id for r in findings(EMPTY, pace=1.5).issues}
    assert {"sentiment_sharing", "promises_forgotten", "no_promises", "off_theme"} <= ids
    assert "off_theme" not in {r.id for r in findings(GOOD).issues}


def test_one_voice_is_seen_only_when_voices_are_known() -> None:
    assert "one_voice" in {r.id for r in findings(EMPTY).issues}
    assert "one_voice" not in {r.id for r in findings(EMPTY, speakers=False).issues}


def test_the_library_is_data_with_a_schema() -> None:
    shelf = remarks.library()
    assert {e.id for e in (*shelf.practices, *shelf.issues)} == set(remarks.SIGHTS)


def test_a_host_who_says_every_keyword_is_told_so_and_praised_for_nothing() -> None:
    words = "期缴保费，达U，陪访，转介绍，根因，对策，标杆，送训，目标面谈，客户盘点。"
    stuffed = findings(
        f"stage_review\n马国强: 上次说的都要核对。{words}\n何玉梅: 上周的承诺要兑现，{words}\n" * 12
    )
    issue = next(r for r in stuffed.issues if r.id == remarks.STUFFED)
    assert issue.label == "堆砌关键词"
    assert issue.evidence
    assert stuffed.practices == ()
    assert remarks.STUFFED not in {r.id for r in findings(GOOD).issues}


@pytest.mark.parametrize(
    ("jargon", "exchanged", "stuffed"),
    [(0.07, 0.1, False), (0.088, 0.25, True), (0.088, 0.316, False), (0.16, 0.32, True), (0.21, 0.6, True)],
)
def test_the_more_jargon_the_more_it_takes_not_to_have_been_a_recital(
    jargon: float, exchanged: float, stuffed: bool
) -> None:
    """A month's planning heard through one microphone, with 9 % jargon and a third of it asked, is none."""
    talk = reading(GOOD)
    measures = take(talk)
    values = {"keyword_share": jargon, "exchange_share": exchanged}
    found = remarks.remark(
        talk, measures | {name: replace(measures[name], value=value) for name, value in values.items()}
    )
    assert (remarks.STUFFED in {r.id for r in found[1]}) is stuffed
    assert bool(found[0]) is not stuffed


SHARING = """excellence_sharing
马国强: 请小何讲讲，她这周送了两个人进班。
何玉梅: 我那年下着大雨去客户家，站在门口哭，心里就一个念头，坚持。
何玉梅: 做这一行没有别的，就是用心，人心都是肉长的。
何玉梅: 只要相信自己，不放弃，就一定能成。
马国强: 太感动了，大家都要学她这种精神。
"""


def test_a_sharing_that_only_moves_is_a_problem_and_no_practice() -> None:
    found = findings(SHARING, pace=4)
    assert "sentiment_sharing" in {r.id for r in found.issues}
    assert not {"distilled_steps", "told_steps"} & {r.id for r in found.practices}
    proof = next(r for r in found.issues if r.id == "sentiment_sharing").evidence
    assert any("坚持" in e.quote for e in proof)


TOLD = (
    ("孙丽", "第一步，我把老客户名单分成三类，写在本子上。", Act.PRACTICE),
    ("孙丽", "第二步，打电话约见面，当天就登门。", Act.PRACTICE),
    ("孙丽", "第三步，带着保单检视表，一张一张翻给他看。", Act.PRACTICE),
    ("王建", "好，下一个议题。"),
)


def test_the_card_names_who_was_asked_to_share_and_holds_that_persons_steps_alone() -> None:
    asked_between = (
        ("马国强", "三个人差距不一样，大勇差在先见谁，何玉梅第一。", Act.RECOGNIZE),
        ("马国强", "今天的标杆是孙丽，掌声请她分享她的做法。", Act.RECOGNIZE),
        TOLD[0],
        ("大勇", "第二步是不是要先打电话约，当天就登门？", Act.PRACTICE),
        *TOLD[1:],
    )
    card = sharing.card(acted(*asked_between, chapter=Chapter.EXCELLENCE_SHARING))
    assert card.startswith("孙丽的做法", card.index("：") + 1)
    assert "是不是" not in card
    assert card.count("步，") == 3


def test_steps_told_off_without_being_boiled_down_are_a_practice_with_a_card() -> None:
    def told(*lines: tuple[str, str] | tuple[str, str, Act]) -> dict[str, Remark]:
        reading = acted(*lines, chapter=Chapter.EXCELLENCE_SHARING)
        return {r.id: r for r in remarks.remark(reading, take(reading))[0]}

    found = told(*TOLD)["told_steps"]
    assert [e.quote for e in found.evidence] == [text for _, text, *_ in TOLD[:3]]
    assert "实践卡：孙丽的做法（00:00 至 00:20）：1. 第一步，我把老客户名单分成三类" in found.suggestion
    assert told(*TOLD[:3], TOLD[0])["told_steps"].suggestion == found.suggestion, "a step said twice is one"
    boiled = told(*TOLD[:3], ("王建", "我给大家归纳一下，三步，谁都能照着做。", Act.SUMMARY))
    assert "told_steps" not in boiled, "boiled down, it is the better practice"
    assert "told_steps" not in told(*TOLD[:2], TOLD[3]), "two steps are too few"


@pytest.mark.parametrize(
    ("summary", "kept"),
    [
        ("我给大家归成四步，一是分三类，二是先打电话，三是登门，四是记下回。", True),
        ("我给大家归一归：分三类；先约；登门；问下回。大勇你念一遍。", True),
        ("我总结一下，就是真心换真心，坚持，用心，大家鼓个掌。", False),
        ("总结得好，大家照着做。", False),
    ],
)
def test_the_card_keeps_how_the_practice_was_summed_up(summary: str, kept: bool) -> None:
    """The shortest form to pass on is the host's own; praise and slogans are none."""
    card = sharing.card(acted(*TOLD, ("马国强", summary, Act.SUMMARY), chapter=Chapter.EXCELLENCE_SHARING))
    assert (f"归纳（00:40）：{summary.rstrip('。')}。" in card) is kept
    assert ("归纳" in card) is kept


def test_demands_told_off_by_number_are_no_practice() -> None:
    """第一，认识不到位 is what a manager scolds for, however well it is numbered and summed up."""
    demands = acted(
        ("王建", "我给大家归纳了三个不到位。", Act.SUMMARY),
        ("王建", "第一，认识不到位，名单没有写在本子上。", Act.PRACTICE),
        ("王建", "第二，学习不到位，打电话约人不会开口。", Act.PRACTICE),
        ("王建", "第三，管理不到位，没人盯拜访。", Act.PRACTICE),
        ("王建", "这三句话大家记下来，照着做。", Act.SUMMARY),
        chapter=Chapter.PROBLEM_DISCUSSION,
    )
    assert not {"distilled_steps", "told_steps"} & {r.id for r in remarks.remark(demands, take(demands))[0]}
    assert sharing.card(demands) == ""


def test_the_evidence_is_what_shows_the_problem_best() -> None:
    """Weak words before answers that merely lack a date; the surest evasion before doubtful ones."""
    sure = (
        ("我尽量。", 0.9),
        ("有。", 0.5),
        ("我再努力努力。", 0.8),
        ("好，看情况。", 0.7),
        ("没想过。", 0.6),
    )
    talk = acted(
        *(("李梅", text, Act.EVADE) for text, _ in sure), chapter=Chapter.NEXT_WEEK_PLAN, facts=WEEKLY
    )
    doubtful = replace(
        talk,
        readings=tuple(
            replace(r, acts=((Act.EVADE, p), *([(Act.COMMIT, 0.5)] if p == 0.9 else [])))
            for r, (_, p) in zip(talk.readings, sure, strict=True)
        ),
    )
    found = {r.id: [e.quote for e in r.evidence] for r in remarks.remark(doubtful, take(doubtful))[1]}
    assert found["weak_promises"] == ["我尽量。", "我再努力努力。", "好，看情况。"]
    assert "有。" not in found["evasive_answers"]


def test_blame_in_passing_again_and_again_is_seen() -> None:
    said = "problem_discussion\n" + "".join(
        f"{who}: {excuse}\n"
        for who, excuse in (
            ("李军", "现在市场不好，没办法。"),
            ("王芳", "银行把客户都抢走了。"),
            ("赵琴", "今年龙虾跌价，老百姓手里没钱。"),
            ("李军", "主要还是大环境的问题。"),
        )
    )
    issue = next(r for r in findings(said).issues if r.id == "blaming_outside")
    assert "银行把客户都抢走了。" in {e.quote for e in issue.evidence}


RAIN = """  - id: rainy_day_visit
    label: 雨天也上门
    suggestion: 把雨天拜访写进行事历。
    when:
      - {said: [下雨, 大雨], chapter: excellence_sharing}
      - {measure: commitments_count, at_most: 0}
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a library of the company's own in use."""

    def use(text: str) -> Path:
        file = tmp_path / "实践库.yaml"
        file.write_text(text, "utf-8")
        monkeypatch.setenv("HUIJIAN_PRACTICES", str(file))
        return file

    return use


def _changed(before: str, after: str) -> str:
    text = remarks.SHIPPED.read_text("utf-8")
    assert before in text
    return text.replace(before, after, 1)


def test_qa_staff_add_an_entry_without_a_programmer(own: Callable[[str], Path]) -> None:
    own(f"version: 1\nextends: practices\npractices:\n{RAIN}")
    found = findings(SHARING, pace=4)
    seen = next(r for r in found.practices if r.id == "rainy_day_visit")
    assert (seen.label, seen.suggestion) == ("雨天也上门", "把雨天拜访写进行事历。")
    assert "下着大雨" in seen.evidence[0].quote
    assert "sentiment_sharing" in {r.id for r in found.issues}, "the shipped ones are still seen"
    assert "rainy_day_visit" not in {r.id for r in findings(GOOD).practices}


def test_a_library_of_ones_own_overrides_and_removes_shipped_entries(own: Callable[[str], Path]) -> None:
    own(
        "version: 1\nextends: practices\nissues:\n  - {id: off_theme, remove: true}\n"
        "  - {id: sentiment_sharing, label: 只讲情怀}\n"
    )
    issues = {entry.id: entry for entry in remarks.library().issues}
    assert "off_theme" not in issues
    assert issues["sentiment_sharing"].label == "只讲情怀"
    assert issues["sentiment_sharing"].thresholds == {"steps": 2, "minutes": 1, "firm": 0.45}


def test_a_changed_library_is_read_again(own: Callable[[str], Path]) -> None:
    own(_changed("label: 一言堂", "label: 一个人讲"))
    assert "一个人讲" in {entry.label for entry in remarks.library().issues}
    own(_changed("label: 一言堂", "label: 主持人独讲"))
    assert "主持人独讲" in {entry.label for entry in remarks.library().issues}


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "measure: commitments_count",
            "measure: commitment_counts",
            ":9:10 .*最接近的是「commitments_count」",
        ),
        ("chapter: excellence_sharing", "chapter: sharing", ":8:\\d+ .*最接近的是「excellence_sharing」"),
        ("label:", "lable:", ":5:5 键「lable」：没有「lable」这个键，最接近的是「label」"),
        (", at_most: 0}", "}", ":9:9 .*measure 要配 at_least 或 at_most"),
        ("said: [下雨, 大雨], ", "", ":8:9 .*measure 和 said 写且只写一个"),
        ("said: [下雨, 大雨]", 'said: ["", 大雨]', ":8:9 .*said 里有空的词"),
        ("said: [下雨, 大雨]", "said: [下雨], at_least: 2", "at_least、at_most 只配 measure"),
        ("at_most: 0}", "at_most: 0, times: 2}", "chapter、times 只配 said"),
        ("    when:", "    thresholds: {steps: 3}\n    when:", "写了 when 的条目不用门槛"),
        ("label: 雨天也上门", 'label: ""', "键「label」：写得太短"),
    ],
)
def test_a_wrong_entry_is_named_with_its_place_and_the_nearest_word(
    own: Callable[[str], Path], before: str, after: str, says: str
) -> None:
    wrong = RAIN.replace(before, after)
    assert wrong != RAIN
    own(f"version: 1\nextends: practices\npractices:\n{wrong}")
    with pytest.raises(RubricError, match=f"(?s)实践库.yaml.*{says}"):
        remarks.library()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "id: one_voice",
            "id: one_vioce",
            "「one_vioce」没有识别方法，请写 when；自带的编号最接近的是「one_voice」",
        ),
        (
            "thresholds: {host: 0.75}",
            "thresholds: {hosts: 0.75}",
            "没有「hosts」这个门槛，最接近的是「host」",
        ),
        ("version: 1\npractices", "versoin: 1\npractices", "没有「versoin」这个键，最接近的是「version」"),
        ("id: told_steps", "id: distilled_steps", "id「distilled_steps」重复，.*:.*:.* 已用过"),
        ("label: 一言堂", "label: 一言堂: 主持人", "不是合法的 YAML（这里不能再写冒号"),
        ("issues:", "issue:", "没有「issue」这个键，最接近的是「issues」"),
    ],
)
def test_a_wrong_library_is_refused(own: Callable[[str], Path], before: str, after: str, says: str) -> None:
    own(_changed(before, after))
    with pytest.raises(RubricError, match=f"(?s)实践库.yaml.*{says}"):
        remarks.library()


def test_a_library_that_is_not_there_is_refused(own: Callable[[str], Path]) -> None:
    own("").unlink()
    with pytest.raises(RubricError, match=r"找不到实践库文件 .*实践库\.yaml，请检查路径"):
        remarks.library()


def test_rubric_check_knows_a_practice_library(own: Callable[[str], Path]) -> None:
    def check(text: str) -> Result:
        return CliRunner().invoke(app, ["rubric", "check", str(own(text))])

    told = check(f"version: 1\nextends: practices\npractices:\n{RAIN}")
    assert (told.exit_code, told.output) == (0, "实践库（优秀实践 9 条，常见问题 12 条）写法正确。\n")
    wrong = check(_changed("id: one_voice", "id: one_vioce"))
    assert wrong.exit_code == 2
    assert "实践库.yaml:" in wrong.stderr
    assert "最接近的是「one_voice」" in wrong.stderr
