"""Notices over every channel, against receivers on this machine: signed, logged, tried again."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.app import equip
from api.jobs.tables import InspectionJob, JobState, Notice, NoticeKind
from api.settings import Settings
from api.webhooks import channels
from api.webhooks.addresses import checked
from api.webhooks.messenger import BACK_OFF, Messenger
from api.webhooks.repository import SubscriptionRepository
from api.webhooks.tables import Delivery, EventKind
from models.database import transaction
from models.meetings.tables import Meeting
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError
from tests.api.conftest import SignedIn
from tests.api.results import good, hold, inspect
from tests.api.webhooks.receivers import dripping, mail_server, receiver

WEBHOOKS = "/api/v1/webhooks"
EVENTS = ["inspection.finished", "inspection.failed", "meeting.missing"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"data_folder": tmp_path, "webhooks_to_private_addresses": True})


@pytest.fixture
def administrator(signed_in: SignedIn) -> TestClient:
    return signed_in(Role.ADMINISTRATOR)


@pytest.fixture
def messenger(service_engine: Engine, settings: Settings) -> Messenger:
    return Messenger(service_engine, settings)


def subscribe(client: TestClient, target: str, *, channel: str = "webhook", **more: Any) -> dict[str, Any]:
    body = {"name": "系统", "channel": channel, "target": target, "events": EVENTS, **more}
    answer = client.post(WEBHOOKS, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def finish(engine: Engine, code: str, *, institution: str = "350102", day: int = 8) -> None:
    """A meeting with a result, and the job that made it."""
    hold(engine, code, institution=institution, day=day)
    inspect(engine, code, good())
    with transaction(engine) as session:
        meeting = session.scalars(select(Meeting).where(Meeting.code == code)).one()
        now = datetime.now(UTC)
        session.add(
            InspectionJob(code=f"J{code}", meeting_id=meeting.id, state=JobState.DONE, requested_by="x",
                          created_at=now, finished_at=now, scorecard_version=1)
        )  # fmt: skip


def miss(engine: Engine, institution: str) -> None:
    """A notice of a missed meeting, as the daily look makes it."""
    with transaction(engine) as session:
        place = session.scalars(select(Institution).where(Institution.code == institution)).one()
        session.add(
            Notice(kind=NoticeKind.MEETING_MISSING, institution_id=place.id, subject="2026-09-W1",
                   text=f"机构{institution} 没有登记召开：请尽快补上。", due_on=date(2026, 9, 8),
                   created_at=datetime.now(UTC))
        )  # fmt: skip


def log(client: TestClient, code: str) -> list[dict[str, Any]]:
    return list(client.get(f"{WEBHOOKS}/{code}/deliveries").json()["items"])


def let_it_be_due(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(update(Delivery).values(next_at=datetime.now(UTC) - timedelta(seconds=1)))


def test_a_webhook_is_signed_over_time_and_body_and_told_once(
    administrator: TestClient, messenger: Messenger, service_engine: Engine
) -> None:
    with receiver((200, {})) as there:
        made = subscribe(administrator, there.url)
        finish(service_engine, "M1")
        assert messenger.collect() == 1
        assert messenger.collect() == 0
        assert messenger.deliver() == 1
        assert messenger.deliver() == 0
    ((_, headers, body),) = there.got
    stamp = headers["X-Huijian-Timestamp"]
    expected = hmac.new(made["secret"].encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Huijian-Signature"] == f"v1={expected}"
    told = json.loads(body)
    assert (told["event"], told["institution"]) == ("inspection.finished", "350102")
    assert (told["data"]["meeting"], told["data"]["verdict"]) == ("M1", "qualified")
    assert told["id"] == headers["X-Huijian-Delivery"]
    code = made["subscription"]["code"]
    (line,) = log(administrator, code)
    assert (line["state"], line["attempts"], line["status"]) == ("delivered", 1, 200)
    assert "secret" not in administrator.get(f"{WEBHOOKS}/{code}").json()
    assert made["secret"] not in administrator.get(WEBHOOKS).text


def test_every_message_is_as_the_service_describes_it_to_receivers(
    app: FastAPI, administrator: TestClient, messenger: Messenger, service_engine: Engine
) -> None:
    described = app.openapi()
    (told,) = described["webhooks"].values()
    headers = [one["name"] for one in told["post"]["parameters"]]
    schema = told["post"]["requestBody"]["content"]["application/json"]["schema"]
    fits = Draft202012Validator({**schema, "components": described["components"]})
    with receiver((200, {})) as there:
        made = subscribe(administrator, there.url, events=list(EventKind))
        finish(service_engine, "M1")
        finish(service_engine, "M2", day=15)
        miss(service_engine, "350102")
        with transaction(service_engine) as session:
            job = session.scalars(select(InspectionJob).where(InspectionJob.code == "JM2")).one()
            job.state, job.error, job.scorecard_version = JobState.FAILED, "录音打不开。", None
        review = administrator.post("/api/v1/reviews", json={"meeting": "M1"}).json()["code"]
        decision = {"verdict": "qualified", "reason": "核对过原话。", "overrides": []}
        assert administrator.post(f"/api/v1/reviews/{review}/decide", json=decision).status_code == 200
        appeal = administrator.post("/api/v1/meetings/M1/appeals", json={"reason": "有优秀分享，未被识别。"})
        assert appeal.status_code == 201, appeal.text
        administrator.post(f"{WEBHOOKS}/{made['subscription']['code']}/test")
        messenger.collect()
        messenger.deliver()
    messages = [json.loads(body) for _, _, body in there.got]
    wanted = {*EventKind, "ping"} - {EventKind.RECORDING_MISSING}
    assert {message["event"] for message in messages} == wanted
    assert [error.message for message in messages for error in fits.iter_errors(message)] == []
    fields = described["components"]["schemas"]["EventData"]["properties"].keys()
    assert set().union(*(message["data"] for message in messages)) == fields
    assert all(name in got for _, got, _ in there.got for name in headers)


def test_only_what_happens_in_the_subtree_is_told(
    administrator: TestClient, messenger: Messenger, service_engine: Engine
) -> None:
    with receiver((200, {})) as there:
        subscribe(administrator, there.url, institution="350103")
        miss(service_engine, "350102")
        miss(service_engine, "350103")
        assert messenger.collect() == 1
        messenger.deliver()
    assert json.loads(there.got[0][2])["institution"] == "350103"
    with Session(service_engine) as session:
        sent = {n.institution_id: n.sent_at is not None for n in session.scalars(select(Notice))}
    assert sorted(sent.values()) == [False, True]


def test_what_fails_is_tried_again_later_until_it_is_given_up(
    administrator: TestClient, messenger: Messenger, service_engine: Engine
) -> None:
    with receiver((500, {}), (302, {}), (500, {})) as there:
        code = subscribe(administrator, there.url)["subscription"]["code"]
        assert administrator.post(f"{WEBHOOKS}/{code}/test").status_code == 202
        messenger.deliver()
        (line,) = log(administrator, code)
        assert (line["state"], line["status"]) == ("waiting", 500)
        assert datetime.fromisoformat(line["next_at"]) > datetime.now(UTC) + timedelta(seconds=20)
        for _ in BACK_OFF:
            let_it_be_due(service_engine)
            messenger.deliver()
        (line,) = log(administrator, code)
        assert (line["state"], line["attempts"], line["next_at"]) == ("failed", len(BACK_OFF) + 1, None)
        again = administrator.post(f"{WEBHOOKS}/{code}/deliveries/{line['code']}/again")
        assert (again.status_code, again.json()["state"]) == (202, "waiting")
        there.answers[:] = [(204, {})]
        messenger.deliver()
    (line,) = log(administrator, code)
    assert (line["state"], line["attempts"], line["error"]) == ("delivered", 1, None)
    assert len({headers["X-Huijian-Delivery"] for _, headers, _ in there.got}) == 1


def test_after_three_months_a_message_is_forgotten_unless_it_is_still_to_be_sent(
    administrator: TestClient, messenger: Messenger, service_engine: Engine
) -> None:
    with receiver((204, {}), (500, {})) as there:
        code = subscribe(administrator, there.url)["subscription"]["code"]
        for _ in range(2):
            administrator.post(f"{WEBHOOKS}/{code}/test")
            messenger.deliver()
    for days, states in ((89, ["waiting", "delivered"]), (91, ["waiting"])):
        with transaction(service_engine) as session:
            SubscriptionRepository(session).forget_old(now=datetime.now(UTC) + timedelta(days=days))
        assert [line["state"] for line in log(administrator, code)] == states


def test_a_receiver_that_is_not_there_is_a_line_in_the_log(
    administrator: TestClient, messenger: Messenger
) -> None:
    with receiver() as there:
        code = subscribe(administrator, there.url)["subscription"]["code"]
    administrator.post(f"{WEBHOOKS}/{code}/test")
    messenger.deliver()
    (line,) = log(administrator, code)
    assert line["state"] == "waiting"
    assert "连接 127.0.0.1 失败" in line["error"]


def test_a_receiver_that_answers_byte_by_byte_is_not_waited_for(
    administrator: TestClient, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "WHOLE_SECONDS", 0.5)
    with dripping() as target:
        code = subscribe(administrator, target)["subscription"]["code"]
        administrator.post(f"{WEBHOOKS}/{code}/test")
        messenger.deliver()
    (line,) = log(administrator, code)
    assert (line["state"], "TimeoutError" in line["error"]) == ("waiting", True)


def test_a_paused_notice_tells_nothing_of_the_time_meanwhile(
    administrator: TestClient, messenger: Messenger, service_engine: Engine
) -> None:
    with receiver((200, {})) as there:
        code = subscribe(administrator, there.url)["subscription"]["code"]
        path = f"{WEBHOOKS}/{code}"
        assert administrator.put(f"{path}/state", json={"active": False}).json()["active"] is False
        assert administrator.post(f"{path}/test").status_code == 409
        miss(service_engine, "350102")
        assert messenger.collect() == 0
        administrator.put(f"{path}/state", json={"active": True})
        assert messenger.collect() == 0
        assert administrator.delete(path).status_code == 204
        assert administrator.get(path).status_code == 404


def test_wecom_gets_a_text_and_its_refusal_is_seen_behind_the_status_200(
    administrator: TestClient, messenger: Messenger, service_engine: Engine
) -> None:
    with receiver((200, {"errcode": 93000, "errmsg": "invalid webhook url"}), (200, {"errcode": 0})) as there:
        made = subscribe(administrator, f"{there.url}?key=geheim", channel="wecom")
        assert made["secret"] is None
        assert "geheim" not in made["subscription"]["target"]
        miss(service_engine, "350102")
        messenger.collect()
        messenger.deliver()
        (line,) = log(administrator, made["subscription"]["code"])
        assert (line["state"], "93000" in line["error"]) == ("waiting", True)
        let_it_be_due(service_engine)
        messenger.deliver()
    path, _, body = there.got[-1]
    assert path == "/hook?key=geheim"
    said = json.loads(body)
    assert said["msgtype"] == "text"
    assert said["text"]["content"] == "【会鉴】机构350102 没有登记召开：请尽快补上。"
    assert log(administrator, made["subscription"]["code"])[0]["state"] == "delivered"


@pytest.mark.parametrize(("secret", "state"), [("SECabc+/=", "delivered"), ("SECwrong", "waiting")])
def test_dingtalk_takes_only_what_bears_its_sign(
    administrator: TestClient, messenger: Messenger, secret: str, state: str
) -> None:
    with receiver(dingtalk="SECabc+/=") as there:
        made = subscribe(administrator, f"{there.url}?access_token=t", channel="dingtalk", secret=secret)
        code = made["subscription"]["code"]
        administrator.post(f"{WEBHOOKS}/{code}/test")
        messenger.deliver()
    assert log(administrator, code)[0]["state"] == state


def test_e_mail_goes_over_starttls_with_a_checked_certificate(
    app: FastAPI,
    administrator: TestClient,
    service_engine: Engine,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate = tmp_path / "certificate.pem"
    with mail_server(tmp_path, certificate) as box:
        mailing = settings.model_copy(
            update={"smtp_host": "localhost", "smtp_port": box.port, "smtp_user": "u", "smtp_password": "p",
                    "smtp_from": "huijian@example.com"}
        )  # fmt: skip
        code = subscribe(administrator, "a@example.com,b@example.com", channel="email")["subscription"][
            "code"
        ]
        administrator.post(f"{WEBHOOKS}/{code}/test")
        Messenger(service_engine, mailing).deliver()
        assert log(administrator, code)[0]["state"] == "waiting", "nobody vouches for the certificate"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        let_it_be_due(service_engine)
        Messenger(service_engine, mailing).deliver()
    assert log(administrator, code)[0]["state"] == "delivered"
    (letter,) = box.letters
    assert letter["To"] == "a@example.com,b@example.com" or letter["To"] == "a@example.com, b@example.com"
    assert str(letter["Subject"]).startswith("【会鉴】这是“系统”的试发消息")
    assert box.signed_in == ["\x00u\x00p"]


@pytest.mark.parametrize("dripping", ["greeting", "AUTH"])
def test_a_mail_server_that_answers_byte_by_byte_is_not_waited_for(
    administrator: TestClient,
    service_engine: Engine,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dripping: str,
) -> None:
    """AUTH comes after STARTTLS: the line is ended under TLS too."""
    monkeypatch.setattr(channels, "WHOLE_SECONDS", 0.3)
    certificate = tmp_path / "certificate.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(tmp_path, certificate, dripping=dripping) as box:
        mailing = settings.model_copy(
            update={"smtp_host": "localhost", "smtp_port": box.port, "smtp_user": "u", "smtp_password": "p"}
        )
        code = subscribe(administrator, "a@example.com", channel="email")["subscription"]["code"]
        administrator.post(f"{WEBHOOKS}/{code}/test")
        began = time.monotonic()
        Messenger(service_engine, mailing).deliver()
        assert time.monotonic() - began < 5
    (line,) = log(administrator, code)
    assert (line["state"], "秒内没有收完" in line["error"]) == ("waiting", True)
    assert box.letters == []


@pytest.mark.parametrize(
    "target",
    ["https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.8/x", "https://169.254.169.254/latest",
     "https://[::ffff:192.168.1.1]/x", "http://93.184.216.34/x", "https://user:pw@93.184.216.34/", "ftp://x/y",
     "https://localhost:99999/", "https://nowhere.invalid/x", "https://[64:ff9b::7f00:1]/", "https://[::127.0.0.1]/",
     "https://[::ffff:0:127.0.0.1]/", "https://[2002:7f00:1::]/", "https://192.0.0.8/", "https://[fec0::1]/",
     "https://[64:ff9b:1::7f00:1]/"],
)  # fmt: skip
def test_addresses_inside_and_unsafe_ones_are_refused_by_default(
    app: FastAPI, signed_in: SignedIn, service_engine: Engine, settings: Settings, target: str
) -> None:
    equip(app, settings.model_copy(update={"webhooks_to_private_addresses": False}), service_engine)
    body = {"name": "x", "channel": "webhook", "target": target, "events": EVENTS}
    answer = signed_in(Role.ADMINISTRATOR).post(WEBHOOKS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "input_error")


def test_an_address_outside_is_connected_to_as_it_was_checked() -> None:
    for place in (
        *(
            "169.254.169.254",
            "[fe80::1]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[::a9fe:a9fe]",
        ),
        *("[2002:a9fe:a9fe::]", "100.100.100.200", "[64:ff9b::6464:64c8]", "[fd00:ec2::254]", "192.0.0.192"),
    ):
        with pytest.raises(InputError, match="链路"):
            checked(
                f"http://{place}/", private=True
            )  # a setting opens the own network, not the cloud's credentials
    for place in ("127.0.0.1", "[::1]", "192.168.1.1", "[fd00::1]"):
        assert checked(f"http://{place}/", private=True).port == 80
    assert checked("https://[64:ff9b::5db8:d822]/", private=False).host == "64:ff9b::5db8:d822"
    found = checked("https://93.184.216.34/hook?a=1", private=False)
    assert (found.address, found.port, found.host) == ("93.184.216.34", 443, "93.184.216.34")
    with pytest.raises(InputError, match="内网地址"):
        checked("https://100.64.0.1/", private=False)


def test_notices_are_for_administrators_of_the_subtree_and_audited(
    administrator: TestClient, signed_in: SignedIn, anonymous: TestClient, service_engine: Engine
) -> None:
    with receiver() as there:
        code = subscribe(administrator, there.url)["subscription"]["code"]
    assert anonymous.get(WEBHOOKS).status_code == 401
    assert signed_in(Role.HEAD_OFFICE).get(WEBHOOKS).status_code == 403
    below = signed_in(Role.ADMINISTRATOR, institution="350102")
    assert below.get(f"{WEBHOOKS}/{code}").status_code == 404
    assert below.get(WEBHOOKS).json()["items"] == []
    body = {"name": "x", "channel": "email", "target": "a@example.com", "events": EVENTS}
    assert below.post(WEBHOOKS, json={**body, "institution": "350103"}).status_code in (400, 403, 404)
    assert below.post(WEBHOOKS, json={**body, "target": "not-an-address"}).status_code == 400
    assert below.post(WEBHOOKS, json={**body, "events": ["nothing"]}).status_code == 422
    with Session(service_engine) as session:
        actions = set(session.scalars(select(AuditEntry.action)))
    assert "webhook.create" in actions
