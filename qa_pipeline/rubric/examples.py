"""The examples that a rubric carries: short dialogues and the level each must earn."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qa_pipeline.errors import RubricError
from qa_pipeline.rubric.heard import Heard, Hit
from qa_pipeline.rubric.language import Example, Item, Judge
from qa_pipeline.rubric.loader import Rubric
from qa_pipeline.rubric.scorer import Answer, Graded, score
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Chapter

SECONDS_PER_CHARACTER = 0.25
GAP = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One example: what it had to earn and what it earned."""

    item: str
    number: int
    expected: float
    level: float | None
    passed: bool
    reason: str = ""


def run_examples(rubric: Rubric, *, judge: Answer | None = None) -> list[Outcome]:
    """Score every item's examples with the real reader; RubricError for an example that is no dialogue.
    ``judge`` answers the items that ask a language model; without it their examples fail and say so."""
    return [
        _run(rubric, item, example, number, judge)
        for item in rubric.items
        for number, example in enumerate(item.examples, 1)
    ]


def _run(rubric: Rubric, item: Item, example: Example, number: int, judge: Answer | None) -> Outcome:
    from qa_pipeline.findings import find

    transcript, chapters = dialogue(example, where=f"{rubric.source} 项 {item.id} 第 {number} 例")
    speakers = {u.speaker for u in transcript.utterances}
    host = example.host or transcript.utterances[0].speaker
    facts = MeetingFacts(
        kind=rubric.applies_to.kinds[0],
        theme=example.theme or next(iter(item.themes), None),
        host=host,
        attendees=Roster(count=len(speakers)),
    )
    findings = find(transcript, chapters, facts)
    proof = Heard(transcript=transcript, chapters=chapters, findings=findings, facts=facts).evidence(Hit(0))
    given = {id: Measurement(id=id, value=v, evidence=(proof,)) for id, v in example.measures.items()}
    findings = replace(findings, measures={**findings.measures, **given}, host=host)
    card = score(
        rubric,
        transcript=transcript,
        chapters=chapters,
        findings=findings,
        facts=facts,
        judge=_only(item, judge) if judge and item.judge else None,
    )
    scored = next(i for i in card.items if i.id == item.id)
    passed = scored.level is not None and abs(scored.level - example.level) <= example.tolerance
    return Outcome(
        item=item.id,
        number=number,
        expected=example.level,
        level=scored.level,
        passed=passed,
        reason=scored.reason,
    )


def _only(item: Item, judge: Answer) -> Answer:
    """A judge that is asked nothing but the question of this item: an example costs one request."""

    def answer(question: Judge, heard: Heard) -> Graded:
        return judge(question, heard) if question is item.judge else Graded(None, applies=False)

    return answer


def dialogue(example: Example, *, where: str) -> tuple[Transcript, Chapters]:
    """The lines as a transcript, spoken at an even pace, and the chapters that ``== chapter`` lines open."""
    utterances: list[Utterance] = []
    opened: list[tuple[Chapter, int]] = []
    clock = 0.0
    for line in example.says:
        if line.startswith("=="):
            name = line[2:].strip()
            if name not in set(Chapter):
                raise RubricError(f"{where}：没有「{name}」这一章，可用的有：{'、'.join(Chapter)}。")
            opened.append((Chapter(name), len(utterances)))
            continue
        speaker, colon, text = line.replace("：", ":", 1).partition(":")
        if not colon or not text.strip():
            raise RubricError(f"{where}：「{line[:20]}」不是「甲：文字」的写法，请写明说话人。")
        end = clock + SECONDS_PER_CHARACTER * len(text)
        utterances.append(Utterance(start=clock, end=end, text=text.strip(), speaker=speaker.strip()))
        clock = end + GAP
    if not utterances:
        raise RubricError(f"{where}：没有一句对话。")
    if not opened or opened[0][1] > 0:
        opened.insert(0, (Chapter.OPENING, 0))
    edges = [at for _, at in opened[1:]] + [len(utterances)]
    spans = tuple(
        ChapterSpan(
            chapter=chapter,
            start=utterances[first].start,
            end=utterances[last - 1].end,
            first=first,
            last=last,
            confidence=1.0,
        )
        for (chapter, first), last in zip(opened, edges, strict=True)
        if first < last
    )
    transcript = Transcript(utterances=tuple(utterances), duration=clock, engine="example")
    return transcript, Chapters(spans=spans, segmenter="example")
