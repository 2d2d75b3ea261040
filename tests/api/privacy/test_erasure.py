"""Erasing a person's or a customer's data: what goes, what stays, who may, and what is written down."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from api.accounts.tables import Account, AuditEntry, Role
from api.batches.arriving import NAME_ERASED, refuse
from api.batches.intake import Intake
from api.batches.repository import BatchRepository
from api.batches.tables import Batch, BatchFile, FileState
from api.jobs.tables import Artefact, ArtefactKind, InspectionJob, JobState
from api.meetings.tables import KeptInspection, TranscriptVersion
from api.recordings.placing import Placing
from api.recordings.tables import GivenAnswer, Upload
from api.reviews.tables import Appeal, Review
from api.settings import Settings
from api.store import Store, get, open_store, put
from api.webhooks.messenger import Messenger
from api.webhooks.tables import Channel, Delivery, EventKind, Subscription
from models.activities.tables import ActivityEvent, EventReview, Platform
from models.base import EVERYWHERE, SHANGHAI
from models.customers.tables import Customer, CustomerSource, Sale
from models.database import transaction
from models.management.tables import ActionKind, ManagementAction
from models.meetings.repository import MeetingRepository
from models.meetings.tables import ActionItem, Finding, Meeting, Recording, Scorecard
from models.organisation.tables import Institution, Person, PersonKind, Rank, RankHistory
from qa_pipeline.values.vocabulary import MeetingKind
from tests.api.conftest import SignedIn
from tests.api.recordings.test_resumable import TUS, create, send
from tests.api.recordings.test_upload import hand_in, wav

ERASURES = "/api/v1/erasures"
NAME, PHONE = "王小明", "13800138000"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_folder=tmp_path / "data", archive_root=str(tmp_path / "archive"))


@pytest.fixture
def filled(service_engine: Engine) -> Engine:
    """An agent who left and one who stays, a customer with a policy, and texts that name them."""
    with transaction(service_engine) as session:
        place = session.scalars(select(Institution).where(Institution.code == "350102")).one()
        rank = Rank(code="A1", name="业务员", rank_order=1, is_supervisor=False)
        session.add(rank)
        session.flush()
        people = [
            Person(code=code, name=name, kind=PersonKind.AGENT, joined_on=date(2024, 1, 1), phone=PHONE)
            for code, name in (("1001", NAME), ("1002", "李四"))
        ]
        people[0].left_on = date(2026, 1, 1)
        session.add_all(people)
        session.flush()
        for person in people:
            session.add(
                RankHistory(
                    person_id=person.id,
                    rank_id=rank.id,
                    institution_id=place.id,
                    valid_from=person.joined_on,
                    valid_to=person.left_on,
                )
            )
        gone, stays = people
        customer = Customer(
            code="C1", name="赵钱孙", agent_id=stays.id, source=CustomerSource.WARM, phone=PHONE,
            known_since=date(2025, 1, 1),
        )  # fmt: skip
        event = ActivityEvent(
            code="E1", institution_id=place.id, platform=next(iter(Platform)), month=date(2025, 6, 1),
            content=f"{NAME}分享，赵钱孙电话{PHONE}",
        )  # fmt: skip
        session.add_all([customer, event])
        session.flush()
        session.add_all(
            [
                Sale(
                    code="P-1", customer_id=customer.id, agent_id=stays.id, signed_on=date(2025, 5, 1),
                    premium=Decimal(12000), fyc=Decimal(3000),
                ),
                EventReview(event_id=event.id, reviewed_on=date(2025, 6, 30), reviewer=NAME,
                            conclusion=f"赵钱孙与{NAME}谈得好"),
                ManagementAction(
                    code="M1", kind=next(iter(ActionKind)), actor_id=stays.id,
                    planned_on=date(2025, 6, 2), subject_id=gone.id,
                    record=f"陪{NAME}拜访赵钱孙，{NAME}主讲",
                ),
                ManagementAction(
                    code="M2", kind=next(iter(ActionKind)), actor_id=stays.id,
                    planned_on=date(2025, 6, 2), customer_id=customer.id,
                    record=f"给赵钱孙送资料，遇见另一位{NAME}",
                ),
                Account(
                    login="wang.xm", name=NAME, role=Role.QA, person_id=gone.id, subject="s-1",
                    password_hash="x", created_at=datetime.now(UTC),
                ),
            ]
        )  # fmt: skip
    return service_engine


def _erase(client: TestClient, subject: str, code: str) -> tuple[int, dict[str, object]]:
    given = {"subject": subject, "code": code, "request_number": "PI-2026-014"}
    answer = client.post(ERASURES, json=given)
    return answer.status_code, answer.json()


def test_a_person_who_left_is_erased_and_the_figures_stay(filled: Engine, signed_in: SignedIn) -> None:
    status, done = _erase(signed_in(Role.ADMINISTRATOR), "person", "1001")
    assert status == 201
    with Session(filled) as session:
        person = session.scalars(select(Person).where(Person.code == done["code"])).one()
        assert (person.name, person.phone) == ("已删除", None)
        assert person.joined_on == date(2024, 1, 1)
        assert session.scalars(select(RankHistory).where(RankHistory.person_id == person.id)).one()
        records = session.scalars(select(ManagementAction.record).order_by(ManagementAction.code)).all()
        assert records[0] == "陪某某拜访赵钱孙，某某主讲"
        assert NAME in str(records[1])  # nothing ties this namesake to the person
        reviewed = session.execute(select(EventReview.reviewer, EventReview.conclusion)).tuples().one()
        assert reviewed == ("某某", "赵钱孙与某某谈得好")
        assert session.scalars(select(ActivityEvent.content)).one() == f"某某分享，赵钱孙电话{'*' * 11}"
        account = session.scalars(select(Account).where(Account.person_id == person.id)).one()
        assert (account.login, account.name, account.disabled) == (done["code"], "已删除", True)
        assert (account.password_hash, account.subject) == (None, None)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "person.erase")).one()
        assert (entry.object_code, entry.detail["request_number"]) == (done["code"], "PI-2026-014")
        assert done["texts"] == entry.detail["texts"] == 5
        assert NAME not in str(entry.detail)
    assert _erase(signed_in(Role.ADMINISTRATOR, institution="0"), "person", "1001")[0] == 404


def test_what_an_erasure_would_cover_is_told_before_and_nothing_is_changed(
    filled: Engine, signed_in: SignedIn
) -> None:
    keeper = signed_in(Role.ADMINISTRATOR)

    def previewed(subject: str, code: str) -> dict[str, object]:
        answer = keeper.post(f"{ERASURES}/preview", json={"subject": subject, "code": code})
        return dict(answer.json())

    seen = previewed("person", "1001")
    assert (seen["name"], seen["institution_name"]) == (NAME, "机构350102")
    assert (seen["logins"], seen["meetings"], seen["texts"]) == (["wang.xm"], 0, 5)
    assert previewed("customer", "C1")["name"] == "赵钱孙"
    assert "仍在职" in str(previewed("person", "1002")["detail"])
    assert "NOBODY" in str(previewed("person", "NOBODY")["detail"])
    with Session(filled) as session:
        assert {person.name for person in session.scalars(select(Person))} == {NAME, "李四"}
        assert session.scalars(select(Customer.do_not_contact)).one() is False
        assert session.scalars(select(Account.disabled).where(Account.login == "wang.xm")).one() is False
        assert session.scalars(select(AuditEntry).where(AuditEntry.action.contains("erase"))).all() == []
    assert _erase(keeper, "person", "1001")[1]["texts"] == seen["texts"]
    head = signed_in(Role.HEAD_OFFICE)
    refused = head.post(f"{ERASURES}/preview", json={"subject": "person", "code": "1001"})
    assert refused.status_code == 403


def spoken(engine: Engine, store: Store, code: str, *, day: date) -> None:
    """An inspected meeting of 350102 in which the agent and the customer are named."""
    words = json.dumps({"text": f"{NAME}回访赵钱孙，电话{PHONE}"}, ensure_ascii=False).encode()
    hold_on(engine, code, day)
    with transaction(engine) as session:
        meeting = session.scalars(select(Meeting).where(Meeting.code == code)).one()
        meeting.goal = f"帮{NAME}提升"
        card = Scorecard(
            meeting_id=meeting.id, version=1, is_current=True, made_at=datetime.now(UTC), rubric="r",
            result=json.loads(words), verdict="qualified", on_time="pass", on_roster="pass",
            on_quality="pass",
        )  # fmt: skip
        job = InspectionJob(code=f"J{code}", meeting_id=meeting.id, state=JobState.DONE, requested_by="t",
                            created_at=datetime.now(UTC))  # fmt: skip
        reader = Account(login=f"qa-{code}", name="复核员", role=Role.QA, created_at=datetime.now(UTC))
        session.add_all([card, job, reader])
        session.flush()
        session.add_all(
            [
                KeptInspection(scorecard_id=card.id, body=gzip.compress(words)),
                TranscriptVersion(meeting_id=meeting.id, version=1, heard="h", edited_at=datetime.now(UTC),
                                  body=gzip.compress(words)),
                Finding(scorecard_id=card.id, kind="issue", text=f"{NAME}未回访", quote=NAME),
                Review(code=f"V{code}", meeting_id=meeting.id, scorecard_id=card.id, state="decided",
                       reviewer_id=reader.id, taken_at=datetime.now(UTC), verdict="qualified",
                       reason=f"{NAME}确已回访", second_reason="同意", judged={},
                       overrides=[{"item": "i", "score": "3", "reason": f"{NAME}讲得清楚"}]),
                Appeal(code=f"P{code}", meeting_id=meeting.id, scorecard_id=card.id, state="rejected",
                       opened_by=reader.id, opened_at=datetime.now(UTC), reason=f"请问赵钱孙，{PHONE}",
                       answered_by=reader.id, answered_at=datetime.now(UTC), answer=f"{NAME}未到场"),
                ActionItem(code=f"A{code}", meeting_id=meeting.id, what="回访赵钱孙", who=NAME, state="open"),
                Artefact(kind=ArtefactKind.TRANSCRIPT, key=code * 8, version="1", job_id=job.id,
                         content_hash=put(store, words + code.encode()), made_at=datetime.now(UTC)),
            ]
        )  # fmt: skip


def hold_on(engine: Engine, code: str, day: date) -> None:
    with transaction(engine) as session:
        MeetingRepository(session).record(
            code, institution="350102", kind=MeetingKind.WEEKLY_REVIEW,
            started_at=datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI),
        )  # fmt: skip


def kept_of(engine: Engine, store: Store, code: str) -> list[str]:
    """All that is kept of the meeting's words."""
    with Session(engine) as session:
        meeting = session.scalars(select(Meeting).where(Meeting.code == code)).one()
        card = session.scalars(select(Scorecard).where(Scorecard.meeting_id == meeting.id)).one()
        found = session.scalars(select(Finding).where(Finding.scorecard_id == card.id)).one()
        action = session.scalars(select(ActionItem).where(ActionItem.meeting_id == meeting.id)).one()
        version = session.scalars(
            select(TranscriptVersion).where(TranscriptVersion.meeting_id == meeting.id)
        ).one()
        job = session.scalars(select(InspectionJob).where(InspectionJob.meeting_id == meeting.id)).one()
        artefact = session.scalars(select(Artefact).where(Artefact.job_id == job.id)).one()
        review = session.scalars(select(Review).where(Review.meeting_id == meeting.id)).one()
        appeal = session.scalars(select(Appeal).where(Appeal.meeting_id == meeting.id)).one()
        return [
            json.dumps(card.result, ensure_ascii=False),
            gzip.decompress(session.get_one(KeptInspection, card.id).body).decode(),
            gzip.decompress(version.body).decode(),
            get(store, artefact.content_hash).decode(),
            *(found.text, found.quote or "", action.what, action.who or "", meeting.goal or ""),
            *(review.reason or "", str(review.overrides), appeal.reason, appeal.answer or ""),
        ]


