"""Good practices and common problems, each with its proof and what to do about it (R34).

What they are called, the advice and every threshold stand in rubrics/practices.yaml, or in a file of the
company's own. How the shipped ones are recognised stands here, one function per id; those that QA staff add
say it themselves, under ``when``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from qa_pipeline.entries import CHAPTERS, Part, Vocabulary
from qa_pipeline.findings import causes, checking, commitments, framing, interaction, risk, sharing
from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.registry import specs
from qa_pipeline.findings.structure import REVIEWS
from qa_pipeline.source import Placed, Problems, merge, nearest, read, record, unique_ids
from qa_pipeline.values.findings import Measurement, Remark
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind, Theme

STRAYED: Final = "strayed"
"""The one problem that a meeting of another kind has."""

STUFFED: Final = "keyword_stuffing"
"""The problem of a meeting that says the words instead of doing the work."""
MOST: Final = 4
"""Pieces of evidence of a remark."""
ASTRAY: Final = 0.3
"""Share of off-topic talk from which voices are many because nobody is at work."""
SHARED: Final = ("distilled_steps", "told_steps")
"""Practices that come with a card to pass on."""

SHIPPED: Final = Path(str(files("rubrics") / "practices.yaml"))
_WHAT: Final = "实践库"
_MEASURES: Final[Vocabulary] = ("测量", lambda: (spec.id for spec in specs()))

_BAD: Final = re.compile(r"没办法|不好|没钱|不行|太[难差低热冷]|抢|[跌降]|影响|怪|难[做卖]|没人|不[买敢来]")
"""What makes of the market and the weather an excuse."""

Measures = Mapping[str, Measurement]
Thresholds = Mapping[str, float]
Sight = Callable[[Reading, Measures, Thresholds], Iterable[int] | None]
"""The utterances that prove the remark (may be empty: proven by absence), or None when it does not apply."""


class _Sign(Part):
    """One sign of an entry: a measure within bounds, or something ``said`` at least ``times``."""

    vocabulary: ClassVar[dict[str, Vocabulary]] = {"measure": _MEASURES, "chapter": CHAPTERS}
    measure: str = ""
    at_least: float | None = None
    at_most: float | None = None
    said: tuple[str, ...] = ()
    chapter: Chapter | None = None
    times: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.measure) == bool(self.said):
            raise ValueError("measure 和 said 写且只写一个")
        bounded = self.at_least is not None or self.at_most is not None
        if self.measure and not bounded:
            raise ValueError("measure 要配 at_least 或 at_most")
        if self.said and bounded:
            raise ValueError("at_least、at_most 只配 measure，几句写 times")
        if self.measure and (self.chapter is not None or self.times > 1):
            raise ValueError("chapter、times 只配 said")
        if not all(word.strip() for word in self.said):
            raise ValueError("said 里有空的词，它对得上任何一句")
        return self


class _Entry(Part):
    id: str = Field(min_length=1)
    label: str = Field(min_length=1)
    suggestion: str = Field(min_length=1)
    thresholds: dict[str, float] = Field(default_factory=dict)
    when: tuple[_Sign, ...] = ()


class Library(Part):
    """What a file of the practice library says. One that ``extends`` the shipped one is laid over it: an
    entry of the same id is overridden key by key, ``remove: true`` takes one out."""

    version: int
    extends: Literal["practices"] | None = None
    practices: tuple[_Entry, ...]
    issues: tuple[_Entry, ...]


def library() -> Library:
    """The practice library in use.

    Raises RubricError that names every mistake as file:line:column with key and nearest word.
    """
    return load_library(library_file())


def library_file() -> Path:
    """The file of the library in use: the company's own (``HUIJIAN_PRACTICES``), else the shipped one."""
    return Path(os.environ.get("HUIJIAN_PRACTICES") or SHIPPED)


def load_library(path: Path) -> Library:
    """The library of a file; raises RubricError as ``library`` does."""
    stat = path.stat() if path.is_file() else None
    return _load(path, stat and (stat.st_mtime_ns, stat.st_size))


def is_library(path: Path) -> bool:
    """Whether a file of rules is a practice library; raises RubricError for one that is not readable."""
    return not {"practices", "issues"}.isdisjoint(read(path))


