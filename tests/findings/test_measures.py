"""The registry, and what a good and an empty meeting come to, with and without speakers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from qa_pipeline.findings import commitments
from qa_pipeline.findings.registry import register, specs
from qa_pipeline.personal import mask_personal
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.findings.dialogue import EMPTY, GOOD, MONTHLY, WEEKLY, acted, findings, meeting, value


def test_every_measure_is_listed_with_a_chinese_label_and_meaning_and_is_taken() -> None:
    listed = specs()
    assert len(listed) >= 100
    assert {s.id for s in listed} == set(findings(GOOD).measures)
    for spec in listed:
        assert re.search(r"[\u4e00-\u9fff]", spec.label), spec
        assert re.search(r"[\u4e00-\u9fff]", spec.meaning), spec
        assert spec.unit
        assert spec.family


def test_an_id_is_taken_once() -> None:
    with pytest.raises(ValueError, match="recap"):
        register(id="recap", label="", unit="", meaning="", function=lambda r: None)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("facts", [WEEKLY, MONTHLY, MeetingFacts()])
@pytest.mark.parametrize("speakers", [True, False])
@pytest.mark.parametrize("text", [GOOD, EMPTY])
def test_unknown_is_said_in_chinese_and_positive_values_carry_evidence(
    text: str, speakers: bool, facts: MeetingFacts
) -> None:
    found = findings(text, facts, speakers=speakers)
    transcript, _ = meeting(text, speakers=speakers)
    facts_only = {"attendance_rate", "on_site_rate", "expected_count", "start_hour"}
    for name, measured in found.measures.items():
        assert measured.id == name
        if measured.value is None:
            assert re.search(r"[\u4e00-\u9fff]", measured.reason), name
        elif measured.value > 0 and name not in facts_only:
            assert measured.evidence, name
            for proof in measured.evidence:
                said = transcript.utterances[proof.utterance]
                assert proof.quote.rstrip("…") in said.text
                assert (proof.start, proof.end) == (said.start, said.end)


def test_r09_the_rate_of_attendance_is_that_of_the_verdict_guests_do_not_replace_the_absent() -> None:
    due = Roster(count=4, names=("甲", "乙", "丙", "丁"))
    there = Roster(count=4, names=("甲", "乙", "客一", "客二"))
    named = replace(WEEKLY, expected_attendees=due, attendees=there)
    assert value(findings(GOOD, named), "attendance_rate") == 0.5
    counted = replace(WEEKLY, expected_attendees=Roster(count=4), attendees=Roster(count=3))
    assert value(findings(GOOD, counted), "attendance_rate") == 0.75


LONG = (
    "这周我把老客户的名单按住得远近重排成三条线，先跑东边家属楼那六户，挨家把保单翻出来念受益人一栏，再问孩子上学要用多少钱，"
    "周四下午陪新人小周去开药店的老板家里坐一坐，顺便把计划书改成年交一万的那一版带过去给他爱人看，"
)


@pytest.mark.parametrize("length", range(70, 88))
def test_no_quote_splits_a_personal_number(length: int) -> None:
    """Half of one would not be known for what it is, and be shown."""
    said = LONG[:length] + "电话13912345678，周五之前约好。"
    made = acted(("王建", "你呢？" + said), ("李梅", said, Act.COMMIT), chapter=Chapter.NEXT_WEEK_PLAN)
    (action,) = commitments.actions(made)
    for shown in (made.evidence(0).quote, made.evidence(1).quote, action.what or "", action.task):
        assert "1391" not in mask_personal(shown)


@pytest.mark.parametrize("speakers", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "check_share",
        "probes_per_10min",
        "probe_chains",
        "answers_substance",
        "complete_actions",
        "commitment_completeness",
        "practice_steps",
        "practice_complete",
        "causal_loops",
        "countermeasures",
        "data_triples",
        "followups",
        "opening_goal",
        "closing_summary",
        "topic.pvkyc",
        "topic.benchmark",
        "topic.u_attainment",
        "topic.week_plan",
    ],
)
def test_a_host_who_asks_stands_above_a_host_who_reads_every_keyword(name: str, speakers: bool) -> None:
    good, empty = findings(GOOD, speakers=speakers), findings(EMPTY, speakers=speakers)
    assert value(good, name) > (empty.measures[name].value or 0.0)


def test_speaker_measures_are_unknown_without_speakers_not_zero() -> None:
    found = findings(GOOD, speakers=False)
    for name in ("host_talk_share", "top_talk_share", "speakers_heard", "turn_entropy", "longest_monologue"):
        assert found.measures[name].value is None
        assert "说话人" in found.measures[name].reason
    assert found.host is None
    assert found.measures["probe_chains"].confidence < findings(GOOD).measures["probe_chains"].confidence


def test_a_meeting_without_a_word_is_measured_without_an_error() -> None:
    nothing = Transcript(utterances=(), duration=60.0, engine="test")
    from qa_pipeline.findings import find

    found = find(nothing, Chapters(spans=(), segmenter="test"), WEEKLY)
    assert found.readings == ()
    assert found.actions == ()
    assert found.measures["speech_minutes"].value is None
    assert found.measures["check_share"].value is None


def test_reading_twice_gives_the_same() -> None:
    assert findings(GOOD) == findings(GOOD)


def test_phantoms_prove_nothing() -> None:
    text = GOOD.replace(
        "赵强: 跑了六访，成交零，缘故客户见了两个。", "赵强: ~请不吝点赞订阅转发打赏支持明镜与点点栏目"
    )
    transcript, _ = meeting(text)
    ghost = next(i for i, u in enumerate(transcript.utterances) if u.phantom)
    found = findings(text)
    assert found.readings[ghost].acts == ()
    assert found.readings[ghost].mentions == ()
    quoted = {e.utterance for m in found.measures.values() for e in m.evidence}
    assert ghost not in quoted
    assert value(found, "phantom_share") == pytest.approx(1 / len(transcript.utterances))