def test_what_was_said_of_a_person_in_meetings_of_their_time_is_covered(
    filled: Engine, signed_in: SignedIn, app: FastAPI
) -> None:
    store = app.state.store
    spoken(filled, store, "DURING", day=date(2025, 6, 10))
    spoken(filled, store, "LATER", day=date(2026, 6, 10))  # somebody else who bears the name
    before = set(_hashes(filled))
    keeper = signed_in(Role.ADMINISTRATOR)
    with transaction(filled) as session:
        job = session.scalars(select(InspectionJob).where(InspectionJob.code == "JDURING")).one()
        job.state = JobState.RUNNING
    assert _erase(keeper, "person", "1001")[0] == 409
    with transaction(filled) as session:
        session.scalars(
            select(InspectionJob).where(InspectionJob.code == "JDURING")
        ).one().state = JobState.DONE
    assert keeper.put("/api/v1/meetings/DURING/legal-hold", json={"reason": "诉讼"}).status_code == 200
    assert _erase(keeper, "person", "1001")[0] == 409
    assert keeper.delete("/api/v1/meetings/DURING/legal-hold").status_code == 200
    status, done = _erase(keeper, "person", "1001")
    assert status == 201
    texts = kept_of(filled, store, "DURING")
    assert not [text for text in texts if NAME in text or PHONE in text]
    assert texts[2] == '{"text": "某某某回访赵钱孙，电话***********"}'  # every character stays in its place
    assert texts[6:10] == ["回访赵钱孙", "某某某", "帮某某某提升", "某某某确已回访"]
    assert texts[11:] == [f"请问赵钱孙，{'*' * 11}", "某某某未到场"]
    assert done["texts"] == 5 + 8 + 4
    assert NAME in kept_of(filled, store, "LATER")[2]
    (gone,) = before - set(_hashes(filled))
    assert store.size(gone) is None
    assert _erase(keeper, "customer", "C1")[0] == 201
    for code in ("DURING", "LATER"):
        assert not [text for text in kept_of(filled, store, code) if "赵钱孙" in text]


