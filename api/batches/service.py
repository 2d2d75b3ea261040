"""Start, pause and resume batches, and say how far they are."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from api.access import Caller
from api.batches.matching import match, read_manifest
from api.batches.repository import BatchRepository
from api.batches.schemas import BatchAnswer, BatchOut, MatchedFile, NewBatch
from api.batches.tables import Batch
from api.fields import existing
from api.jobs.service import start
from api.jobs.tables import ACTIVE, ARCHIVE, JobState, Stage
from models.base import SHANGHAI, Subtree
from models.organisation.repository import InstitutionRepository
from qa_pipeline.errors import InputError

MOST_MEETINGS: Final = 5000


def begin(session: Session, asker: Caller, given: NewBatch) -> BatchAnswer:
    """Find the recordings and start their inspections, behind all that is fresh. A dry run only finds.

    Raises InputError for a manifest that cannot be read, and when nothing says which recordings are meant.
    """
    if given.month is None and given.manifest is None and given.pattern is None:
        raise InputError("请给出 month、manifest、pattern 中至少一项，说明要质检哪些录音。")
    wanted = None if given.manifest is None else read_manifest(given.manifest)
    place, below = asker.institution_id, asker.within
    if given.institution is not None:
        owner = existing(InstitutionRepository(session, within=asker.within).get, given.institution)
        place, below = owner.id, Subtree(owner.path)
    rows = BatchRepository(session, within=asker.within).recorded(below, given.month)
    inspected = {meeting for _, meeting, _, _, there in rows if there}
    recorded = [
        MatchedFile(file=file, meeting=meeting, institution=institution, day=at.astimezone(SHANGHAI).date())
        for file, meeting, institution, at, _ in rows
    ]
    found = match(recorded, wanted, given.pattern)
    meetings = list(dict.fromkeys(one.meeting for one in found.matched))
    skipped = [] if given.again else [code for code in meetings if code in inspected]
    todo = [code for code in meetings if given.again or code not in inspected]
    if len(todo) > MOST_MEETINGS:
        raise InputError(f"一个批次最多 {MOST_MEETINGS} 场会议：请按月份或机构分成几批。")
    answer = BatchAnswer(batch=None, matched=found.matched, unmatched=found.unmatched, inspected=skipped)
    if given.dry_run or not todo:
        return answer
    new = Batch(
        code=f"B{secrets.token_hex(8)}",
        name=given.name,
        institution_id=place,
        created_by=asker.actor,
        created_at=datetime.now(UTC),
    )
    session.add(new)
    session.flush()
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


def set_paused(session: Session, asker: Caller, code: str, *, paused: bool) -> Batch:
    """Jobs that have not begun wait; one that runs ends its stage first."""
    repository = BatchRepository(session, within=asker.within)
    batch = repository.get(code)
    batch.paused = paused
    repository.pause(code, paused=paused)
    session.flush()
    return batch


def shown(session: Session, asker: Caller, batch: Batch) -> BatchOut:
    repository = BatchRepository(session, within=asker.within)
    counts = repository.counts(batch.code)
    left = sum(counts[state] for state in ACTIVE)
    ended = sum(counts.values()) - left
    return BatchOut(
        code=batch.code,
        name=batch.name,
        created_by=batch.created_by,
        created_at=batch.created_at,
        paused=batch.paused,
        jobs=counts,
        progress=ended / (ended + left) if ended + left else 1.0,
        finished=left == 0,
        done_by=None if batch.paused else _done_by(repository.since(batch.code), ended, left),
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
    return rows
