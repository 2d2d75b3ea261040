"""From files that arrived to parts of a meeting's recording and a job that inspects it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.audit import note_meeting
from api.batches.arriving import refuse, taken
from api.batches.repository import BatchRepository
from api.batches.tables import BatchFile
from api.jobs.repository import JobRepository
from api.jobs.service import start
from api.meetings.service import require_undecided
from api.problems import Conflict
from api.recordings.placing import MOST_PARTS, Placing, place
from api.recordings.receiving import Arrived, Sound, safe_name
from api.recordings.schemas import DuplicateOut, GapOut, JobRef, PartOut, RecordingOut, UploadAnswer
from api.recordings.tables import GivenAnswer
from api.store import Store
from models.meetings.recordings import RecordingRepository
from models.meetings.tables import Meeting, Recording
from qa_pipeline.errors import InputError

ANSWERS_KEPT: Final = timedelta(days=30)


def accept(
    session: Session,
    request: Request | None,
    asker: Caller,
    found: Sequence[Sound],
    said: Placing,
    *,
    key: str | None = None,
) -> tuple[UploadAnswer, bool]:
    """Make the sounds (already kept in the store) parts of their meeting and ask for the inspection.

    The same file for the same meeting again is the same part. Returns the answer, and whether anything is
    new. Raises NotFound, InputError or Conflict when the meeting is not clear or the part is taken,
    Conflict where a person has decided on the meeting, and when ``key`` was used for something else.
    """
    fingerprint = _fingerprint([one.arrived for one in found], said)
    if key is not None and (given := _given(session, asker, key, fingerprint)) is not None:
        return given, False
    row = of_batch(session, asker, said)
    if row is not None:
        said = Placing.model_validate(row.placing)
        if (name := row.shown) is not None:
            found = [replace(one, arrived=replace(one.arrived, name=safe_name(name))) for one in found]
    meeting = place(session, asker.within, said, file_name=found[0].arrived.name, created=found[0].created)
    session.execute(select(Meeting.id).where(Meeting.id == meeting.id).with_for_update())
    there = {
        row.content_hash: row.part
        for row in session.scalars(select(Recording).where(Recording.meeting_id == meeting.id))
    }
    repository = RecordingRepository(session, within=asker.within)
    received, new = [], False
    part = said.part
    for one in found:
        sha256 = one.arrived.sha256
        if sha256 not in there:
            require_undecided(session, meeting)
            number = part if part is not None else max(there.values(), default=0) + 1
            if number > MOST_PARTS:
                raise InputError(
                    f"“{one.arrived.name}”是第 {number} 段，段号最大为 {MOST_PARTS}：请核对段号。"
                )
            try:
                repository.add(
                    meeting.code, part=number, content_hash=sha256, file_name=one.arrived.name,
                    size=one.arrived.size, duration=one.duration, started_at=one.created,
                )  # fmt: skip
            except InputError as error:
                raise Conflict(str(error)) from error
            there[sha256], new = number, True
        received.append(there[sha256])
        part = part + 1 if part is not None else None
    job = JobRepository(session).latest_of(meeting)
    if said.inspect and (new or job is None):
        job = start(session, meeting=meeting.code, requested_by=asker.actor, within=asker.within)
    if row is not None:
        taken(session, row, meeting, size=found[0].arrived.size, within=asker.within)
    parts = ",".join(map(str, received))
    note_meeting(session, request, asker, meeting, "recording.upload", parts=parts, new=new)
    answer = UploadAnswer(
        **dict(shown(session, asker, meeting)),
        received=received,
        new=new,
        job=JobRef(code=job.code, state=job.state) if said.inspect and job is not None else None,
    )
    if key is not None:
        session.add(
            GivenAnswer(
                actor=asker.actor,
                key=key,
                fingerprint=fingerprint,
                answer=answer.model_dump(mode="json"),
                at=datetime.now(UTC),
            )
        )
    return answer, new


def refuse_of_batch(session: Session, asker: Caller, said: Placing, why: str) -> None:
    """Note that a file of a batch is no recording; nothing happens for one of no batch."""
    row = of_batch(session, asker, said)
    if row is not None:
        refuse(session, row, why, within=asker.within)


def keep(store: Store, arrived: Sequence[Arrived]) -> None:
    """Move files that arrived into the store; before their rows, so that no row is without its sound."""
    for one in arrived:
        if store.holds(one.sha256, one.size):
            one.file.unlink(missing_ok=True)
        else:
            store.keep(one.file, one.sha256)


def shown(session: Session, asker: Caller, meeting: Meeting) -> RecordingOut:
    """The parts in order, with what is wrong with them."""
    check = RecordingRepository(session, within=asker.within).check(meeting.code)
    return RecordingOut(
        meeting=meeting.code,
        parts=[
            PartOut(
                part=row.part,
                file_name=row.file_name,
                size=row.size,
                duration=row.duration,
                sha256=row.content_hash,
                started_at=row.started_at,
                duplicates=[
                    DuplicateOut(meeting=other.meeting, part=other.other_part)
                    for other in check.duplicates
                    if other.part == row.part
                ],
            )
            for row in check.parts
        ],
        missing=list(check.missing),
        gaps=[GapOut(after_part=gap.after_part, seconds=gap.seconds) for gap in check.gaps],
        duration=check.duration,
    )


def of_batch(session: Session, asker: Caller, said: Placing) -> BatchFile | None:
    """The file of a batch that this is; raises NotFound, InputError when only half of it is named."""
    if said.batch is None and said.file is None:
        return None
    if said.batch is None or said.file is None:
        raise InputError("批次的文件须同时给出 batch（批次编号）和 file（批次中的文件名）。")
    return BatchRepository(session, within=asker.within).file(said.batch, said.file)


def forget_answers(session: Session, *, now: datetime) -> None:
    """Nobody tries an upload again so late; and they hold names of files, which may be somebody's."""
    session.execute(delete(GivenAnswer).where(GivenAnswer.at < now - ANSWERS_KEPT))


def _given(session: Session, asker: Caller, key: str, fingerprint: str) -> UploadAnswer | None:
    row = session.scalars(
        select(GivenAnswer).where(GivenAnswer.actor == asker.actor, GivenAnswer.key == key)
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Conflict("这个 Idempotency-Key 已用于另一次上传：每次新的上传请换一个新的值。")
    return UploadAnswer.model_validate(row.answer)


def _fingerprint(arrived: Sequence[Arrived], said: Placing) -> str:
    parts = [said.model_dump_json(), *(f"{one.sha256} {one.name}" for one in arrived)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
