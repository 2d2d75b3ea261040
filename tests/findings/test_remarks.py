"""Good practices and common problems, with advice (R34)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files

import pytest

from qa_pipeline.errors import RubricError
from qa_pipeline.findings import remarks, sharing
from qa_pipeline.findings.registry import take
from qa_pipeline.values.findings import Remark
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.findings.dialogue import EMPTY, GOOD, WEEKLY, acted, findings


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


def _library(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]) -> None:
    text = change((files("rubrics") / "practices.yaml").read_text("utf-8"))

    class Shelf:
        def __truediv__(self, name: str) -> Shelf:
            return self

        def read_text(self, encoding: str) -> str:
            return text

    monkeypatch.setattr(remarks, "files", lambda package: Shelf())
    remarks.library.cache_clear()


@pytest.fixture(autouse=True)
def _shipped() -> Iterator[None]:
    yield
    remarks.library.cache_clear()


def test_qa_staff_add_an_entry_without_a_programmer(monkeypatch: pytest.MonkeyPatch) -> None:
    _library(monkeypatch, lambda text: text.replace("issues:\n", f"{RAIN}issues:\n"))
    seen = next(r for r in findings(SHARING, pace=4).practices if r.id == "rainy_day_visit")
    assert (seen.label, seen.suggestion) == ("雨天也上门", "把雨天拜访写进行事历。")
    assert "下着大雨" in seen.evidence[0].quote
    assert "rainy_day_visit" not in {r.id for r in findings(GOOD).practices}


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("measure: commitments_count", "measure: commitment_counts", "commitment_counts"),
        (", at_most: 0}", "}", "写法有误"),
        ("said: [下雨, 大雨], ", "", "写法有误"),
    ],
)
def test_a_wrong_entry_is_named(monkeypatch: pytest.MonkeyPatch, before: str, after: str, says: str) -> None:
    wrong = RAIN.replace(before, after)
    assert wrong != RAIN
    _library(monkeypatch, lambda text: text.replace("issues:\n", f"{wrong}issues:\n"))
    with pytest.raises(RubricError, match=says):
        remarks.library()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("id: one_voice", "id: one_vioce", "one_vioce"),
        ("thresholds: {host: 0.75}", "thresholds: {hosts: 0.75}", "host"),
        ("version: 1", "versoin: 1", "写法有误"),
    ],
)
def test_a_wrong_library_is_refused(
    monkeypatch: pytest.MonkeyPatch, before: str, after: str, says: str
) -> None:
    def broken(text: str) -> str:
        assert before in text
        return text.replace(before, after)

    _library(monkeypatch, broken)
    with pytest.raises(RubricError, match=says):
        remarks.library()
