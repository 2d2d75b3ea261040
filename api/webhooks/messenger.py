"""The loop in the worker that finds what is to be told, and tells it. No request ever waits for it."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from api.jobs.tables import Notice
from api.settings import Settings
from api.webhooks.channels import DeliveryError, Message, send
from api.webhooks.events import untold
from api.webhooks.repository import SubscriptionRepository
from api.webhooks.service import message_of
from api.webhooks.tables import Delivery, DeliveryState, Subscription
from models.database import transaction

log = logging.getLogger("huijian.messenger")

EVERY: Final = 5.0
"""Seconds between two looks."""
AT_ONCE: Final = 20
"""Messages sent before what has happened since is collected."""
BACK_OFF: Final = (30, 120, 600, 3600, 6 * 3600, 24 * 3600)
"""Seconds before the second attempt, the third …; after the last one the message has failed."""


class Messenger:
    """Both steps of a round; several workers may run them at the same time."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    def run(self, stop: threading.Event) -> None:
        """Rounds until told to stop."""
        while not stop.wait(EVERY):
            try:
                self.collect()
                self.deliver()
            except (OperationalError, InterfaceError):
                log.warning("the database does not answer; trying again")
            except Exception:
                log.exception("a round failed; trying again")

    def collect(self) -> int:
        """Make a message of everything that was not told yet; returns how many."""
        now = datetime.now(UTC)
        with Session(self._engine) as session:
            found = [
                message_of(subscription, event, now=now)
                for subscription in SubscriptionRepository(session).active()
                for event in untold(session, subscription, now=now)
            ]
        if not found:
            return 0
        try:
            with transaction(self._engine) as session:
                session.add_all(found)
        except IntegrityError:
            return 0  # another worker is telling the same; the next round sees it
        return len(found)

    def deliver(self) -> int:
        """Send what is due, each once; returns how many were taken."""
        for count in range(AT_ONCE):
            if not self._deliver_next():
                return count
        return AT_ONCE

    def _deliver_next(self) -> bool:
        """Whether a message was due. Each is taken only when its turn has come: slow receivers before it must
        not use up its lease."""
        with transaction(self._engine) as session:
            taken = SubscriptionRepository(session).take_due(now=datetime.now(UTC))
            if taken is None:
                return False
            delivery, to = taken
            delivery_id, attempts, message = delivery.id, delivery.attempts, _message(delivery, to)
        status: int | None = None
        error: str | None = None
        try:
            status = send(message, self._settings)
        except DeliveryError as failure:
            status, error = failure.status, str(failure)
        except Exception as failure:  # one message that cannot be sent must not stop the others
            log.exception("message %s", message.code)
            error = f"发送时出错（{type(failure).__name__}）。"
        self._note(delivery_id, attempts, status, error)
        return True

    def _note(self, delivery_id: int, attempts: int, status: int | None, error: str | None) -> None:
        now = datetime.now(UTC)
        with transaction(self._engine) as session:
            row = session.get_one(Delivery, delivery_id)
            row.status, row.error = status, error
            if error is None:
                row.state, row.delivered_at = DeliveryState.DELIVERED, now
                _mark_sent(session, row.subject, now)
            elif attempts > len(BACK_OFF):
                row.state = DeliveryState.FAILED
            else:
                row.next_at = now + timedelta(seconds=BACK_OFF[attempts - 1])


def _mark_sent(session: Session, subject: str, now: datetime) -> None:
    kind, _, key = subject.partition(":")
    if kind == "notice":
        notice = session.get(Notice, int(key))
        if notice is not None and notice.sent_at is None:
            notice.sent_at = now


def _message(delivery: Delivery, to: Subscription) -> Message:
    return Message(
        code=delivery.code,
        event=delivery.event,
        channel=to.channel,
        target=to.target,
        secret=to.secret,
        body=delivery.body,
        sentence=delivery.sentence,
    )
