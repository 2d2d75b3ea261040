"""After the meeting: minutes to read and to send, masked, and the sound of what was shared."""

from __future__ import annotations

import hashlib
import io
import itertools
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import av
import pytest
from docx import Document
from docx.oxml.ns import qn
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.minutes.service import CLEAR
from api.store import Folder, put
from models.customers.tables import Customer, CustomerSource
from models.database import transaction
from models.organisation.tables import Person
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.recording import Recording, RecordingPart
from qa_pipeline.values.vocabulary import Act
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import PHONE, good, hold, inspect
from tests.sound import tone, write_sound

BACKENDS = ("sqlite",)
MEETING = "/api/v1/meetings/M1"
CUSTOMER = "诸葛美玲"


def told() -> Inspection:
    """The good meeting; in its first practice a customer's name and a phone number are said."""
    found = good()
    practice, *others = found.findings.practices
    proof, *more = practice.evidence
    said = replace(proof, quote=f"我请{CUSTOMER}转介绍，她电话{PHONE}")
    first = replace(practice, evidence=(said, *more))
    return replace(found, findings=replace(found.findings, practices=(first, *others)))


@pytest.fixture
def manager(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    staff(service_engine)
    hold(service_engine, "M1", institution="350102")
    inspect(service_engine, "M1", told())
    with transaction(service_engine) as session:
        agent = session.scalars(select(Person).where(Person.code == "A1")).one()
        session.add(Customer(code="K1", name=CUSTOMER, agent_id=agent.id, source=CustomerSource.WARM,
                             known_since=date(2025, 1, 1)))  # fmt: skip
    return signed_in(Role.MANAGER, institution="350102")


def test_the_minutes_have_chapters_decisions_actions_and_practices(manager: TestClient) -> None:
    found = manager.get(f"{MEETING}/minutes").json()
    assert (found["meeting"], found["institution"], found["masked"]) == ("M1", "机构350102", True)
    labels = [chapter["label"] for chapter in found["chapters"]]
    assert [name for name in labels if name in ("阶段复盘", "优秀分享", "问题研讨", "下周安排")] == [
        "阶段复盘",
        "优秀分享",
        "问题研讨",
        "下周安排",
    ]
    assert found["decisions"]
    assert {decision["kind"] for decision in found["decisions"]} <= {"目标", "对策", "总结"}
    listed = manager.get("/api/v1/actions?meeting=M1&limit=500").json()["items"]
    assert {action["code"] for action in found["actions"]} == {action["code"] for action in listed}
    assert any(action["owner"] and action["due_on"] for action in found["actions"])
    assert [practice["number"] for practice in found["practices"]] == [
        number for number, _ in enumerate(good().findings.practices, 1)
    ]
    assert (found["due"], found["present"]) == (2, None), "two supervisors are due; nobody signed in"


def test_decisions_are_what_the_reader_is_clear_about_and_no_promise_twice(manager: TestClient) -> None:
    found, inspection = manager.get(f"{MEETING}/minutes").json(), good()
    starts = {row.start: n for n, row in enumerate(inspection.transcript.utterances)}
    promised = {action.evidence.utterance for action in inspection.findings.actions}
    for decision in found["decisions"]:
        number = starts[decision["start"]]
        acts = dict(inspection.findings.readings[number].acts)
        assert max(acts.get(act, 0) for act in (Act.GOAL, Act.MEASURE, Act.SUMMARY)) >= CLEAR
        assert number not in promised


def test_numbers_and_customers_are_masked_for_all_but_those_who_inspect(
    manager: TestClient, signed_in: SignedIn, service_engine: Engine
) -> None:
    quote = manager.get(f"{MEETING}/minutes").json()["practices"][0]["quotes"][0]["text"]
    assert quote == "我请诸***转介绍，她电话138****5678"
    refused = manager.get(f"{MEETING}/minutes?full=true")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert manager.get(f"{MEETING}/minutes.docx?full=true").status_code == 403
    whole = signed_in(Role.QA, institution="350102").get(f"{MEETING}/minutes?full=true").json()
    assert CUSTOMER in whole["practices"][0]["quotes"][0]["text"]
    assert PHONE in whole["practices"][0]["quotes"][0]["text"]
    with Session(service_engine) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "minutes.read")).all()
    assert [entry.detail["full"] for entry in noted] == [False, True]


