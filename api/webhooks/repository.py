"""SQL of subscriptions and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, delete, select

from api.pages import after
from api.problems import NotFound
from api.webhooks.tables import Delivery, DeliveryState, Subscription
from models.base import EVERYWHERE, Repository
from models.organisation.conditions import inside
from models.organisation.tables import Institution

LEASE: Final = timedelta(minutes=5)
"""A message that a worker took and died with is tried again after this."""

FARTHEST: Final = timedelta(days=2)
"""No pause before another attempt is longer: a later moment was set by a clock that was put back since."""

KEPT: Final = timedelta(days=90)
"""Messages tell of meetings and people; so long after one was sent, or given up, nobody asks after it."""

Line = tuple[Subscription, str | None]
"""A subscription and the code of its institution."""


class SubscriptionRepository(Repository):
    """A subscription lies where its subtree begins; one of the whole company is seen only from the top."""

    def get(self, code: str) -> Line:
        """Raises NotFound when there is none, or none that the reader may see."""
        row = self.session.execute(self._lines().where(Subscription.code == code)).one_or_none()
        if row is None:
            raise NotFound(f"通知 {code} 不存在或不在您的管辖范围内。")
        return row[0], row[1]

    def lines(self, *, cursor: str | None, limit: int) -> Sequence[Line]:
        """Newest first, one too many."""
        rows = self.session.execute(after(self._lines(), [Subscription.id], cursor, limit, descending=True))
        return [(row[0], row[1]) for row in rows]

    def active(self) -> Sequence[Subscription]:
        query = select(Subscription).where(Subscription.active, Subscription.removed_at.is_(None))
        return self.session.scalars(query.order_by(Subscription.id)).all()

    def deliveries(
        self, subscription: Subscription, *, state: DeliveryState | None, cursor: str | None, limit: int
    ) -> Sequence[Delivery]:
        """Newest first, one too many."""
        query = select(Delivery).where(Delivery.subscription_id == subscription.id)
        if state is not None:
            query = query.where(Delivery.state == state)
        return self.session.scalars(after(query, [Delivery.id], cursor, limit, descending=True)).all()

    def forget_old(self, *, now: datetime) -> None:
        """What is still to be sent stays. No event is so old that it were told again (see ``events``)."""
        old = (Delivery.state != DeliveryState.WAITING) & (Delivery.created_at < now - KEPT)
        self.session.execute(delete(Delivery).where(old))

    def delivery(self, subscription: Subscription, code: str) -> Delivery:
        """Raises NotFound."""
        query = select(Delivery).where(Delivery.subscription_id == subscription.id, Delivery.code == code)
        found = self.session.scalars(query.with_for_update()).one_or_none()
        if found is None:
            raise NotFound(f"发送记录 {code} 不存在。")
        return found

    def take_due(self, *, now: datetime) -> tuple[Delivery, Subscription] | None:
        """The message to send now, None when none is due; nobody else takes it within the lease."""
        query = (
            select(Delivery, Subscription)
            .join(Subscription, Subscription.id == Delivery.subscription_id)
            .where(
                Delivery.state == DeliveryState.WAITING,
                (Delivery.next_at <= now) | (Delivery.next_at > now + FARTHEST),
                Subscription.active,
                Subscription.removed_at.is_(None),
            )
            .order_by(Delivery.next_at, Delivery.id)
            .limit(1)
            .with_for_update(of=Delivery, skip_locked=True)
        )
        row = self.session.execute(query).one_or_none()
        if row is None:
            return None
        delivery, to = row[0], row[1]
        delivery.attempts += 1
        delivery.next_at = now + LEASE
        return delivery, to

    def _lines(self) -> Select[Any]:
        query = (
            select(Subscription, Institution.code)
            .outerjoin(Institution, Institution.id == Subscription.institution_id)
            .where(Subscription.removed_at.is_(None))
        )
        return query if self.within == EVERYWHERE else query.where(inside(self.within))
