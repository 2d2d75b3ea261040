"""Who is told of what, and messages as they are written."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.service import placed_within
from api.problems import Conflict
from api.settings import Settings
from api.webhooks.addresses import checked
from api.webhooks.events import Event
from api.webhooks.repository import Line, SubscriptionRepository
from api.webhooks.schemas import DeliveryOut, EventData, EventMessage, NewSubscription, SubscriptionOut
from api.webhooks.tables import PING, Channel, Delivery, DeliveryState, EventKind, Subscription
from qa_pipeline.errors import InputError

SECRET_PREFIX: Final = "hjs_"
MOST_RECIPIENTS: Final = 20


def create(
    session: Session, asker: Caller, given: NewSubscription, settings: Settings
) -> tuple[Subscription, str | None]:
    """The subscription, and the secret that a webhook's messages are signed with.

    Raises InputError for an address that may not be asked.
    """
    secret: str | None = None
    now = datetime.now(UTC)
    if given.channel == Channel.EMAIL:
        _require_recipients(given.target)
    else:
        checked(given.target, private=settings.webhooks_to_private_addresses)
    if given.secret is not None and given.channel != Channel.DINGTALK:
        raise InputError("只有钉钉机器人需要填写 secret：请去掉。")
    if given.channel == Channel.WEBHOOK:
        secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    new = Subscription(
        code=f"W{secrets.token_hex(8)}",
        name=given.name,
        channel=given.channel,
        target=given.target,
        secret=secret or given.secret,
        events=sorted(set(given.events)),
        institution_id=placed_within(session, asker, given.institution),
        created_by=asker.account_id,
        created_at=now,
        since=now,
    )
    session.add(new)
    session.flush()
    return new, secret


def _require_recipients(target: str) -> None:
    recipients = target.split(",")
    for one in recipients:
        name, at, host = one.partition("@")
        if not (name and at and "." in host) or "@" in host or any(c in one for c in "<>\"';:\\"):
            raise InputError(f"收件人“{one}”不是邮箱地址：多个收件人请用英文逗号分隔。")
    if len(recipients) > MOST_RECIPIENTS:
        raise InputError(f"收件人最多 {MOST_RECIPIENTS} 个：请改用邮件组。")


def shown(line: Line) -> SubscriptionOut:
    row, institution = line
    return SubscriptionOut(
        code=row.code,
        name=row.name,
        channel=row.channel,
        target=row.target if row.channel == Channel.EMAIL else _without_secrets(row.target),
        events=[EventKind(event) for event in row.events],
        institution=institution,
        active=row.active,
        created_at=row.created_at,
    )


def _without_secrets(url: str) -> str:
    """A robot's address is its password: host and path are shown, the query is not."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}{'?…' if parts.query else ''}"


def delivered(row: Delivery) -> DeliveryOut:
    return DeliveryOut(
        code=row.code,
        event=row.event,
        sentence=row.sentence,
        state=row.state,
        attempts=row.attempts,
        next_at=row.next_at if row.state == DeliveryState.WAITING else None,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        status=row.status,
        error=row.error,
    )


def message_of(subscription: Subscription, event: Event, *, now: datetime) -> Delivery:
    """The message that tells the event; still to be added."""
    return _message(
        subscription,
        event=event.kind,
        subject=event.subject,
        at=event.at,
        institution=event.institution,
        data=event.data,
        sentence=event.sentence,
        now=now,
    )


def try_out(session: Session, subscription: Subscription) -> Delivery:
    """A message that only shows that the receiver can be reached. Raises Conflict for a paused one."""
    if not subscription.active:
        raise Conflict("通知已暂停：请先启用再试发。")
    now = datetime.now(UTC)
    made = _message(
        subscription,
        event=PING,
        subject=f"{PING}:{secrets.token_hex(8)}",
        at=now,
        institution=None,
        data={},
        sentence=f"这是“{subscription.name}”的试发消息，收到即表示设置无误。",
        now=now,
    )
    session.add(made)
    session.flush()
    return made


def again(
    session: Session, repository: SubscriptionRepository, subscription: Subscription, code: str
) -> Delivery:
    """Send a message once more, from the beginning. Raises Conflict while it waits anyway."""
    row = repository.delivery(subscription, code)
    if row.state == DeliveryState.WAITING:
        raise Conflict(f"发送记录 {code} 正在等待发送，无需重发。")
    row.state, row.attempts, row.next_at, row.error = DeliveryState.WAITING, 0, datetime.now(UTC), None
    session.flush()
    return row


def _message(
    subscription: Subscription,
    *,
    event: EventKind | Literal["ping"],
    subject: str,
    at: datetime,
    institution: str | None,
    data: Mapping[str, str | int | None],
    sentence: str,
    now: datetime,
) -> Delivery:
    code = f"D{secrets.token_hex(8)}"
    body = EventMessage(
        id=code,
        event=event,
        at=at,
        institution=institution,
        text=sentence,
        data=EventData.model_validate(data),
    )
    return Delivery(
        code=code,
        subscription_id=subscription.id,
        event=event,
        subject=subject,
        body=body.model_dump(mode="json", exclude_unset=True),
        sentence=sentence,
        state=DeliveryState.WAITING,
        attempts=0,
        next_at=now,
        created_at=now,
    )
