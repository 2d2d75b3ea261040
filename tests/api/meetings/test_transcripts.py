"""Transcripts are masked, fetched in several forms, and edited as new versions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, select

from api.accounts.tables import AuditEntry, Role
from api.meetings.versions import corrected
from models.database import transaction
from models.meetings.tables import Meeting, Recording
from qa_pipeline.values.vocabulary import Act
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import PHONE, good, hold, inspect, poor

V1 = "/api/v1"
PATH = f"{V1}/meetings/A/transcript"


@pytest.fixture
def qa(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    staff(service_engine)
    hold(service_engine, "A", institution="350102")
    inspect(service_engine, "A", good())
    return signed_in(Role.QA)


def meeting_id(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.scalars(select(Meeting.id).where(Meeting.code == "A")).one()


def test_personal_numbers_are_masked_unless_a_reviewer_asks_for_the_full_text(
    qa: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    masked = qa.get(PATH)
    assert PHONE not in masked.text
    assert "138****5678" in masked.json()["utterances"][0]["text"]
    assert PHONE in qa.get(f"{PATH}?full=true").json()["utterances"][0]["text"]
    manager = signed_in(Role.MANAGER, institution="350102")
    assert manager.get(PATH).status_code == 200
    for path in (f"{PATH}?full=true", f"{PATH}/file?full=true"):
        assert manager.get(path).status_code == 403
    with transaction(service_engine) as session:
        read = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.detail["full"]) for entry in read] == [
        ("transcript.read", False),
        ("transcript.read", True),
        ("transcript.read", False),
    ]


@pytest.mark.parametrize(
    ("form", "media", "beginning"),
    [("srt", "application/x-subrip", "1\n00:"), ("vtt", "text/vtt", "WEBVTT"), ("txt", "text/plain", "00:0"),
     ("json", "application/json", "{")],
)  # fmt: skip
def test_a_transcript_is_fetched_as_a_file(qa: TestClient, form: str, media: str, beginning: str) -> None:
    answer = qa.get(f"{PATH}/file?form={form}")
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"
    assert answer.text.startswith(beginning)
    assert PHONE not in answer.text
    assert PHONE in qa.get(f"{PATH}/file?form={form}&full=true").text


def test_an_edit_is_a_new_version_that_the_next_score_uses(qa: TestClient, service_engine: Engine) -> None:
    meeting = meeting_id(service_engine)
    with transaction(service_engine) as session:
        assert corrected(session, meeting) is None
    first = qa.get(PATH)
    speaker = first.json()["utterances"][0]["speaker"]
    body = {
        "changes": [{"utterance": 1, "text": "本月期缴保费完成五十三万七。"}],
        "speakers": {speaker: "马建军"},
        "chapters": [{"first": 0, "chapter": "opening"}, {"first": 5, "chapter": "stage_review"}],
        "note": "更正",
    }
    edited = qa.post(f"{PATH}/versions", json=body, headers={"If-Match": first.headers["ETag"]})
    assert edited.status_code == 201
    assert edited.headers["ETag"] == qa.get(PATH).headers["ETag"]  # so that the next edit need not read again
    shown = edited.json()
    assert (shown["version"], shown["base_version"], shown["edited_by"]) == (2, 1, "qa-None")
    assert shown["utterances"][0]["speaker"] == "马建军"
    assert [u["edited"] for u in shown["utterances"][:2]] == [False, True]
    assert "138****5678" in shown["utterances"][0]["text"]
    with transaction(service_engine) as session:
        found = corrected(session, meeting)
    assert found is not None
    assert found.chapters is not None
    assert [(s.first, s.chapter.value) for s in found.chapters.spans] == [(0, "opening"), (5, "stage_review")]
    assert found.transcript.utterances[1].numbers[0].value == 537000
    assert PHONE in found.transcript.utterances[0].text
    assert qa.get(f"{PATH}?version=1").json()["version"] == 1
    for nothing in ({"note": "再存一次"}, {"chapters": body["chapters"]}):
        saved = qa.post(f"{PATH}/versions", json=nothing, headers={"If-Match": edited.headers["ETag"]})
        assert (saved.status_code, "没有任何改动" in saved.json().get("detail", "")) == (400, True), nothing
    assert [row["version"] for row in qa.get(f"{PATH}/versions").json()] == [1, 2]
    moved = {"changes": [{"utterance": 2, "text": "好。"}]}
    qa.post(f"{PATH}/versions", json=moved, headers={"If-Match": edited.headers["ETag"]})
    assert qa.get(PATH).json()["borders"] == body["chapters"]


def test_borders_that_people_set_are_withdrawn_and_the_machine_cuts_again(
    qa: TestClient, service_engine: Engine
) -> None:
    def save(**body: object) -> Response:
        return qa.post(f"{PATH}/versions", json=body, headers={"If-Match": "*"})

    assert "没有任何改动" in save(chapters=[]).json()["detail"]
    save(chapters=[{"first": 0, "chapter": "opening"}, {"first": 5, "chapter": "stage_review"}])
    assert save(chapters=[]).status_code == 201
    assert qa.get(PATH).json()["borders"] is None
    with transaction(service_engine) as session:
        found = corrected(session, session.scalars(select(Meeting.id).where(Meeting.code == "A")).one())
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "transcript.edit")).all()
    assert found is not None
    assert found.chapters is None
    assert [entry.detail["chapters"] for entry in noted] == [2, 0]


def acts(qa: TestClient, path: str = PATH) -> dict[int, list[str]]:
    """Utterance -> what a person set it to do, as the transcript shows it."""
    lines = qa.get(path).json()["utterances"]
    return {line["index"]: line["acts"] for line in lines if line["acts"] is not None}


def test_acts_are_set_kept_with_other_corrections_and_taken_back(
    qa: TestClient, service_engine: Engine
) -> None:
    def save(**body: object) -> None:
        tag = {"If-Match": qa.get(PATH).headers["ETag"]}
        saved = qa.post(f"{PATH}/versions", json=body, headers=tag)
        assert saved.status_code == 201, saved.text

    assert acts(qa) == {}
    untouched = qa.get(PATH).headers["ETag"]
    save(acts=[{"utterance": 3, "acts": ["probe", "ask", "ask"]}, {"utterance": 1, "acts": []}])
    assert acts(qa) == {1: [], 3: ["ask", "probe"]}
    late = qa.post(f"{PATH}/versions", json={"acts": []}, headers={"If-Match": untouched})
    assert late.status_code == 412
    save(changes=[{"utterance": 3, "text": "这一单为什么没签下来？"}])
    meeting = meeting_id(service_engine)
    with transaction(service_engine) as session:
        found = corrected(session, meeting)
    assert found is not None
    assert found.acts == {1: (), 3: (Act.ASK, Act.PROBE)}
    same = {"acts": [{"utterance": 1, "acts": []}, {"utterance": 3, "acts": ["probe", "ask"]}]}
    again = qa.post(f"{PATH}/versions", json=same, headers={"If-Match": "*"})
    assert (again.status_code, "没有任何改动" in again.json()["detail"]) == (400, True)
    save(acts=[])
    assert acts(qa) == {}
    assert acts(qa, f"{PATH}?version=3") == {1: [], 3: ["ask", "probe"]}
    with transaction(service_engine) as session:
        noted = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "transcript.edit").order_by(AuditEntry.id)
        ).all()
    assert [entry.detail.get("acts") for entry in noted] == [2, None, 0]


def test_acts_that_do_not_fit_are_refused(qa: TestClient, service_engine: Engine) -> None:
    hold(service_engine, "P", institution="350103", day=15)
    found = good()
    first, *others = found.transcript.utterances
    heard = replace(found.transcript, utterances=(replace(first, phantom=True), *others))
    inspect(service_engine, "P", replace(found, transcript=heard))
    total = len(heard.utterances)
    for meeting, given, told in (
        ("A", [{"utterance": total, "acts": []}], f"第 {total} 句不存在，全文共 {total} 句"),
        ("A", [{"utterance": 1, "acts": []}] * 2, "同一句的语句标签给了两次"),
        ("P", [{"utterance": 0, "acts": ["goal"]}], "第 0 句可能凭空生成"),
    ):
        path = f"{V1}/meetings/{meeting}/transcript/versions"
        refused = qa.post(path, json={"acts": given}, headers={"If-Match": "*"})
        assert (refused.status_code, told in refused.json()["detail"]) == (400, True), refused.text
    path = f"{V1}/meetings/A/transcript/versions"
    unknown = {"acts": [{"utterance": 1, "acts": ["hum"]}]}
    assert qa.post(path, json=unknown, headers={"If-Match": "*"}).status_code == 422


def test_corrections_do_not_hold_for_another_recording(qa: TestClient, service_engine: Engine) -> None:
    tag = qa.get(PATH).headers["ETag"]
    qa.post(
        f"{PATH}/versions", json={"changes": [{"utterance": 0, "text": "好。"}]}, headers={"If-Match": tag}
    )
    meeting = meeting_id(service_engine)
    with transaction(service_engine) as session:
        assert corrected(session, meeting) is not None
        session.add(Recording(meeting_id=meeting, part=1, content_hash="0" * 64, file_name="新.m4a", size=1,
                              duration=1.0))  # fmt: skip
        session.flush()
        assert corrected(session, meeting) is None


def test_a_transcript_heard_anew_takes_the_place_of_corrections(
    qa: TestClient, service_engine: Engine
) -> None:
    tag = qa.get(PATH).headers["ETag"]
    qa.post(
        f"{PATH}/versions", json={"changes": [{"utterance": 0, "text": "好。"}]}, headers={"If-Match": tag}
    )
    labelled = {"acts": [{"utterance": 0, "acts": ["goal"]}]}
    assert qa.post(f"{PATH}/versions", json=labelled, headers={"If-Match": "*"}).status_code == 201
    inspect(service_engine, "A", poor())
    assert acts(qa) == {}
    with transaction(service_engine) as session:
        assert corrected(session, meeting_id(service_engine)) is None
    assert [row["base_version"] for row in qa.get(f"{PATH}/versions").json()] == [None, 1, 2, None]


def test_edits_that_do_not_fit_are_refused(qa: TestClient, signed_in: SignedIn) -> None:
    tag = {"If-Match": qa.get(PATH).headers["ETag"]}
    border = {"first": 0, "chapter": "opening"}
    for body in (
        {},
        {"changes": [{"utterance": 99_999, "text": "好"}]},
        {"speakers": {"无此人": "甲"}},
        {"chapters": []},
        {"chapters": [{"first": 1, "chapter": "opening"}]},
        {"chapters": [border, border]},
        {"chapters": [border, {"first": 99_999, "chapter": "closing"}]},
    ):
        assert qa.post(f"{PATH}/versions", json=body, headers=tag).status_code == 400
    next_month = {"first": 5, "chapter": "next_month_plan"}
    refused = qa.post(f"{PATH}/versions", json={"chapters": [border, next_month]}, headers=tag)
    assert refused.status_code == 400
    assert refused.json()["detail"] == (
        "第 5 句的章节「下月规划」不属于周复盘会：可用的有 开场 opening、阶段复盘 stage_review、"
        "优秀分享 excellence_sharing、问题研讨 problem_discussion、下周安排 next_week_plan、收尾 closing、"
        "题外 off_topic。"
    )
    good_body = {"changes": [{"utterance": 0, "text": "好。"}]}
    assert qa.post(f"{PATH}/versions", json=good_body).status_code == 422
    assert qa.post(f"{PATH}/versions", json=good_body, headers=tag).status_code == 201
    assert qa.post(f"{PATH}/versions", json=good_body, headers=tag).status_code == 412
    manager = signed_in(Role.MANAGER, institution="350102")
    assert manager.post(f"{PATH}/versions", json=good_body, headers=tag).status_code == 403
    assert qa.get(f"{PATH}?version=9").status_code == 404
