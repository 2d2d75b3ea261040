"""Agreed actions are listed, confirmed, followed up and closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update

from api.accounts.tables import Account, Role
from models.database import transaction
from models.meetings.tables import ActionFollowUp, ActionItem, ActionState, Meeting
from models.organisation.tables import Person
from qa_pipeline.values.findings import UtteranceReading
from qa_pipeline.values.vocabulary import Act
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import good, hold, inspect

V1 = "/api/v1"


def agree(engine: Engine, code: str, *, meeting: str, due_on: date | None) -> None:
    with transaction(engine) as session:
        held = session.query(Meeting).filter_by(code=meeting).one()
        session.add(ActionItem(code=code, meeting_id=held.id, what=f"事{code}", who="某人", due_on=due_on,
                               state=ActionState.OPEN))  # fmt: skip


@pytest.fixture
def manager(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    staff(service_engine)
    hold(service_engine, "A", institution="350102", day=8)
    hold(service_engine, "B", institution="350102", day=15)
    hold(service_engine, "C", institution="350103", day=8)
    agree(service_engine, "X", meeting="A", due_on=date(2026, 9, 14))
    agree(service_engine, "Y", meeting="A", due_on=None)
    agree(service_engine, "Z", meeting="C", due_on=date(2026, 9, 10))
    return signed_in(Role.MANAGER, institution="350102")


def test_an_action_that_was_heard_says_where_and_how_surely(
    manager: TestClient, service_engine: Engine
) -> None:
    first, *others = good().findings.actions
    doubtful = replace(first, confidence=0.3)
    heard = replace(good(), findings=replace(good().findings, actions=(doubtful, *others)))
    inspect(service_engine, "B", heard)
    rows = {row["what"]: row for row in manager.get(f"{V1}/actions?meeting=B").json()["items"]}
    row = rows[first.what]
    assert (row["start"], row["end"], row["quote"]) == (
        first.evidence.start, first.evidence.end, first.evidence.quote,
    )  # fmt: skip
    assert (row["confidence"], row["doubtful"]) == (0.3, True)
    assert manager.post(f"{V1}/actions/{row['code']}/confirm", json={}).json()["doubtful"] is False
    better = manager.post(f"{V1}/actions/{row['code']}/confirm", json={"what": "见三户"}).json()
    assert (better["start"], better["quote"], better["confidence"]) == (row["start"], row["quote"], None)
    written = manager.get(f"{V1}/actions?meeting=A").json()["items"][0]
    assert (written["start"], written["confidence"], written["doubtful"]) == (None, None, False)


def codes(client: TestClient, query: str = "") -> list[str]:
    return [row["code"] for row in client.get(f"{V1}/actions?{query}").json()["items"]]


def test_actions_are_listed_by_due_date_within_the_subtree(manager: TestClient, signed_in: SignedIn) -> None:
    assert codes(manager) == ["X", "Y"]
    everyone = signed_in(Role.QA)
    assert codes(everyone) == ["Z", "X", "Y"]
    assert codes(everyone, "due_by=2026-09-12") == ["Z"]
    assert codes(everyone, "meeting=A&state=open&confirmed=false") == ["X", "Y"]
    assert codes(everyone, "below=350103") == ["Z"]
    first = everyone.get(f"{V1}/actions?limit=2").json()
    last = everyone.get(f"{V1}/actions", params={"limit": 2, "cursor": first["next"]}).json()
    assert [row["code"] for row in last["items"]] == ["Y"]
    assert manager.post(f"{V1}/actions/Z/confirm", json={}).status_code == 404


def test_r26_an_action_is_confirmed_with_owner_and_due_date(
    manager: TestClient, service_engine: Engine
) -> None:
    body = {"owner": "S1", "due_on": "2026-09-20"}
    action = manager.post(f"{V1}/actions/Y/confirm", json=body).json()
    assert (action["owner"], action["owner_name"], action["due_on"]) == ("S1", "人S1", "2026-09-20")
    assert action["confirmed_at"]
    assert codes(manager, "owner=S1") == codes(manager, "confirmed=true") == ["Y"]
    refused = manager.get(f"{V1}/actions?mine=true")
    assert "没有关联人员" in refused.json()["detail"]
    with transaction(service_engine) as session:
        person = session.query(Person).filter_by(code="S1").one()
        session.execute(update(Account).values(person_id=person.id))
    assert codes(manager, "mine=true") == ["Y"]
    assert manager.post(f"{V1}/actions/Y/confirm", json={"owner": "T1"}).status_code == 400


def test_what_was_heard_wrongly_is_put_in_other_words(manager: TestClient) -> None:
    better = manager.post(f"{V1}/actions/Y/confirm", json={"what": "陪访三户"}).json()
    assert (better["what"], better["state"], better["meeting"]) == ("陪访三户", "open", "A")
    assert codes(manager, "state=dropped") == ["Y"]


def test_a_later_meeting_follows_up_what_is_due(manager: TestClient, signed_in: SignedIn) -> None:
    due = manager.get(f"{V1}/actions/due?institution=350102&on=2026-09-15").json()
    assert [(row["code"], row["overdue_days"]) for row in due] == [("X", 1), ("Y", 0)]
    told = {"meeting": "B", "outcome": "kept", "quote": "已完成"}
    assert manager.put(f"{V1}/actions/X/follow-up", json=told).json()["state"] == "kept"
    assert manager.put(f"{V1}/actions/X/follow-up", json={**told, "meeting": "A"}).status_code == 400
    closed = manager.post(f"{V1}/actions/Y/close", json={"state": "dropped", "on": "2026-09-15"}).json()
    assert (closed["state"], closed["closed_on"]) == ("dropped", "2026-09-15")
    again = {"state": "broken", "on": "2026-09-16"}
    assert manager.post(f"{V1}/actions/Y/close", json=again).status_code == 400
    assert manager.get(f"{V1}/actions/due?institution=350103&on=2026-09-15").status_code == 404
    assert signed_in(Role.QA).post(f"{V1}/actions/X/confirm", json={}).status_code == 403


def test_an_action_is_added_by_hand_and_no_later_result_takes_it_away(
    manager: TestClient, service_engine: Engine
) -> None:
    body = {"meeting": "A", "what": "陪访三户", "owner": "S1", "due_on": "2026-09-14"}
    added = manager.post(f"{V1}/actions", json=body)
    assert added.status_code == 201, added.text
    made = added.json()
    assert (made["owner"], made["state"], made["due_on"]) == ("S1", "open", "2026-09-14")
    assert made["confirmed_at"] is not None
    assert made["who"] == made["owner_name"]
    inspect(service_engine, "A", good())
    inspect(service_engine, "A", good())
    assert [row["what"] for row in manager.get(f"{V1}/actions?meeting=A&confirmed=true").json()["items"]] == [
        "陪访三户"
    ]
    listed = manager.get(f"{V1}/actions?meeting=A").json()["items"]
    assert len({row["code"] for row in listed}) == len(listed) == 1 + len(good().findings.actions)
    for wrong, status in (
        ({**body, "meeting": "C"}, 404),
        ({**body, "owner": "nobody"}, 400),
        ({"meeting": "A", "what": " "}, 422),
    ):
        assert manager.post(f"{V1}/actions", json=wrong).status_code == status


def test_r26_publication_writes_down_what_the_meeting_says_of_earlier_actions(
    manager: TestClient, service_engine: Engine
) -> None:
    said = good()
    rows = list(said.transcript.utterances)
    acts = list(said.findings.readings)
    taken_up = UtteranceReading(acts=((Act.FOLLOWUP, 0.9),))
    for number, text in ((5, "上周说的陪访五户增员对象完成了。"), (9, "拜访转介绍中心的名单还没有整理。")):
        rows[number], acts[number] = replace(rows[number], text=text), taken_up
    later = replace(
        said,
        transcript=replace(said.transcript, utterances=tuple(rows)),
        findings=replace(said.findings, readings=tuple(acts)),
    )
    with transaction(service_engine) as session:
        held = session.query(Meeting).filter_by(code="A").one()
        for code, what in (("K", "陪访五户增员对象"), ("N", "整理转介绍中心的名单"), ("O", "采购投影仪幕布")):
            session.add(ActionItem(code=code, meeting_id=held.id, what=what, due_on=date(2026, 9, 14),
                                   state=ActionState.OPEN))  # fmt: skip
    correct = {"meeting": "B", "outcome": "kept", "quote": "幕布买了"}
    assert manager.put(f"{V1}/actions/O/follow-up", json=correct).status_code == 200
    inspect(service_engine, "B", later)
    with transaction(service_engine) as session:
        query = session.query(ActionItem.code, ActionFollowUp.outcome, ActionFollowUp.quote, ActionItem.state)
        found = {row[0]: tuple(row[1:]) for row in query.join(ActionFollowUp).all()}
    assert found["K"] == ("kept", rows[5].text, "open")  # only a person closes it
    assert found["N"] == ("not_kept", rows[9].text, "open")
    assert found["X"] == found["Y"] == ("not_mentioned", None, "open")
    assert found["O"] == ("kept", "幕布买了", "kept")  # what a person wrote stands
    due = manager.get(f"{V1}/actions/due?institution=350102&on=2026-09-22").json()
    assert {row["code"]: row["passed_over"] for row in due if row["meeting"] == "A"} == {
        "K": 0,
        "N": 0,
        "X": 1,
        "Y": 1,
    }
