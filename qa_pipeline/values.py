"""The values that flow through an inspection, in the order of the flow.

    Recording -> Transcript -> Chapters -> Findings -> Scorecard -> Compliance -> Inspection

Every value is a frozen dataclass of plain, typed, JSON-serialisable parts and names the version of what made
it, so each stage can be stored, re-run alone and compared. Times are seconds from the start of the meeting's
first recording part; intervals are half-open. ``None`` always means *unknown*, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

Seconds = float
Progress = Callable[[str, float, float], None]
"""Called as (stage, done, total); the caller draws a bar, writes a row or says nothing."""


# ---------------------------------------------------------------- vocabulary


class MeetingKind(StrEnum):
    WEEKLY_REVIEW = "weekly_review"
    MONTHLY_PLANNING = "monthly_planning"


class Theme(StrEnum):
    """The weekly themes; a theme belongs to the slot, not to the day the meeting was held (R4)."""

    SUPERVISOR_LEAD = "supervisor_lead"
    SUPERVISOR_COACHING = "supervisor_coaching"
    RECRUITMENT_REVIEW = "recruitment_review"
    MONTH_END_SPRINT = "month_end_sprint"


class Chapter(StrEnum):
    OPENING = "opening"
    STAGE_REVIEW = "stage_review"
    MONTHLY_REVIEW = "monthly_review"
    EXCELLENCE_SHARING = "excellence_sharing"
    PROBLEM_DISCUSSION = "problem_discussion"
    NEXT_MONTH_PLAN = "next_month_plan"
    NEXT_WEEK_PLAN = "next_week_plan"
    CLOSING = "closing"
    OFF_TOPIC = "off_topic"


class Dimension(StrEnum):
    CONTENT = "content"
    PROCESS = "process"
    INTERACTION = "interaction"


class Act(StrEnum):
    """What an utterance does in the meeting."""

    ASK = "ask"
    PROBE = "probe"
    CHECK = "check"
    CAUSE = "cause"
    MEASURE = "measure"
    COMMIT = "commit"
    FOLLOWUP = "followup"
    PRACTICE = "practice"
    RECOGNIZE = "recognize"
    EVADE = "evade"
    SUMMARY = "summary"
    GOAL = "goal"
    DATA = "data"


class Likeness(StrEnum):
    """In what two meetings are the same: the sound of their recordings, or what was said."""

    SOUND = "sound"
    WORDS = "words"


class Status(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    QUALIFIED = "qualified"
    NOT_QUALIFIED = "not_qualified"
    NEEDS_REVIEW = "needs_review"


MANDATED: Final[Mapping[MeetingKind, tuple[Chapter, ...]]] = {
    MeetingKind.WEEKLY_REVIEW: (
        Chapter.STAGE_REVIEW,
        Chapter.EXCELLENCE_SHARING,
        Chapter.PROBLEM_DISCUSSION,
        Chapter.NEXT_WEEK_PLAN,
    ),
    MeetingKind.MONTHLY_PLANNING: (
        Chapter.MONTHLY_REVIEW,
        Chapter.EXCELLENCE_SHARING,
        Chapter.PROBLEM_DISCUSSION,
        Chapter.NEXT_MONTH_PLAN,
        Chapter.NEXT_WEEK_PLAN,
    ),
}
"""The chapters each kind of meeting must hold, in order (R13, R14)."""


# ---------------------------------------------------------------- recording


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPart:
    """One file of a recording: where it lies on the meeting's time line and what it is."""

    path: str
    sha256: str
    start: Seconds
    duration: Seconds
    container: str
    codec: str
    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The audio of one meeting: one or more parts in order. ``sha256`` is over the parts' hashes."""

    parts: tuple[RecordingPart, ...]
    duration: Seconds
    sha256: str
    warnings: tuple[str, ...] = ()


