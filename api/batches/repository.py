"""SQL of batches and of the recordings they are chosen from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, update

from api.batches.tables import Batch, BatchFile, FileState
from api.jobs.tables import ACTIVE, InspectionJob, JobState
from api.meetings.repository import in_month
from api.pages import after
from api.problems import NotFound
from models.base import EVERYWHERE, Repository, Subtree
from models.exchange.references import in_parts
from models.meetings.tables import Meeting, MeetingSlot, MeetingState, Recording, Scorecard
from models.organisation.conditions import inside
from models.organisation.tables import Institution


class BatchRepository(Repository):
    """A batch lies where its subtree begins; one of the whole company is seen only from the top."""

    def get(self, code: str) -> Batch:
        """Raises NotFound when there is none, or none that the reader may see."""
        found = self.session.scalars(self._visible().where(Batch.code == code)).one_or_none()
        if found is None:
            raise NotFound(f"批次 {code} 不存在或不在您的管辖范围内：请核对编号。")
        return found

    def listed(self, *, cursor: str | None, limit: int) -> Sequence[Batch]:
        """Newest first, one too many."""
        return self.session.scalars(after(self._visible(), [Batch.id], cursor, limit, descending=True)).all()

    def file(self, code: str, file: str) -> BatchFile:
        """One file of a visible batch, locked until the transaction ends. Raises NotFound."""
        query = select(BatchFile).where(BatchFile.batch_id == self.get(code).id, BatchFile.file == file)
        fresh = query.with_for_update().execution_options(populate_existing=True)
        found = self.session.scalars(fresh).one_or_none()
        if found is None:
            raise NotFound(f"批次 {code} 中没有文件“{file}”：请核对文件名。")
        return found

    def files(
        self, batch: Batch, *, state: FileState | None, cursor: str | None, limit: int
    ) -> Sequence[Row[tuple[BatchFile, str | None]]]:
        """(file, code of its meeting) in the order in which they are taken, one too many."""
        query = select(BatchFile, Meeting.code).outerjoin(Meeting, Meeting.id == BatchFile.meeting_id)
        query = query.where(BatchFile.batch_id == batch.id)
        if state is not None:
            query = query.where(BatchFile.state == state)
        return self.session.execute(after(query, [BatchFile.id], cursor, limit)).all()

    def left_out(self, batch: Batch) -> Sequence[BatchFile]:
        """Files that were refused or still wait."""
        query = select(BatchFile).where(BatchFile.batch_id == batch.id, BatchFile.state != FileState.TAKEN)
        return self.session.scalars(query.order_by(BatchFile.id)).all()

    def taken(self, meetings: Collection[int]) -> dict[tuple[int, str], int]:
        """(key of the meeting, path) -> bytes of the file of a batch that is a part of its recording."""
        part = (Recording.meeting_id == BatchFile.meeting_id) & (Recording.size == BatchFile.size)
        query = select(BatchFile.meeting_id, BatchFile.file, BatchFile.size).join(Recording, part)
        query = query.where(BatchFile.state == FileState.TAKEN, BatchFile.meeting_id.in_(meetings))
        rows = self.session.execute(query.order_by(BatchFile.id)).tuples()
        return {(meeting, file): size for meeting, file, size in rows if meeting is not None}

    def file_counts(self, batches: Collection[int]) -> dict[int, dict[FileState, int]]:
        """How many files of each batch, by its key, are in each state."""
        query = select(BatchFile.batch_id, BatchFile.state, func.count())
        query = query.where(BatchFile.batch_id.in_(batches)).group_by(BatchFile.batch_id, BatchFile.state)
        found = {key: dict.fromkeys(FileState, 0) for key in batches}
        for key, state, number in self.session.execute(query).tuples():
            found[key][state] = number
        return found

    def meetings_waiting(self, batches: Collection[int]) -> dict[int, int]:
        """How many meetings of a batch have files that still wait: their jobs have not begun."""
        query = select(BatchFile.batch_id, func.count(BatchFile.together.distinct()))
        waiting = (BatchFile.batch_id.in_(batches), BatchFile.state == FileState.WAITING)
        query = query.where(*waiting).group_by(BatchFile.batch_id)
        return dict(self.session.execute(query).tuples().all())

    def try_again(self, batch: Batch) -> None:
        """Let the files that were refused wait again, but for those that nothing finds any more."""
        self.session.execute(
            update(BatchFile)
            .where(
                BatchFile.batch_id == batch.id,
                BatchFile.state == FileState.REFUSED,
                BatchFile.shown.is_(None),
            )
            .values(state=FileState.WAITING, error=None)
            .execution_options(synchronize_session=False)
        )

    def recorded(self, below: Subtree, month: date | None) -> Sequence[Row[Any]]:
        """(file name, meeting code, institution code, started_at, whether inspected) of held meetings."""
        query = (
            select(
                Recording.file_name,
                Meeting.code,
                Institution.code,
                Meeting.started_at,
                Scorecard.id.is_not(None),
            )
            .join(Meeting, Meeting.id == Recording.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .outerjoin(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .outerjoin(Scorecard, (Scorecard.meeting_id == Meeting.id) & Scorecard.is_current)
            .where(inside(self.within), inside(below), Meeting.state == MeetingState.HELD)
            .order_by(Institution.code, Meeting.code, Recording.part)
        )
        return self.session.execute(query if month is None else query.where(in_month(month))).all()

    def decided(self, meetings: Collection[str]) -> set[str]:
        """Those of the meetings, by code, whose result a person decided."""
        found = set[str]()
        for part in in_parts(sorted(meetings)):
            query = select(Meeting.code, Scorecard.result["review"]).join(
                Scorecard, (Scorecard.meeting_id == Meeting.id) & Scorecard.is_current
            )
            rows = self.session.execute(query.where(Meeting.code.in_(part))).tuples()
            found |= {code for code, review in rows if review}
        return found

    def job_counts(self, codes: Collection[str]) -> dict[str, dict[JobState, int]]:
        """How many jobs of each batch, by its code, are in each state."""
        query = select(InspectionJob.batch, InspectionJob.state, func.count())
        query = query.where(InspectionJob.batch.in_(codes)).group_by(InspectionJob.batch, InspectionJob.state)
        found = {code: dict.fromkeys(JobState, 0) for code in codes}
        for code, state, number in self.session.execute(query).tuples():
            if code is not None:
                found[code][state] = number
        return found

    def begun(self, codes: Collection[str]) -> dict[str | None, datetime | None]:
        """When the first job of each batch began."""
        query = select(InspectionJob.batch, func.min(InspectionJob.started_at))
        query = query.where(InspectionJob.batch.in_(codes)).group_by(InspectionJob.batch)
        return dict(self.session.execute(query).tuples().all())

    def pause(self, code: str, *, paused: bool) -> None:
        """Hold back, or let go, the jobs that have not ended; one that runs ends its stage first."""
        self.session.execute(
            update(InspectionJob)
            .where(InspectionJob.batch == code, InspectionJob.state.in_(ACTIVE))
            .values(paused=paused)
            .execution_options(synchronize_session=False)
        )

    def results(self, code: str) -> Sequence[Row[Any]]:
        """(meeting code, state, error, result of the version that the job published), by meeting."""
        query = (
            select(Meeting.code, InspectionJob.state, InspectionJob.error, Scorecard.result)
            .join(Meeting, Meeting.id == InspectionJob.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .outerjoin(
                Scorecard,
                (Scorecard.meeting_id == Meeting.id) & (Scorecard.version == InspectionJob.scorecard_version),
            )
            .where(inside(self.within), InspectionJob.batch == code)
            .order_by(Meeting.code)
        )
        return self.session.execute(query).all()

    def meetings(
        self, code: str, *, state: JobState | None, cursor: str | None, limit: int
    ) -> Sequence[Row[Any]]:
        """(job, meeting, institution, verdict, energy score) in the order in which they were asked for, one
        too many; verdict and score of the current result, None where there is none."""
        query = (
            select(InspectionJob, Meeting, Institution, Scorecard.verdict, Scorecard.energy_score)
            .join(Meeting, Meeting.id == InspectionJob.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .outerjoin(Scorecard, (Scorecard.meeting_id == Meeting.id) & Scorecard.is_current)
            .where(inside(self.within), InspectionJob.batch == code)
        )
        if state is not None:
            query = query.where(InspectionJob.state == state)
        return self.session.execute(after(query, [InspectionJob.id], cursor, limit)).all()

    def _visible(self) -> Select[tuple[Batch]]:
        query = select(Batch)
        if self.within == EVERYWHERE:
            return query
        return query.join(Institution, Institution.id == Batch.institution_id).where(inside(self.within))
