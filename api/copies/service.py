"""Comparing a meeting with all others when it is scored, and who may know with which."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.copies.repository import CopyRepository
from api.copies.schemas import CopyOut
from api.copies.tables import MeetingCopy
from models.base import SHANGHAI, Subtree
from models.database import transaction
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Meeting, MeetingState
from qa_pipeline.values.transcript import Passage, Sound, Transcript
from qa_pipeline.values.vocabulary import Likeness

if TYPE_CHECKING:
    from qa_pipeline.copies import Print

WORDS: Final = "shingles-1"
"""What makes the prints of words."""


def compare(engine: Engine, code: str, transcript: Transcript) -> tuple[Passage, ...]:
    """Keep the meeting's prints, and say what of it was taken from other meetings.

    Of two meetings the one held on a later day is the copy; where that is not known, each is suspect, and a
    person tells them apart. Who reads the passages may not be allowed to see the other institution: they
    name no meeting of another one.
    """
    from qa_pipeline.copies import passages, prints, shared

    found = prints(transcript)
    with transaction(engine) as session:
        # Kept before anything is looked for: of two meetings scored at the same time, one sees the other.
        meeting = MeetingRepository(session).get(code)
        for print in found.values():
            maker, body = _kept(print, transcript)
            CopyRepository(session).keep(meeting.id, print, maker=maker, body=body)
    with transaction(engine) as session:
        meeting = MeetingRepository(session).get(code)
        repository = CopyRepository(session)
        mine: list[Passage] = []
        rows: list[MeetingCopy] = []
        for kind, print in found.items():
            maker, _ = _kept(print, transcript)
            for other, body in repository.like(meeting.id, print, maker=maker):
                theirs = _print(kind, maker, body)
                if not _held_before(meeting, other):
                    mutual = not _held_before(other, meeting)
                    runs = shared(print, theirs)
                    told = passages(print, theirs, runs, other=_named(meeting, other), mutual=mutual)
                    mine += told if _seen_together(meeting, other) else _vaguely(told)
                    rows += _rows(meeting, other, told)
                if not _held_before(other, meeting):
                    rows += _rows(other, meeting, passages(theirs, print, shared(theirs, print), other=""))
        if meeting.state == MeetingState.VOID:
            mine, rows = [], []
        repository.replace(meeting.id, rows)
        return tuple(mine)


def shown(session: Session, meeting: Meeting, *, within: Subtree) -> list[CopyOut]:
    """What of the meeting was taken from others, and from which as far as the reader may see them."""
    return [
        CopyOut(
            kind=copy.kind,
            start=copy.start,
            end=copy.end,
            meeting=code if within.holds(path) else None,
            other_start=copy.other_start if within.holds(path) else None,
        )
        for copy, code, path in CopyRepository(session).of(meeting.id)
    ]


def _kept(print: Print, transcript: Transcript) -> tuple[str, bytes]:
    """The maker of a print and what is kept of it."""
    from qa_pipeline.copies import to_bytes

    if print.kind is Likeness.WORDS or transcript.sound is None:
        return WORDS, to_bytes(print)
    return transcript.sound.maker, base64.b64decode(transcript.sound.peaks)


def _print(kind: Likeness, maker: str, body: bytes) -> Print:
    from qa_pipeline.copies import from_bytes, sound_print

    if kind is Likeness.WORDS:
        return from_bytes(body)
    return sound_print(Sound(maker=maker, peaks=base64.b64encode(body).decode("ascii")))


def _held_before(one: Meeting, other: Meeting) -> bool:
    """Whether on a day before: the hour is what a branch writes itself."""
    if one.started_at is None or other.started_at is None:
        return False
    return one.started_at.astimezone(SHANGHAI).date() < other.started_at.astimezone(SHANGHAI).date()


def _seen_together(meeting: Meeting, other: Meeting) -> bool:
    """Whether everybody who sees the one sees the other."""
    return meeting.institution_id == other.institution_id


def _vaguely(found: Iterable[Passage]) -> Iterator[Passage]:
    return (replace(one, other_start=None) for one in found)


def _named(meeting: Meeting, other: Meeting) -> str:
    """The other meeting as whoever sees this one may know it."""
    if not _seen_together(meeting, other):
        return "另一家机构的会议"
    if other.started_at is None:
        return "本机构的另一场会议"
    return f"本机构 {other.started_at.astimezone(SHANGHAI):%Y-%m-%d} 的会议"


def _rows(meeting: Meeting, other: Meeting, found: Iterable[Passage]) -> Iterator[MeetingCopy]:
    for one in found:
        yield MeetingCopy(
            meeting_id=meeting.id,
            other_id=other.id,
            kind=one.kind,
            start=one.start,
            end=one.end,
            other_start=one.other_start,
        )
