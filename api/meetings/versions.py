"""Transcripts as versions: what was heard, what people put right, and what the next score must use."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.meetings.tables import TranscriptVersion
from models.meetings.tables import Recording
from qa_pipeline.errors import InputError
from qa_pipeline.names import CHAPTERS, KINDS
from qa_pipeline.report.masking import mask_personal
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.transcript.formats import from_json, to_json
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.transcript import Edit, Transcript, Utterance
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind, chapters_of

BY_HAND = "person"
"""Step of an `Edit` that a person made, and segmenter of borders that a person set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What the next score of a meeting must use in place of what the machine heard and cut.

    ``chapters`` None: nobody moved a border, so the machine cuts the corrected text anew. ``acts``: those of
    the utterances (index) that a person went through; the machine reads the others.
    """

    version: int
    transcript: Transcript
    chapters: Chapters | None
    acts: Mapping[int, tuple[Act, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one utterance; None: stays. An empty speaker takes the label off."""

    utterance: int
    text: str | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """From this utterance on the meeting is in this chapter."""

    first: int
    chapter: Chapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What a person says that an utterance does; nothing of the kind: no ``acts``."""

    utterance: int
    acts: tuple[Act, ...]


def corrected(session: Session, meeting_id: int) -> Corrected | None:
    """The newest transcript of the recordings that the meeting has now when a person made it, for jobs that
    score the meeting again; None otherwise.

    What was put right in the transcript of other recordings does not hold; once those are taken back, what
    was put right before them does again.
    """
    heard = sounds(session, meeting_id)
    row = next((row for row in reversed(all_of(session, meeting_id)) if row.heard == heard), None)
    if row is None or row.base_version is None:
        return None
    transcript = transcript_of(row)
    borders = _borders(row)
    return Corrected(
        version=row.version,
        transcript=transcript,
        chapters=chapters(transcript, borders) if borders else None,
        acts={doing.utterance: doing.acts for doing in acts_of(row)},
    )


def latest(session: Session, meeting_id: int) -> TranscriptVersion | None:
    query = select(TranscriptVersion).where(TranscriptVersion.meeting_id == meeting_id)
    return session.scalars(query.order_by(TranscriptVersion.version.desc()).limit(1)).one_or_none()


def all_of(session: Session, meeting_id: int) -> Sequence[TranscriptVersion]:
    """Oldest first."""
    query = select(TranscriptVersion).where(TranscriptVersion.meeting_id == meeting_id)
    return session.scalars(query.order_by(TranscriptVersion.version)).all()


def transcript_of(row: TranscriptVersion) -> Transcript:
    return from_json(gzip.decompress(row.body))


def sounds(session: Session, meeting_id: int) -> str:
    """Tells the meeting's recordings apart from others: SHA-256 over the hashes of their parts."""
    query = select(Recording.content_hash).where(Recording.meeting_id == meeting_id)
    parts = session.scalars(query.order_by(Recording.part))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def heard_anew(session: Session, meeting_id: int, transcript: Transcript, *, at: datetime) -> None:
    """Note the machine's transcript when it is none of the versions: corrections of another are outdated.

    A version of the recordings that the meeting has again, since one was taken back, becomes the newest.
    """
    known = all_of(session, meeting_id)
    newest = known[-1] if known else None
    heard = sounds(session, meeting_id)
    same = [row for row in known if transcript_of(row).utterances == transcript.utterances]
    if newest is None or not same:
        _add(session, meeting_id, transcript, newest=newest, base=None, heard=heard, by=None, at=at)
    elif newest.heard != heard and (
        again := next((row for row in reversed(same) if row.heard == heard), None)
    ):
        _add(
            session,
            meeting_id,
            transcript,
            newest=newest,
            base=again.base_version,
            heard=heard,
            by=again.edited_by,
            at=at,
            note=again.note,
            borders=_borders(again),
            acts=acts_of(again),
        )


def edit(
    session: Session,
    newest: TranscriptVersion,
    *,
    kind: MeetingKind,
    changes: Sequence[Change],
    speakers: Mapping[str, str],
    borders: Sequence[Border] | None,
    acts: Sequence[Doing] | None = None,
    by: str,
    note: str | None,
) -> TranscriptVersion:
    """A new version with the changes laid over the newest one. Raises InputError for what does not fit.

    ``speakers`` renames labels throughout; ``borders`` replaces all chapter borders, None keeps them, and so
    does ``acts`` with all that people set utterances to do; none at all leaves them to the machine. A meeting
    of this ``kind`` must be able to have the chapters: what is put right here is learned from. Other words or
    another speaker change nothing of what an utterance was set to do: it was said so, however it was written
    down.
    """
    before = clean(transcript_of(newest), steps={"numbers"})
    rows = [_renamed(row, speakers) for row in before.utterances]
    if unknown := sorted(set(speakers) - {row.speaker for row in before.utterances if row.speaker}):
        raise InputError(f"文字稿中没有说话人 {'、'.join(unknown)}：请核对名称。")
    for change in changes:
        if change.utterance >= len(rows):
            raise InputError(f"第 {change.utterance} 句不存在，全文共 {len(rows)} 句（从 0 数起）：请核对。")
        rows[change.utterance] = _changed(rows[change.utterance], change)
    after = clean(replace(before, utterances=tuple(rows)), steps={"numbers"})
    there = _borders(newest)
    if borders:
        _require_possible(borders, kind)
        chapters(after, borders)
    set_before = acts_of(newest)
    doing = set_before if acts is None else _ordered(acts, after)
    if after == before and borders in (None, there) and doing == set_before:
        raise InputError("没有任何改动：请修改文字、说话人、章节边界或语句标签后再保存。")
    return _add(
        session,
        newest.meeting_id,
        after,
        newest=newest,
        base=newest.version,
        heard=newest.heard,
        by=by,
        at=datetime.now(UTC),
        note=note,
        borders=there if borders is None else borders,
        acts=doing,
    )