def test_a_person_is_not_named_in_the_files_of_a_batch_either(
    filled: Engine, signed_in: SignedIn, app: FastAPI
) -> None:
    spoken(filled, app.state.store, "DURING", day=date(2025, 6, 10))
    files = (f"九月/{NAME}.mp3", "九月/某某某.mp3", "九月/晨会.mp3")
    with transaction(filled) as session:
        meeting = session.scalars(select(Meeting.id).where(Meeting.code == "DURING")).one()
        batch = Batch(code="B1", name="九月", folder="九月", created_by="t", created_at=datetime.now(UTC))
        session.add(batch)
        session.flush()
        for file in files:
            session.add(
                BatchFile(batch_id=batch.id, file=file, size=1, placing={}, together="DURING",
                          state=FileState.TAKEN, meeting_id=meeting)
            )  # fmt: skip
    keeper = signed_in(Role.ADMINISTRATOR)
    assert _erase(keeper, "person", "1001")[0] == 201
    with Session(filled) as session:
        named, *others = session.scalars(select(BatchFile.file).order_by(BatchFile.id))
    assert (named.startswith("九月/某某某.mp3~"), others) == (True, list(files[1:]))


def left_out(engine: Engine, folder: str | None, *rows: tuple[str, FileState, str | None, Placing]) -> str:
    """A batch with files that were not taken: name, state, reason, place. Returns the batch's code."""
    with transaction(engine) as session:
        batch = Batch(code="B1", name="九月", folder=folder, created_by="t", created_at=datetime.now(UTC))
        session.add(batch)
        session.flush()
        for number, (file, state, why, said) in enumerate(rows):
            session.add(
                BatchFile(batch_id=batch.id, file=file, size=1, placing=said.model_dump(mode="json"),
                          together=f"{number}", state=state, error=why)
            )  # fmt: skip
        return batch.code


