"""All SQL of erasure: names, phones and codes are replaced, keys and figures stay.

Texts are searched only in rows that a key or a place and time ties to the person: the same name elsewhere may
be somebody else's. What was said in meetings, and written about it, is covered in `spoken`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from api.privacy.spoken import replaced
from models.activities.tables import ActivityEvent, EventReview, Participation
from models.base import Repository
from models.calendar.weeks import month_start
from models.customers.tables import Customer
from models.management.tables import ManagementAction
from models.meetings.tables import ActionItem
from models.navigator.tables import Recommendation
from models.organisation.conditions import inside
from models.organisation.tables import FocusSupervisor, Institution, Person, RankHistory
from models.planning.tables import Plan, PlanDecision
from qa_pipeline.errors import InputError

ERASED: Final = "已删除"
SOMEBODY: Final = "某某"
"""In the middle of a text; no longer than a name, so that it fits where the name did."""
SHORTEST: Final = 2
"""A shorter name is an ordinary character, found everywhere."""

Texts = Sequence[tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any]]]
"""Columns of text, each with the column that ties its row to the person."""

OF_PERSON: Final[Texts] = (
    (ActionItem.what, ActionItem.owner_id),
    (ActionItem.who, ActionItem.owner_id),
    (ActionItem.quote, ActionItem.owner_id),
    (ManagementAction.record, ManagementAction.actor_id),
    (ManagementAction.record, ManagementAction.subject_id),
    (ManagementAction.review, ManagementAction.actor_id),
    (ManagementAction.review, ManagementAction.subject_id),
    (Recommendation.action, Recommendation.agent_id),
    (Recommendation.reason, Recommendation.agent_id),
    (FocusSupervisor.reason, FocusSupervisor.person_id),
)
OF_CUSTOMER: Final[Texts] = (
    (Participation.feedback, Participation.customer_id),
    (ManagementAction.record, ManagementAction.customer_id),
    (ManagementAction.review, ManagementAction.customer_id),
    (Recommendation.action, Recommendation.customer_id),
    (Recommendation.reason, Recommendation.customer_id),
    (Recommendation.contact_limit, Recommendation.customer_id),
)
OF_EVENT: Final = (
    ActivityEvent.place,
    ActivityEvent.content,
    ActivityEvent.audience,
    ActivityEvent.goal,
    ActivityEvent.preparation,
    ActivityEvent.process,
    ActivityEvent.feedback,
)
OF_EVENT_REVIEW: Final = (EventReview.conclusion, EventReview.improvement)


class ErasureRepository(Repository):
    """Erases people and customers of the subtree."""

    def customer(self, code: str) -> tuple[Customer, int]:
        """The customer, and the institution where the agent stands or stood last.

        Raises InputError when there is none, or none that the reader may see.
        """
        later = aliased(RankHistory)
        newest = select(func.max(later.valid_from)).where(later.person_id == Customer.agent_id)
        query = (
            select(Customer, RankHistory.institution_id)
            .join(RankHistory, RankHistory.person_id == Customer.agent_id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(Customer.code == code, inside(self.within))
            .where(RankHistory.valid_from == newest.correlate(Customer).scalar_subquery())
        )
        found = self.session.execute(query).one_or_none()
        if found is None:
            raise InputError(f"客户 {code} 不存在或不在您的管辖范围内：请核对客户编号。")
        return found[0], found[1]

    def erase_person(self, person: Person, *, alias: str) -> int:
        """Returns in how many texts the name or the phone was replaced."""
        there = []
        for row in self.session.scalars(select(RankHistory).where(RankHistory.person_id == person.id)):
            then = ActivityEvent.month >= month_start(row.valid_from)
            if row.valid_to is not None:
                then &= ActivityEvent.month <= row.valid_to
            there.append((ActivityEvent.institution_id == row.institution_id) & then)
        words = _words(person)
        texts = self._replace(OF_PERSON, person.id, words)
        texts += self._replace_around(or_(false(), *there), words)
        decided = select(Plan.id).where(Plan.institution_id.in_(self._places(person.id)))
        texts += replaced(self.session, PlanDecision.comment, words, PlanDecision.plan_id.in_(decided))
        texts += self._replace_reviewer(person, words)
        person.name, person.code, person.phone = ERASED, alias, None
        self.session.flush()
        return texts

    def erase_customer(self, customer: Customer, *, alias: str) -> int:
        """Nobody contacts the customer any more. Returns in how many texts the name or the phone was
        replaced."""
        words = _words(customer)
        came = select(Participation.event_id).where(Participation.customer_id == customer.id)
        near = ActivityEvent.institution_id.in_(self._places(customer.agent_id)) & (
            ActivityEvent.month >= month_start(customer.known_since)
        )
        texts = self._replace(OF_CUSTOMER, customer.id, words)
        texts += self._replace_around(near | ActivityEvent.id.in_(came), words)
        customer.name, customer.code, customer.phone = ERASED, alias, None
        customer.do_not_contact = True
        self.session.flush()
        return texts

    def last_place(self, person: Person) -> int:
        """Where the person stood last."""
        query = select(RankHistory.institution_id).where(RankHistory.person_id == person.id)
        return self.session.scalars(query.order_by(RankHistory.valid_from.desc()).limit(1)).one()

    def _replace(self, texts: Texts, key: int, words: Mapping[str, str]) -> int:
        return sum(replaced(self.session, column, words, tie == key) for column, tie in texts)

    def _replace_around(self, events: ColumnElement[bool], words: Mapping[str, str]) -> int:
        """In what was written of the events and in their reviews."""
        reviewed = EventReview.event_id.in_(select(ActivityEvent.id).where(events))
        return sum(replaced(self.session, column, words, events) for column in OF_EVENT) + sum(
            replaced(self.session, column, words, reviewed) for column in OF_EVENT_REVIEW
        )

    def _replace_reviewer(self, person: Person, words: Mapping[str, str]) -> int:
        """Reviewers are kept by name: those of events where the person worked."""
        there = select(ActivityEvent.id).where(ActivityEvent.institution_id.in_(self._places(person.id)))
        reviewer = EventReview.reviewer
        return replaced(
            self.session, reviewer, words, EventReview.event_id.in_(there), reviewer == person.name
        )

    def _places(self, person_id: int) -> Select[tuple[int]]:
        return select(RankHistory.institution_id).where(RankHistory.person_id == person_id)


def _words(owner: Person | Customer) -> dict[str, str]:
    """What is replaced by what in the middle of a text."""
    words = {owner.name: SOMEBODY} if len(owner.name) >= SHORTEST else {}
    return words | ({owner.phone: "*" * len(owner.phone)} if owner.phone else {})


def serves(person: Person, *, on: date) -> bool:
    """Whether the person is in service on the day."""
    return person.left_on is None or person.left_on > on
