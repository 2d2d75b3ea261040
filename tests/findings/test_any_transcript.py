"""Whatever was said, by whomever, however strangely: reading and scoring end, with values in their ranges."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from qa_pipeline.chapters import segment
from qa_pipeline.findings import find
from qa_pipeline.findings.registry import specs
from qa_pipeline.rubric import load_rubric, score
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import MeetingKind, Theme

LINES = st.one_of(
    st.sampled_from(
        [
            "",
            "嗯",
            "好的。",
            "好的",
            "为什么没达U？",
            "见了六个",
            "我周五之前陪访张姐三次",
            "五十三万七",
            "ct",
        ]
    ),
    st.text("我你他没做见陪访送训保费U?？。，0123一二三百万亿点 \nabc", max_size=30),
    st.text(max_size=12),
)
SPEAKERS = st.sampled_from([None, "甲", "乙", "丙", "1"])
FACTS = st.builds(
    MeetingFacts,
    kind=st.sampled_from(MeetingKind),
    theme=st.one_of(st.none(), st.sampled_from(Theme)),
    host=st.sampled_from([None, "甲", "王经理", ""]),
    attendees=st.one_of(st.none(), st.builds(Roster, count=st.integers(0, 20))),
)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    clock, utterances = 0.0, []
    for text in draw(st.lists(LINES, max_size=25)):
        start = clock + draw(st.sampled_from([0.0, 0.4, 90.0]))
        clock = start + draw(st.sampled_from([0.0, 0.1, 5.0, 300.0]))
        utterances.append(
            Utterance(
                start=start,
                end=clock,
                text=text,
                speaker=draw(SPEAKERS),
                confidence=draw(st.sampled_from([None, 0.0, 0.5, 1.0])),
                phantom=draw(st.booleans()),
            )
        )
    return Transcript(utterances=tuple(utterances), duration=clock, engine="test")


@settings(max_examples=60)
@given(transcripts(), FACTS)
def test_every_transcript_is_read_and_scored(transcript: Transcript, facts: MeetingFacts) -> None:
    units = {spec.id: spec.unit for spec in specs()}
    chapters = segment(transcript, kind=facts.kind)
    findings = find(transcript, chapters, facts)
    assert len(findings.readings) == len(transcript.utterances)
    for id, taken in findings.measures.items():
        assert 0 <= taken.confidence <= 1
        if taken.value is None:
            assert taken.reason, f"{id} is unknown and does not say why"
        elif units[id] in ("share", "strength", "0/1"):
            assert 0 <= taken.value <= 1, f"{id} is {taken.value}"
        for evidence in taken.evidence:
            assert not transcript.utterances[evidence.utterance].phantom
    rubric = load_rubric((facts.kind or MeetingKind.WEEKLY_REVIEW).value)
    card = score(rubric, transcript=transcript, chapters=chapters, findings=findings, facts=facts)
    low, high = card.band
    assert 0 <= low <= card.energy_score <= high <= 100
    assert all(item.evidence for item in card.items if item.score > 0)


def test_assent_without_end_is_read_in_time_linear_in_its_length() -> None:
    """Words of assent can be read in many ways (好好的): trying them all would take minutes."""
    assent = "嗯嗯嗯嗯嗯对对对对对好好好好好" * 4
    texts = ("为什么没达U？", f"{assent}我见了刘姐", "那周五之前呢？", "好的，" * 40 + "去")
    transcript = Transcript(
        utterances=tuple(
            Utterance(start=5.0 * n, end=5.0 * n + 4, text=text, speaker="甲乙"[n % 2])
            for n, text in enumerate(texts)
        ),
        duration=20.0,
        engine="test",
    )
    facts = MeetingFacts(kind=MeetingKind.WEEKLY_REVIEW)
    assert find(transcript, segment(transcript, kind=facts.kind), facts).measures