def names(engine: Engine) -> list[tuple[str, str | None]]:
    with Session(engine) as session:
        rows = session.execute(select(BatchFile.file, BatchFile.error).order_by(BatchFile.id))
        return list(rows.tuples())


def placed(institution: str, day: date) -> Placing:
    return Placing(institution=institution, day=day, kind=MeetingKind.WEEKLY_REVIEW, inspect=False)


def test_a_person_is_not_named_in_the_files_that_a_batch_refused_where_and_while_they_worked(
    filled: Engine, signed_in: SignedIn
) -> None:
    hold_on(filled, "DURING", date(2025, 6, 10))
    then, refused = date(2025, 6, 10), FileState.REFUSED
    code = left_out(
        filled,
        "九月",
        (f"{NAME}.mp3", refused, f"“{NAME}.mp3”是空文件。", placed("350102", then)),
        (f"{NAME}二.mp3", refused, "坏了。", Placing(meeting="DURING", inspect=False)),
        ("晨会.mp3", refused, f"与“{NAME}.mp3”相同。", placed("350102", then)),
        (f"别处{NAME}.mp3", refused, "坏了。", placed("350103", then)),
        (f"此后{NAME}.mp3", refused, "坏了。", placed("350102", date(2026, 6, 10))),
    )
    keeper = signed_in(Role.ADMINISTRATOR)
    status, done = _erase(keeper, "person", "1001")
    assert (status, done["texts"]) == (201, 5 + 4)
    assert names(filled) == [
        ("某某某.mp3", f"“某某某.mp3”是空文件。{NAME_ERASED}"),
        ("某某某二.mp3", f"坏了。{NAME_ERASED}"),
        ("晨会.mp3", "与“某某某.mp3”相同。"),
        (f"别处{NAME}.mp3", "坏了。"),  # somebody else who bears the name
        (f"此后{NAME}.mp3", "坏了。"),
    ]
    resumed = keeper.post(f"/api/v1/batches/{code}/resume").json()
    assert resumed["files"] == {"waiting": 3, "taken": 0, "refused": 2}  # nothing finds those two


