"""Meetings made to look good: every keyword is said and nothing is done. None of them may qualify."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from qa_pipeline.chapters import segment
from qa_pipeline.findings import find
from qa_pipeline.lexicon import lexicon
from qa_pipeline.rubric import load_rubric, score
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.scorecard import Scorecard
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import MANDATED, MeetingKind, Theme

THEMES = {
    Theme.SUPERVISOR_LEAD: MeetingKind.WEEKLY_REVIEW,
    Theme.SUPERVISOR_COACHING: MeetingKind.WEEKLY_REVIEW,
    Theme.RECRUITMENT_REVIEW: MeetingKind.WEEKLY_REVIEW,
    Theme.MONTH_END_SPRINT: MeetingKind.MONTHLY_PLANNING,
}
MINUTES = 45
NODS = ("好的。", "是的是的。", "明白。", "收到，没问题。")
PEOPLE = ("王芳", "李军", "赵琴", "杨平")


def judged(said: Sequence[tuple[str, str]], theme: Theme) -> Scorecard:
    """The lines (speaker, text), spoken evenly over 45 minutes, read and scored as any meeting."""
    pace = MINUTES * 60 / sum(len(text) for _, text in said)
    clock, utterances = 0.0, []
    for speaker, text in said:
        end = clock + pace * len(text)
        utterances.append(Utterance(start=clock, end=end, text=text, speaker=speaker))
        clock = end
    transcript = clean(Transcript(utterances=tuple(utterances), duration=clock, engine="test"))
    facts = MeetingFacts(kind=THEMES[theme], theme=theme, attendees=Roster(count=5))
    chapters = segment(transcript, kind=facts.kind)
    findings = find(transcript, chapters, facts)
    rubric = load_rubric(THEMES[theme].value)
    return score(rubric, transcript=transcript, chapters=chapters, findings=findings, facts=facts)


def qualifies(card: Scorecard) -> bool:
    return card.energy_score >= card.pass_line and not card.criticals


def keywords() -> list[str]:
    book = lexicon()
    return [
        *book.terms["indicators_result"],
        *book.terms["indicators_process"],
        *(phrase for name, group in book.phrases.items() if "compliance" not in name for phrase in group),
    ]


def stuffed(theme: Theme, sentence: str) -> list[tuple[str, str]]:
    """Chapter by chapter the host says its cue and then every keyword in a sentence; the others nod."""
    said: list[tuple[str, str]] = []
    words = keywords()
    chapters = MANDATED[THEMES[theme]]
    share = len(words) // len(chapters)
    for place, chapter in enumerate(chapters):
        said.append(("主持", f"下面进入{lexicon().chapter_cues[chapter][0]}。"))
        for index, word in enumerate(words[place * share : (place + 1) * share]):
            who = PEOPLE[index % len(PEOPLE)]
            said.append(("主持", sentence.format(word=word, who=who, number=index % 9 + 1)))
            if index % 3 == 0:
                said.append((who, NODS[index % len(NODS)]))
    return said


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("{word}，这个非常重要，大家要高度重视。", id="slogans"),
        pytest.param("{word}。", id="bare words"),
        pytest.param("{who}，{word}，{number}个，三十万，周五之前。", id="with names, figures and dates"),
        pytest.param("{who}，{word}为什么没做到？具体差几个？", id="questions nobody answers"),
    ],
)
def test_a_host_who_says_every_keyword_does_not_qualify(theme: Theme, sentence: str) -> None:
    card = judged(stuffed(theme, sentence), theme)
    assert not qualifies(card), f"{card.energy_score}: {[(i.id, i.level) for i in card.items]}"


@pytest.mark.parametrize("theme", THEMES)
def test_one_promise_repeated_by_everybody_does_not_qualify(theme: Theme) -> None:
    line = "我本周五之前陪访张姐三次，FYC做到五千，拿下转介绍两个。"
    said = [(PEOPLE[i % 4], line) if i % 2 else ("主持", "具体怎么做，几号之前？") for i in range(160)]
    assert not qualifies(judged(said, theme))
