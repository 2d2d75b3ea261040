"""Reading a meeting a second time: ask, believe what holds, and make chapters and findings of it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from qa_pipeline.endpoint import Correspondence, Endpoint, KeyRefusedError, NoAnswerError, configured
from qa_pipeline.errors import InputError
from qa_pipeline.findings import measured, read
from qa_pipeline.findings.commitments import task
from qa_pipeline.findings.dates import resolve
from qa_pipeline.findings.remarks import library
from qa_pipeline.reader.agreement import act_agreement, chapter_agreement, passages, review
from qa_pipeline.reader.answers import Claims, Level, Promise, Remarked
from qa_pipeline.reader.asking import ask, too_long
from qa_pipeline.reader.questions import VERSION
from qa_pipeline.rubric import Rubric
from qa_pipeline.rubric.sheet import Sheet, sheet
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action, Findings, Remark, UtteranceReading
from qa_pipeline.values.reader import Disagreement, ReaderChoice, ReaderLevel, ReaderReport, SecondReading
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Act, Chapter
from qa_pipeline.values.written import clock

SURE: Final = 0.9
"""How sure a chapter or an act is that both readers name; the local reader may be surer."""
ALONE: Final = 0.7
"""How sure one is that the model alone names."""
DISPUTED: Final = 0.4
"""How sure a chapter is that the two readers call differently; below 0.5 reports mark it as doubtful."""
NEAR: Final = 1
"""Utterances by which two readers may place the same promise apart."""
SHOWN: Final = 4
"""Pieces of evidence of a remark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """What stands after the second reading. ``second`` is the model's own where both readers read: the score
    takes what agrees (see ``weighing``)."""

    chapters: Chapters
    findings: Findings
    report: ReaderReport
    second: SecondReading | None = None
    warnings: tuple[str, ...] = ()


def chosen(
    asked: str | None = None, environment: Mapping[str, str] = os.environ
) -> tuple[ReaderChoice, Endpoint | None]:
    """Who is to read: ``asked``, else ``HUIJIAN_READER``, else the local reader alone; and the model's
    endpoint.

    Raises InputError for another word, or when a model is to read and no endpoint is set.
    """
    word = asked or environment.get("HUIJIAN_READER", "").strip() or ReaderChoice.LOCAL.value
    if word not in set(ReaderChoice):
        where = "--reader" if asked else "HUIJIAN_READER"
        raise InputError(f"{where} 是「{word}」，可用的有 {'、'.join(ReaderChoice)}。")
    choice = ReaderChoice(word)
    if choice is ReaderChoice.LOCAL:
        return choice, None
    endpoint = configured("READER", environment)
    if endpoint is None:
        raise InputError(
            f"要让语言模型读会（{word}），请先设置 HUIJIAN_READER_URL 和 HUIJIAN_READER_MODEL；"
            "只用本地读法请写 --reader local。"
        )
    return choice, endpoint


def read_again(
    choice: ReaderChoice,
    endpoint: Endpoint | None,
    *,
    transcript: Transcript,
    chapters: Chapters,
    findings: Findings,
    facts: MeetingFacts,
    rubric: Rubric,
    commitments_before: Sequence[Action] = (),
) -> Reread:
    """Let the model read too, as ``chosen``. ``chapters`` and ``findings`` are the local reader's: they stand
    when nobody else is to read, and when the model fails in any way, which a warning says."""
    if choice is ReaderChoice.LOCAL or endpoint is None:
        return Reread(chapters=chapters, findings=findings, report=ReaderReport())
    page = sheet(transcript, findings.readings, facts, trusted=endpoint.trusted)
    letters = Correspondence(endpoint, purpose="reader")
    warnings = _held_back(page)
    if too_long(letters, page):
        warnings += ("会议太长，没有请语言模型核对各项得分；可把 HUIJIAN_READER_WINDOW 调大后重新质检。",)
    try:
        claims, levels = ask(letters, page, facts, rubric)
    except NoAnswerError as error:
        refused = isinstance(error, KeyRefusedError)
        remedy = "请检查 HUIJIAN_READER_KEY 后重新质检" if refused else "可稍后重新质检"
        return Reread(
            chapters=chapters,
            findings=findings,
            report=ReaderReport(asked=choice, reason=str(error), uses=(letters.use,)),
            warnings=(*warnings, f"语言模型没有读成（{error}），本次以本地读法为准；{remedy}。"),
        )
    made = _Maker(page, claims, chapters, findings, facts, commitments_before, endpoint.model)
    model = made.of_the_model()
    shares, acts = chapter_agreement(page, chapters, claims), act_agreement(page, findings, claims)
    report = ReaderReport(
        asked=choice,
        used=choice,
        uses=(letters.use,),
        chapter_agreement=shares,
        act_agreement=acts,
        levels=tuple(_level(page, level) for level in levels),
        disagreements=passages(page, chapters, claims),
        review=review(choice, shares, acts, chapters, model[0], facts),
    )
    if choice is ReaderChoice.LLM:
        return Reread(chapters=model[0], findings=model[1], report=report, warnings=warnings)
    surer, shared, parted = made.of_both(model[1])
    return Reread(
        chapters=surer,
        findings=shared,
        report=replace(report, disagreements=(*report.disagreements, *parted)),
        second=SecondReading(chapters=model[0], findings=model[1]),
        warnings=warnings,
    )