def test_a_person_is_not_named_by_files_that_belong_to_no_meeting(
    filled: Engine, signed_in: SignedIn
) -> None:
    code = left_out(filled, "九月")
    missed = [{"line": 2, "file": f"{NAME}.mp3", "reason": f"“{NAME}.mp3”对不上。"}]
    with transaction(filled) as session:
        session.execute(update(Batch).values(unmatched=missed))
    keeper = signed_in(Role.ADMINISTRATOR)
    assert _erase(keeper, "person", "1001")[0] == 201
    kept = keeper.get(f"/api/v1/batches/{code}/left-out").json()["unmatched"]
    assert kept == [{"line": 2, "file": "某某某.mp3", "reason": "“某某某.mp3”对不上。"}]


def test_a_customer_is_not_named_in_them_either(filled: Engine, signed_in: SignedIn) -> None:
    known, before = date(2025, 6, 10), date(2024, 6, 10)
    left_out(
        filled,
        "九月",
        ("赵钱孙.mp3", FileState.REFUSED, None, placed("350102", known)),
        ("赵钱孙二.mp3", FileState.REFUSED, None, placed("350102", before)),
        ("某某某.mp3", FileState.REFUSED, None, placed("350102", known)),
    )
    assert _erase(signed_in(Role.ADMINISTRATOR), "customer", "C1")[0] == 201
    (named, _), (earlier, _), _ = names(filled)
    assert (named.startswith("某某某.mp3~"), earlier) == (True, "赵钱孙二.mp3")


