"""Errors as problem+json (RFC 9457): one handler, stable codes, one Chinese sentence in ``detail``.

HuijianError            400  input_error (and one code a subclass)
├── NotSignedIn         401  not_signed_in
├── Forbidden           403  forbidden
├── NotFound            404  not_found
├── Conflict            409  conflict
├── Stale               412  stale            the row changed since it was read (If-Match)
├── TooLarge            413  too_large
├── TooMany             429  too_many_requests
└── Unavailable         503  unavailable      something the service needs does not answer

What the database refuses is told apart too: a value it cannot hold is the caller's (422), a clash of two
writers a conflict (409), a database that does not answer unavailable (503).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException

from api import validation
from api.operations.logs import REQUESTS
from qa_pipeline.errors import (
    FactsError,
    HuijianError,
    InputError,
    ModelError,
    OutputError,
    RecordingError,
    RubricError,
    SheetError,
    TranscriptError,
)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5
DISK_FULL: Final = "53100"
"""PostgreSQL's code for it."""
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "稳定的错误代码，供程序判断"},
        "detail": {"type": "string", "description": "一句话：什么错、在哪里、怎么办"},
        "instance": {"type": "string", "description": "请求编号"},
        "problems": {"type": "array", "items": {"type": "string"}},
    },
}


class NotSignedIn(HuijianError):
    """No session and no key, or neither is valid any more."""


class Forbidden(HuijianError):
    """The role does not permit it."""


class NotFound(HuijianError):
    """There is no such thing, or it lies outside the caller's subtree."""


class Conflict(HuijianError):
    """The present state does not allow it."""


class Stale(HuijianError):
    """The row was changed by somebody else since the caller read it."""


class TooLarge(HuijianError):
    """More bytes than the service takes."""


class TooMany(HuijianError):
    """Too many requests or attempts; ``seconds`` until the next may come."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Unavailable(HuijianError):
    """Something the service needs does not answer: the same request may succeed later."""


KINDS: Final[Mapping[type[HuijianError], tuple[int, str]]] = {
    NotSignedIn: (401, "not_signed_in"),
    Forbidden: (403, "forbidden"),
    NotFound: (404, "not_found"),
    Conflict: (409, "conflict"),
    Stale: (412, "stale"),
    TooLarge: (413, "too_large"),
    TooMany: (429, "too_many_requests"),
    RecordingError: (422, "recording_error"),
    TranscriptError: (422, "transcript_error"),
    FactsError: (422, "facts_error"),
    RubricError: (422, "rubric_error"),
    SheetError: (422, "sheet_error"),
    Unavailable: (503, "unavailable"),
    ModelError: (503, "model_error"),
    InputError: (400, "input_error"),
    OutputError: (507, "output_error"),
}


def problem(
    request: Request,
    *,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """One error as the caller receives it."""
    return JSONResponse(
        {
            "type": f"urn:huijian:problem:{code}",
            "title": _title(status),
            "status": status,
            "code": code,
            "detail": detail,
            "instance": getattr(request.state, "request_id", ""),
            **more,
        },
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"  # 460 of resumable uploads is no status of HTTP itself


def install(app: FastAPI) -> None:
    """Turn every error into problem+json."""

    @app.exception_handler(HuijianError)
    def refused(request: Request, error: HuijianError) -> JSONResponse:
        status, code = next(KINDS[kind] for kind in type(error).__mro__ if kind in KINDS)
        headers = {"Retry-After": str(math.ceil(error.seconds))} if isinstance(error, TooMany) else {}
        if isinstance(error, Unavailable):
            headers = {"Retry-After": str(RETRY_SECONDS)}
        more = {"problems": list(error.problems)} if isinstance(error, SheetError) else {}
        return problem(request, status=status, code=code, detail=str(error), headers=headers, **more)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = error.errors()
        detail = validation.sentence(errors, request.scope["route"])
        told = validation.problems(errors)
        return problem(request, status=422, code="invalid_request", detail=detail, problems=told)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 413:
            return too_large(request)
        words = {
            400: "请求的正文无法读取：请核对格式，JSON 不要嵌套过深、数字不要过长。",
            404: "没有这个地址。",
            405: "此地址不支持这种请求方法。",
        }
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        detail = words.get(error.status_code, str(error.detail))
        return problem(request, status=error.status_code, code=code, detail=detail, headers=error.headers)

    @app.exception_handler(DataError)
    @app.exception_handler(OverflowError)
    @app.exception_handler(UnicodeEncodeError)
    def unfit(request: Request, error: Exception) -> JSONResponse:
        detail = "请求中有无法保存的字符，或超出范围的数字、日期：请检查后重试。"
        return problem(request, status=422, code="invalid_request", detail=detail)

    @app.exception_handler(IntegrityError)
    def clash(request: Request, error: IntegrityError) -> JSONResponse:
        REQUESTS.warning("database constraint", exc_info=error)
        detail = "与已有的数据冲突，可能有人刚刚做了同样的修改：请刷新后重试。"
        return problem(request, status=409, code="conflict", detail=detail)

    @app.exception_handler(OperationalError)
    @app.exception_handler(TimeoutError)
    def unavailable(request: Request, error: Exception) -> JSONResponse:
        if _is_full(error):
            REQUESTS.error("database disk full", exc_info=error)
            detail = "数据库所在的磁盘已满，这次的内容没有保存：请联系管理员清理空间后重试。"
            return problem(request, status=507, code="output_error", detail=detail)
        REQUESTS.warning("database unavailable", exc_info=error)
        headers = {"Retry-After": str(RETRY_SECONDS)}
        detail = "数据库暂时没有响应：请稍后重试。"
        return problem(request, status=503, code="unavailable", detail=detail, headers=headers)


def _is_full(error: Exception) -> bool:
    """Whether the database had no room: SQLite says it in words, PostgreSQL by a code."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) == DISK_FULL or "disk is full" in str(cause)


def too_large(request: Request) -> JSONResponse:
    """The answer to a body above the limit of its route."""
    detail = "请求的正文超过此接口的上限：请减少一次提交的内容。"
    return problem(request, status=413, code="too_large", detail=detail)


def failed(request: Request) -> JSONResponse:
    """The answer to an error that nobody expected; the log knows more."""
    detail = "服务内部出错，已记录；请稍后重试，并把请求编号告诉管理员。"
    return problem(request, status=500, code="internal_error", detail=detail)
