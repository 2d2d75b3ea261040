"""Start, pause and resume batches, and say how far they are."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Engine, Row
from sqlalchemy.orm import Session

from api.access import Caller
from api.batches.archive import open_archive
from api.batches.matching import Wanted, match, read_manifest
from api.batches.naming import Pattern, compiled
from api.batches.planning import Offered, Plan, plan
from api.batches.repository import BatchRepository
from api.batches.schemas import (
    MOST_FILES,
    BatchAnswer,
    BatchFileOut,
    BatchMeetingOut,
    BatchOut,
    MatchedFile,
    NewBatch,
    OfferedFile,
    UnmatchedFile,
)
from api.batches.tables import Batch, BatchFile, FileState
from api.fields import existing
from api.jobs.service import start
from api.jobs.tables import ACTIVE, ARCHIVE, JobState, Stage
from api.problems import Forbidden
from api.settings import Settings
from models.base import SHANGHAI, Subtree
from models.calendar.weeks import month_start
from models.meetings.slots import SlotRepository
from models.organisation.repository import InstitutionRepository
from qa_pipeline.errors import InputError

MOST_MEETINGS: Final = 5000


def begin(
    session: Session, asker: Caller, given: NewBatch, *, engine: Engine, settings: Settings
) -> BatchAnswer:
    """Find the recordings and start their inspections, behind all that is fresh. A dry run only finds.

    Raises InputError for a manifest or pattern that cannot be read, and when nothing says which recordings
    are meant; Forbidden for a folder of the service to whoever does not see the whole company.
    """
    wanted = None if given.manifest is None else read_manifest(given.manifest)
    pattern = None if given.pattern is None else compiled(given.pattern)
    place, below = asker.institution_id, asker.within
    if given.institution is not None:
        owner = existing(InstitutionRepository(session, within=asker.within).get, given.institution)
        place, below = owner.id, Subtree(owner.path)
    new = Batch(
        code=f"B{secrets.token_hex(8)}",
        name=given.name,
        institution_id=place,
        folder=given.folder,
        again=given.again,
        created_by=asker.actor,
        created_at=datetime.now(UTC),
    )
    if given.folder is None and given.files is None:
        return _of_uploaded(session, asker, given, new, below, wanted, pattern)
    session.commit()  # looking at thousands of files takes a while: nobody waits for this transaction
    refused, offered = _offered(asker, given, settings)
    with Session(engine) as reading:
        found = plan(reading, below, offered, wanted=wanted, pattern=pattern, month=given.month)
        return _of_files(session, asker, given, new, below, found, refused)


def _offered(asker: Caller, given: NewBatch, settings: Settings) -> tuple[list[UnmatchedFile], list[Offered]]:
    """Files that cannot be recordings, and those that may be."""
    if given.folder is not None and given.files is not None:
        raise InputError("folder 和 files 只能给出一项：文件在服务器上，或由客户端发送。")
    if given.files is not None:
        files = [Offered(file=one.file, size=one.size, created=partial(_told, one)) for one in given.files]
        return [], files
    if len([key for key in asker.within.path.split("/") if key]) > 1:
        raise Forbidden("归档文件夹不分机构，只有能看到全公司的人才能从中取录音：请由总公司办理。")
    archive = open_archive(settings.archive_root, given.folder or "")
    refused, offered = list[UnmatchedFile](), list[Offered]()
    for one in archive.files():
        if one.refused is not None:
            refused.append(UnmatchedFile(line=None, file=one.file, reason=one.refused))
        else:
            created = partial(archive.created, one.file)
            offered.append(Offered(file=one.file, size=one.size, created=created))
        if len(offered) + len(refused) > MOST_FILES:
            raise InputError(f"子目录下超过 {MOST_FILES} 个录音：请按月份或机构分成几个子目录。")
    return refused, offered


def _told(one: OfferedFile) -> datetime | None:
    return one.created


def _of_files(
    session: Session,
    asker: Caller,
    given: NewBatch,
    new: Batch,
    below: Subtree,
    found: Plan,
    refused: list[UnmatchedFile],
) -> BatchAnswer:
    decided = BatchRepository(session).decided({one.together for one in found.files})
    todo = [one for one in found.files if not one.inspected or (given.again and one.together not in decided)]
    names = sorted({one.together for one in found.files} - {one.together for one in todo})
    unmatched = refused + found.unmatched
    answer = BatchAnswer(batch=None, matched=found.matched(), unmatched=unmatched, inspected=names)
    if given.dry_run or not todo:
        return answer
    new.inspected, new.unmatched = names, [one.model_dump(mode="json") for one in unmatched]
    session.add(new)
    session.flush()
    slots = SlotRepository(session, within=below)
    _owe(
        slots, {slots.month_of(day, kind) for day, kind in {(one.place.day, one.place.kind) for one in todo}}
    )
    session.add_all(
        BatchFile(
            batch_id=new.id,
            file=one.offered.file,
            size=one.offered.size,
            placing=one.said.model_dump(mode="json"),
            together=one.together,
            state=FileState.WAITING,
        )
        for one in todo
    )
    session.flush()
    answer.batch = shown(session, asker, new)
    return answer


def _of_uploaded(
    session: Session,
    asker: Caller,
    given: NewBatch,
    new: Batch,
    below: Subtree,
    wanted: Sequence[Wanted] | None,
    pattern: Pattern | None,
) -> BatchAnswer:
    """Recordings that are here already."""
    if given.month is None and wanted is None and pattern is None:
        raise InputError(
            "请说明要质检哪些录音：已上传的用 month、manifest、pattern 中至少一项，其他的用 folder 或 files。"
        )
    repository = BatchRepository(session, within=asker.within)
    rows = repository.recorded(below, given.month)
    inspected = {meeting for _, meeting, _, _, there in rows if there}
    recorded = [
        MatchedFile(file=file, meeting=meeting, institution=institution, day=at.astimezone(SHANGHAI).date())
        for file, meeting, institution, at, _ in rows
    ]
    found = match(recorded, wanted, pattern)
    meetings = list(dict.fromkeys(one.meeting for one in found.matched if one.meeting is not None))
    passed = repository.decided(meetings) if given.again else inspected
    skipped = [code for code in meetings if code in passed]
    todo = [code for code in meetings if code not in passed]
    if len(todo) > MOST_MEETINGS:
        raise InputError(f"一个批次最多 {MOST_MEETINGS} 场会议：请按月份或机构分成几批。")
    answer = BatchAnswer(batch=None, matched=found.matched, unmatched=found.unmatched, inspected=skipped)
    if given.dry_run or not todo:
        return answer
    new.inspected, new.unmatched = skipped, [one.model_dump(mode="json") for one in found.unmatched]
    session.add(new)
    session.flush()
    months = {month_start(one.day) for one in found.matched if one.meeting in todo}
    _owe(SlotRepository(session, within=below), months)
    for code in todo:
        job = start(
            session,
            meeting=code,
            requested_by=asker.actor,
            within=asker.within,
            priority=ARCHIVE,
            batch=new.code,
            again_from=Stage.SCORE if given.again else None,
        )
        job.batch = job.batch or new.code  # it waited already, asked for by an upload
    session.flush()
    answer.batch = shown(session, asker, new)
    return answer


def _owe(slots: SlotRepository, months: Collection[date]) -> None:
    """Whoever sent nothing of an archive's months shall be seen to miss, and not be left out."""
    for month in sorted(months):
        slots.fill_month(month)


