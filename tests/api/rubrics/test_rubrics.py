"""Rubrics are drafted, checked, compared, published and retired; what is published scores."""

from __future__ import annotations

import json
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from api.rubrics.effective import effective
from models.database import transaction
from qa_pipeline.values.vocabulary import MeetingKind, Theme
from tests.api.conftest import SignedIn
from tests.api.results import good, hold, inspect

BACKENDS = ("sqlite",)
V1 = "/api/v1/rubrics"
TRIAL = """\
id: trial
version: "1"
label: 试用
applies_to: {kinds: [weekly_review]}
pass_line: 60
level_step: 0
dimensions:
  - {id: content, label: 内容, weight: 100}
items:
  - id: A
    label: 追问
    why: 追问才见真
    dimension: content
    weight: 100
    value: {measure: probe_chains}
    line: [[0, 0], [5, 1]]
    suggestions:
      - {at_most: 0.5, say: 多追问。}
    examples:
      - level: 1
        measures: {probe_chains: 5}
        says: ["甲：上周见了几个？", "乙：六个。", "甲：都是谁？", "乙：老客户。"]
"""


@pytest.fixture
def author(signed_in: SignedIn) -> TestClient:
    return signed_in(Role.ADMINISTRATOR)


def draft(client: TestClient, text: str = TRIAL) -> str:
    answer = client.post(f"{V1}/drafts", json={"title": "试用", "yaml": text})
    assert answer.status_code == 201
    code: str = answer.json()["code"]
    return code


def score_by(engine: Engine, on: date) -> str:
    with transaction(engine) as session:
        found = effective(session, kind=MeetingKind.WEEKLY_REVIEW, theme=Theme.SUPERVISOR_LEAD,
                          institution="机构350102", on=on)  # fmt: skip
    return f"{found.id}@{found.version}"


def test_the_shipped_rubrics_can_be_read_by_everyone(author: TestClient, signed_in: SignedIn) -> None:
    manager = signed_in(Role.MANAGER, institution="350102")
    heads = manager.get(V1).json()
    assert [(row["id"], row["shipped"]) for row in heads] == [
        ("weekly_review", True),
        ("monthly_planning", True),
    ]
    weekly = manager.get(f"{V1}/weekly_review/{heads[0]['version']}").json()
    assert "id: weekly_review" in weekly["yaml"]
    assert manager.get(f"{V1}/weekly_review/99").status_code == 404
    assert manager.get(f"{V1}/schema").json()["type"] == "object"
    assert manager.get(f"{V1}/drafts").status_code == 403
    assert manager.post(f"{V1}/lint", json={"yaml": TRIAL}).status_code == 403


def test_lint_names_line_and_column_of_every_mistake(author: TestClient) -> None:
    assert author.post(f"{V1}/lint", json={"yaml": TRIAL}).json() == {
        "valid": True,
        "problems": [],
        "remarks": [],
    }
    wrong = TRIAL.replace("weight: 100\n", "weigth: 100\n").replace("probe_chains}", "probe_chain}")
    told = author.post(f"{V1}/lint", json={"yaml": wrong}).json()
    assert told["valid"] is False
    assert [(p["line"], p["column"]) for p in told["problems"]] == [(14, 5), (15, 13)]
    assert "最接近的是「weight」" in told["problems"][0]["text"]
    broken = author.post(f"{V1}/lint", json={"yaml": "id: [1"}).json()
    assert broken["problems"][0]["line"] is not None
    unwise = author.post(f"{V1}/lint", json={"yaml": TRIAL.replace("[5, 1]", "[5, 0.5]")}).json()
    assert (unwise["valid"], unwise["remarks"]) == (True, ["项 A：折线到不了满档"])


@pytest.mark.parametrize("base", ["../../secret.yaml", "/etc/passwd", "nothing"])
def test_a_text_from_outside_reads_no_files_of_the_server(author: TestClient, base: str) -> None:
    told = author.post(f"{V1}/lint", json={"yaml": f"extends: {base}\n{TRIAL}"}).json()
    assert told["problems"] == [
        {
            "line": 1,
            "column": 1,
            "text": "键「extends」：只能以自带量规为底（weekly_review、monthly_planning）。",
        }
    ]


def test_drafts_are_edited_by_whoever_saw_the_latest(author: TestClient) -> None:
    code = draft(author, "id: unfinished")
    path = f"{V1}/drafts/{code}"
    seen = {"If-Match": author.get(path).headers["ETag"]}
    body = {"title": "试用二", "yaml": TRIAL}
    saved = author.put(path, json=body, headers=seen)
    assert saved.json()["title"] == "试用二"
    body["title"] = "试用三"
    saved = author.put(path, json=body, headers={"If-Match": saved.headers["ETag"]})
    assert (saved.status_code, saved.headers["ETag"]) == (200, author.get(path).headers["ETag"])
    assert author.put(path, json=body, headers=seen).status_code == 412
    assert author.put(path, json=body).status_code == 422
    assert [row["title"] for row in author.get(f"{V1}/drafts").json()] == ["试用三"]
    assert author.delete(path).status_code == 204
    assert author.get(path).status_code == 404


