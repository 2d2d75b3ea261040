"""Routes of the calendar as an iCalendar file: to download, and to subscribe to."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.access import Caller, Permission, Public, allowed
from api.activities import service
from api.activities.repository import FeedRepository
from api.activities.schemas import FeedIn, FeedOut, NewFeed
from api.audit import note
from api.codes import CodeRepository, InInstitution, day_or_today
from api.fields import Code, Month, existing
from api.problems import NotFound
from api.sessions import Database
from models.organisation.tables import Institution, SalesOffice

router: Final = APIRouter(tags=["行事历"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
MEDIA: Final = "text/calendar; charset=utf-8"
ICS: Final[dict[int | str, dict[str, object]]] = {
    200: {"description": "iCalendar 文件", "content": {"text/calendar": {"schema": {"type": "string"}}}}
}
_FEED: Final = Public("calendar programs cannot sign in: the long random token of the address stands for it")


@router.get(
    "/activity-calendar.ics",
    summary="下载某月行事历（.ics）",
    operation_id="download_activity_calendar",
    response_class=Response,
    responses=ICS,
)
def download(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    month: Annotated[Month, Query(description="月份")],
    office: Annotated[Code | None, Query(description="只要一个营业室")] = None,
) -> Response:
    """缺时间、地点或内容的活动不在文件中，个数见 ``X-Left-Out`` 头。"""
    codes = CodeRepository(session, within=asker.within)
    office_id = None if office is None else existing(lambda c: codes.key(SalesOffice, c), office)
    within = codes.below(institution)
    file = service.calendar(session, within, [month], office_id=office_id, name=f"{institution} 行事历")
    return Response(
        file.content,
        media_type=MEDIA,
        headers={
            "Content-Disposition": f'attachment; filename="activities-{month:%Y-%m}.ics"',
            "X-Left-Out": str(len(file.left_out)),
        },
    )


@router.post("/activity-feeds", status_code=201, summary="建立行事历订阅", operation_id="add_activity_feed")
def subscribe(request: Request, session: Database, asker: Reader, body: FeedIn) -> NewFeed:
    codes = CodeRepository(session, within=asker.within)
    home = codes.key(Institution, body.institution)
    feed, token = service.subscribe(session, asker, home, codes.optional(SalesOffice, body.office))
    note(session, request, asker, "activity.feed.add", kind="feed", code=str(feed.id), institution_id=home)
    address = request.url_for("fetch_feed", token=token).path
    return NewFeed(
        id=feed.id,
        institution=body.institution,
        office=body.office,
        created_at=feed.created_at,
        address=f"{request.app.state.settings.public_url.rstrip('/')}{address}",
    )


@router.get("/activity-feeds", summary="我的行事历订阅", operation_id="list_activity_feeds")
def feeds(session: Database, asker: Reader) -> list[FeedOut]:
    rows = FeedRepository(session).of_account(asker.account_id or 0)
    offices = CodeRepository(session).codes(SalesOffice, [feed.office_id for feed, _ in rows])
    return [
        FeedOut(
            id=feed.id,
            institution=home,
            office=offices.get(feed.office_id or 0),
            created_at=feed.created_at,
        )
        for feed, home in rows
    ]


@router.delete(
    "/activity-feeds/{id}", status_code=204, summary="取消订阅", operation_id="remove_activity_feed"
)
def unsubscribe(
    request: Request,
    session: Database,
    asker: Reader,
    feed_id: Annotated[int, Path(alias="id", ge=1, lt=2**63, description="订阅编号")],
) -> None:
    rows = FeedRepository(session).of_account(asker.account_id or 0)
    feed = next((feed for feed, _ in rows if feed.id == feed_id), None)
    if feed is None:
        raise NotFound(f"您没有编号为 {feed_id} 的订阅。")
    session.delete(feed)
    note(session, request, asker, "activity.feed.remove", kind="feed", code=str(feed_id))


@router.get(
    "/activity-feeds/{token}/calendar.ics",
    name="fetch_feed",
    summary="订阅地址：供日历软件读取",
    operation_id="fetch_activity_feed",
    response_class=Response,
    responses=ICS,
    dependencies=[Depends(_FEED)],
)
def fetch(
    session: Database,
    token: Annotated[str, Path(min_length=20, max_length=100, pattern=r"^[\w-]+$")],
) -> Response:
    return Response(service.subscribed(session, token, day_or_today(None)).content, media_type=MEDIA)