def set_paused(session: Session, asker: Caller, code: str, *, paused: bool) -> Batch:
    """Jobs that have not begun wait; one that runs ends its stage first.

    Going on tries the refused files again.
    """
    repository = BatchRepository(session, within=asker.within)
    batch = repository.get(code)
    batch.paused = paused
    if not paused:
        repository.try_again(batch)
    repository.pause(code, paused=paused)
    session.flush()
    return batch


def shown(session: Session, asker: Caller, batch: Batch) -> BatchOut:
    return lines(session, asker, [batch])[0]


def lines(session: Session, asker: Caller, batches: Sequence[Batch]) -> list[BatchOut]:
    """The database is asked as often for many batches as for one."""
    repository = BatchRepository(session, within=asker.within)
    keys, codes = [batch.id for batch in batches], [batch.code for batch in batches]
    files, waiting = repository.file_counts(keys), repository.meetings_waiting(keys)
    jobs, begun = repository.job_counts(codes), repository.begun(codes)
    return [
        _line(batch, files[batch.id], jobs[batch.code], waiting.get(batch.id, 0), begun.get(batch.code))
        for batch in batches
    ]


def _line(
    batch: Batch,
    files: dict[FileState, int],
    jobs: dict[JobState, int],
    meetings_waiting: int,
    begun: datetime | None,
) -> BatchOut:
    active = sum(jobs[state] for state in ACTIVE)
    ended = sum(jobs.values()) - active
    left = active + meetings_waiting
    return BatchOut(
        code=batch.code,
        name=batch.name,
        folder=batch.folder,
        created_by=batch.created_by,
        created_at=batch.created_at,
        paused=batch.paused,
        files=files,
        jobs=jobs,
        inspected=None if batch.inspected is None else len(batch.inspected),
        unmatched=None if batch.unmatched is None else len(batch.unmatched),
        progress=ended / (ended + left) if ended + left else 1.0,
        finished=left == 0,
        done_by=None if batch.paused else _done_by(begun, ended, left),
    )


