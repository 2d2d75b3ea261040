"""Around every request: its id, the secure headers, one line in the log, its numbers, and the last net."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.operations.logs import FIELDS, REQUESTS, bound
from api.operations.tracing import span

NOWHERE: Final = "(none)"
"""Route of a request that no route takes: its address is whatever a stranger typed."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


SECURE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=()",
}
API_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Answers of the API are data, and reports that bring their own looks; nothing in them runs."""
CONSOLE_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Pages load and send only here (``'self'`` holds for their socket too). The console's framework writes its
state into the page as a script and compiles templates in the browser, hence the two unsafe words."""
CONSOLE: Final = "/console"


class Frame:
    """Pure ASGI, so that streams pass through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._templates: dict[Callable[..., Any], str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        service: FastAPI = request.app  # a mounted application takes its place in the scope
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        request.state.request_id = request_id
        request.state.afterwards = list[Callable[[], object]]()
        status = 0
        replaced = False

        async def framed(message: Message) -> None:
            nonlocal status, replaced
            if replaced:
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                if status == 413 and headers.get("Content-Type") != problems.MEDIA_TYPE:
                    # The framework's own answer to a body above the limit is a bare line of text.
                    await problems.too_large(request)(scope, receive, framed)
                    replaced = True
                    return
                _add_headers(service, request, headers)
            await send(message)

        began = time.perf_counter()
        with (
            bound(request_id=request_id),
            service.state.metrics.in_progress.track_inprogress(),
            span(request.method, headers=request.headers, request_id=request_id) as traced,
        ):
            try:
                await self.app(scope, receive, framed)
            except Exception as error:
                REQUESTS.error("internal error", exc_info=error)
                traced.fail(type(error).__qualname__)
                if status:
                    raise  # half an answer is out: only a broken connection tells
                await problems.failed(request)(scope, receive, framed)
            finally:
                route = self._template(service, request)
                traced.tell(
                    f"{request.method} {route}", http__route=route, http__response__status_code=status
                )
                self._record(service, request, route, status=status, seconds=time.perf_counter() - began)
            for work in request.state.afterwards:  # nobody who only reads waits for those that write
                try:
                    await run_in_threadpool(work)
                except SQLAlchemyError as error:  # the answer is out and right
                    REQUESTS.warning("use of a key or a rate not written down", exc_info=error)

    def _record(self, service: FastAPI, request: Request, route: str, *, status: int, seconds: float) -> None:
        service.state.metrics.answered(method=request.method, route=route, status=status, seconds=seconds)
        fields = {
            "caller": getattr(request.state, "actor", None),
            "method": request.method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        REQUESTS.info("request", extra={FIELDS: fields})

    def _template(self, service: FastAPI, request: Request) -> str:
        """The route as it is written, ``/api/v1/people/{code}``: what stands in its place is not told."""
        endpoint = request.scope.get("endpoint")
        if endpoint is None:
            return NOWHERE
        if endpoint not in self._templates:
            self._templates = {
                context.endpoint: context.path
                for context in iter_route_contexts(service.routes)
                if context.endpoint is not None and context.path is not None
            }
            self._templates.setdefault(endpoint, NOWHERE)
        return self._templates[endpoint]


def _add_headers(service: FastAPI, request: Request, headers: MutableHeaders) -> None:
    path = request.url.path
    headers["X-Request-ID"] = request.state.request_id
    policy = CONSOLE_POLICY if path.startswith(CONSOLE) else API_POLICY
    headers.setdefault("Content-Security-Policy", policy)
    for name, value in SECURE_HEADERS.items():
        headers.setdefault(name, value)
    if path.startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")
    if service.state.settings.secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
