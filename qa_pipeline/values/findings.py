"""What was measured in a meeting, each fact with its proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from qa_pipeline.values.facts import Figure
from qa_pipeline.values.vocabulary import Act, Outcome, Seconds

DOUBTFUL: Final = 0.5
"""What is less sure than that rather is not what it seems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The proof: the words, when they were said, and which utterance (index) they are in."""

    start: Seconds
    end: Seconds
    quote: str
    utterance: int
    speaker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Something named in an utterance: ``text[start:end]``.

    ``kind`` is one of indicator, number, percent, money, person, office, date, customer; ``name`` is the
    canonical form (for example ``regular_premium``), ``value`` the parsed number where there is one.
    """

    kind: str
    start: int
    end: int
    name: str = ""
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceReading:
    """What one utterance does, with how probable that is (on meetings by people the model never learned
    from), most probable first, and what it names. ``by_person``: a person set the acts, none included."""

    acts: tuple[tuple[Act, float], ...] = ()
    mentions: tuple[Mention, ...] = ()
    by_person: bool = False

    def does(self, act: Act) -> bool:
        return any(a == act for a, _ in self.acts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measured fact. ``value`` None is unknown, and ``reason`` (Chinese) says why."""

    id: str
    value: float | None
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A good practice or a common problem that was recognised, with what to do about it (R34)."""

    id: str
    label: str
    suggestion: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A commitment made in the meeting: who does what by when (R26). None: was not said.

    ``vague``: it binds nobody (尽量; no number, no date). ``task``: the same as a task to confirm.
    ``confidence``: how surely it is a commitment at all (0-1)."""

    who: str | None
    what: str | None
    due: str | None
    evidence: Evidence
    due_date: date | None = None
    vague: bool = False
    task: str = ""
    confidence: float = 1.0

    @property
    def doubtful(self) -> bool:
        """Rather no commitment than one: listed, but last, and to be heard before anybody is held to it."""
        return self.confidence < DOUBTFUL


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What the meeting says of a commitment of an earlier one; ``evidence``: where it is taken up, then what
    is answered there. The evidence of the ``action`` lies in the earlier meeting."""

    action: Action
    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenFigure:
    """A figure as said beside the one that was given: ``value`` in the unit of ``given``. ``agrees``: what
    parts them is no more than the rounding of what was said."""

    given: Figure
    value: float
    agrees: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything measured in one meeting. ``readings`` run parallel to the transcript's utterances;
    ``host`` is the speaker label of the host where one could be told."""

    readings: tuple[UtteranceReading, ...]
    measures: Mapping[str, Measurement]
    host: str | None
    practices: tuple[Remark, ...]
    issues: tuple[Remark, ...]
    actions: tuple[Action, ...]
    reader: str
    figures: tuple[SpokenFigure, ...] = ()
    """Figures of the meeting that could be compared with those given, in time order."""
    followed: tuple[FollowUp, ...] = ()
    """What became of the commitments that were given, in their order."""