def _done_by(since: datetime | None, ended: int, left: int) -> datetime | None:
    """As fast as until now; None before the first has ended, and when none is left."""
    if since is None or ended == 0 or left == 0:
        return None
    now = datetime.now(UTC)
    return now + (now - since) / ended * left


def workbook_rows(session: Session, asker: Caller, batch: Batch) -> list[dict[str, Any]]:
    """What `write_workbook` takes: results of the jobs that are done, and why the others are not."""
    states = {
        JobState.QUEUED: "排队中",
        JobState.RUNNING: "质检中",
        JobState.FAILED: "失败",
        JobState.CANCELLED: "已取消",
        JobState.DONE: "结论已不在",
    }
    rows: list[dict[str, Any]] = []
    for meeting, state, error, result in BatchRepository(session, within=asker.within).results(batch.code):
        if state == JobState.DONE and result is not None:
            rows.append({"name": meeting, "status": "done", "result": result})
        else:
            status = "failed" if state == JobState.FAILED else "skipped"
            rows.append({"name": meeting, "status": status, "error": error or states[state]})
    for row in BatchRepository(session, within=asker.within).left_out(batch):
        status = "failed" if row.state == FileState.REFUSED else "skipped"
        rows.append({"name": row.shown or row.file, "status": status, "error": row.error or "还没有收到"})
    for meeting in batch.inspected or ():
        rows.append({"name": meeting, "status": "skipped", "error": "已有结论，没有重新质检"})
    for one in batch.unmatched or ():
        rows.append({"name": one["file"], "status": "skipped", "error": f"对不上会议：{one['reason']}"})
    return rows


def file_line(row: BatchFile, batch: Batch, meeting: str | None) -> BatchFileOut:
    """By its covered name, if it has one; a client sends its files by their own."""
    name = row.file if batch.folder is None or row.shown is None else row.shown
    return BatchFileOut(file=name, size=row.size, state=row.state, error=row.error, meeting=meeting)


def meeting_line(row: Row[Any]) -> BatchMeetingOut:
    """Until the job is done its meeting may have a result of before, which is not the batch's."""
    job, meeting, institution, verdict, energy = row
    done = job.state == JobState.DONE
    return BatchMeetingOut(
        meeting=meeting.code,
        institution=institution.code,
        institution_name=institution.name,
        started_at=meeting.started_at,
        job=job.code,
        state=job.state,
        error=job.error,
        verdict=verdict if done else None,
        energy_score=energy if done else None,
    )