def test_a_file_that_waits_is_shown_without_the_name_and_found_by_it_until_it_is_taken(
    filled: Engine, signed_in: SignedIn, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "archive" / "六月"
    folder.mkdir(parents=True)
    for day, name in ((10, NAME), (17, f"不在{NAME}")):
        (folder / f"350102_202506{day}_0900复盘{name}.wav").write_bytes(wav(tmp_path, 300 + day))
    keeper = signed_in(Role.ADMINISTRATOR)
    order = {"name": "六月", "folder": "六月", "pattern": "{institution}_{date}_{time}*"}
    code = keeper.post("/api/v1/batches", json=order).json()["batch"]["code"]
    assert _erase(keeper, "person", "1001")[0] == 201
    here, gone = (
        f"350102_202506{day}_0900复盘{name}.wav" for day, name in ((10, "某某某"), (17, "不在某某某"))
    )
    files = f"/api/v1/batches/{code}/files"
    shown = [(row["file"], row["state"]) for row in keeper.get(files).json()["items"]]
    assert shown == [(here, "waiting"), (gone, "waiting")]
    (folder / gone.replace("某某某", NAME)).unlink()

    store = open_store(settings.store, data_folder=settings.data_folder)
    intake = Intake(filled, store, settings)
    while intake.step():
        continue
    taken, refused = names(filled)
    assert taken == (here, None)
    assert refused == (gone, f"归档中的文件“{gone}”已不在，或是符号链接：请核对。{NAME_ERASED}")
    with Session(filled) as session:
        assert session.scalars(select(Recording.file_name)).all() == [here]


def test_a_client_is_told_the_name_of_a_file_until_it_has_sent_it(
    filled: Engine, signed_in: SignedIn
) -> None:
    said = placed("350102", date(2025, 6, 10))
    code = left_out(filled, None, (f"{NAME}.mp3", FileState.WAITING, None, said))
    keeper = signed_in(Role.ADMINISTRATOR)
    assert _erase(keeper, "person", "1001")[0] == 201
    (row,) = keeper.get(f"/api/v1/batches/{code}/files").json()["items"]
    assert row["file"] == f"{NAME}.mp3"
    with transaction(filled) as session:
        file = BatchRepository(session).file(code, f"{NAME}.mp3")
        refuse(session, file, f"“{NAME}.mp3”不是录音。", within=EVERYWHERE)
    assert names(filled) == [("某某某.mp3", f"“某某某.mp3”不是录音。{NAME_ERASED}")]


def test_a_person_is_not_named_by_batches_of_their_time_and_place_either(
    filled: Engine, signed_in: SignedIn
) -> None:
    hold_on(filled, "DURING", date(2025, 6, 10))
    hold_on(filled, "LATER", date(2026, 6, 9))
    with transaction(filled) as session:
        rows = [
            Batch(code=code, name=f"{NAME}{code}", created_by="t", created_at=datetime.now(UTC))
            for code in ("job", "taken", "waiting", "later", "beside")
        ]
        session.add_all(rows)
        session.flush()
        keys = {meeting.code: meeting.id for meeting in session.scalars(select(Meeting))}
        for code, meeting in (("job", "DURING"), ("later", "LATER")):
            session.add(
                InspectionJob(code=code, meeting_id=keys[meeting], state=JobState.FAILED, requested_by="t",
                              batch=code, error=f"第 1 段“{NAME}.mp3”损坏。", created_at=datetime.now(UTC),
                              finished_at=datetime.now(UTC))
            )  # fmt: skip
        then = date(2025, 6, 10)
        for batch, state, meeting_id, said in (
            (rows[1], FileState.TAKEN, keys["DURING"], Placing(meeting="DURING")),
            (rows[2], FileState.WAITING, None, placed("350102", then)),
            (rows[4], FileState.WAITING, None, placed("350103", then)),
        ):
            session.add(
                BatchFile(batch_id=batch.id, file="晨会.mp3", size=1, together="1", state=state,
                          meeting_id=meeting_id, placing=said.model_dump(mode="json"))
            )  # fmt: skip
        session.add(
            Subscription(code="W1", name="失败", channel=Channel.WEBHOOK, target="https://192.0.2.1/",
                         events=[EventKind.INSPECTION_FAILED], created_at=datetime.now(UTC),
                         since=datetime.now(UTC) - timedelta(hours=1))
        )  # fmt: skip
    assert Messenger(filled, Settings()).collect() == 2
    status, done = _erase(signed_in(Role.ADMINISTRATOR), "person", "1001")
    assert (status, done["texts"]) == (201, 5 + 5)
    with Session(filled) as session:
        for said in (Delivery.sentence, Delivery.body):
            told = [str(one) for one in session.scalars(select(said).order_by(Delivery.id))]
            assert [(NAME in one, "某某某" in one) for one in told] == [(False, True), (True, False)]
        assert session.scalars(select(Batch.name).order_by(Batch.id)).all() == [
            *("某某某job", "某某某taken", "某某某waiting"),
            *(f"{NAME}later", f"{NAME}beside"),  # somebody else who bears the name
        ]
        assert session.scalars(select(InspectionJob.error).order_by(InspectionJob.id)).all() == [
            "第 1 段“某某某.mp3”损坏。",
            f"第 1 段“{NAME}.mp3”损坏。",
        ]


def test_a_person_is_not_named_by_uploads_that_are_not_finished_or_were_answered(
    filled: Engine, signed_in: SignedIn, tmp_path: Path
) -> None:
    keeper = signed_in(Role.ADMINISTRATOR)
    keeper.headers.update(TUS)
    sound, here = wav(tmp_path, 300), {"institution": "350102", "kind": "weekly_review"}
    first = {"started_at": "2025-06-10T09:00:00+08:00", **here}
    keeper.headers["Idempotency-Key"] = "erasure-1"
    assert hand_in(keeper, (f"{NAME}一.wav", wav(tmp_path, 400)), **first).status_code == 201
    del keeper.headers["Idempotency-Key"]

    def begun(name: str, day: str, **words: str) -> str:
        said = {"started_at": f"{day}T09:00:00+08:00", "kind": "weekly_review", **words}
        return str(create(keeper, name, len(sound), **said).headers["Location"])

    arrives = begun(f"{NAME}二.wav", "2025-06-17", institution="350102")
    assert send(keeper, arrives, 0, sound[:1000]).status_code == 204
    whole = begun(f"{NAME}三.wav", "2025-06-24", institution="350102")
    assert send(keeper, whole, 0, sound).status_code == 204
    elsewhere = begun(f"{NAME}四.wav", "2025-06-17", institution="350103")
    assert _erase(keeper, "person", "1001")[0] == 201

    names = [keeper.get(address).json()["file_name"] for address in (arrives, whole, elsewhere)]
    assert names == ["某某某二.wav", "某某某三.wav", f"{NAME}四.wav"]
    with Session(filled) as session:
        assert NAME not in str(session.scalars(select(GivenAnswer.answer)).all())
        ended = session.scalars(select(Upload).where(Upload.answer.is_not(None))).one()
        assert NAME not in str(ended.answer)
    assert send(keeper, arrives, 1000, sound[1000:]).status_code == 204
    with Session(filled) as session:
        assert not [name for name in session.scalars(select(Recording.file_name)) if NAME in name]


@pytest.mark.parametrize("is_sound", [True, False])
def test_an_upload_for_a_batch_keeps_no_name_once_it_is_taken_or_refused(
    filled: Engine, signed_in: SignedIn, tmp_path: Path, *, is_sound: bool
) -> None:
    file, day = f"{NAME}/{NAME}.wav", date(2025, 6, 10)
    said = placed("350102", day).model_copy(
        update={"started_at": datetime(2025, 6, 10, 9, tzinfo=SHANGHAI)} if is_sound else {}
    )
    code = left_out(filled, None, (file, FileState.WAITING, None, said))
    keeper = signed_in(Role.ADMINISTRATOR)
    keeper.headers.update(TUS)
    sound = wav(tmp_path, 300)
    before = create(keeper, f"{NAME}.wav", len(sound), batch=code, file=file).headers["Location"]
    assert _erase(keeper, "person", "1001")[0] == 201
    after = create(keeper, f"{NAME}.wav", len(sound), batch=code, file=file).headers["Location"]
    with Session(filled) as session:
        assert set(session.scalars(select(Upload.file_name))) == {"某某某.wav"}
    assert keeper.delete(before).status_code == 204
    assert send(keeper, after, 0, sound).status_code == (204 if is_sound else 400)
    with Session(filled) as session:
        (row,) = session.scalars(select(BatchFile))
        assert (row.state, row.file) == (
            FileState.TAKEN if is_sound else FileState.REFUSED,
            "某某某/某某某.wav",
        )
        kept = session.execute(select(Upload.file_name, Upload.placing, Upload.answer)).all()
        assert NAME not in f"{kept}{row.error}"


def _hashes(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Artefact.content_hash)))


