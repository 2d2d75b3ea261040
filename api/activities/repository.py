"""One event, who took part in it, and the subscriptions to the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from api.accounts.tables import Account
from api.activities.tables import CalendarFeed
from api.pages import after
from models.activities.entry import Entry
from models.activities.repository import STORED
from models.activities.tables import ActivityEvent, EventReview, Participation
from models.base import Repository
from models.customers.tables import Customer, Sale
from models.organisation.conditions import inside
from models.organisation.tables import Institution, Person


class EventRepository(Repository):
    """Events of the subtree's institutions."""

    def event(self, code: str) -> tuple[Entry, EventReview | None] | None:
        """The event and its review; None: none that may be seen."""
        query = self._visible(select(ActivityEvent, EventReview)).outerjoin(
            EventReview, EventReview.event_id == ActivityEvent.id
        )
        row = self.session.execute(
            query.where(ActivityEvent.code == code).execution_options(populate_existing=True)
        ).one_or_none()
        if row is None:
            return None
        event, review = row
        entry = Entry(
            **{name: getattr(event, name) for name in STORED},
            conclusion=review.conclusion if review else None,
        )
        return entry, review

    def participants(self, code: str, *, cursor: str | None, limit: int) -> Sequence[Row[Any]]:
        """(part, customer, agent's number, policy number), in the order of the customers' codes."""
        query = (
            self._visible(select(Participation, Customer, Person.code, Sale.code))
            .join(Participation, Participation.event_id == ActivityEvent.id)
            .join(Customer, Customer.id == Participation.customer_id)
            .join(Person, Person.id == Customer.agent_id)
            .outerjoin(Sale, Sale.id == Participation.sale_id)
            .where(ActivityEvent.code == code)
            .execution_options(populate_existing=True)
        )
        return self.session.execute(after(query, [Customer.code], cursor, limit)).all()

    def _visible(self, query: Select[Any]) -> Select[Any]:
        query = query.select_from(ActivityEvent)
        return query.join(Institution, Institution.id == ActivityEvent.institution_id).where(
            inside(self.within)
        )


class FeedRepository(Repository):
    """Subscriptions of one account each."""

    def of_account(self, account_id: int) -> Sequence[Row[Any]]:
        """(feed, institution code), the oldest first."""
        query = (
            select(CalendarFeed, Institution.code)
            .join(Institution, Institution.id == CalendarFeed.institution_id)
            .where(CalendarFeed.account_id == account_id)
            .order_by(CalendarFeed.id)
        )
        return self.session.execute(query).all()

    def held(self, token_hash: str) -> Row[Any] | None:
        """(feed, account, institution) of a token; None: no such subscription, or its account is closed."""
        query = (
            select(CalendarFeed, Account, Institution)
            .join(Account, Account.id == CalendarFeed.account_id)
            .join(Institution, Institution.id == CalendarFeed.institution_id)
            .where(CalendarFeed.token_hash == token_hash, Account.disabled.is_(False))
        )
        return self.session.execute(query).one_or_none()
