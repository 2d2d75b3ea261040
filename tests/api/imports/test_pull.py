"""The pull adapter: people and customers of a CRM come through the import API, from where it stopped."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
import uvicorn
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from typer.testing import CliRunner

from api.integrations.pull import BACK_OFF, Configuration, Pulled, main, pull, read_configuration
from qa_pipeline.errors import InputError, OutputError
from tests.api.imports.test_rows import crm as key
from tests.sound import ROOT

__all__ = ["key"]
EXAMPLE = ROOT / "api" / "integrations" / "crm.example.yaml"


@dataclass
class Crm:
    """A CRM that lists its changes in pages, and is busy now and then."""

    url: str = ""
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    says_end: bool = False
    """Some say ``null`` after the last page."""
    busy: int = 0

    def page(self, request: Request) -> JSONResponse:
        self.asked.append(str(request.url).removeprefix(self.url))
        if request.headers.get("Authorization") != "Bearer token":
            return JSONResponse({"detail": "no"}, status_code=401)
        if self.busy:
            self.busy -= 1
            return JSONResponse({}, status_code=503)
        start, limit = int(request.query_params.get("after", 0)), int(request.query_params["limit"])
        items = self.lists[request.path_params["kind"]][start : start + limit]
        last = self.says_end and len(items) < limit
        return JSONResponse({"items": items, "next": None if last else str(start + len(items))})


@pytest.fixture
def other() -> Iterator[Crm]:
    made = Crm()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        application = Starlette(routes=[Route("/{kind}", made.page)])
        server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield made
        server.should_exit = True
        thread.join()


def customer(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"Q{number}", "name": f"客户{number}", "owner": {"employeeNo": "2002"}, "origin": "REFERRAL",
        "createdOn": "2025-05-01", "contact": {"mobile": "13800138000"}, "optedOut": False, **more,
    }  # fmt: skip


def run(
    other: Crm, key: TestClient, waits: list[float] | None = None, *, token: str = "token"
) -> list[Pulled]:
    example = read_configuration(EXAMPLE)
    settings = Configuration(**{**example.model_dump(), "crm": other.url, "page": 2})
    with httpx.Client(base_url=other.url, headers={"Authorization": f"Bearer {token}"}) as crm:
        wait = (waits if waits is not None else []).append
        return list(pull(settings, crm=crm, service=key, wait=wait))


@pytest.mark.parametrize("_original", ["sqlite"], indirect=True)
def test_pages_come_through_the_import_api_and_go_on_where_they_stopped(other: Crm, key: TestClient) -> None:
    person = {
        "employeeNo": "2002",
        "fullName": "郑一",
        "type": "AGENT",
        "hiredOn": "2024-01-01",
        "leftOn": None,
    }
    other.lists = {"employees": [person], "customers": [customer(n) for n in range(3)]}
    other.busy = 2
    waits: list[float] = []
    people, customers = run(other, key, waits)
    assert waits == list(BACK_OFF[:2])
    assert (people.entity, people.rows, customers.rows, customers.added) == ("people", 1, 3, 3)
    shown = key.get("/api/v1/customers/Q1").json()
    assert (shown["source"], shown["known_since"]) == ("referral", "2025-05-01")
    other.asked.clear()
    other.lists["customers"].append(customer(1, origin="FRIEND"))  # a change is listed again
    _, again = run(other, key)
    assert (again.rows, again.added, again.changed) == (1, 0, 1)
    assert "/customers?limit=2&after=3" in other.asked
    assert key.get("/api/v1/customers/Q1").json()["source"] == "warm"
    other.lists["customers"] += [customer(8), customer(9, createdOn="gestern")]
    with pytest.raises(InputError, match=r"日期|2025-05-01"):
        run(other, key)
    assert key.get("/api/v1/customers/Q8").status_code == 404  # nothing of the page was taken
    other.lists["customers"][-1] = customer(9)
    assert run(other, key)[1].added == 2
    other.says_end = True
    assert run(other, key)[1].rows == 0
    other.lists["customers"].append(customer(4))
    assert run(other, key)[1].rows == 1  # and does not begin again from the first page
    with pytest.raises(InputError, match="拒绝"):
        run(other, key, token="wrong")
    other.busy = 99
    with pytest.raises(OutputError, match="从断点继续"):
        run(other, key)


def test_a_wrong_configuration_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "crm.yaml"
    for text, place in (
        ("source: crm\nentities: {}\n", "crm"),
        ("- : :", "格式"),
        ("source: 'a b'\n", "source"),
        ("source: " + "[" * 2000, "一层套一层太深"),
    ):
        wrong.write_text(text)
        with pytest.raises(InputError, match=place):
            read_configuration(wrong)
    with pytest.raises(InputError, match="打不开"):
        read_configuration(tmp_path / "none.yaml")
    application = typer.Typer()
    application.command()(main)
    done = CliRunner().invoke(application, [str(EXAMPLE)], env={"CRM_TOKEN": ""})
    assert (done.exit_code, "错误：环境变量 CRM_TOKEN" in done.output) == (2, True)