def _held_back(page: Sheet) -> tuple[str, ...]:
    if not page.held_back:
        return ()
    first = page.transcript.utterances[min(page.held_back)]
    return (
        f"文字稿里有 {len(page.held_back)} 句像是写给语言模型的指令（首见 {clock(first.start)}），"
        "没有发给语言模型，只由本地读法读；请核对原录音。",
    )


def _level(page: Sheet, level: Level) -> ReaderLevel:
    evidence = tuple(page.evidence(n) for n in level.utterances[:SHOWN])
    return ReaderLevel(item=level.item, level=level.level, evidence=evidence)


@dataclass(frozen=True, eq=False)
class _Maker:
    """Chapters and findings out of what the model claims, alone or where the local reader agrees."""

    page: Sheet
    claims: Claims
    chapters: Chapters
    findings: Findings
    facts: MeetingFacts
    before: Sequence[Action]
    model: str

    def of_the_model(self) -> tuple[Chapters, Findings]:
        chapters = self._tiled()
        base = read(self.page.transcript, chapters, self.facts, commitments_before=self.before)
        acts = {n: self.claims.acts.get(n, frozenset()) for n in range(1, len(self.page.real) + 1)}
        for promise in self.claims.promises:
            acts[promise.utterance] |= {Act.COMMIT}
        readings = self._doing(base.readings, acts)
        found = measured(replace(base, readings=readings), reader=f"{self.model}@{VERSION}")
        promised = {self.page.real[p.utterance - 1]: p for p in self.claims.promises}
        actions = tuple(
            self._with(action, promised.get(action.evidence.utterance)) for action in found.actions
        )
        practices, issues = self._remarks(found.practices, found.issues)
        return chapters, replace(found, actions=actions, practices=practices, issues=issues)

    def of_both(self, model: Findings) -> tuple[Chapters, Findings, tuple[Disagreement, ...]]:
        """The local reading, surer where the model bears it out; of the promises and remarks those that both
        readers have. The others are named: a person may take them up."""
        parted: list[Disagreement] = []
        name = f"{self.findings.reader}&{self.model}@{VERSION}"
        found = replace(
            self.findings,
            reader=name,
            practices=_shared("practice", self.findings.practices, model.practices, parted),
            issues=_shared("issue", self.findings.issues, model.issues, parted),
            actions=_promised(self.findings.actions, model.actions, parted),
        )
        return self._surer(), found, tuple(parted)

    def _tiled(self) -> Chapters:
        """The model's labels as spans; what nobody said (phantoms) belongs to what was said before it."""
        said = self.page.transcript
        at = {i: self.claims.labels[n] for n, i in enumerate(self.page.real, 1)}
        label = at[self.page.real[0]]
        labels: list[Chapter] = []
        for index in range(len(said.utterances)):
            label = at.get(index, label)
            labels.append(label)
        local = _places(self.chapters)
        edges = [0, *(i for i in range(1, len(labels)) if labels[i] != labels[i - 1]), len(labels)]
        spans = []
        for first, last in itertools.pairwise(edges):
            sure = [
                max(SURE, local[i][1]) if local.get(i, (None, 0.0))[0] == labels[i] else ALONE
                for i in range(first, last)
            ]
            spans.append(
                ChapterSpan(
                    chapter=labels[first],
                    start=said.utterances[first].start,
                    end=said.utterances[last].start if last < len(labels) else said.duration,
                    first=first,
                    last=last,
                    confidence=self._mean(range(first, last), sure),
                )
            )
        return Chapters(spans=tuple(spans), segmenter=f"{self.model}@{VERSION}")

    def _surer(self) -> Chapters:
        numbers = {i: n for n, i in enumerate(self.page.real, 1)}
        spans = []
        for span in self.chapters.spans:
            inside = [i for i in range(span.first, span.last) if i in numbers]
            sure = [
                max(SURE, span.confidence) if self.claims.labels[numbers[i]] == span.chapter else DISPUTED
                for i in inside
            ]
            spans.append(replace(span, confidence=self._mean(inside, sure)) if inside else span)
        segmenter = f"{self.chapters.segmenter}&{self.model}@{VERSION}"
        return replace(self.chapters, spans=tuple(spans), segmenter=segmenter)

    def _mean(self, indices: Iterable[int], sure: Sequence[float]) -> float:
        """By characters: times of an imported text may be missing."""
        weights = [1 + len(self.page.transcript.utterances[i].text) for i in indices]
        return sum(w * s for w, s in zip(weights, sure, strict=True)) / sum(weights)

    def _doing(
        self, base: Sequence[UtteranceReading], acts: Mapping[int, frozenset[Act]]
    ) -> tuple[UtteranceReading, ...]:
        """The readings with these acts; what was held back from the model stays as the local reader has
        it."""
        readings = list(base)
        for number, index in enumerate(self.page.real, 1):
            if index in self.page.held_back:
                continue
            local = dict(self.findings.readings[index].acts)
            doing = [(a, max(SURE, local[a]) if a in local else ALONE) for a in Act if a in acts[number]]
            readings[index] = replace(base[index], acts=tuple(sorted(doing, key=lambda row: -row[1])))
        return tuple(readings)

    def _with(self, action: Action, promise: Promise | None) -> Action:
        """The action as the model words it, where it does; its words were looked up in the transcript."""
        if promise is None:
            return action
        due = promise.due or action.due
        worded = replace(
            action,
            who=promise.who or action.who,
            what=promise.what or action.what,
            due=due,
            due_date=resolve(due, self.facts.meeting_date) if due else None,
        )
        return replace(worded, task=task(worded))

    def _remarks(
        self, practices: Sequence[Remark], issues: Sequence[Remark]
    ) -> tuple[tuple[Remark, ...], tuple[Remark, ...]]:
        """What the measures show, and what the model claims; in the library's order and with its words."""
        shelf = library()

        def merged(
            found: Sequence[Remark], claimed: Sequence[Remarked], entries: Sequence[tuple[str, str, str]]
        ) -> tuple[Remark, ...]:
            shown = {remark.id: remark for remark in found}
            for one in claimed:
                if one.id not in shown:
                    label, suggestion = next((b, c) for a, b, c in entries if a == one.id)
                    evidence = tuple(self.page.evidence(n) for n in one.utterances[:SHOWN])
                    shown[one.id] = Remark(id=one.id, label=label, suggestion=suggestion, evidence=evidence)
            return tuple(shown[id] for id, _, _ in entries if id in shown)

        return (
            merged(
                practices, self.claims.practices, [(e.id, e.label, e.suggestion) for e in shelf.practices]
            ),
            merged(issues, self.claims.issues, [(e.id, e.label, e.suggestion) for e in shelf.issues]),
        )


