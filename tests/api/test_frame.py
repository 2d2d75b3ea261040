"""Around every request: headers, the last net under errors, and errors of the database told apart."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, text

from api import problems
from api.app import LARGEST_BODY, create_app, equip
from api.frame import NOWHERE
from api.operations.logs import Lines
from api.sessions import Database
from api.settings import Settings
from models.database import connect

BACKENDS = ("sqlite",)
SECRET_NAME = "王小明"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What the service writes into its log, as it would be written."""
    written: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Kept()
    handler.setFormatter(Lines())
    logger = logging.getLogger("huijian")
    with caplog.at_level(logging.INFO, logger="huijian"):
        logger.addHandler(handler)
        yield written
        logger.removeHandler(handler)


@pytest.fixture
def broken(service_engine: Engine, settings: Settings) -> TestClient:
    """An application with routes that fail in every way."""
    app = create_app(settings, engine=service_engine)
    router = APIRouter()

    @router.get("/fail/{name}")
    def fail(name: str) -> None:
        raise RuntimeError(f"{name} 13800138000")

    @router.get("/stream")
    def stream() -> StreamingResponse:
        def parts() -> Iterator[str]:
            yield "half"
            raise RuntimeError(SECRET_NAME)

        return StreamingResponse(parts())

    @router.post("/sql")
    def sql(session: Database, statement: str, value: str | None = None) -> None:
        session.execute(text(statement), {"value": value} if value is not None else {})

    @router.get("/large")
    def large() -> None:
        raise OverflowError

    app.include_router(router, prefix="/api/v1/broken")
    return TestClient(app, raise_server_exceptions=False)


def test_every_answer_has_the_secure_headers_and_a_policy(anonymous: TestClient) -> None:
    of_api = anonymous.get("/api/v1/session").headers
    of_page = anonymous.get("/console/").headers
    for headers in (of_api, of_page):
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "http" not in headers["Content-Security-Policy"]  # nothing from elsewhere
        assert "Strict-Transport-Security" not in headers
    assert "script-src" not in of_api["Content-Security-Policy"]
    assert "default-src 'none'" in of_api["Content-Security-Policy"]
    assert "script-src 'self'" in of_page["Content-Security-Policy"]


def test_a_request_id_that_is_not_one_is_replaced(anonymous: TestClient) -> None:
    for given in ("short", "x" * 65, "a b c d e f", "evil\tevil"):
        answered = anonymous.get("/health", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        assert answered != given
        assert len(answered) == 16


def test_an_unexpected_error_is_a_problem_and_the_log_tells_where_but_not_what(
    broken: TestClient, lines: list[str]
) -> None:
    answer = broken.get(f"/api/v1/broken/fail/{SECRET_NAME}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["Content-Type"] == problems.MEDIA_TYPE
    assert answer.headers["X-Frame-Options"] == "DENY"
    error, request = (json.loads(line) for line in lines)
    assert error["error"] == ["builtins.RuntimeError"]
    assert any(place.endswith(" fail") for place in error["through"])
    assert error["request_id"] == request["request_id"] == answer.json()["instance"]
    assert (request["route"], request["status"]) == ("/api/v1/broken/fail/{name}", 500)
    assert not [line for line in lines if SECRET_NAME in line or "13800138000" in line]


def test_an_error_behind_half_an_answer_breaks_the_connection(broken: TestClient, lines: list[str]) -> None:
    with TestClient(broken.app) as client, pytest.raises(RuntimeError):
        client.get("/api/v1/broken/stream")
    assert not [line for line in lines if SECRET_NAME in line]


def test_a_request_is_one_line_that_names_the_route_and_nothing_of_its_content(
    anonymous: TestClient, lines: list[str]
) -> None:
    anonymous.get(f"/api/v1/people/{SECRET_NAME}", params={"name": SECRET_NAME})
    anonymous.get(f"/{SECRET_NAME}")
    known, unknown = (json.loads(line) for line in lines)
    assert (known["route"], known["method"], known["status"]) == ("/api/v1/people/{code}", "GET", 401)
    assert known["caller"] is None
    assert known["ms"] > 0
    assert unknown["route"] == NOWHERE
    assert not [line for line in lines if SECRET_NAME in line]


def test_what_the_database_refuses_is_the_callers_or_a_conflict_never_internal(
    broken: TestClient, service_engine: Engine, lines: list[str]
) -> None:
    def status(statement: str, value: str | None = None) -> int:
        given = {"statement": statement} | ({"value": value} if value else {})
        return broken.post("/api/v1/broken/sql", params=given).status_code

    assert broken.get("/api/v1/broken/large").status_code == 422
    assert status("INSERT INTO institution (code) VALUES (:value)", SECRET_NAME) == 409
    if service_engine.dialect.name == "postgresql":
        assert status("SELECT CAST(:value AS int)", SECRET_NAME) == 422
    assert not [line for line in lines if SECRET_NAME in line]


def test_a_database_that_does_not_answer_is_unavailable_and_the_service_lives(
    app: FastAPI, anonymous: TestClient
) -> None:
    gone = create_engine("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1")
    app.state.engine = gone
    answer = anonymous.get("/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    key = {"Authorization": "Bearer hj_x"}
    assert anonymous.get("/api/v1/session", headers=key).status_code == 503
    assert anonymous.get("/health").json() == {"status": "ok"}
    gone.dispose()


def test_an_old_database_is_not_ready(app: FastAPI, anonymous: TestClient) -> None:
    app.state.engine = connect("sqlite://")
    answer = anonymous.get("/ready")
    assert answer.status_code == 503
    assert "huijian database upgrade" in answer.json()["detail"]


def test_a_body_larger_than_any_route_needs_is_not_read(
    app: FastAPI, anonymous: TestClient, service_engine: Engine, settings: Settings
) -> None:
    equip(app, settings, service_engine)
    headers = {"Content-Type": "application/json"}
    sign_in = anonymous.post("/api/v1/session", content=b" " * 20_000, headers=headers)
    assert (sign_in.status_code, sign_in.json()["code"]) == (413, "too_large")
    assert sign_in.headers["Content-Type"] == problems.MEDIA_TYPE
    length = {"Content-Length": str(LARGEST_BODY + 1)}
    refused = anonymous.post("/api/v1/people", content=b"{}", headers=headers | length)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert refused.headers["X-Frame-Options"] == "DENY"
    parts = anonymous.post("/api/v1/session", content=iter([b" " * 9000] * 2), headers=headers)  # no length
    assert (parts.status_code, parts.json()["code"]) == (413, "too_large")
