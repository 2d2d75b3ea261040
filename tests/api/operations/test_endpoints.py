"""Probes and numbers for those who run the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from api.jobs.tables import Worker
from api.settings import Settings
from models.database import transaction


def _samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_service_lives_and_is_ready(anonymous: TestClient) -> None:
    answer = anonymous.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_service_says_whether_anybody_works_on_jobs(
    anonymous: TestClient, service_engine: Engine
) -> None:
    def workers() -> int:
        answer = anonymous.get("/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        found: int = answer.json()["workers"]
        return found

    assert workers() == 0
    now = datetime.now(UTC)
    with transaction(service_engine) as session:
        for name, seen in (("here", now), ("gone", now - timedelta(minutes=2))):
            session.add(Worker(name=name, concurrency=1, started_at=seen, seen_at=seen))
    assert workers() == 1


def test_the_numbers_count_requests_by_route_and_refused_sign_ins(app: FastAPI) -> None:
    local = TestClient(app, client=("127.0.0.1", 1))
    local.get("/api/v1/people/1001")
    local.get("/api/v1/people/1002")
    local.request("FROB", "/nowhere")
    local.post("/api/v1/session", json={"login": "nobody", "password": "x"})
    answer = local.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    numbers = _samples(answer.text)
    labels = (("method", "GET"), ("route", "/api/v1/people/{code}"), ("status", "401"))
    assert numbers["huijian_http_requests_total", labels] == 2
    odd = (("method", "OTHER"), ("route", "(none)"), ("status", "404"))
    assert numbers["huijian_http_requests_total", odd] == 1
    assert numbers["huijian_http_request_seconds_count", labels[:2]] == 2
    assert numbers["huijian_refused_sign_ins_total", ()] == 1
    assert numbers["huijian_http_requests_in_progress", ()] == 1  # the one that asks
    assert not [said for _, told in numbers for _, said in told if "1001" in said]


def test_without_a_token_only_this_machine_reads_the_numbers(app: FastAPI, anonymous: TestClient) -> None:
    assert anonymous.get("/metrics").status_code == 403
    assert TestClient(app, client=("10.0.0.7", 1)).get("/metrics").status_code == 403
    assert TestClient(app, client=("::1", 1)).get("/metrics").status_code == 200


class TestWithToken:
    """The numbers from elsewhere."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"metrics_token": "prometheus-token"})

    def test_the_token_is_needed_and_enough(self, app: FastAPI) -> None:
        client = TestClient(app, client=("127.0.0.1", 1))
        for wrong in ({}, {"Authorization": "Bearer x"}, {"Authorization": "prometheus-token"}):
            assert client.get("/metrics", headers=wrong).status_code == 403
        right = {"Authorization": "Bearer prometheus-token"}
        assert client.get("/metrics", headers=right).status_code == 200