def _shared(
    about: str, local: Sequence[Remark], model: Sequence[Remark], parted: list[Disagreement]
) -> tuple[Remark, ...]:
    """The local reader's remarks that the model has too."""
    both = {r.id for r in local} & {r.id for r in model}
    for reader, remarks in (("本地", local), ("语言模型", model)):
        parted += [
            Disagreement(about=about, id=r.id, reason=f"只有{reader}看到：{r.label}", evidence=r.evidence[:1])
            for r in remarks
            if r.id not in both
        ]
    return tuple(r for r in local if r.id in both)


def _promised(
    local: Sequence[Action], model: Sequence[Action], parted: list[Disagreement]
) -> tuple[Action, ...]:
    """The local reader's promises that the model hears too, in the same utterance or the next one: surer."""

    def near(action: Action, others: Sequence[Action]) -> bool:
        return any(abs(action.evidence.utterance - o.evidence.utterance) <= NEAR for o in others)

    for reader, actions, others in (("本地", local, model), ("语言模型", model, local)):
        parted += [
            Disagreement(
                about="action",
                id=str(a.evidence.utterance),
                reason=f"只有{reader}听到的承诺" + (f"：{a.what}" if a.what != a.evidence.quote else ""),
                evidence=(a.evidence,),
            )
            for a in actions
            if not near(a, others)
        ]
    return tuple(replace(a, confidence=max(SURE, a.confidence)) for a in local if near(a, model))


def _places(chapters: Chapters) -> dict[int, tuple[Chapter, float]]:
    """Utterance -> its chapter and how sure that is."""
    return {i: (s.chapter, s.confidence) for s in chapters.spans for i in range(s.first, s.last)}
