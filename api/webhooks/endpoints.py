"""Routes of webhooks and other notices, and of what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.fields import Code
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database
from api.webhooks import service
from api.webhooks.repository import SubscriptionRepository
from api.webhooks.schemas import (
    CreatedSubscription,
    DeliveryOut,
    EventMessage,
    NewSubscription,
    StateIn,
    SubscriptionOut,
)
from api.webhooks.tables import DeliveryState, Subscription

router: Final = APIRouter(tags=["通知"])
sent: Final = APIRouter(tags=["通知"])
"""What receivers get, for the description only."""
Manager = Annotated[Caller, Depends(allowed(Permission.MANAGE_WEBHOOKS))]


@router.post(
    "/webhooks",
    summary="新建通知（webhook、企业微信、钉钉、邮件）",
    operation_id="create_webhook",
    status_code=201,
)
def create(request: Request, session: Database, asker: Manager, body: NewSubscription) -> CreatedSubscription:
    """Webhook 为签名的 POST，正文、签名和重发见本说明的 webhooks 一节。"""
    new, secret = service.create(session, asker, body, request.app.state.settings)
    _noted(session, request, asker, new, "webhook.create", channel=new.channel.value)
    shown = service.shown(SubscriptionRepository(session, within=asker.within).get(new.code))
    return CreatedSubscription(subscription=shown, secret=secret)


@router.get("/webhooks", summary="通知列表（新的在前）", operation_id="list_webhooks")
def listed(
    session: Database, asker: Manager, limit: Limit = 50, cursor: Cursor = None
) -> Page[SubscriptionOut]:
    rows = SubscriptionRepository(session, within=asker.within).lines(cursor=cursor, limit=limit)
    found, further = page(rows, limit, lambda line: [line[0].id])
    return Page(items=[service.shown(line) for line in found], next=further)


@router.get("/webhooks/{code}", summary="一项通知", operation_id="get_webhook")
def one(session: Database, asker: Manager, code: Code) -> SubscriptionOut:
    return service.shown(SubscriptionRepository(session, within=asker.within).get(code))


@router.put("/webhooks/{code}/state", summary="暂停或启用", operation_id="set_webhook_state")
def set_state(
    request: Request, session: Database, asker: Manager, code: Code, body: StateIn
) -> SubscriptionOut:
    line = SubscriptionRepository(session, within=asker.within).get(code)
    if body.active and not line[0].active:
        line[0].since = datetime.now(UTC)  # what happened meanwhile is not told afterwards
    line[0].active = body.active
    _noted(session, request, asker, line[0], "webhook.state", active=body.active)
    return service.shown(line)


@router.delete(
    "/webhooks/{code}", summary="删除（发送记录保留）", operation_id="delete_webhook", status_code=204
)
def delete(request: Request, session: Database, asker: Manager, code: Code) -> None:
    row = SubscriptionRepository(session, within=asker.within).get(code)[0]
    row.removed_at, row.active, row.secret = datetime.now(UTC), False, None
    _noted(session, request, asker, row, "webhook.delete")


@router.post("/webhooks/{code}/test", summary="试发一条", operation_id="test_webhook", status_code=202)
def test(request: Request, session: Database, asker: Manager, code: Code) -> DeliveryOut:
    row = SubscriptionRepository(session, within=asker.within).get(code)[0]
    made = service.try_out(session, row)
    _noted(session, request, asker, row, "webhook.test")
    return service.delivered(made)


@router.get("/webhooks/{code}/deliveries", summary="发送记录（新的在前）", operation_id="list_deliveries")
def deliveries(
    session: Database,
    asker: Manager,
    code: Code,
    state: Annotated[DeliveryState | None, Query(description="只看这一状态")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeliveryOut]:
    repository = SubscriptionRepository(session, within=asker.within)
    rows = repository.deliveries(repository.get(code)[0], state=state, cursor=cursor, limit=limit)
    found, further = page(rows, limit, lambda row: [row.id])
    return Page(items=[service.delivered(row) for row in found], next=further)


@router.post(
    "/webhooks/{code}/deliveries/{delivery}/again",
    summary="重发一条",
    operation_id="redeliver",
    status_code=202,
)
def again(request: Request, session: Database, asker: Manager, code: Code, delivery: Code) -> DeliveryOut:
    repository = SubscriptionRepository(session, within=asker.within)
    row = repository.get(code)[0]
    sent = service.again(session, repository, row, delivery)
    _noted(session, request, asker, row, "webhook.redeliver", delivery=delivery)
    return service.delivered(sent)


def _noted(
    session: Database, request: Request, asker: Caller, row: Subscription, action: str, **detail: str | bool
) -> None:
    note(
        session,
        request,
        asker,
        action,
        kind="webhook",
        code=row.code,
        institution_id=row.institution_id,
        **detail,
    )


@sent.post("event", summary="通知：发往新建通知时填写的地址", operation_id="receive_event", status_code=204)
def event(
    body: EventMessage,
    kind: Annotated[str, Header(alias="X-Huijian-Event", description="同正文的 event")],
    delivery: Annotated[str, Header(alias="X-Huijian-Delivery", description="同正文的 id")],
    timestamp: Annotated[
        int, Header(alias="X-Huijian-Timestamp", description="发送时间，Unix 秒；相差五分钟以上的请拒收")
    ],
    signature: Annotated[
        str,
        Header(
            alias="X-Huijian-Signature",
            description="v1= 加十六进制的 HMAC-SHA256：密钥为新建时所得的 secret，"
            "内容为时间戳、一个英文句点和正文的原始字节；请用等时比较",
        ),
    ],
) -> None:
    """10 秒内回答任何 2xx 即为收到；否则最多再发六次，间隔从 30 秒逐次增至一天。

    消息可能重复，也可能不按发生的先后到达：请按 id 去重。今后可能增加字段。
    """
