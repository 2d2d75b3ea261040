"""SQL of the queue, of reviews and of appeals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from api.accounts.tables import Account
from api.copies.tables import MeetingCopy
from api.meetings.tables import TranscriptVersion
from api.pages import after
from api.problems import NotFound
from api.reviews.tables import Appeal, AppealState, Review, ReviewState
from models.base import Repository, midnight
from models.meetings.tables import Meeting, MeetingState, Scorecard
from models.organisation.conditions import inside
from models.organisation.tables import Institution

OPEN = (ReviewState.TAKEN, ReviewState.PROPOSED)
COPIED_SECONDS = 600
"""From here on a person has to look: the company's song or a short film may be heard in many meetings."""


class QueueRepository(Repository):
    """Current results that no person has decided on yet."""

    def waiting(self, *, below: str | None, first: date, last: date) -> Sequence[Row[Any]]:
        """Of meetings held in ``first``..``last``, and of all meetings with an open appeal."""
        appealed = exists().where(Appeal.meeting_id == Meeting.id, Appeal.state == AppealState.OPEN)
        original = aliased(Meeting)
        seconds = (
            select(func.sum(MeetingCopy.end - MeetingCopy.start))
            .where(MeetingCopy.meeting_id == Meeting.id, MeetingCopy.other_id == original.id)
            .where(original.state != MeetingState.VOID)
            .scalar_subquery()
        )
        copied = func.coalesce(seconds, 0) >= COPIED_SECONDS
        done = aliased(Review)
        settled = exists().where(
            done.state == ReviewState.DECIDED,
            or_(done.result_id == Scorecard.id, done.scorecard_id == Scorecard.id),
        )
        held = and_(
            Meeting.started_at >= midnight(first), Meeting.started_at < midnight(last) + timedelta(days=1)
        )
        query = (
            select(
                Meeting.code,
                Institution.code.label("institution"),
                Institution.name,
                Meeting.started_at,
                Scorecard.version,
                Scorecard.verdict,
                Scorecard.energy_score,
                Scorecard.band_low,
                Scorecard.band_high,
                Scorecard.result["criticals"].as_string().label("criticals"),
                Scorecard.result["pass_line"].as_float().label("pass_line"),
                appealed.label("appealed"),
                copied.label("copied"),
                Review.code.label("review"),
                Account.login.label("reviewer"),
            )
            .select_from(Scorecard)
            .join(Meeting, Meeting.id == Scorecard.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .outerjoin(Review, and_(Review.scorecard_id == Scorecard.id, Review.state.in_(OPEN)))
            .outerjoin(Account, Account.id == Review.reviewer_id)
            .where(inside(self.within), Scorecard.is_current, Meeting.state == MeetingState.HELD)
            .where(or_(appealed, and_(held, ~settled)))
        )
        if below is not None:
            query = query.where(Institution.path.startswith(below))
        return self.session.execute(query).all()


class ReviewRepository(Repository):
    """Reviews of the subtree's meetings."""

    def get(self, code: str) -> Review:
        """Raises NotFound."""
        query = (
            select(Review)
            .join(Meeting, Meeting.id == Review.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), Review.code == code)
        )
        found = self.session.scalars(query.with_for_update(of=Review)).one_or_none()
        if found is None:
            raise NotFound(f"复核 {code} 不存在或不在您的管辖范围内：请核对编号。")
        return found

    def open_on(self, scorecard_id: int) -> Review | None:
        query = select(Review).where(Review.scorecard_id == scorecard_id, Review.state.in_(OPEN))
        return self.session.scalars(query).one_or_none()

    def decided_after(self, appeal: Appeal) -> bool:
        """Whether a person's decision on the meeting is newer than the result that was appealed against."""
        against, made = aliased(Scorecard), aliased(Scorecard)
        query = (
            select(Review.id)
            .join(made, made.id == Review.result_id)
            .join(against, against.id == appeal.scorecard_id)
            .where(Review.meeting_id == appeal.meeting_id, Review.state == ReviewState.DECIDED)
            .where(made.version > against.version)
        )
        return self.session.scalar(select(query.exists())) is True

    def shown(self, code: str) -> Row[Any]:
        """(review, meeting code, version, reviewer, second reviewer, version made)."""
        return self.session.execute(self._query().where(Review.code == code)).one()

    def page(
        self,
        *,
        meeting: str | None,
        state: ReviewState | None,
        reviewer_id: int | None,
        cursor: str | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """The same columns, newest first, one too many."""
        query = self._query()
        for column, value in (
            (Meeting.code, meeting),
            (Review.state, state),
            (Review.reviewer_id, reviewer_id),
        ):
            if value is not None:
                query = query.where(column == value)
        return self.session.execute(after(query, [Review.id], cursor, limit, descending=True)).all()

    def decisions(self, *, first: date, last: date, below: str | None) -> Sequence[Row[Any]]:
        """(meeting's code, verdicts and energy scores of machine and person, the machine's items, what a
        person made of them) of reviews decided in the period."""
        made = aliased(Scorecard)
        query = (
            select(
                Meeting.code,
                Scorecard.verdict.label("machine"),
                Review.verdict.label("person"),
                Scorecard.energy_score.label("machine_energy"),
                made.energy_score.label("person_energy"),
                Scorecard.result["items"].label("items"),
                Review.overrides,
                Review.judged,
            )
            .select_from(Review)
            .join(Scorecard, Scorecard.id == Review.scorecard_id)
            .join(made, made.id == Review.result_id)
            .join(Meeting, Meeting.id == Review.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), Review.state == ReviewState.DECIDED)
            .where(
                Review.decided_at >= midnight(first), Review.decided_at < midnight(last) + timedelta(days=1)
            )
        )
        if below is not None:
            query = query.where(Institution.path.startswith(below))
        return self.session.execute(query).all()

    def finished(self, *, since: date) -> Sequence[Row[Any]]:
        """(reviewer's account and login, second's account, taken at, decided at) of reviews decided since."""
        query = (
            select(Review.reviewer_id, Account.login, Review.second_id, Review.taken_at, Review.decided_at)
            .join(Account, Account.id == Review.reviewer_id)
            .join(Meeting, Meeting.id == Review.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), Review.state == ReviewState.DECIDED)
            .where(Review.decided_at >= midnight(since))
        )
        return self.session.execute(query).all()

    def _query(self) -> Select[Any]:
        second, made = aliased(Account), aliased(Scorecard)
        return (
            select(Review, Meeting.code, Scorecard.version, Account.login, second.login, made.version)
            .join(Meeting, Meeting.id == Review.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .join(Scorecard, Scorecard.id == Review.scorecard_id)
            .join(Account, Account.id == Review.reviewer_id)
            .outerjoin(second, second.id == Review.second_id)
            .outerjoin(made, made.id == Review.result_id)
            .where(inside(self.within))
        )


class CorrectionRepository(Repository):
    """Meetings in which a person put something right."""

    def touched(self, *, first: date, last: date) -> Sequence[Row[Any]]:
        """(meeting's id and code, institution's code, whether its current result is a person's decision) of
        meetings whose transcript a person edited or whose review was decided in the period, by code."""
        start, end = midnight(first), midnight(last) + timedelta(days=1)
        edited = exists().where(
            TranscriptVersion.meeting_id == Meeting.id,
            TranscriptVersion.base_version.is_not(None),
            TranscriptVersion.edited_at >= start,
            TranscriptVersion.edited_at < end,
        )
        decided = exists().where(
            Review.meeting_id == Meeting.id,
            Review.state == ReviewState.DECIDED,
            Review.decided_at >= start,
            Review.decided_at < end,
        )
        standing = exists().where(
            Review.state == ReviewState.DECIDED,
            Review.result_id == Scorecard.id,
            Scorecard.meeting_id == Meeting.id,
            Scorecard.is_current,
        )
        query = (
            select(
                Meeting.id,
                Meeting.code,
                Institution.code.label("institution"),
                standing.label("reviewed"),
            )
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), or_(edited, decided))
            .order_by(Meeting.code)
        )
        return self.session.execute(query).all()


