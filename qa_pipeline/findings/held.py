"""Whether a mandated chapter was held in substance, not only announced or read out (R13-R19, F1, K2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from qa_pipeline.findings import causes, commitments, coverage, sharing, structure, topics
from qa_pipeline.findings.reading import TOLD, Measure, Reading, unknown
from qa_pipeline.findings.registry import measure, register
from qa_pipeline.findings.structure import NO_KIND
from qa_pipeline.names import CHAPTERS
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import MANDATED, Chapter

ENOUGH: Final[dict[Chapter, float]] = {
    Chapter.STAGE_REVIEW: 6,
    Chapter.MONTHLY_REVIEW: 6,
    Chapter.EXCELLENCE_SHARING: 4,
    Chapter.PROBLEM_DISCUSSION: 3,
    Chapter.NEXT_MONTH_PLAN: 6,
    Chapter.NEXT_WEEK_PLAN: 4,
}
"""How many utterances of each of its contents fill a chapter; of the month's plan only the promises are
counted, target and calendar are strengths."""
HOLLOW: Final = {
    Chapter.STAGE_REVIEW: "阶段复盘里没有多少数字和答问",
    Chapter.MONTHLY_REVIEW: "月度复盘里没有多少数字和答问",
    Chapter.EXCELLENCE_SHARING: "优秀分享里没有多少能照做的步骤",
    Chapter.PROBLEM_DISCUSSION: "问题研讨里没有多少根因和对策",
    Chapter.NEXT_MONTH_PLAN: "下月规划里没有多少收入目标、行事历和硬承诺",
    Chapter.NEXT_WEEK_PLAN: "下周安排里没有多少说定的事",
}
"""What is said of a chapter that was given its minute and has less than half of its contents."""
IN_NAME: Final = 0.4
"""What a chapter is worth that was given its minute and nothing in it."""
PLAN: Final = ("income_target", "activity_calendar")


def contents(reading: Reading, chapter: Chapter) -> tuple[tuple[int, ...], ...]:
    """The utterances of a chapter that do its work, by its tasks: figures and answers (review), steps
    (sharing), causes and measures (discussion), targets, calendar and promises (month), promises (week)."""
    inside = set(reading.within(chapter))

    def among(found: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted(inside.intersection(found)))

    if chapter in (Chapter.STAGE_REVIEW, Chapter.MONTHLY_REVIEW):
        asked = (e.question for e in reading.exchanges if e.answers and e.substance >= TOLD)
        return among(coverage.triples(reading)), among(asked)
    if chapter == Chapter.EXCELLENCE_SHARING:
        return (among(sharing.steps(reading)),)
    if chapter == Chapter.PROBLEM_DISCUSSION:
        return among(causes.causes(reading)), among(causes.measures(reading))
    firm = among(
        a.evidence.utterance for a in commitments.promises(reading) if not commitments.vague(reading, a)
    )
    if chapter == Chapter.NEXT_MONTH_PLAN:
        return (*(among(topics.strengths(reading)[id][1]) for id in PLAN), firm)
    return (firm,)


def substance(reading: Reading, chapter: Chapter) -> float:
    """How far a chapter does its work, 0-1. The month is planned by the best two of its three tasks (R18): a
    team that promises firmly, one by one, has planned, though it names neither target nor calendar."""
    done = contents(reading, chapter)
    amounts = [min(1.0, len(found) / reading.relative_length / ENOUGH[chapter]) for found in done]
    if chapter == Chapter.NEXT_MONTH_PLAN:
        strengths = [min(1.0, topics.strengths(reading)[id][0]) for id in PLAN]
        amounts = sorted([*strengths, amounts[-1]])[1:]
    return sum(amounts) / len(amounts)


def worked(reading: Reading, chapter: Chapter) -> float:
    """What a chapter that was given its minute is worth, 0.4 to 1."""
    return IN_NAME + (1 - IN_NAME) * substance(reading, chapter)


@measure(
    id="chapters_held",
    label="章节落实度",
    unit="share",
    meaning="规定章节逐章计分再平均：讲满60秒得四成，其余看有没有本章的实货"
    "（复盘的数字和答问、分享的步骤、研讨的根因对策、规划的收入目标、行事历和硬承诺、下周的硬承诺）",
)
def chapters_held(reading: Reading) -> Measurement:
    if reading.kind is None:
        return unknown("chapters_held", NO_KIND)
    given = structure.held(reading)
    value = sum(worked(reading, c) for c in given) / len(MANDATED[reading.kind])
    proof = [i for c in given for i in (contents(reading, c)[0] or reading.within(c))[:1]]
    return reading.measured("chapters_held", value, proof)


@measure(
    id="chapters_in_order",
    label="按序落实度",
    unit="share",
    meaning="按规定先后出现的最长一串章节，各按落实程度（讲满60秒得四成，其余看实货）计，占应有章节数的比例",
)
def chapters_in_order(reading: Reading) -> Measurement:
    if reading.kind is None:
        return unknown("chapters_in_order", NO_KIND)
    given = structure.held(reading)
    if not given:
        return unknown("chapters_in_order", "没有检出规定章节")
    wanted = MANDATED[reading.kind]
    best: dict[Chapter, tuple[float, tuple[Chapter, ...]]] = {}
    for place, chapter in enumerate(given):
        before = [best[c] for c in given[:place] if wanted.index(c) < wanted.index(chapter)]
        worth, chain = max(before, default=(0.0, ()), key=lambda b: b[0])
        best[chapter] = worth + worked(reading, chapter), (*chain, chapter)
    worth, chain = max(best.values(), key=lambda b: b[0])
    return reading.measured("chapters_in_order", worth / len(wanted), [reading.within(c)[0] for c in chain])


def _substance(chapter: Chapter) -> Measure:
    name = f"chapter_substance.{chapter.value}"

    def taken(reading: Reading) -> Measurement:
        found = contents(reading, chapter)
        value = substance(reading, chapter)
        hollow = value < TOLD and chapter in structure.held(reading)
        reason = HOLLOW[chapter] if hollow else ""
        return reading.measured(
            name, value, {i for task in found for i in task}, confidence=0.85, reason=reason
        )

    return taken


for _chapter in ENOUGH:
    register(
        id=f"chapter_substance.{_chapter.value}",
        label=f"{CHAPTERS[_chapter]}实货",
        unit="share",
        meaning=f"{CHAPTERS[_chapter]}有没有做本章该做的事，0为有名无实，1为充实",
        function=_substance(_chapter),
    )