def test_what_is_published_scores_until_it_is_retired(author: TestClient, service_engine: Engine) -> None:
    day = date(2026, 9, 8)
    assert score_by(service_engine, day).startswith("weekly_review@")
    code = draft(author)
    assert author.post(f"{V1}/drafts/{code}/examples").json()["failed"] == 0
    published = author.post(f"{V1}/drafts/{code}/publish").json()
    assert (published["id"], published["state"], published["published_by"]) == (
        "trial",
        "published",
        "administrator-None",
    )
    assert score_by(service_engine, day) == "trial@1"
    assert author.post(f"{V1}/drafts/{code}/publish").status_code == 404
    assert author.post(f"{V1}/drafts/{draft(author)}/publish").status_code == 409
    later = TRIAL.replace('"1"', '"2"').replace("[weekly_review]", "[weekly_review], from: 2026-10-01")
    assert author.post(f"{V1}/drafts/{draft(author, later)}/publish").status_code == 200
    assert score_by(service_engine, day) == "trial@1"
    assert score_by(service_engine, date(2026, 10, 8)) == "trial@2"
    assert author.get(f"{V1}/trial/1").json()["yaml"] == TRIAL
    assert author.post(f"{V1}/trial/1/retire").json()["state"] == "retired"
    assert author.post(f"{V1}/trial/1/retire").status_code == 409
    assert author.post(f"{V1}/weekly_review/1.3/retire").status_code == 404
    assert score_by(service_engine, day).startswith("weekly_review@")
    assert author.get(f"{V1}/trial/1").status_code == 200


def test_a_rubric_that_fails_its_own_examples_is_not_published(author: TestClient) -> None:
    wrong = TRIAL.replace("level: 1\n", "level: 0.2\n")
    outcomes = author.post(f"{V1}/drafts/{draft(author, wrong)}/examples").json()
    assert (outcomes["total"], outcomes["failed"]) == (1, 1)
    assert outcomes["outcomes"][0]["expected"] == 0.2
    for text in (wrong, TRIAL[: TRIAL.index("    examples:")], "id: [1"):
        refused = author.post(f"{V1}/drafts/{draft(author, text)}/publish")
        assert (refused.status_code, refused.json()["code"]) == (422, "rubric_error")


def test_the_diff_says_whose_verdict_flips_and_changes_nothing(
    author: TestClient, service_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(service_engine, "A", institution="350102")
    inspect(service_engine, "A", good())
    hopeless = TRIAL.replace("[[0, 0], [5, 1]]", "[[0, 0], [5000, 1]]")
    path = f"{V1}/drafts/{draft(author, hopeless)}/diff"
    told = author.post(path, json={"month": "2026-09"}).json()
    assert (told["compared"], told["flipped"]) == (1, 1)
    row = told["rows"][0]
    assert (row["meeting"], row["old_verdict"], row["new_verdict"]) == ("A", "合格", "不合格")
    assert author.get("/api/v1/meetings/A/scorecards").json()[0]["verdict"] == "qualified"
    assert author.post(path, json={"month": "2026-09", "below": "350103"}).json()["compared"] == 0
    assert author.post(path, json={"month": "2026-09", "below": "nothing"}).status_code == 404
    monthly = f"{V1}/drafts/{draft(author, TRIAL.replace('[weekly_review]', '[monthly_planning]'))}/diff"
    assert author.post(monthly, json={"month": "2026-09"}).json()["not_applicable"] == 1
    monkeypatch.setattr("api.rubrics.service.MOST", 0)
    refused = author.post(path, json={"month": "2026-09"})
    assert (refused.status_code, "一次最多比较" in refused.json()["detail"]) == (400, True)
    lines = author.post(f"{path}/events", json={"month": "2026-09"})  # of any number, one by one
    (data,) = [line for line in lines.text.splitlines() if line.startswith("data: ")]
    line = json.loads(data.removeprefix("data: "))
    assert (line["done"], line["total"], line["applies"], line["row"]) == (1, 1, True, row)
    assert author.post(f"{monthly}/events", json={"month": "2026-08"}).text == ""
    broken = f"{V1}/drafts/{draft(author, 'id: unfinished')}/diff/events"
    assert author.post(broken, json={"month": "2026-09"}).status_code == 422
