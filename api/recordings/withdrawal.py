"""Taking back a part of a recording that was handed in for the wrong meeting.

The row goes and what remains is inspected again, in one transaction; the sound itself goes with the daily
sweep (`api.retention.tidying`) unless another meeting has it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api.access import Caller
from api.copies.repository import CopyRepository
from api.jobs.repository import JobRepository
from api.jobs.service import end_when_possible, start
from api.jobs.tables import InspectionJob
from api.meetings.repository import VersionRepository
from api.meetings.service import require_reviewer, require_undecided
from api.problems import Conflict, Forbidden, NotFound
from api.retention.service import holds
from api.reviews.repository import ReviewRepository
from api.store import Store
from models.meetings.recordings import RecordingRepository
from models.meetings.tables import Meeting, MeetingState, Recording, Scorecard
from qa_pipeline.values.recording import joined

WITHDRAWN = "录音已撤回，本任务取消。"


def withdraw(
    session: Session, store: Store, asker: Caller, meeting: Meeting, part: int
) -> tuple[Recording, InspectionJob | None]:
    """The part as it was, and the inspection of what remains; None: nothing remains, or the result stands
    because it does not rest on the part.

    Raises NotFound; Conflict for a void meeting, under a legal hold, and once sound was deleted after its
    days. Where the result rests on the part: Forbidden as `require_reviewer` does, Conflict while it is
    reviewed, once a person has decided it, and for the only part.
    """
    parts = RecordingRepository(session, within=asker.within).check(meeting.code).parts
    row = next((one for one in parts if one.part == part), None)
    if row is None:
        raise NotFound(f"会议 {meeting.code} 没有第 {part} 段录音：请刷新后核对段号。")
    card = VersionRepository(session).one(meeting.id, None)
    left = [one for one in parts if one is not row]
    _require_withdrawable(session, asker, meeting, card, left)
    if any(store.size(one.content_hash) is None for one in parts):
        raise Conflict(f"会议 {meeting.code} 的录音已按保留期删除，不能再撤回或重新质检。")
    RecordingRepository(session, within=asker.within).remove(row)
    if card is not None and not _rests_on_more(card, left):
        _end_jobs(session, meeting)
        return row, None
    # Or what was taken back would seem to be copied from here when it is handed in where it belongs.
    CopyRepository(session).forget(meeting.id)
    if not left:
        _end_jobs(session, meeting)
        return row, None
    return row, start(session, meeting=meeting.code, requested_by=asker.actor, within=asker.within)


def withdrawable(session: Session, asker: Caller, meeting: Meeting) -> list[Recording]:
    """The parts that the caller may take back, as far as the database tells."""
    parts = RecordingRepository(session, within=asker.within).check(meeting.code).parts
    card = VersionRepository(session).one(meeting.id, None)
    found = []
    for row in parts:
        try:
            _require_withdrawable(session, asker, meeting, card, [one for one in parts if one is not row])
        except (Conflict, Forbidden):
            continue
        found.append(row)
    return found


def _require_withdrawable(
    session: Session, asker: Caller, meeting: Meeting, card: Scorecard | None, left: Sequence[Recording]
) -> None:
    code = meeting.code
    if meeting.state == MeetingState.VOID:
        raise Conflict(f"会议 {code} 已作废，不再计入，录音无需撤回。")
    if holds(session, [meeting.id]):
        raise Conflict(f"会议 {code} 在法定保留中，录音不能撤回：请先解除保留。")
    if card is None or not _rests_on_more(card, left):
        return
    require_reviewer(session, asker, meeting)
    if ReviewRepository(session, within=asker.within).open_on(card.id) is not None:
        raise Conflict(f"会议 {code} 正在复核，录音不能撤回：请等复核结束，或请复核人先释放。")
    require_undecided(session, meeting)
    if not left:
        raise Conflict(
            f"会议 {code} 的结论只依据这一段录音：请先传上正确的录音再撤回这一段，或作废这场会议。"
        )


def _rests_on_more(card: Scorecard, left: Sequence[Recording]) -> bool:
    """Whether the result was made of anything else than these parts."""
    heard = (card.result.get("recording") or {}).get("sha256")
    return heard is None or heard != joined(one.content_hash for one in left)


def _end_jobs(session: Session, meeting: Meeting) -> None:
    for job in JobRepository(session).active_of(meeting.id):
        end_when_possible(job, WITHDRAWN)
    session.flush()
