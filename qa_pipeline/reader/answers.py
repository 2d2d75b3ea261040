"""What the model may answer, and what of it is believed.

Every check raises ValueError (Chinese) for the model to put right; nothing it says is used before all of its
answer holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from qa_pipeline.endpoint import only_json
from qa_pipeline.rubric.heard import bare
from qa_pipeline.rubric.sheet import Sheet
from qa_pipeline.values.vocabulary import Act, Chapter


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SaidSpan(_Said):
    chapter: str
    first: int
    last: int


class SaidActs(_Said):
    utterance: int
    acts: list[str]


class SaidAction(_Said):
    utterance: int
    who: str | None
    what: str | None
    due: str | None


class SaidRemark(_Said):
    id: str
    utterances: list[int]
    quote: str


class SaidWindow(_Said):
    """The answer about one window."""

    chapters: list[SaidSpan]
    acts: list[SaidActs]
    actions: list[SaidAction]
    practices: list[SaidRemark]
    issues: list[SaidRemark]


class SaidLevel(_Said):
    id: str
    level: float | None
    utterances: list[int]
    quote: str


class SaidLevels(_Said):
    """The answer about the items of the rubric."""

    items: list[SaidLevel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarked:
    """A practice or an issue of the library, and the numbers of the utterances that show it."""

    id: str
    utterances: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    utterance: int
    who: str | None
    what: str | None
    due: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is believed of one window or, put together, of the meeting. ``labels``, ``acts`` are by number."""

    labels: Mapping[int, Chapter]
    acts: Mapping[int, frozenset[Act]]
    promises: tuple[Promise, ...]
    practices: tuple[Remarked, ...]
    issues: tuple[Remarked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    item: str
    level: float
    utterances: tuple[int, ...]


def schema_of(answer: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema that a server can hold the model to: all keys required, no others."""
    return answer.model_json_schema()


def claims(
    text: str,
    sheet: Sheet,
    *,
    first: int,
    last: int,
    chapters: Collection[Chapter],
    practices: Collection[str],
    issues: Collection[str],
) -> Claims:
    """What the model says of utterances first to last (both included)."""
    said = _parsed(SaidWindow, text)
    inside = range(first, last + 1)
    return Claims(
        labels=_labels(said.chapters, inside, chapters),
        acts=_acts(said.acts, inside),
        promises=tuple(_promise(one, sheet, inside) for one in said.actions),
        practices=_remarks(said.practices, sheet, inside, known=practices, what="practices"),
        issues=_remarks(said.issues, sheet, inside, known=issues, what="issues"),
    )


def levels(text: str, sheet: Sheet, *, allowed: Mapping[str, Sequence[float]]) -> tuple[Level, ...]:
    """The levels that the model would give, of those the rubric knows; above zero only with a true quote."""
    found: dict[str, Level] = {}
    inside = range(1, len(sheet.real) + 1)
    for one in _parsed(SaidLevels, text).items:
        if one.id not in allowed:
            raise ValueError(f"items 里没有「{one.id[:40]}」这一项")
        if one.id in found:
            raise ValueError(f"items 里「{one.id}」写了两次")
        if one.level is None:
            continue
        if not any(abs(one.level - step) < 1e-6 for step in allowed[one.id]):
            steps = "、".join(f"{step:g}" for step in allowed[one.id])
            raise ValueError(f"「{one.id}」的 level 只能取 {steps} 或 null")
        _numbered(one.utterances, inside, what=f"items「{one.id}」")
        if one.level > 0 and not sheet.holds(one.utterances, one.quote):
            raise ValueError(f"「{one.id}」引用的「{one.quote[:30]}」不在所指的句子里")
        found[one.id] = Level(item=one.id, level=float(one.level), utterances=tuple(one.utterances))
    return tuple(found.values())


Said = TypeVar("Said", SaidWindow, SaidLevels)


def _parsed(answer: type[Said], text: str) -> Said:
    try:
        return answer.model_validate_json(only_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "开头"
        raise ValueError(f"不合约定的格式（{place[:60]} 处）") from error


def _labels(spans: Sequence[SaidSpan], inside: range, allowed: Collection[Chapter]) -> dict[int, Chapter]:
    """Spans must follow on one another and fill the window."""
    names = {chapter.value: chapter for chapter in allowed}
    labels: dict[int, Chapter] = {}
    expected = inside.start
    for span in spans:
        if span.chapter not in names:
            raise ValueError(f"chapters 里的「{span.chapter[:40]}」不是本会议的章节")
        if span.first != expected or span.last < span.first or span.last >= inside.stop:
            raise ValueError(
                f"chapters 要从第 {inside.start} 句到第 {inside.stop - 1} 句首尾相接，"
                f"第 {span.first}–{span.last} 句接不上"
            )
        labels.update(dict.fromkeys(range(span.first, span.last + 1), names[span.chapter]))
        expected = span.last + 1
    if expected != inside.stop:
        raise ValueError(f"chapters 没有写到第 {inside.stop - 1} 句")
    return labels


def _acts(rows: Sequence[SaidActs], inside: range) -> dict[int, frozenset[Act]]:
    known = {act.value: act for act in Act}
    found: dict[int, frozenset[Act]] = {}
    for row in rows:
        _numbered([row.utterance], inside, what="acts")
        wrong = [name for name in row.acts if name not in known]
        if wrong:
            raise ValueError(f"acts 里没有「{wrong[0][:40]}」")
        found[row.utterance] = found.get(row.utterance, frozenset()) | {known[name] for name in row.acts}
    return found


def _promise(one: SaidAction, sheet: Sheet, inside: range) -> Promise:
    """What and by when must be words of the utterance or its neighbours; who is a speaker or such a word."""
    _numbered([one.utterance], inside, what="actions")
    near = range(max(1, one.utterance - 2), min(len(sheet.real), one.utterance + 2) + 1)
    said = "\n".join(bare(sheet.texts[n - 1]) for n in near)
    for what, words in (("what", one.what), ("due", one.due)):
        if words is not None and (not bare(words) or bare(words) not in said):
            raise ValueError(f"第 {one.utterance} 句的 {what}「{words[:30]}」不是那里的原话")
    speakers = {
        sheet.disguise.speaker(label)
        for n in near
        if (label := sheet.transcript.utterances[sheet.real[n - 1]].speaker)
    }
    if one.who is not None and one.who not in speakers and (not bare(one.who) or bare(one.who) not in said):
        raise ValueError(f"第 {one.utterance} 句的 who「{one.who[:30]}」既不是说话人，也不是那里的原话")
    shown = sheet.disguise.uncover
    return Promise(
        utterance=one.utterance,
        who=None if one.who is None else shown(one.who),
        what=None if one.what is None else shown(one.what),
        due=None if one.due is None else shown(one.due),
    )


def _remarks(
    rows: Sequence[SaidRemark], sheet: Sheet, inside: range, *, known: Collection[str], what: str
) -> tuple[Remarked, ...]:
    found = []
    for row in rows:
        if row.id not in known:
            raise ValueError(f"{what} 里没有「{row.id[:40]}」")
        _numbered(row.utterances, inside, what=what)
        if not sheet.holds(row.utterances, row.quote):
            raise ValueError(f"「{row.id}」引用的「{row.quote[:30]}」不在所指的句子里")
        found.append(Remarked(id=row.id, utterances=tuple(row.utterances)))
    return tuple(found)


def _numbered(numbers: Sequence[int], inside: range, *, what: str) -> None:
    for number in numbers:
        if number not in inside:
            raise ValueError(f"{what} 里的第 {number} 句不在第 {inside.start}–{inside.stop - 1} 句之内")
