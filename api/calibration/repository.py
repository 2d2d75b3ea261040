"""SQL of calibration sets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import aliased

from api.accounts.tables import Account
from api.calibration.tables import CalibrationMeeting, CalibrationSet, CalibrationSheet
from api.pages import after
from api.problems import NotFound
from api.reviews.tables import Review, ReviewState
from models.base import Repository
from models.meetings.tables import Meeting, MeetingState, Scorecard
from models.organisation.conditions import inside
from models.organisation.tables import Institution


class CalibrationRepository(Repository):
    """Sets of which the reader may see every meeting."""

    def get(self, code: str, *, to_change: bool = False) -> CalibrationSet:
        """``to_change`` keeps it from being closed meanwhile. Raises NotFound."""
        query = select(CalibrationSet).where(CalibrationSet.code == code, ~self._foreign())
        found = self.session.scalars(query.with_for_update() if to_change else query).one_or_none()
        if found is None:
            raise NotFound(f"校准集 {code} 不存在，或含您管辖范围外的会议：请核对编号。")
        return found

    def page(self, *, cursor: str | None, limit: int) -> Sequence[CalibrationSet]:
        """Newest first, one too many."""
        query = select(CalibrationSet).where(~self._foreign())
        return self.session.scalars(after(query, [CalibrationSet.id], cursor, limit, descending=True)).all()

    def openers(self, sets: Collection[int]) -> dict[int, str]:
        """Key of the set -> login of who began it."""
        query = select(CalibrationSet.id, Account.login).join(Account, Account.id == CalibrationSet.opened_by)
        return dict(self.session.execute(query.where(CalibrationSet.id.in_(sets))).tuples().all())

    def meetings(self, sets: Collection[int]) -> Sequence[Row[Any]]:
        """(key of the set, key, meeting's code, kind and start, institution's name, reviewer's and second
        reviewer's account, scorecard) in the order in which they were named."""
        query = (
            select(
                CalibrationMeeting.set_id,
                CalibrationMeeting.id,
                Meeting.code,
                Meeting.kind,
                Meeting.started_at,
                Institution.name,
                Review.reviewer_id,
                Review.second_id,
                Scorecard,
            )
            .join(Scorecard, Scorecard.id == CalibrationMeeting.scorecard_id)
            .join(Meeting, Meeting.id == Scorecard.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .join(Review, Review.result_id == Scorecard.id)
            .where(CalibrationMeeting.set_id.in_(sets))
            .order_by(CalibrationMeeting.id)
        )
        return self.session.execute(query).all()

    def sheets(self, sets: Collection[int]) -> Sequence[Row[Any]]:
        """(key of the set, sheet, login) of all reviewers."""
        query = (
            select(CalibrationMeeting.set_id, CalibrationSheet, Account.login)
            .join(CalibrationMeeting, CalibrationMeeting.id == CalibrationSheet.meeting_id)
            .join(Account, Account.id == CalibrationSheet.account_id)
            .where(CalibrationMeeting.set_id.in_(sets))
            .order_by(Account.login, CalibrationSheet.meeting_id)
        )
        return self.session.execute(query).all()

    def sheet(self, meeting_id: int, account_id: int) -> CalibrationSheet | None:
        query = select(CalibrationSheet).where(
            CalibrationSheet.meeting_id == meeting_id, CalibrationSheet.account_id == account_id
        )
        return self.session.scalars(query).one_or_none()

    def candidates(self, *, limit: int, codes: Sequence[str] | None = None) -> Sequence[Row[Any]]:
        """(scorecard's key, meeting's code, institution's name, kind, start, verdict, reviewer's login) of
        meetings whose current result a person decided on, last decided first."""
        query = (
            select(
                Scorecard.id,
                Meeting.code,
                Institution.name,
                Meeting.kind,
                Meeting.started_at,
                Scorecard.verdict,
                Account.login,
            )
            .join(Review, Review.result_id == Scorecard.id)
            .join(Account, Account.id == Review.reviewer_id)
            .join(Meeting, Meeting.id == Scorecard.meeting_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(inside(self.within), Scorecard.is_current, Review.state == ReviewState.DECIDED)
            .where(Meeting.state == MeetingState.HELD)
            .order_by(Review.decided_at.desc(), Review.id.desc())
            .limit(limit)
        )
        return self.session.execute(query if codes is None else query.where(Meeting.code.in_(codes))).all()

    def waiting_for(self, account_id: int) -> int:
        """How many meetings of open sets the reviewer has still to score."""
        by_me, mine = aliased(Review), aliased(CalibrationSheet)
        query = (
            select(func.count())
            .select_from(CalibrationMeeting)
            .join(CalibrationSet, CalibrationSet.id == CalibrationMeeting.set_id)
            .where(CalibrationSet.closed_at.is_(None), ~self._foreign())
            .where(
                ~exists().where(mine.meeting_id == CalibrationMeeting.id, mine.account_id == account_id),
                ~exists().where(
                    by_me.result_id == CalibrationMeeting.scorecard_id,
                    (by_me.reviewer_id == account_id) | (by_me.second_id == account_id),
                ),
            )
        )
        return self.session.execute(query).scalar_one()

    def _foreign(self) -> Any:
        of_set = aliased(CalibrationMeeting)
        return (
            exists()
            .where(of_set.set_id == CalibrationSet.id, Scorecard.id == of_set.scorecard_id)
            .where(Meeting.id == Scorecard.meeting_id, Institution.id == Meeting.institution_id)
            .where(~inside(self.within))
            .correlate(CalibrationSet)
        )