# ---------------------------------------------------------------- transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A clean-up step that changed an utterance, with the text as it was before that step."""

    step: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenNumber:
    """A number as said and as meant: ``text[start:end]`` is 五十三万七, ``value`` is 537000.0."""

    start: int
    end: int
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One stretch of speech. ``speaker`` is a label, not a name; ``confidence`` is 0-1.

    ``phantom`` marks a line that the recogniser most likely invented: kept, shown, never used as evidence.
    """

    start: Seconds
    end: Seconds
    text: str
    speaker: str | None = None
    confidence: float | None = None
    phantom: bool = False
    numbers: tuple[SpokenNumber, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What a recording's sound says besides words; see ``transcript.hearing``, whose version is ``maker``.

    ``peaks`` is the audio fingerprint: spectral peaks as base64 of (frames since the last one, band) pairs of
    bytes. It tells one recording from another and no person from another. ``silences`` are stretches of
    digital silence; ``loudness_range`` in dB (EBU Tech 3342, without its weighting), None: hardly any sound.
    """

    maker: str
    peaks: str
    silences: tuple[tuple[Seconds, Seconds], ...] = ()
    loudness_range: float | None = None
    room_changes: tuple[tuple[Seconds, float], ...] | None = None
    """(when, by how many dB) the background sound changes at once; None: it was not heard long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch [start, end) of this meeting that is also elsewhere: in ``other`` (Chinese, as it is to be
    shown; empty: earlier in the same recording), there from ``other_start`` on where that is known."""

    kind: Likeness
    start: Seconds
    end: Seconds
    other: str = ""
    other_start: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said, when and, where known, by whom. Utterances are in time order and do not overlap
    within one speaker. ``duration`` is that of the recording (or the last end, when text was imported);
    ``speech`` are the intervals (start, end) in which a voice was heard, or None when only text is known, as
    is ``sound``.
    """

    utterances: tuple[Utterance, ...]
    duration: Seconds
    engine: str
    speech: tuple[tuple[Seconds, Seconds], ...] | None = None
    sound: Sound | None = None
    warnings: tuple[str, ...] = ()

    @property
    def speakers_known(self) -> bool:
        """Whether at least two thirds of the utterances carry a speaker label."""
        labelled = sum(u.speaker is not None for u in self.utterances)
        return bool(self.utterances) and labelled * 3 >= 2 * len(self.utterances)


# ---------------------------------------------------------------- meeting facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """People, by name where names are given; ``count`` always holds."""

    count: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What the books say: ``owner`` (an institution, office or person, as meetings call them) has ``value``
    of ``indicator`` (an id of ``names.INDICATORS``, in its unit; a percentage is a share, 0.62) up to
    ``as_of``."""

    owner: str
    indicator: str
    value: float
    unit: str
    as_of: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingFacts:
    """What is known of a meeting besides its recording (flags or NAME.meeting.yaml). None is unknown."""

    kind: MeetingKind | None = None
    meeting_date: date | None = None
    start_time: time | None = None
    institution: str | None = None
    theme: Theme | None = None
    host: str | None = None
    admin_manager: str | None = None
    deputies: tuple[str, ...] = ()
    expected_attendees: Roster | None = None
    attendees: Roster | None = None
    on_leave: tuple[str, ...] = ()
    on_site: int | None = None
    prepared_at: datetime | None = None
    meeting_minutes: float | None = None
    """Length of the meeting as held, in minutes, if known apart from the recording (R7)."""
    figures: tuple[Figure, ...] = ()
    """What the figures said in the meeting can be compared with."""

    @property
    def people(self) -> frozenset[str]:
        """Everybody who is known by name: who was to come, who came, who is on leave, who leads."""
        rosters = (r for r in (self.expected_attendees, self.attendees) if r is not None)
        leading = (name for name in (self.host, self.admin_manager) if name)
        return frozenset((*leading, *self.deputies, *self.on_leave, *(n for r in rosters for n in r.names)))


# ---------------------------------------------------------------- chapters


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterSpan:
    """A stretch of the meeting that belongs to one chapter: utterances[first:last], seconds [start, end)."""

    chapter: Chapter
    start: Seconds
    end: Seconds
    first: int
    last: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyChapter:
    """How long a chapter lasted by the segmenter's probabilities, in its spans or not, and the stretch
    [start, end) in which it most likely is."""

    chapter: Chapter
    seconds: Seconds
    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapters:
    """Spans in time order that tile the utterances; a chapter may be missing, or recur in several spans.
    ``likely`` is empty where nobody counted probabilities (borders set by hand)."""

    spans: tuple[ChapterSpan, ...]
    segmenter: str
    likely: tuple[LikelyChapter, ...] = ()

    def of(self, chapter: Chapter) -> tuple[ChapterSpan, ...]:
        return tuple(s for s in self.spans if s.chapter == chapter)


# ---------------------------------------------------------------- findings


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
    from), most probable first, and what it names."""

    acts: tuple[tuple[Act, float], ...] = ()
    mentions: tuple[Mention, ...] = ()

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

    ``vague``: it binds nobody (尽量; no number, no date). ``task``: the same as a task to confirm."""

    who: str | None
    what: str | None
    due: str | None
    evidence: Evidence
    due_date: date | None = None
    vague: bool = False
    task: str = ""


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


