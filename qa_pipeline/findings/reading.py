"""The meeting as its measures see it: transcript, chapters, facts, and what each utterance does and names."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from qa_pipeline.personal import unsplit
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action, Evidence, Measurement, UtteranceReading
from qa_pipeline.values.transcript import Passage, Transcript, Utterance
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind, Seconds

MOST_EVIDENCE: Final = 6
SUREST: Final = 4
"""What is held against somebody is shown by so many utterances."""
QUOTE: Final = 90
"""Characters of an utterance that a quote shows."""
BRIDGE: Final[Seconds] = 2.0
"""Silences shorter than this count as speech (K4)."""
ANSWER_REACH: Final = 3
"""How many utterances after a question can still answer it."""
BLIND_REACH: Final = 1
"""The same where nobody knows who speaks: further on, the one who asked may already be talking again."""
ANOTHER_KIND: Final = 0.8
"""Share of off-topic talk from which a meeting is one of another kind."""
LABELLED_CHARACTERS: Final = 3600
"""Characters of a labelled meeting, the median; an hour of real talk has four times as many."""
GROWTH: Final = 0.75
"""Exponent: four times the talk holds about three times the acts. A condensed meeting has an act in three of
four utterances, talk at full length about one in two."""
TOLD: Final = 0.5
"""From this substance on an answer tells something."""
QUESTIONS: Final = (Act.ASK, Act.PROBE)
_EMPTY_ANSWER: Final = re.compile(
    r"^(?>嗯|好的?|是的?|对|哦|啊|行|有信心|有|没问题|没有?|全面|挺全面的|明白|晓得了?|知道了?|收到)++[!！。,，]*$"
)
"""Possessive: words of assent have many readings (好好的), and trying them all takes exponential time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and what answered it: utterances [question, last]; ``answers`` are indices.

    ``probing`` means that the question digs; ``substance`` (0-1) is how much the answers hold: facts,
    numbers, causes, promises; 0 for silence, an echo or an evasion.
    """

    question: int
    answers: tuple[int, ...]
    probing: bool
    substance: float
    asker: str | None
    respondent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Rounds of questions to one person on one matter, one after the other."""

    exchanges: tuple[Exchange, ...]

    @property
    def rounds(self) -> int:
        return len(self.exchanges)

    @property
    def first(self) -> int:
        return self.exchanges[0].question


