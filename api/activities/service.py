"""Events as they are shown, made and subscribed to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from secrets import token_urlsafe
from typing import Any, Final

from sqlalchemy.orm import Session

from api.access import Caller, hashed
from api.accounts.repository import reach
from api.activities.repository import EventRepository, FeedRepository
from api.activities.schemas import EventDetail, EventIn, EventOut, EventTurnout, OpenLoop, ReviewOut
from api.activities.tables import CalendarFeed
from api.codes import CodeRepository
from api.customers.service import parameters_of
from api.problems import Forbidden, NotFound
from models.activities.entry import Entry, open_parts
from models.activities.ical import CalendarFile, calendar_file
from models.activities.rates import Turnout
from models.activities.repository import ActivityRepository
from models.activities.tables import EventReview
from models.base import SHANGHAI, Subtree
from models.calendar.weeks import month_start, months_later
from models.organisation.tables import Institution, Person, SalesOffice

AROUND: Final = range(-1, 4)
"""A subscription shows the month before, this one and the three after it."""


def shown(session: Session, entries: Sequence[Entry]) -> list[EventOut]:
    codes = CodeRepository(session)
    institutions = codes.codes(Institution, [entry.institution_id for entry in entries])
    offices = codes.codes(SalesOffice, [entry.office_id for entry in entries])
    owners = codes.names(Person, [entry.owner_id for entry in entries])
    return [
        EventOut(
            code=entry.code,
            institution=institutions[entry.institution_id],
            platform=entry.platform,
            month=entry.month,
            office=offices.get(entry.office_id or 0),
            owner=owners.get(entry.owner_id or 0),
            starts_at=entry.starts_at,
            ends_at=entry.ends_at,
            place=entry.place,
            content=entry.content,
            audience=entry.audience,
            goal=entry.goal,
            preparation=entry.preparation,
            process=entry.process,
            feedback=entry.feedback,
            conclusion=entry.conclusion,
            cancelled=entry.cancelled,
            valid=entry.is_valid,
            missing=list(entry.missing),
            open_parts=[OpenLoop(part=part.part, lacks=list(part.lacks)) for part in open_parts(entry)],
        )
        for entry in entries
    ]


def event_of(session: Session, asker: Caller, code: str) -> tuple[Entry, EventReview | None]:
    """The visible event; raises NotFound."""
    found = EventRepository(session, within=asker.within).event(code)
    if found is None:
        raise NotFound(f"活动 {code} 不存在或不在您的管辖范围内：请核对活动代码。")
    return found


def detail(session: Session, asker: Caller, code: str) -> EventDetail:
    entry, review = event_of(session, asker, code)
    return EventDetail(
        **shown(session, [entry])[0].model_dump(),
        review=ReviewOut(
            reviewed_on=review.reviewed_on,
            reviewer=review.reviewer,
            conclusion=review.conclusion,
            improvement=review.improvement,
        )
        if review
        else None,
    )


def turnout(session: Session, asker: Caller, code: str) -> EventTurnout:
    """Who was invited to the event, came and signed; raises NotFound."""
    entry, _ = event_of(session, asker, code)
    home = CodeRepository(session).codes(Institution, [entry.institution_id])[entry.institution_id]
    path = CodeRepository(session, within=asker.within).path(home)
    parameters = parameters_of(session, asker, path, entry.month)
    found = ActivityRepository(session, within=asker.within).turnout_of(code, parameters=parameters)
    return EventTurnout(**counted(found))


def counted(turnout: Turnout) -> dict[str, Any]:
    """The counts with their rates, as they are shown."""
    return {name: getattr(turnout, name) for name in EventTurnout.model_fields}


def save(session: Session, asker: Caller, code: str, body: EventIn, *, before: Entry | None) -> None:
    """Add the event, or change its plan; what was recorded of it since stays."""
    codes = CodeRepository(session, within=asker.within)
    entry = Entry(
        code=code,
        institution_id=codes.key(Institution, body.institution),
        platform=body.platform,
        month=body.month,
        office_id=codes.optional(SalesOffice, body.office),
        owner_id=codes.optional(Person, body.owner),
        starts_at=body.starts_at.astimezone(SHANGHAI) if body.starts_at else None,
        ends_at=body.ends_at.astimezone(SHANGHAI) if body.ends_at else None,
        place=body.place,
        content=body.content,
        audience=body.audience,
        goal=body.goal,
        preparation=body.preparation,
        process=before.process if before else None,
        feedback=before.feedback if before else None,
        cancelled=before.cancelled if before else False,
    )
    ActivityRepository(session, within=asker.within).save(entry)


def calendar(
    session: Session, within: Subtree, months: Sequence[date], *, office_id: int | None, name: str
) -> CalendarFile:
    """The months' entries as an iCalendar file."""
    activities = ActivityRepository(session, within=within)
    entries = [entry for month in months for entry in activities.month(month, office_id=office_id)]
    return calendar_file(entries, name=name, stamp=datetime.now(UTC))


def subscribe(
    session: Session, asker: Caller, institution_id: int, office_id: int | None
) -> tuple[CalendarFeed, str]:
    """A subscription of the caller's, and its token. Raises Forbidden for another system's key."""
    if asker.account_id is None:
        raise Forbidden("订阅地址属于个人账号：请登录后建立，或用 API 密钥直接下载 .ics。")
    token = token_urlsafe(32)
    feed = CalendarFeed(
        account_id=asker.account_id,
        institution_id=institution_id,
        office_id=office_id,
        token_hash=hashed(token),
        created_at=datetime.now(UTC),
    )
    session.add(feed)
    session.flush()
    return feed, token


def subscribed(session: Session, token: str, today: date) -> CalendarFile:
    """The calendar behind a token, as far as its account still reaches; raises NotFound."""
    row = FeedRepository(session).held(hashed(token))
    if row is None or not reach(session, row[1].institution_id).holds(row[2].path):
        raise NotFound("订阅地址无效或已取消：请在行事历中重新建立订阅。")
    feed, _, home = row
    months = [months_later(month_start(today), offset) for offset in AROUND]
    return calendar(session, Subtree(home.path), months, office_id=feed.office_id, name=f"{home.name}行事历")