# ---------------------------------------------------------------- second reader


class ReaderChoice(StrEnum):
    """Who reads a meeting: the local reader, a language model, or both (what they agree on counts)."""

    LOCAL = "local"
    LLM = "llm"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """What one language model was asked for: ``purpose`` is reader or judge. ``cached`` answers were known
    from before and cost nothing; tokens and ``cost`` are of this inspection, None where nobody counted or
    priced them. ``masked``: names and personal numbers were covered before anything was sent."""

    purpose: str
    model: str
    host: str
    requests: int
    cached: int
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    currency: str
    masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLevel:
    """The level (0-1) that a language model would give an item. It never becomes the item's level."""

    item: str
    level: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Where two readers part: ``about`` is chapter, item, critical, action, practice or issue; the passage is
    the evidence."""

    about: str
    id: str
    reason: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderReport:
    """Who was to read the meeting, and whose reading stands: ``reason`` says why it is not the one asked for.

    Agreements are shares (0-1) of time and of acts, None when nobody else read. ``review`` says why a person
    has to look (empty: no need), whatever the rubric."""

    asked: ReaderChoice = ReaderChoice.LOCAL
    used: ReaderChoice = ReaderChoice.LOCAL
    reason: str = ""
    uses: tuple[ModelUse, ...] = ()
    chapter_agreement: float | None = None
    act_agreement: float | None = None
    levels: tuple[ReaderLevel, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    review: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """How the language model read a meeting that both readers read: what agrees between this and the
    inspection's own chapters and findings counts."""

    chapters: Chapters
    findings: Findings


# ---------------------------------------------------------------- scorecard


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One line of an item's checklist, and whether it was met."""

    id: str
    label: str
    met: bool | None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on the way to an item's points, in order: the ``rule`` as the rubric has it (Chinese), the
    ``measure`` it reads (empty: what was said) with the ``value`` found, and the ``level`` (0-1) it gave
    (None: unknown). ``weight`` is that of a checklist's line among the others."""

    label: str
    rule: str
    measure: str = ""
    value: float | None = None
    level: float | None = None
    weight: float | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScore:
    """One scored rubric item. ``status`` is full, partial, missed, not_applicable or unknown; the last two
    leave the denominator. ``level`` is the share of ``max`` reached (0-1)."""

    id: str
    label: str
    dimension: Dimension
    score: float
    max: float
    level: float | None
    status: str
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    points: tuple[Point, ...] = ()
    suggestion: str = ""
    confidence: float = 1.0
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Critical:
    """A gate that fails the meeting whatever its score (``review`` True: freezes it for a person instead)."""

    id: str
    label: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """The one passage [start, end) that a person should hear before deciding, and why (Chinese): it is about
    the item or critical ``id``, which may move the score by ``swing`` points (None: it decides by itself)."""

    id: str
    start: Seconds
    end: Seconds
    reason: str
    swing: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The energy score (0-100), how sure it is (band), and what it is made of, pinned to one rubric."""

    energy_score: float
    band: tuple[float, float]
    pass_line: float
    dimensions: Mapping[Dimension, tuple[float, float]]
    """Dimension -> (score, maximum) after items that do not apply left the denominator."""
    items: tuple[ItemScore, ...]
    criticals: tuple[Critical, ...]
    rubric_id: str
    rubric_version: str
    rubric_hash: str
    listen: Listen | None = None
    """What a person should hear first; None where nothing has to be heard."""


# ---------------------------------------------------------------- compliance


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule looked at: ``rule`` is its number in the rule book (R1-R34)."""

    rule: str
    status: Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceVerdict:
    """One of on_time, on_roster, on_quality: the worst of its checks, and why."""

    status: Status
    reason: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    on_time: ComplianceVerdict
    on_roster: ComplianceVerdict
    on_quality: ComplianceVerdict
    verdict: Verdict
    slot: str | None = None
    """The slot the meeting fills, e.g. ``2026-09-W1`` or ``2026-09-MP``; None when no date is known."""


# ---------------------------------------------------------------- the whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of one inspection: every stage's value, and the warnings of all of them."""

    facts: MeetingFacts
    recording: Recording | None
    transcript: Transcript
    chapters: Chapters
    findings: Findings
    scorecard: Scorecard
    compliance: Compliance
    versions: Mapping[str, str]
    warnings: tuple[str, ...] = field(default=())
    reader: ReaderReport = ReaderReport()
    second: SecondReading | None = None
