"""How far two readings of a meeting agree, and where a person has to say which is right."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from qa_pipeline.names import CHAPTERS
from qa_pipeline.reader.answers import Claims
from qa_pipeline.rubric.sheet import Sheet
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Findings
from qa_pipeline.values.reader import Disagreement, ReaderChoice
from qa_pipeline.values.vocabulary import MANDATED, Chapter, Seconds
from qa_pipeline.values.written import clock, percent

PASSAGE: Final[Seconds] = 60.0
"""A shorter stretch under different names is a border drawn elsewhere."""
AGREED: Final = 0.8
"""Share of time in the same chapter below which two readings do not confirm one another (``both``)."""
CREDIBLE: Final = 0.5
"""… below which the model seems to speak of another meeting (``llm``)."""
CREDIBLE_ACTS: Final = 0.1
"""The same for the acts, of which the readers share fewer."""


def chapter_agreement(page: Sheet, chapters: Chapters, claims: Claims) -> float:
    """Share of the speaking time that both readers put into the same chapter."""
    rows = list(_rows(page, chapters, claims))
    whole = sum(length for *_, length in rows)
    same = sum(length for _, a, b, length in rows if a == b)
    return round(same / whole, 4) if whole else 1.0


def act_agreement(page: Sheet, findings: Findings, claims: Claims) -> float | None:
    """Acts that both readers see among those that either sees (Jaccard); None when neither sees any."""
    shared = either = 0
    for number, index in enumerate(page.real, 1):
        if index in page.held_back:
            continue
        local = {act for act, _ in findings.readings[index].acts}
        model = claims.acts.get(number, frozenset())
        shared += len(local & model)
        either += len(local | model)
    return round(shared / either, 4) if either else None


def passages(page: Sheet, chapters: Chapters, claims: Claims) -> tuple[Disagreement, ...]:
    """The stretches that the readers call differently for a minute or more."""
    found = []
    for (local, model), group in groupby(_rows(page, chapters, claims), key=lambda row: row[1:3]):
        rows = list(group)
        if local == model or sum(length for *_, length in rows) < PASSAGE:
            continue
        proof = [page.evidence(number) for number, *_ in rows]
        named = CHAPTERS[local] if local else "未分章节"
        found.append(
            Disagreement(
                about="chapter",
                id=model.value,
                reason=f"{clock(proof[0].start)}–{clock(proof[-1].end)} 本地读作{named}，"
                f"语言模型读作{CHAPTERS[model]}",
                evidence=(proof[0], proof[len(proof) // 2]) if len(proof) > 1 else (proof[0],),
            )
        )
    return tuple(found)


def review(
    choice: ReaderChoice,
    shared: float,
    acts: float | None,
    local: Chapters,
    model: Chapters,
    facts: MeetingFacts,
) -> str:
    """Why a person has to look, as one clause (Chinese); empty when the two readings bear one another out."""
    enough = AGREED if choice is ReaderChoice.BOTH else CREDIBLE
    told = []
    if shared < enough:
        told.append(f"两种读法的章节只有 {percent(shared)} 的时间一致（不足 {percent(enough)}）")
    if acts is not None and acts < CREDIBLE_ACTS:
        told.append(f"两种读法看到的言语行为只有 {percent(acts)} 相同")
    if choice is ReaderChoice.BOTH and facts.kind is not None:
        for chapter in MANDATED[facts.kind]:
            held = bool(local.of(chapter)), bool(model.of(chapter))
            if held[0] != held[1]:
                reader = "本地" if held[0] else "语言模型"
                told.append(f"只有{reader}读到了{CHAPTERS[chapter]}")
    return "；".join(told)


def _rows(
    page: Sheet, chapters: Chapters, claims: Claims
) -> Iterator[tuple[int, Chapter | None, Chapter, Seconds]]:
    """(number, the local reader's chapter, the model's, seconds) of every real utterance."""
    local = {i: s.chapter for s in chapters.spans for i in range(s.first, s.last)}
    for number, index in enumerate(page.real, 1):
        said = page.transcript.utterances[index]
        yield number, local.get(index), claims.labels[number], max(0.0, said.end - said.start)
