"""``/health``, ``/ready`` and ``/metrics``, for those who run the service; outside the versioned API."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel, Field

from api.access import Public, same
from api.database import require_current
from api.jobs import endpoints as jobs
from api.jobs.repository import JobRepository
from api.problems import Forbidden, Unavailable
from models.base import EVERYWHERE
from models.database import transaction
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["运行"])


class State(BaseModel):
    """That it works; whatever does not is a problem."""

    status: Literal["ok"] = "ok"


class Ready(State):
    """That requests are answered, and whether anybody works on jobs."""

    workers: int = Field(description="正在运行的工作进程数；0 表示任务不会开始")


PROBE: Final = Public("probes carry no credentials, and the answer tells nothing but that the service works")
ALIVE: Final = Public("a process that is refused this answer for its rate would be restarted", limited=False)
METRICS: Final = Public(
    "the token of the settings stands in for a caller, so that numbers survive the database"
)


def _reader(request: Request) -> None:
    """With the token of the settings; without one only from this machine."""
    token = request.app.state.settings.metrics_token
    if token:
        if not same(request.headers.get("Authorization", ""), f"Bearer {token}"):
            raise Forbidden("读取指标须带上 HUIJIAN_METRICS_TOKEN 设定的令牌。")
    elif not _is_local(request):
        raise Forbidden("指标只对本机开放：其他机器读取请设定 HUIJIAN_METRICS_TOKEN。")


@router.get("/health", summary="进程是否活着", operation_id="health", dependencies=[Depends(ALIVE)])
def health() -> State:
    return State()


@router.get(
    "/ready",
    summary="能否接受请求",
    operation_id="ready",
    dependencies=[Depends(PROBE)],
    responses={503: {"description": "数据库没有响应，或结构不是程序需要的版本"}},
)
def ready(request: Request) -> Ready:
    """数据库没有响应，或结构不是程序需要的版本时，返回 503。没有工作进程时仍能接受请求，workers 为 0。"""
    try:
        require_current(request.app.state.engine)
    except InputError as error:
        raise Unavailable(str(error)) from error
    with transaction(request.app.state.engine) as session:
        running = JobRepository(session, within=EVERYWHERE).workers(seen_after=datetime.now(UTC) - jobs.ALIVE)
    return Ready(workers=len(running))


@router.get(
    "/metrics",
    summary="Prometheus 指标",
    operation_id="metrics",
    dependencies=[Depends(METRICS), Depends(_reader)],
    response_class=Response,
    responses={
        200: {"content": {CONTENT_TYPE_PLAIN_0_0_4: {"schema": {"type": "string"}}}},
        403: {"description": "令牌不对，或不是从本机读取"},
    },
)
def metrics(request: Request) -> Response:
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_local(request: Request) -> bool:
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
