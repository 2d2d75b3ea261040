"""Asking the model: every window for what happens in it, the whole for the levels of the rubric's items."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from qa_pipeline.endpoint import Correspondence, NoAnswerError
from qa_pipeline.reader import questions
from qa_pipeline.reader.answers import (
    Claims,
    Level,
    Promise,
    Remarked,
    SaidLevels,
    SaidWindow,
    claims,
    levels,
    schema_of,
)
from qa_pipeline.rubric import Rubric
from qa_pipeline.rubric.sheet import Sheet
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind, chapters_of

WHOLE: Final = 3
"""Windows that a whole meeting may fill and still be asked about at once."""


def ask(
    letters: Correspondence, page: Sheet, facts: MeetingFacts, rubric: Rubric
) -> tuple[Claims, tuple[Level, ...]]:
    """What the model says of the meeting, and of the items of the rubric; raises NoAnswerError."""
    if not page.real:
        raise NoAnswerError("文字稿里没有可读的话")
    chapters = chapters_of(facts.kind or MeetingKind.WEEKLY_REVIEW)
    practices, issues = questions.known_remarks()
    rules = questions.window_rules(chapters, practices, issues, facts)

    def check_of(first: int, last: int) -> Callable[[str], Claims]:
        return lambda text: claims(
            text, page, first=first, last=last, chapters=chapters, practices=practices, issues=issues
        )

    windows = page.windows(letters.endpoint.window)
    read = [
        letters.ask(
            rules,
            questions.data(page.lines[first - 1 : last]),
            schema=schema_of(SaidWindow),
            check=check_of(first, last),
        )
        for first, last in windows
    ]
    return joined(windows, read), _levels(letters, page, rubric)


def _levels(letters: Correspondence, page: Sheet, rubric: Rubric) -> tuple[Level, ...]:
    allowed: Mapping[str, Sequence[float]] = questions.levels_allowed(rubric)
    if not allowed or too_long(letters, page):
        return ()
    return letters.ask(
        questions.level_rules(rubric, allowed),
        questions.data(page.lines),
        schema=schema_of(SaidLevels),
        check=lambda text: levels(text, page, allowed=allowed),
    )


def too_long(letters: Correspondence, page: Sheet) -> bool:
    """Whether the meeting is too long for questions about the whole of it."""
    return sum(map(len, page.lines)) > WHOLE * letters.endpoint.window


def joined(windows: Sequence[tuple[int, int]], read: Sequence[Claims]) -> Claims:
    """One meeting of its windows: where two overlap, each is believed up to the middle of what they share."""
    middles = [(after[0] + before[1]) // 2 for before, after in itertools.pairwise(windows)]
    firsts = [windows[0][0], *(middle + 1 for middle in middles)]
    lasts = [*middles, windows[-1][1]]
    labels: dict[int, Chapter] = {}
    acts: dict[int, frozenset[Act]] = {}
    promises: list[Promise] = []
    for first, last, one in zip(firsts, lasts, read, strict=True):
        labels.update({n: c for n, c in one.labels.items() if first <= n <= last})
        acts.update({n: a for n, a in one.acts.items() if first <= n <= last})
        promises += [p for p in one.promises if first <= p.utterance <= last]
    return Claims(
        labels=labels,
        acts=acts,
        promises=tuple(sorted(promises, key=lambda p: p.utterance)),
        practices=_gathered(one.practices for one in read),
        issues=_gathered(one.issues for one in read),
    )


def _gathered(windows: Iterable[tuple[Remarked, ...]]) -> tuple[Remarked, ...]:
    found: dict[str, set[int]] = {}
    for remarked in itertools.chain.from_iterable(windows):
        found.setdefault(remarked.id, set()).update(remarked.utterances)
    return tuple(Remarked(id=id, utterances=tuple(sorted(numbers))) for id, numbers in found.items())