@lru_cache(maxsize=8)
def _load(path: Path, _stamp: tuple[int, int] | None) -> Library:
    tree, problems = read(path, what=_WHAT), Problems(what=_WHAT)
    if tree.get("extends") == SHIPPED.stem:
        tree = merge(read(SHIPPED, what=_WHAT), tree)
    try:
        shelf = Library.model_validate(tree, context={"problems": problems})
    except ValidationError as error:
        record(error.errors(), tree, problems)
    problems.raise_if_any(str(path))
    unique_ids(tree, problems)
    for entries, key in ((shelf.practices, "practices"), (shelf.issues, "issues")):
        for entry, row in zip(entries, tree.get(key, ()), strict=True):
            _check_recognised(entry, row, problems)
    problems.raise_if_any(str(path))
    return shelf


def _check_recognised(entry: _Entry, row: Placed, problems: Problems) -> None:
    """An entry says itself what shows it, or has a function here that needs its thresholds."""
    if entry.when and entry.thresholds:
        problems.add(row.place("thresholds"), "键「thresholds」：写了 when 的条目不用门槛，请写在 when 里")
    elif not entry.when and entry.id not in SIGHTS:
        hint = nearest(entry.id, SIGHTS)
        problems.add(row.place("id"), f"键「id」：「{entry.id}」没有识别方法，请写 when；自带的编号{hint}")
    elif not entry.when:
        wanted, place = SIGHTS[entry.id][1], row.place("thresholds")
        for name in sorted(set(entry.thresholds) - wanted):
            at = row["thresholds"].place(name)
            problems.unknown(at, key="thresholds", word=name, what="门槛", allowed=wanted)
        if missing := wanted - set(entry.thresholds):
            problems.add(place, f"键「thresholds」：缺少门槛 {'、'.join(sorted(missing))}")


def remark(reading: Reading, measures: Measures) -> tuple[tuple[Remark, ...], tuple[Remark, ...]]:
    """(good practices, common problems) of the meeting. Who only says the words has nothing to pass on."""
    shelf = library()
    issues = _seen(shelf.issues, reading, measures)
    recited = STUFFED in {one.id for one in issues}
    return () if recited else _seen(shelf.practices, reading, measures), issues


def _seen(entries: Iterable[_Entry], reading: Reading, measures: Measures) -> tuple[Remark, ...]:
    found = []
    for entry in entries:
        if not reading.spoken:
            continue
        proof = (
            _signs(entry.when, reading, measures)
            if entry.when
            else SIGHTS[entry.id][0](reading, measures, entry.thresholds)
        )
        if proof is not None:
            found.append(
                Remark(
                    id=entry.id,
                    label=entry.label,
                    suggestion=entry.suggestion + (sharing.card(reading) if entry.id in SHARED else ""),
                    evidence=reading.proof(proof, most=MOST),
                )
            )
    return tuple(found)


def _signs(signs: Iterable[_Sign], reading: Reading, measures: Measures) -> Iterable[int] | None:
    """The proof of all signs together; None when one of them is missing or unknown."""
    proof: list[int] = []
    for sign in signs:
        if sign.said:
            among = reading.at_work if sign.chapter is None else reading.within(sign.chapter)
            hits = [i for i in among if any(words in reading.utterances[i].text for words in sign.said)]
            if len(hits) < sign.times:
                return None
            proof += hits
            continue
        value = _value(measures, sign.measure)
        if value is None or not (
            (sign.at_least is None or value >= sign.at_least)
            and (sign.at_most is None or value <= sign.at_most)
        ):
            return None
        proof += [e.utterance for e in measures[sign.measure].evidence]
    return proof


def _value(measures: Measures, name: str) -> float | None:
    return measures[name].value if name in measures else None


# ---------------------------------------------------------------- good