def test_the_document_reads_like_the_minutes_in_a_chinese_font(manager: TestClient) -> None:
    answer = manager.get(f"{MEETING}/minutes.docx")
    assert "%E7%BA%AA%E8%A6%81.docx" in answer.headers["Content-Disposition"]
    page = Document(io.BytesIO(answer.content))
    text = "\n".join(line.text for line in page.paragraphs)
    assert "机构350102周复盘会纪要" in text
    assert all(title in text for title in ("一、会议进程", "二、要点与决定", "三、行动项", "四、优秀做法"))
    assert CUSTOMER not in text
    assert PHONE not in text
    assert page.styles["Normal"].element.rPr.rFonts.get(qn("w:eastAsia")) == "微软雅黑"
    headers = [[cell.text for cell in table.rows[0].cells] for table in page.tables]
    assert headers[1:] == [["环节", "录音位置", "时长", "备注"], ["序", "事项", "责任人", "期限", "状态"]]
    actions = manager.get(f"{MEETING}/minutes").json()["actions"]
    rows = [[cell.text for cell in row.cells] for row in page.tables[2].rows[1:]]
    assert [row[1] for row in rows] == [action["what"] for action in actions]
    assert {row[4] for row in rows} == {"待确认"}
    assert "请主持人核对" in text


def recorded(engine: Engine, folder: Path, store: Any, meeting: str) -> None:
    """The meeting with a recording of two minutes in two parts; its first practice is said at 70 s."""
    parts = []
    for number, hertz in enumerate((440, 880)):
        file = write_sound(folder / f"{number}.m4a", tone(hertz, 60.0), codec="aac")
        parts.append(
            RecordingPart(path=file.name, sha256=put(store, file.read_bytes()), start=60.0 * number,
                          duration=60.0, container="m4a", codec="aac", sample_rate=16000, channels=1)
        )  # fmt: skip
    found = good()
    practice = found.findings.practices[0]
    proof = replace(practice.evidence[0], start=70.0, end=75.0)
    practices = (replace(practice, evidence=(proof,)), *found.findings.practices[1:])
    inspect(
        engine,
        meeting,
        replace(
            found,
            recording=Recording(parts=tuple(parts), duration=120.0, sha256="a" * 64),
            findings=replace(found.findings, practices=practices),
        ),
    )


def test_the_sound_of_a_practice_is_cut_out_of_the_part_that_holds_it(
    manager: TestClient, service_engine: Engine, tmp_path: Path
) -> None:
    store = manager.app.state.store  # type: ignore[attr-defined]
    recorded(service_engine, tmp_path, store, "M1")
    answer = manager.get(f"{MEETING}/practices/1/audio")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mp4")
    with av.open(io.BytesIO(answer.content), "r") as sound:
        frames = [frame.to_ndarray() for frame in sound.decode(audio=0)]
        rate = sound.streams.audio[0].rate
    samples = [float(value) for frame in frames for value in frame[0]]
    assert len(samples) / rate == pytest.approx(7.0, abs=0.3), "five seconds, and one before and after"
    crossings = sum(a < 0 <= b for a, b in itertools.pairwise(samples))
    assert crossings / (len(samples) / rate) == pytest.approx(880, rel=0.05), "of the second part"
    with Session(service_engine) as session:
        (noted,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "clip.play")).all()
    assert (noted.object_code, noted.detail["practice"]) == ("M1", 1)
    assert manager.get(f"{MEETING}/practices/99/audio").status_code == 404
    for part in (tmp_path / "0.m4a", tmp_path / "1.m4a"):
        assert isinstance(store, Folder)
        store.remove(hashlib.sha256(part.read_bytes()).hexdigest())
    gone = manager.get(f"{MEETING}/practices/1/audio")
    assert (gone.status_code, "保留期" in gone.json()["detail"]) == (404, True)


def test_a_transcript_alone_has_no_sound(manager: TestClient) -> None:
    assert manager.get(f"{MEETING}/practices/1/audio").status_code == 404


def test_minutes_are_for_readers_of_the_subtree_and_of_inspected_meetings(
    manager: TestClient, signed_in: SignedIn, anonymous: TestClient, service_engine: Engine
) -> None:
    hold(service_engine, "M2", institution="350102", day=15)
    assert manager.get("/api/v1/meetings/M2/minutes").status_code == 404
    elsewhere = signed_in(Role.MANAGER, institution="350103")
    for path in ("minutes", "minutes.docx", "practices/1/audio"):
        assert anonymous.get(f"{MEETING}/{path}").status_code == 401
        assert elsewhere.get(f"{MEETING}/{path}").status_code == 404


def test_the_card_of_a_practice_names_no_customer_and_is_noted(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    answer = manager.get(f"{MEETING}/practices/1/card")
    practice = good().findings.practices[0]
    first, second, *quotes, last = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/plain")
    assert first == f"【优秀做法】{practice.label}"
    assert second.endswith("2026-09-08 周复盘会")
    assert len(quotes) == len(practice.evidence)
    assert "我请诸***转介绍，她电话" in quotes[0]
    assert last.startswith(f"推广：{practice.suggestion[:8]}")
    assert CUSTOMER not in answer.text
    assert PHONE not in answer.text
    with Session(service_engine) as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "card.read"))
    assert entry.detail["practice"] == 1
    assert manager.get(f"{MEETING}/practices/99/card").status_code == 404
    other = signed_in(Role.MANAGER, institution="350103")
    assert other.get(f"{MEETING}/practices/1/card").status_code == 404