class AppealRepository(Repository):
    """Appeals of the subtree's meetings."""

    def get(self, code: str) -> Appeal:
        """Raises NotFound."""
        query = (
            select(Appeal)
            .join(Meeting, Meeting.id == Appeal.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), Appeal.code == code)
        )
        found = self.session.scalars(query.with_for_update(of=Appeal)).one_or_none()
        if found is None:
            raise NotFound(f"申诉 {code} 不存在或不在您的管辖范围内：请核对编号。")
        return found

    def open_of(self, meeting_id: int) -> Appeal | None:
        query = select(Appeal).where(Appeal.meeting_id == meeting_id, Appeal.state == AppealState.OPEN)
        return self.session.scalars(query).one_or_none()

    def shown(self, code: str) -> Row[Any]:
        """(appeal, meeting code, institution code, version, who opened, who answered)."""
        return self.session.execute(self._query().where(Appeal.code == code)).one()

    def page(
        self,
        *,
        meeting: str | None,
        state: AppealState | None,
        below: str | None,
        cursor: str | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """The same columns, newest first, one too many."""
        query = self._query()
        if below is not None:
            query = query.where(Institution.path.startswith(below))
        if meeting is not None:
            query = query.where(Meeting.code == meeting)
        if state is not None:
            query = query.where(Appeal.state == state)
        return self.session.execute(after(query, [Appeal.id], cursor, limit, descending=True)).all()

    def _query(self) -> Select[Any]:
        answerer = aliased(Account)
        return (
            select(Appeal, Meeting.code, Institution.code, Scorecard.version, Account.login, answerer.login)
            .join(Meeting, Meeting.id == Appeal.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .join(Scorecard, Scorecard.id == Appeal.scorecard_id)
            .join(Account, Account.id == Appeal.opened_by)
            .outerjoin(answerer, answerer.id == Appeal.answered_by)
            .where(inside(self.within))
        )