def _probe_to_customer(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    deep = [
        chain
        for chain in interaction.deep_chains(reading)
        if chain.rounds >= least["rounds"]
        and any(
            reading.names(i, "customer", "person", "date") or "客户" in reading.utterances[i].text
            for e in chain.exchanges
            for i in (e.question, *e.answers)
        )
    ]
    return [e.question for chain in deep for e in chain.exchanges] if len(deep) >= least["chains"] else None


def _distilled_steps(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    told = sharing.shared(reading)
    complete = _value(measures, "practice_complete") or 0.0
    if complete < least["completeness"] or len(told) < least["steps"]:
        return None
    after = _distilled(reading, told)
    return [*told[:3], *after[:1]] if after else None


def _distilled(reading: Reading, told: Sequence[int]) -> list[int]:
    """Where the steps are boiled down, after the first: by somebody else, or in no step itself."""
    teller = reading.speaker(told[0])
    return [
        i
        for i in sharing.distilled(reading)
        if i > told[0] and (i not in told or reading.speaker(i) != teller)
    ]


def _told_steps(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    """Steps told off well, though nobody boiled them down (which is the better practice)."""
    told = sharing.shared(reading)
    if len(told) < least["steps"] or _distilled(reading, told):
        return None
    return told[:MOST]


def _promises_first(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    taken = [
        i for i in reading.doing(Act.FOLLOWUP, among=reading.at_work) if i < len(reading.utterances) * 0.4
    ]
    return taken if len(taken) >= least["followups"] else None


def _goal_to_activity(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    found = measures.get("topic.decomposition")
    if found is None or (found.value or 0.0) < least["strength"]:
        return None
    return [e.utterance for e in found.evidence]


def _causes_to_measures(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    pairs = causes.loops(reading)
    return [i for pair in pairs[:2] for i in pair] if len(pairs) >= least["loops"] else None


def _dated_promises(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    rate = _value(measures, "commitment_completeness")
    full = [
        a.evidence.utterance
        for a in commitments.promises(reading)
        if commitments.completeness(reading, a) > 0.99 and not commitments.vague(reading, a)
    ]
    return (
        full if rate is not None and rate >= least["completeness"] and len(full) >= least["actions"] else None
    )


def _broad_voice(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    heard, host = _value(measures, "speakers_heard_share"), _value(measures, "host_talk_share")
    if heard is None or host is None or heard < least["heard"] or host > least["host"]:
        return None
    if reading.astray >= ASTRAY:
        return None
    best: dict[str, int] = {}
    for index in reading.at_work:
        speaker = reading.speaker(index)
        if speaker and speaker != reading.host and not reading.does(index, Act.EVADE):
            best[speaker] = max(best.get(speaker, index), index, key=lambda i: _weight(reading, i))
    return sorted(best.values(), key=lambda i: _weight(reading, i))[-MOST:]


def _weight(reading: Reading, index: int) -> tuple[float, int]:
    """How much an utterance says: facts, causes, promises before mere length."""
    return reading.substance(index), len(reading.utterances[index].text)


# ---------------------------------------------------------------- bad


def _figures_without_questions(
    reading: Reading, measures: Measures, least: Thresholds
) -> Iterable[int] | None:
    seconds = sum(reading.chapter_seconds(c) for c in REVIEWS)
    if seconds < least["review_minutes"] * 60:
        return None
    review = set(reading.within(*REVIEWS))
    asked = sum(e.question in review and e.substance >= checking.LEAST_TOLD for e in reading.exchanges)
    exchanged = _value(measures, "exchange_share") or 0.0
    if asked / (seconds / 600) >= least["questions_per_10min"] and exchanged >= least["exchange"]:
        return None
    return reading.doing(Act.DATA, among=sorted(review))[:4]


def _sentiment_sharing(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    """Few steps, or as much feeling as steps."""
    shared = reading.within(Chapter.EXCELLENCE_SHARING)
    if reading.chapter_seconds(Chapter.EXCELLENCE_SHARING) < least["minutes"] * 60:
        return None
    firm = len(set(sharing.solid(reading)).intersection(shared))
    moved = sharing.stirring(reading)
    if firm >= least["steps"] and firm / (firm + len(moved)) >= least["firm"]:
        return None
    return moved or sorted(sorted(shared, key=reading.length)[-3:])


def _blaming_outside(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    """A good part of the causes, or blame in passing again and again."""
    share = _value(measures, "external_share")
    said = reading.doing(Act.CAUSE, among=reading.at_work)
    blamed = causes.blamed(reading)
    characters = sum(len(reading.utterances[i].text) for i in reading.at_work)
    if share is not None and share >= least["share"] and len(said) >= least["causes"]:
        return [i for i in said if causes.outside(reading, i)]
    often = len(blamed) >= least["times"] and 1000 * len(blamed) >= least["per_1000"] * characters
    plain = sorted(
        blamed, key=lambda i: (reading.does(i, Act.CAUSE, Act.EVADE), bool(_BAD.search(_text(reading, i))))
    )
    return plain[-MOST:] if often else None


def _text(reading: Reading, index: int) -> str:
    return reading.utterances[index].text


def _weak_promises(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    weak = [a.evidence.utterance for a in commitments.promises(reading) if commitments.vague(reading, a)]
    weak += commitments.ducked(reading)
    share = _value(measures, "vague_share")
    if share is None or share < least["share"] or len(weak) < least["count"]:
        return None
    plain = [i for i in weak if commitments.weakly_said(reading, i)]
    return reading.surest(plain if len(plain) > 1 else weak, Act.EVADE, Act.COMMIT)


def _keyword_stuffing(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    """The more jargon, the more questions and answers it takes not to have been a recital."""
    share = _value(measures, "keyword_share") or 0.0
    enough = least["exchange"] + share - least["share"]
    recited = (_value(measures, "exchange_share") or 0.0) <= enough or share >= least["sure"]
    if share < least["share"] or not recited:
        return None
    return [e.utterance for e in measures["keyword_share"].evidence]


def _one_voice(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    share = _value(measures, "top_talk_share")
    if share is None or share < least["host"]:
        return None
    return [e.utterance for e in measures["top_talk_share"].evidence]


def _off_theme(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    strength = theme_strength(reading, measures)
    return () if strength is not None and strength < least["strength"] else None


def _evasive_answers(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    """Many evasions, or some that were let pass: what was promised then is vague too."""
    share, vague = _value(measures, "evasive_share"), _value(measures, "vague_share")
    if share is None or share < least["evasive"]:
        return None
    if share < least["many"] and (vague is None or vague < least["vague"]):
        return None
    return reading.surest(reading.doing(Act.EVADE, among=reading.at_work), Act.EVADE)


def _promises_forgotten(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    return () if (_value(measures, "followups") or 0.0) < least["followups"] else None


def _no_promises(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    return (
        framing.closing(reading)[-2:]
        if (_value(measures, "commitments_firm") or 0.0) < least["actions"]
        else None
    )


def _compliance_lead(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    crossing, _ = risk.risky(reading)
    return crossing if len(crossing) >= least["hits"] else None


def _strayed(reading: Reading, measures: Measures, least: Thresholds) -> Iterable[int] | None:
    share = _value(measures, "off_topic_share")
    if share is None or share < least["share"]:
        return None
    return reading.within(Chapter.OFF_TOPIC)[:4]


THEME_TOPICS: Final[Mapping[Theme, tuple[str, ...]]] = {
    Theme.SUPERVISOR_LEAD: ("u_attainment", "pvkyc", "benchmark"),
    Theme.SUPERVISOR_COACHING: ("ct", "ct_cause", "benchmark"),
    Theme.RECRUITMENT_REVIEW: ("training_referral", "new_fyc", "training_barrier", "benchmark"),
    Theme.MONTH_END_SPRINT: ("premium_review", "u_review", "ct_review", "income_target", "first_week_plan"),
}
"""What a meeting of each theme has to deal with (R20-R23)."""


def theme_strength(reading: Reading, measures: Measures) -> float | None:
    """Mean strength of the theme's topics; None when the theme is unknown."""
    theme = reading.facts.theme
    if theme is None and reading.kind == MeetingKind.MONTHLY_PLANNING:
        theme = Theme.MONTH_END_SPRINT
    if theme is None:
        return None
    values = [
        measures[f"topic.{name}"].value or 0.0 for name in THEME_TOPICS[theme] if f"topic.{name}" in measures
    ]
    return sum(values) / len(values) if values else None


SIGHTS: Final[Mapping[str, tuple[Sight, frozenset[str]]]] = {
    "probe_to_customer": (_probe_to_customer, frozenset({"chains", "rounds"})),
    "distilled_steps": (_distilled_steps, frozenset({"completeness", "steps"})),
    "told_steps": (_told_steps, frozenset({"steps"})),
    "promises_first": (_promises_first, frozenset({"followups"})),
    "goal_to_activity": (_goal_to_activity, frozenset({"strength"})),
    "causes_to_measures": (_causes_to_measures, frozenset({"loops"})),
    "dated_promises": (_dated_promises, frozenset({"actions", "completeness"})),
    "broad_voice": (_broad_voice, frozenset({"heard", "host"})),
    "figures_without_questions": (
        _figures_without_questions,
        frozenset({"review_minutes", "questions_per_10min", "exchange"}),
    ),
    "sentiment_sharing": (_sentiment_sharing, frozenset({"firm", "minutes", "steps"})),
    "blaming_outside": (_blaming_outside, frozenset({"causes", "share", "times", "per_1000"})),
    "weak_promises": (_weak_promises, frozenset({"count", "share"})),
    STUFFED: (_keyword_stuffing, frozenset({"exchange", "share", "sure"})),
    "one_voice": (_one_voice, frozenset({"host"})),
    "off_theme": (_off_theme, frozenset({"strength"})),
    "evasive_answers": (_evasive_answers, frozenset({"evasive", "many", "vague"})),
    "promises_forgotten": (_promises_forgotten, frozenset({"followups"})),
    "no_promises": (_no_promises, frozenset({"actions"})),
    "compliance_lead": (_compliance_lead, frozenset({"hits"})),
    STRAYED: (_strayed, frozenset({"share"})),
}
"""Remark id -> how it is recognised, and the thresholds that takes."""
