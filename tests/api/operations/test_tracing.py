"""Spans for OpenTelemetry: one a request under the caller's own, one a stage of a job; none without it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, get_current_span
from sqlalchemy import Engine

from api.accounts.tables import Role
from api.jobs.attempt import attempt
from api.jobs.parent import Children
from api.jobs.stages import Shop
from api.jobs.tables import Stage
from api.operations import tracing
from api.problems import NotFound
from api.settings import Settings
from api.store import open_store
from tests.api.conftest import SignedIn

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Kept(NonRecordingSpan):
    """A span that can be looked at."""

    def __init__(self, name: str, parent: SpanContext) -> None:
        super().__init__(parent)
        self.name, self.parent = name, parent
        self.attributes: dict[str, Any] = {}
        self.failed = ""

    def update_name(self, name: str) -> None:
        self.name = name

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def set_status(self, status: Any, description: str | None = None) -> None:
        assert isinstance(status, Status)
        self.failed = status.description or ""


@dataclass
class Tracer:
    """Keeps what an SDK would send."""

    spans: list[Kept] = field(default_factory=list)

    @contextmanager
    def start_as_current_span(self, name: str, context: Any = None, **_: Any) -> Iterator[Kept]:
        span = Kept(name, get_current_span(context).get_span_context())
        self.spans.append(span)
        with trace.use_span(span, record_exception=False, set_status_on_exception=False):
            yield span


@pytest.fixture
def tracer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracer]:
    kept = Tracer()
    monkeypatch.setattr(trace, "get_tracer", lambda _: kept)
    tracing._tracer.cache_clear()
    yield kept
    tracing._tracer.cache_clear()


def test_a_request_is_a_span_under_the_callers_and_names_its_route_only(
    tracer: Tracer, signed_in: SignedIn
) -> None:
    client = signed_in(Role.QA)
    client.get("/api/v1/meetings/350102-20260908", headers={"traceparent": PARENT})
    (span,) = tracer.spans
    assert span.name == "GET /api/v1/meetings/{code}"
    assert f"{span.parent.trace_id:032x}" in PARENT
    assert span.attributes["http.response.status_code"] == 404
    assert not [value for value in span.attributes.values() if "350102" in str(value)]


def test_a_stage_of_a_job_is_a_span_and_of_an_error_only_its_kind_is_told(
    tracer: Tracer, service_engine: Engine, settings: Settings
) -> None:
    store = open_store(settings.store, data_folder=settings.data_folder)
    shop = Shop(engine=service_engine, store=store, settings=settings, children=Children(), threads=1)
    with pytest.raises(NotFound):
        attempt(shop, Stage.READ, job="J1", run=1, worker="w")
    (span,) = tracer.spans
    assert (span.name, span.attributes) == ("job read", {"job_id": "J1", "run": 1, "worker": "w"})
    assert span.failed == "NotFound"


def test_without_opentelemetry_nothing_is_traced(
    monkeypatch: pytest.MonkeyPatch, anonymous: TestClient
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    tracing._tracer.cache_clear()
    assert anonymous.get("/health").status_code == 200
    tracing._tracer.cache_clear()