@dataclass(frozen=True, eq=False)
class Reading:
    """Everything a measure may look at; ``readings`` run parallel to the utterances."""

    transcript: Transcript
    chapters: Chapters
    facts: MeetingFacts
    readings: tuple[UtteranceReading, ...]
    host: str | None = None
    commitments_before: Sequence[Action] = field(default=())
    copies: Sequence[Passage] | None = None
    """What of it is in other meetings too; None: nobody compared."""
    misheard: float = 0.0
    """Share of the characters that recognition most likely got wrong."""

    # ------------------------------------------------------------ utterances

    @cached_property
    def utterances(self) -> tuple[Utterance, ...]:
        return self.transcript.utterances

    @property
    def kind(self) -> MeetingKind | None:
        return self.facts.kind

    @cached_property
    def speakers_known(self) -> bool:
        return self.transcript.speakers_known

    @cached_property
    def spoken(self) -> tuple[int, ...]:
        """Indices of the utterances that people really said."""
        return tuple(i for i, u in enumerate(self.utterances) if not u.phantom and u.text.strip())

    @cached_property
    def _spoken_set(self) -> frozenset[int]:
        return frozenset(self.spoken)

    @cached_property
    def chapter_of(self) -> tuple[Chapter | None, ...]:
        places: list[Chapter | None] = [None] * len(self.utterances)
        for span in self.chapters.spans:
            for index in range(max(0, span.first), min(span.last, len(places))):
                places[index] = span.chapter
        return tuple(places)

    @cached_property
    def _inside(self) -> dict[Chapter | None, tuple[int, ...]]:
        found: dict[Chapter | None, list[int]] = {}
        for index in self.spoken:
            found.setdefault(self.chapter_of[index], []).append(index)
        return {chapter: tuple(indices) for chapter, indices in found.items()}

    def within(self, *chapters: Chapter) -> tuple[int, ...]:
        """Indices of the spoken utterances of these chapters."""
        return tuple(sorted(i for chapter in {*chapters} for i in self._inside.get(chapter, ())))

    @cached_property
    def astray(self) -> float:
        """Share of the talk that is off topic (0-1)."""
        return self.seconds(self.within(Chapter.OFF_TOPIC)) / max(self.talk_seconds, 1e-9)

    @cached_property
    def relative_length(self) -> float:
        """How much more of everything is heard in a meeting of this length than in a labelled one; a shorter
        one counts as long as those. What is counted is divided by it before it is worth anything: false hits
        grow with the talk, and so do true ones, though slower, for a labelled text is a whole meeting
        condensed to what tells. Of what is misheard little is told, for want of words."""
        characters = sum(len(self.utterances[i].text) for i in self.spoken)
        more: float = max(1.0, characters / LABELLED_CHARACTERS) ** GROWTH
        return more * (1 - self.misheard)

    @property
    def another_kind(self) -> bool:
        """Whether this is no meeting of ours that digresses, but one of another kind."""
        return self.astray >= ANOTHER_KIND

    @cached_property
    def at_work(self) -> tuple[int, ...]:
        """Spoken utterances that are not off topic. A meeting of another kind has no digressions: all its
        talk is its work, and the rubric says how much that may count (K3)."""
        if self.another_kind:
            return self.spoken
        return tuple(i for i in self.spoken if self.chapter_of[i] != Chapter.OFF_TOPIC)

    @cached_property
    def _acts(self) -> tuple[frozenset[Act], ...]:
        return tuple(frozenset(act for act, _ in r.acts) for r in self.readings)

    @cached_property
    def _doing(self) -> dict[Act, list[int]]:
        found: dict[Act, list[int]] = {}
        for index, acts in enumerate(self._acts):
            for act in acts:
                found.setdefault(act, []).append(index)
        return found

    def does(self, index: int, *acts: Act) -> bool:
        return not self._acts[index].isdisjoint(acts)

    def doing(self, *acts: Act, among: Iterable[int] | None = None) -> tuple[int, ...]:
        found = {i for act in acts for i in self._doing.get(act, ())}
        return tuple(i for i in (self.spoken if among is None else among) if i in found)

    @cached_property
    def _kinds(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(m.kind for m in r.mentions) for r in self.readings)

    def names(self, index: int, *kinds: str) -> bool:
        """Whether the utterance names something of these kinds."""
        return not self._kinds[index].isdisjoint(kinds)

    @cached_property
    def _indicators(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(m.name for m in r.mentions if m.kind == "indicator") for r in self.readings)

    def indicators(self, index: int) -> frozenset[str]:
        return self._indicators[index]

    def near(self, index: int, *, before: int = 1, after: int = 1) -> tuple[int, ...]:
        """Spoken neighbours, the utterance itself included."""
        first, last = bisect_left(self.spoken, index - before), bisect_right(self.spoken, index + after)
        return self.spoken[first:last]

    def speaker(self, index: int) -> str | None:
        return self.utterances[index].speaker

    def is_host(self, index: int) -> bool | None:
        """None when the host or the speaker is unknown."""
        speaker = self.speaker(index)
        return None if self.host is None or speaker is None else speaker == self.host

    @cached_property
    def asks(self) -> tuple[bool, ...]:
        """Whether each utterance asks: by its act, or by its mark where no person said what it does."""
        return tuple(
            not u.phantom
            and (
                self.does(i, *QUESTIONS)
                or (("?" in u.text or "？" in u.text) and not self.readings[i].by_person)
            )
            for i, u in enumerate(self.utterances)
        )

    # ------------------------------------------------------------ time

    @cached_property
    def _lengths(self) -> tuple[Seconds, ...]:
        return tuple(max(0.0, u.end - u.start) for u in self.utterances)

    def length(self, index: int) -> Seconds:
        return self._lengths[index]

    def seconds(self, indices: Iterable[int]) -> Seconds:
        return sum(self.length(i) for i in indices)

    @cached_property
    def speech(self) -> tuple[tuple[Seconds, Seconds], ...]:
        """Intervals of effective speech: voice activity, or else the utterances, short gaps bridged (K4)."""
        raw = self.transcript.speech
        if raw is None:
            raw = tuple((self.utterances[i].start, self.utterances[i].end) for i in self.spoken)
        merged: list[tuple[Seconds, Seconds]] = []
        for start, end in sorted(raw):
            if merged and start - merged[-1][1] < BRIDGE:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        return tuple(merged)

    @cached_property
    def net(self) -> Seconds | None:
        """Seconds from the first to the last speech (R6); None without speech."""
        return self.speech[-1][1] - self.speech[0][0] if self.speech else None

    @cached_property
    def talk_seconds(self) -> Seconds:
        return self.seconds(self.spoken)

    @cached_property
    def talk_by(self) -> dict[str, Seconds]:
        """Seconds of speech of each known speaker."""
        talk: dict[str, Seconds] = {}
        for index in self.spoken:
            if (speaker := self.speaker(index)) is not None:
                talk[speaker] = talk.get(speaker, 0.0) + self.length(index)
        return talk

    def chapter_seconds(self, chapter: Chapter) -> Seconds:
        """A span in which nobody really speaks is none."""
        return sum(
            s.end - s.start
            for s in self.chapters.of(chapter)
            if not self._spoken_set.isdisjoint(range(s.first, s.last))
        )

    # ------------------------------------------------------------ questions and answers

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All questions with their answers, in time order, off-topic talk left out.

        With speakers, an answer is what somebody else says before the next question; without, what is
        no question.
        """
        found = []
        work = self.at_work
        for place, index in enumerate(work):
            if not self.asks[index]:
                continue
            asker = self.speaker(index)
            answers: list[int] = []
            reach = ANSWER_REACH if asker is not None else BLIND_REACH
            for other in work[place + 1 : place + 1 + reach]:
                if self.asks[other] and (asker is None or self.speaker(other) == asker or answers):
                    break
                if asker is not None and self.speaker(other) == asker:
                    if answers:
                        break
                    continue
                if answers and self.speaker(other) != self.speaker(answers[0]):
                    break
                answers.append(other)
            found.append(
                Exchange(
                    question=index,
                    answers=tuple(answers),
                    probing=self.does(index, Act.PROBE),
                    substance=max((self.substance(i) for i in answers), default=0.0),
                    asker=asker,
                    respondent=self.speaker(answers[0]) if answers else None,
                )
            )
        return tuple(found)

    def substance(self, index: int) -> float:
        """How much an answer holds, 0-1."""
        text = self.utterances[index].text
        if self.does(index, Act.EVADE) and not self.does(index, Act.CHECK, Act.CAUSE, Act.DATA, Act.MEASURE):
            return 0.0
        if _EMPTY_ANSWER.match(text):
            return 0.1
        hard = self.does(index, Act.CHECK, Act.CAUSE, Act.DATA, Act.MEASURE, Act.COMMIT, Act.PRACTICE)
        named = self.names(index, "number", "percent", "money", "date", "customer", "person")
        weight = 0.3 + 0.5 * hard + 0.3 * named
        return min(1.0, weight) * (0.4 if self.does(index, Act.EVADE) else 1.0)

    def read_out(self, index: int, *, before: int, after: int) -> bool:
        """Whether an utterance is the host's mere reading out: nobody else tells anything next to it."""
        return self.is_host(index) is True and not any(
            self.is_host(i) is False and self.substance(i) >= TOLD
            for i in self.near(index, before=before, after=after)
        )

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """Chains of rounds with one person (with unknown speakers: of dense questions and answers).

        A round belongs to the chain when its question comes within two utterances of the last answer.
        At least one of its questions digs.
        """
        found: list[Chain] = []
        current: list[Exchange] = []

        def close() -> None:
            if len(current) > 1 and any(e.probing for e in current):
                found.append(Chain(exchanges=tuple(current)))
            current.clear()

        for exchange in self.exchanges:
            if not exchange.answers:
                continue
            if current:
                last = current[-1]
                gap = exchange.question - last.answers[-1]
                same = exchange.respondent == last.respondent and exchange.asker == last.asker
                if gap > 3 or not same or (exchange.asker is None and not exchange.probing):
                    close()
            current.append(exchange)
        close()
        return tuple(found)

    # ------------------------------------------------------------ results

    @cached_property
    def _evidence(self) -> dict[int, Evidence]:
        """What has been quoted so far: many measures rest on the same words."""
        return {}

    def evidence(self, index: int) -> Evidence:
        if index not in self._evidence:
            self._evidence[index] = self._quoted(index)
        return self._evidence[index]

    def _quoted(self, index: int) -> Evidence:
        utterance = self.utterances[index]
        return Evidence(
            start=utterance.start,
            end=utterance.end,
            quote=shortened(utterance.text.strip()),
            utterance=index,
            speaker=utterance.speaker,
        )

    def surest(self, found: Iterable[int], *acts: Act) -> list[int]:
        """Of what was found for one of the acts, that which most surely is it, in time order: the others may
        be mistakes, and nobody should be reproached with one."""

        def sure(index: int) -> float:
            return max((p for act, p in self.readings[index].acts if act in acts), default=0.0)

        return sorted(sorted(found, key=sure, reverse=True)[:SUREST])

    def proof(self, indices: Iterable[int], *, most: int = MOST_EVIDENCE) -> tuple[Evidence, ...]:
        """Evidence for up to ``most`` utterances, spread over the meeting, phantoms left out."""
        real = sorted({i for i in indices if i in self._spoken_set})
        if len(real) > most:
            real = [real[round(k * (len(real) - 1) / (most - 1))] for k in range(most)]
        return tuple(self.evidence(i) for i in real)

    def measured(
        self,
        name: str,
        value: float,
        indices: Iterable[int] = (),
        *,
        confidence: float = 1.0,
        reason: str = "",
    ) -> Measurement:
        return Measurement(
            id=name, value=float(value), evidence=self.proof(indices), confidence=confidence, reason=reason
        )


def shortened(text: str) -> str:
    """About ``QUOTE`` characters of a text, from its beginning; no personal number is split."""
    if len(text) <= QUOTE:
        return text
    _, end = unsplit(text, 0, QUOTE - 1)
    return text[:end] + "…" * (end < len(text))


def unknown(name: str, reason: str) -> Measurement:
    """A measure that cannot be taken; ``reason`` is a Chinese sentence."""
    return Measurement(id=name, value=None, confidence=0.0, reason=reason)


Measure = Callable[[Reading], Measurement]
