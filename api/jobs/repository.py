"""SQL of jobs and artefacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, func, select, update

from api.jobs.tables import ACTIVE, Artefact, ArtefactKind, InspectionJob, JobState, Stage, Worker
from api.pages import after
from api.problems import NotFound
from models.base import Repository
from models.meetings.tables import Meeting
from models.organisation.conditions import inside
from models.organisation.tables import Institution

FARTHEST: Final = timedelta(hours=1)
"""No pause before another attempt is longer: a later moment was set by a clock that was put back since."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A job with the codes of its meeting and institution."""

    job: InspectionJob
    meeting: str
    institution: str
    institution_id: int


class JobRepository(Repository):
    """Jobs of the meetings inside the subtree; a job has no access rules of its own."""

    def get(self, code: str, *, lock: bool = False) -> Listed:
        """Raises NotFound. With ``lock`` nobody else changes the job before this transaction ends."""
        query = self._listed().where(InspectionJob.code == code)
        row = self.session.execute(query.with_for_update(of=InspectionJob) if lock else query).one_or_none()
        if row is None:
            raise NotFound(f"任务 {code} 不存在或不在您的管辖范围内：请核对任务编号。")
        return Listed(*row)

    def latest_of(self, meeting: Meeting) -> InspectionJob | None:
        query = select(InspectionJob).where(InspectionJob.meeting_id == meeting.id)
        return self.session.scalars(query.order_by(InspectionJob.id.desc()).limit(1)).one_or_none()

    def active_of(self, meeting_id: int) -> Sequence[InspectionJob]:
        """Queued and running jobs of the meeting, oldest first."""
        query = select(InspectionJob).where(
            InspectionJob.meeting_id == meeting_id, InspectionJob.state.in_(ACTIVE)
        )
        return self.session.scalars(query.order_by(InspectionJob.id)).all()

    def listed(
        self,
        *,
        state: JobState | None,
        meeting: str | None,
        institution: str | None,
        batch: str | None,
        cursor: str | None,
        limit: int,
    ) -> Sequence[Listed]:
        """Newest first, one too many."""
        query = self._listed()
        for column, value in (
            (InspectionJob.state, state),
            (Meeting.code, meeting),
            (Institution.code, institution),
            (InspectionJob.batch, batch),
        ):
            if value is not None:
                query = query.where(column == value)
        rows = self.session.execute(after(query, [InspectionJob.id], cursor, limit, descending=True))
        return [Listed(*row) for row in rows]

    def counts(self) -> dict[JobState, int]:
        query = (
            select(InspectionJob.state, func.count())
            .join(Meeting, Meeting.id == InspectionJob.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within))
            .group_by(InspectionJob.state)
        )
        found = dict(self.session.execute(query).tuples().all())
        return {state: found.get(state, 0) for state in JobState}

    def waiting_since(self) -> datetime | None:
        """When the oldest job that waits for a worker was asked for."""
        query = (
            select(func.min(InspectionJob.id))
            .join(Meeting, Meeting.id == InspectionJob.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), InspectionJob.state == JobState.QUEUED, ~InspectionJob.paused)
        )
        oldest = self.session.scalar(query)
        return self.session.get_one(InspectionJob, oldest).created_at if oldest else None

    def workers(self, *, seen_after: datetime) -> Sequence[Worker]:
        return self.session.scalars(
            select(Worker).where(Worker.seen_at > seen_after).order_by(Worker.name)
        ).all()

    def dispatched(self) -> Sequence[InspectionJob]:
        """Jobs that the engine ought to have."""
        query = select(InspectionJob).where(InspectionJob.state.in_(ACTIVE), InspectionJob.dispatched)
        return self.session.scalars(query).all()

    def to_dispatch(self, *, now: datetime, limit: int) -> Sequence[InspectionJob]:
        """Take jobs that may start and that the engine does not have, the most urgent first.

        They count as handed over from now on: whoever takes them hands them over after the commit.
        """
        query = (
            select(InspectionJob)
            .where(
                InspectionJob.state == JobState.QUEUED,
                ~InspectionJob.dispatched,
                ~InspectionJob.paused,
                InspectionJob.retry_at.is_(None)
                | (InspectionJob.retry_at <= now)
                | (InspectionJob.retry_at > now + FARTHEST),
            )
            .order_by(InspectionJob.priority, InspectionJob.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = self.session.scalars(query).all()
        for job in taken:
            job.run, job.dispatched = job.run + 1, True
        return taken

    def take_back(self, job: InspectionJob) -> None:
        """The engine has lost this run: the job waits again."""
        self.session.execute(
            update(InspectionJob)
            .where(InspectionJob.id == job.id, InspectionJob.run == job.run, InspectionJob.state.in_(ACTIVE))
            .values(state=JobState.QUEUED, dispatched=False)
            .execution_options(synchronize_session=False)
        )

    # ------------------------------------------------------------ artefacts

    def artefact(self, kind: ArtefactKind, key: str) -> Artefact | None:
        return self.session.scalars(
            select(Artefact).where(Artefact.kind == kind, Artefact.key == key)
        ).one_or_none()

    def keep_artefact(
        self, kind: ArtefactKind, key: str, *, content_hash: str, version: str, job_id: int, at: datetime
    ) -> None:
        """Note what a stage made; made anew it replaces the earlier one."""
        row = self.artefact(kind, key) or Artefact(kind=kind, key=key)
        row.content_hash, row.version, row.job_id, row.made_at = content_hash, version, job_id, at
        self.session.add(row)
        self.session.flush()

    def _listed(self) -> Select[tuple[InspectionJob, str, str, int]]:
        return (
            select(InspectionJob, Meeting.code, Institution.code, Institution.id)
            .join(Meeting, Meeting.id == InspectionJob.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within))
        )


def stages_from(stage: Stage) -> frozenset[Stage]:
    """The stage and those after it."""
    order = list(Stage)
    return frozenset(order[order.index(stage) :])