def _borders(row: TranscriptVersion) -> list[Border]:
    """As people set them; none where nobody did."""
    return [Border(first=b["first"], chapter=Chapter(b["chapter"])) for b in row.borders or ()]


def acts_of(row: TranscriptVersion) -> list[Doing]:
    """As people set them, by utterance; none where nobody did."""
    return [Doing(utterance=a["utterance"], acts=tuple(map(Act, a["acts"]))) for a in row.acts or ()]


def _ordered(acts: Sequence[Doing], transcript: Transcript) -> list[Doing]:
    """By utterance, the acts in the order of their vocabulary. Raises InputError for what does not fit."""
    by_index = {doing.utterance: frozenset(doing.acts) for doing in acts}
    if len(by_index) < len(acts):
        raise InputError("同一句的语句标签给了两次：请每句只保留一行。")
    total = len(transcript.utterances)
    for index in sorted(by_index):
        if index >= total:
            raise InputError(f"第 {index} 句不存在，全文共 {total} 句（从 0 数起）：请核对语句标签。")
        if not is_said(transcript.utterances[index]):
            raise InputError(f"第 {index} 句可能凭空生成，不作证据，不能标语句标签：确有其话时请先改好文字。")
    return [
        Doing(utterance=index, acts=tuple(act for act in Act if act in by_index[index]))
        for index in sorted(by_index)
    ]


def is_said(row: Utterance) -> bool:
    return not row.phantom and bool(row.text.strip())


def _require_possible(borders: Sequence[Border], kind: MeetingKind) -> None:
    possible = chapters_of(kind)
    for border in borders:
        if border.chapter not in possible:
            known = "、".join(f"{CHAPTERS[one]} {one}" for one in possible)
            raise InputError(
                f"第 {border.first} 句的章节「{CHAPTERS[border.chapter]}」不属于{KINDS[kind]}："
                f"可用的有 {known}。"
            )


def chapters(transcript: Transcript, borders: Sequence[Border]) -> Chapters:
    """Borders as spans that tile the utterances; raises InputError when they do not."""
    starts = [border.first for border in borders]
    total = len(transcript.utterances)
    if not starts or starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] >= total:
        raise InputError(f"章节边界须从第 0 句开始、依次递增，且不超过最后一句（{total - 1}）：请核对。")
    spans = [
        ChapterSpan(
            chapter=border.chapter,
            start=transcript.utterances[border.first].start,
            end=transcript.utterances[last - 1].end,
            first=border.first,
            last=last,
            confidence=1.0,
        )
        for border, last in zip(borders, [*starts[1:], total], strict=True)
    ]
    return Chapters(spans=tuple(spans), segmenter=BY_HAND)


def masked(transcript: Transcript) -> Transcript:
    """Personal numbers starred out, and what was read or kept of them left out."""
    rows = (
        replace(
            row,
            text=mask_personal(row.text),
            speaker=mask_personal(row.speaker) if row.speaker else row.speaker,
            numbers=(),
            edits=(),
        )
        for row in transcript.utterances
    )
    return replace(transcript, utterances=tuple(rows))


def _renamed(row: Utterance, speakers: Mapping[str, str]) -> Utterance:
    return replace(row, speaker=speakers.get(row.speaker, row.speaker)) if row.speaker else row


def _changed(row: Utterance, change: Change) -> Utterance:
    if change.speaker is not None:
        row = replace(row, speaker=change.speaker or None)
    if change.text is not None and change.text != row.text:
        # A person heard it: nothing of the machine's doubt remains.
        edits = (*row.edits, Edit(step=BY_HAND, before=row.text))
        row = replace(row, text=change.text, confidence=1.0, phantom=False, edits=edits)
    return row


def _add(
    session: Session,
    meeting_id: int,
    transcript: Transcript,
    *,
    newest: TranscriptVersion | None,
    base: int | None,
    heard: str,
    by: str | None,
    at: datetime,
    note: str | None = None,
    borders: Sequence[Border] | None = None,
    acts: Sequence[Doing] | None = None,
) -> TranscriptVersion:
    row = TranscriptVersion(
        meeting_id=meeting_id,
        version=newest.version + 1 if newest else 1,
        base_version=base,
        heard=heard,
        edited_by=by,
        edited_at=at,
        note=note,
        body=gzip.compress(to_json(transcript).encode(), mtime=0),
        borders=[{"first": b.first, "chapter": b.chapter.value} for b in borders] if borders else None,
        acts=[{"utterance": a.utterance, "acts": [one.value for one in a.acts]} for a in acts]
        if acts
        else None,
    )
    session.add(row)
    session.flush()
    return row
