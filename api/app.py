"""The application: routers by domain, problem+json, request ids and secure headers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from sqlalchemy import Engine

from api import problems
from api.database import require_current
from api.organisation.endpoints import router as organisation
from api.settings import Settings
from models.database import connect

V1: Final = "/api/v1"
ROUTERS: Final[tuple[APIRouter, ...]] = (organisation,)
"""Of every domain, in the order in which the documentation lists them."""
SECURE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=()",
}
_REQUEST_ID: Final = re.compile(r"[\w-]{8,64}")


def create_app(settings: Settings, *, engine: Engine | None = None) -> FastAPI:
    """The service on the settings' database; raises InputError when that is not at its newest migration."""
    engine = engine or connect(settings.database)
    require_current(engine)
    app = FastAPI(
        title="会鉴 API",
        version="1",
        description="二会质检与经营规划：上传录音、查看结论、查询合规、管理计划与指标。",
        openapi_url=f"{V1}/openapi.json",
        docs_url=None,  # the usual page loads its scripts from elsewhere
        redoc_url=None,
    )
    app.state.engine = engine
    app.state.settings = settings
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=V1, responses=_problems())
    app.middleware("http")(_frame)
    return app


async def _frame(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """Give each request its id, and each answer its id and the secure headers."""
    given = request.headers.get("X-Request-ID", "")
    request.state.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    response = await call(request)
    response.headers["X-Request-ID"] = request.state.request_id
    for name, value in SECURE_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.path.startswith(V1):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _problems() -> dict[int | str, dict[str, object]]:
    """What every route may answer instead, for the documentation."""
    content = {problems.MEDIA_TYPE: {"schema": dict(problems.SCHEMA)}}
    words = {
        400: "请求有误",
        401: "未登录",
        403: "无权限",
        404: "不存在或不在管辖范围",
        409: "状态冲突",
        422: "内容有误",
    }
    return {status: {"description": word, "content": content} for status, word in words.items()}
