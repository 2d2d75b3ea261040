"""Small meetings and rubrics that the tests of this folder are written with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from qa_pipeline.rubric import Rubric, load_rubric, score
from qa_pipeline.rubric.conditions import Found, Reader
from qa_pipeline.rubric.heard import Heard
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Evidence, Findings, Measurement, Mention, UtteranceReading
from qa_pipeline.values.scorecard import Scorecard
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind, Theme

SECONDS = 10.0
"""Every line lasts ten seconds, so line i starts at 10 * i."""


class Meeting:
    """A meeting of lines ``speaker chapter text``, with acts and mentions given per line number."""

    def __init__(
        self,
        *lines: str,
        acts: Mapping[int, str] | None = None,
        mentions: Mapping[int, str] | None = None,
        measures: Mapping[str, float | None] | None = None,
        theme: Theme | None = None,
        host: str | None = "甲",
        speakers: bool = True,
        sure: float = 1.0,
        phantom: Iterable[int] = (),
    ) -> None:
        rows = [line.split(" ", 2) for line in lines]
        self.transcript = Transcript(
            utterances=tuple(
                Utterance(
                    start=i * SECONDS,
                    end=(i + 1) * SECONDS,
                    text=text,
                    speaker=who if speakers else None,
                    phantom=i in set(phantom),
                )
                for i, (who, _, text) in enumerate(rows)
            ),
            duration=len(rows) * SECONDS,
            engine="test",
        )
        self.chapters = Chapters(
            spans=tuple(
                ChapterSpan(
                    chapter=Chapter(chapter),
                    start=i * SECONDS,
                    end=(i + 1) * SECONDS,
                    first=i,
                    last=i + 1,
                    confidence=sure,
                )
                for i, (_, chapter, _) in enumerate(rows)
            ),
            segmenter="test",
        )
        proof = Evidence(start=0.0, end=SECONDS, quote=rows[0][2], utterance=0) if rows else None
        self.findings = Findings(
            readings=tuple(
                UtteranceReading(
                    acts=tuple((Act(a), sure) for a in (acts or {}).get(i, "").split()),
                    mentions=tuple(_mention(m) for m in (mentions or {}).get(i, "").split()),
                )
                for i in range(len(rows))
            ),
            measures={
                id: Measurement(
                    id=id,
                    value=value,
                    evidence=(proof,) if proof and value is not None else (),
                    reason="" if value is not None else "没有花名册",
                )
                for id, value in (measures or {}).items()
            },
            host=host if speakers else None,
            practices=(),
            issues=(),
            actions=(),
            reader="test",
        )
        self.facts = MeetingFacts(kind=MeetingKind.WEEKLY_REVIEW, theme=theme)

    def scored(self, rubric: Rubric) -> Scorecard:
        return score(
            rubric,
            transcript=self.transcript,
            chapters=self.chapters,
            findings=self.findings,
            facts=self.facts,
        )

    def heard(self) -> Heard:
        return Heard(
            transcript=self.transcript, chapters=self.chapters, findings=self.findings, facts=self.facts
        )


def _mention(text: str) -> Mention:
    kind, _, name = text.partition(":")
    return Mention(kind=kind, start=0, end=1, name=name)


FRAME = """\
id: trial
version: "1"
label: 试用
applies_to: {kinds: [weekly_review]}
pass_line: 60
level_step: 0
dimensions:
  - {id: content, label: 内容, weight: 100}
"""


def rubric(folder: Path, body: str, *, frame: str = FRAME) -> Rubric:
    """A rubric of the frame and the given items (and definitions, criticals)."""
    file = folder / "trial.yaml"
    file.write_text(frame + body, encoding="utf-8")
    return load_rubric(file)


def item(scale: str) -> str:
    """One item of the full weight, scored as ``scale`` says (a flow mapping's inside)."""
    return f"items:\n  - {{id: A, label: 甲项, why: 试, dimension: content, weight: 100, {scale}}}\n"


def found(folder: Path, condition: str, meeting: Meeting) -> Found:
    """What a condition (a flow mapping) finds in a meeting."""
    loaded = rubric(folder, item(f"said: {condition}"))
    said = loaded.items[0].said
    assert said is not None
    return Reader(loaded, meeting.heard()).found(said)


def lines(result: Found) -> list[int]:
    return [hit.utterance for hit in result.hits]