def test_a_customer_is_erased_never_contacted_and_the_premium_stays(
    filled: Engine, signed_in: SignedIn
) -> None:
    status, done = _erase(signed_in(Role.ADMINISTRATOR, institution="3501"), "customer", "C1")
    assert (status, done["texts"]) == (201, 4)
    with Session(filled) as session:
        customer = session.scalars(select(Customer).where(Customer.code == done["code"])).one()
        assert (customer.name, customer.phone, customer.do_not_contact) == ("已删除", None, True)
        sale = session.scalars(select(Sale).where(Sale.customer_id == customer.id)).one()
        assert (sale.code, sale.premium) == ("P-1", Decimal(12000))
        assert session.scalars(select(AuditEntry.institution_id)).one() is not None


def test_who_still_serves_is_not_erased(filled: Engine, signed_in: SignedIn) -> None:
    status, problem = _erase(signed_in(Role.ADMINISTRATOR), "person", "1002")
    assert (status, problem["code"]) == (409, "conflict")
    with Session(filled) as session:
        assert session.scalars(select(Person.name).where(Person.code == "1002")).one() == "李四"


def test_the_last_administrator_is_not_erased_with_the_person(filled: Engine, signed_in: SignedIn) -> None:
    keeper = signed_in(Role.ADMINISTRATOR, institution="0")
    with transaction(filled) as session:
        session.scalars(select(Account).where(Account.login == "wang.xm")).one().role = Role.ADMINISTRATOR
    assert _erase(keeper, "person", "1001")[0] == 409
    with Session(filled) as session:
        assert session.scalars(select(Person.name).where(Person.code == "1001")).one() == NAME


def test_only_keepers_of_the_data_erase_and_only_in_their_subtree(
    filled: Engine, signed_in: SignedIn, anonymous: TestClient
) -> None:
    assert _erase(anonymous, "person", "1001")[0] == 401
    for role in (Role.MANAGER, Role.QA, Role.HEAD_OFFICE):
        assert _erase(signed_in(role, institution="0"), "person", "1001")[0] == 403
    beside = signed_in(Role.ADMINISTRATOR, institution="350103")
    for subject, code in (("person", "1001"), ("customer", "C1"), ("customer", "C2")):
        assert _erase(beside, subject, code)[0] == 404
    keeper = signed_in(Role.ADMINISTRATOR)
    assert _erase(keeper, "institution", "35")[0] == 422
    assert keeper.post(ERASURES, json={"subject": "person", "code": "1001"}).status_code == 422
