"""What was said and written of a person in meetings and of what was said there: names and numbers are covered
wherever the service keeps the words.

Searched are meetings that a key ties to the person: of the institutions where they worked, while they did,
and those that they attended, hosted or took something away from. What stands in place of a name is as long as
the name, so that every place in a text that was measured stays where it is.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, undefer

from api.batches.arriving import NAME_ERASED, rename
from api.batches.tables import Batch, BatchFile, FileState
from api.jobs.tables import Artefact, InspectionJob, JobState
from api.meetings.tables import KeptInspection, TranscriptVersion
from api.problems import Conflict, NotFound
from api.recordings.placing import Placing, resolve
from api.recordings.tables import GivenAnswer, Upload
from api.retention.tables import LegalHold
from api.reviews.tables import Appeal, Review
from api.store import Store, get, put
from api.webhooks.tables import Delivery
from models.base import EVERYWHERE, Repository, midnight
from models.customers.tables import Customer
from models.meetings.tables import (
    ActionFollowUp,
    ActionItem,
    Attendance,
    Finding,
    Meeting,
    Recording,
    Scorecard,
)
from models.organisation.tables import Institution, Person, RankHistory
from qa_pipeline.errors import InputError

Named = TypeVar("Named", Batch, BatchFile, Delivery)

COVER: Final = "某"
SHOWN: Final = 5


@dataclass(slots=True)
class Covered:
    """How many texts were changed, and contents of the store that nothing refers to any more."""

    texts: int = 0
    outdated: set[str] = field(default_factory=set)


def covers(name: str, phone: str | None) -> dict[str, str]:
    """What is replaced by what; a name of one character is an ordinary word and stays."""
    words = {name: COVER * len(name)} if len(name) > 1 else {}
    return words | ({phone: "*" * len(phone)} if phone else {})


class SpokenRepository(Repository):
    """Words of meetings, wherever they are kept."""

    def around(self, owner: Person | Customer) -> list[int]:
        """Keys of the meetings in which the person or customer may have been named.

        Raises Conflict while one of them is being inspected, or is under a legal hold.
        """
        query = select(Meeting).where(self._near(owner), Meeting.started_at.is_not(None))
        meetings = {meeting.id: meeting.code for meeting in self.session.scalars(query)}
        running = select(InspectionJob.meeting_id).where(InspectionJob.state == JobState.RUNNING)
        if busy := sorted(meetings[key] for key in meetings.keys() & set(self.session.scalars(running))):
            raise Conflict(f"会议 {'、'.join(busy[:SHOWN])} 正在质检：请等质检结束后再办理。")
        kept = select(LegalHold.meeting_id).where(LegalHold.lifted_at.is_(None))
        if held := sorted(meetings[key] for key in meetings.keys() & set(self.session.scalars(kept))):
            raise Conflict(f"会议 {'、'.join(held[:SHOWN])} 在法定保留中，其文字不能改动：请先解除保留。")
        return sorted(meetings)

    def cover(self, meeting_id: int, words: Mapping[str, str], store: Store) -> Covered:
        """Cover the words in all that is kept of the meeting. Commit, then remove what is outdated."""
        done = Covered()
        cards = select(Scorecard).where(Scorecard.meeting_id == meeting_id)
        for card in self.session.scalars(cards.options(undefer(Scorecard.result))):
            if (changed := _covered_within(card.result, words)) != card.result:
                card.result = changed
                done.texts += 1
            kept = self.session.get(KeptInspection, card.id)
            done.texts += kept is not None and _cover_body(kept, words)
        versions = select(TranscriptVersion).where(TranscriptVersion.meeting_id == meeting_id)
        for version in self.session.scalars(versions.options(undefer(TranscriptVersion.body))):
            done.texts += _cover_body(version, words)
        self._cover_artefacts(meeting_id, words, store, done)
        self._cover_columns(meeting_id, words, done)
        self._cover_batch_files(meeting_id, words, done)
        self.session.flush()
        return done

    def cover_files(self, owner: Person | Customer, words: Mapping[str, str]) -> int:
        """Cover the words in what was sent and no meeting holds: the names of uploads, of batches and of the
        files that batches refused, still wait for or could not place, in the reasons, and in messages that
        told them.

        Searched is what was placed where meetings are searched, and what nobody has placed yet. A file that
        a batch waits for is found by its name, and bears it until it is taken or refused. Returns how many
        texts were changed.
        """
        texts = self._cover_uploads(owner, words)
        rows = self._naming(BatchFile, (BatchFile.file, BatchFile.error), words)
        left = rows.where(BatchFile.state != FileState.TAKEN).with_for_update()
        for row in self.session.scalars(left.execution_options(populate_existing=True)).all():
            if self._is_near(owner, Placing.model_validate(row.placing)):
                texts += _cover_file(self.session, row, words)
        for batch in self.session.scalars(self._naming(Batch, (Batch.name,), words)).all():
            if self._has_near(owner, batch):
                batch.name = _plainly_covered(batch.name, words)
                texts += 1
        for batch in self.session.scalars(select(Batch).where(Batch.unmatched.is_not(None))).all():
            changed = _covered_within(batch.unmatched, words)  # nobody can tell where those files belong
            if changed != batch.unmatched:
                batch.unmatched = changed
                texts += 1
        for told in self.session.scalars(self._naming(Delivery, (Delivery.sentence,), words)).all():
            texts += self._cover_message(owner, told, words)
        self.session.flush()
        return texts

    def _naming(
        self, kind: type[Named], columns: Sequence[InstrumentedAttribute[Any]], words: Mapping[str, str]
    ) -> Select[tuple[Named]]:
        named = (column.contains(word, autoescape=True) for column in columns for word in words)
        return select(kind).where(or_(false(), *named))

    def _cover_message(self, owner: Person | Customer, told: Delivery, words: Mapping[str, str]) -> int:
        """Why a job failed, as it was told to who asked for that."""
        failed = select(Meeting.id).join(InspectionJob, InspectionJob.meeting_id == Meeting.id)
        near = failed.where(InspectionJob.code == told.subject.split(":")[1], self._near(owner))
        if self.session.scalar(near) is None:
            return 0
        told.sentence, told.body = _plainly_covered(told.sentence, words), _covered_within(told.body, words)
        return 1

    def _cover_uploads(self, owner: Person | Customer, words: Mapping[str, str]) -> int:
        """In the names of files that arrive, or did in the last days, and in the answers to who sent them."""
        texts = 0
        for given in self.session.scalars(select(GivenAnswer)).all():
            changed = _covered_within(given.answer, words)
            if changed != given.answer and self._is_near(owner, Placing(meeting=given.answer["meeting"])):
                given.answer = changed
                texts += 1
        for upload in self.session.scalars(select(Upload)).all():
            told = json.dumps([upload.file_name, upload.answer], ensure_ascii=False)
            if _plainly_covered(told, words) == told:
                continue
            self.session.refresh(upload, with_for_update=True)
            if self._may_be_near(owner, upload):
                upload.file_name = _plainly_covered(upload.file_name, words)
                if upload.answer is not None:
                    upload.answer = _covered_within(upload.answer, words)
                texts += 1
        return texts

    def _may_be_near(self, owner: Person | Customer, upload: Upload) -> bool:
        """Whether it was placed near, or nobody can tell yet where it belongs."""
        if upload.answer is not None:
            return self._is_near(owner, Placing(meeting=upload.answer["meeting"]))
        said = Placing.model_validate(upload.placing)
        if said.batch is not None:
            of_batch = select(BatchFile.placing).join(Batch, Batch.id == BatchFile.batch_id)
            found = self.session.scalar(of_batch.where(Batch.code == said.batch, BatchFile.file == said.file))
            return found is None or self._is_near(owner, Placing.model_validate(found))
        try:
            place = resolve(self.session, EVERYWHERE, said, file_name=upload.file_name, created=None)
        except (InputError, NotFound, Conflict):
            return True
        meeting = None if place.meeting is None else place.meeting.code
        return self._is_near(
            owner,
            Placing(
                meeting=meeting, institution=place.institution.code, day=place.day, started_at=place.start
            ),
        )

    def _has_near(self, owner: Person | Customer, batch: Batch) -> bool:
        """Whether one of the batch's meetings or files is near."""
        inspected = exists().where(InspectionJob.batch == batch.code, InspectionJob.meeting_id == Meeting.id)
        taken = exists().where(BatchFile.batch_id == batch.id, BatchFile.meeting_id == Meeting.id)
        near = select(Meeting.id).where(inspected | taken, self._near(owner)).limit(1)
        if self.session.scalar(near) is not None:
            return True
        left = select(BatchFile.placing).where(
            BatchFile.batch_id == batch.id, BatchFile.state != FileState.TAKEN
        )
        return any(self._is_near(owner, Placing.model_validate(said)) for said in self.session.scalars(left))

    def _is_near(self, owner: Person | Customer, said: Placing) -> bool:
        moment = midnight(said.day) if said.started_at is None and said.day else said.started_at
        then = literal(moment, Meeting.started_at.type)
        if said.meeting is not None:
            near = self._near(owner) | self._there(owner, Meeting.institution_id, then)
            query = select(Meeting.id).where(Meeting.code == said.meeting, near)
        else:
            there = self._there(owner, Institution.id, then)
            query = select(Institution.id).where(Institution.code == said.institution, there)
        return self.session.scalar(query) is not None

    def _near(self, owner: Person | Customer) -> ColumnElement[bool]:
        there = self._there(owner, Meeting.institution_id, Meeting.started_at)
        if isinstance(owner, Customer):
            return there
        return or_(
            there,
            exists().where(Attendance.meeting_id == Meeting.id, Attendance.person_id == owner.id),
            exists().where(ActionItem.meeting_id == Meeting.id, ActionItem.owner_id == owner.id),
            Meeting.host_id == owner.id,
        )

    def _there(
        self,
        owner: Person | Customer,
        place: InstrumentedAttribute[int],
        moment: InstrumentedAttribute[datetime | None] | ColumnElement[Any],
    ) -> ColumnElement[bool]:
        """Whether the person worked, or the customer was served, at the place at the moment."""
        if isinstance(owner, Customer):
            agents = select(RankHistory.institution_id).where(RankHistory.person_id == owner.agent_id)
            return place.in_(agents) & (moment >= midnight(owner.known_since))
        stays: list[ColumnElement[bool]] = [false()]
        for row in self.session.scalars(select(RankHistory).where(RankHistory.person_id == owner.id)):
            there = [place == row.institution_id, moment >= midnight(row.valid_from)]
            if row.valid_to is not None:
                there.append(moment < midnight(row.valid_to) + timedelta(days=1))
            stays.append(and_(*there))
        return or_(*stays)

    def _cover_artefacts(
        self, meeting_id: int, words: Mapping[str, str], store: Store, done: Covered
    ) -> None:
        jobs: Sequence[InspectionJob] = self.session.scalars(
            select(InspectionJob).where(InspectionJob.meeting_id == meeting_id)
        ).all()
        renamed: dict[str, str] = {}

        def renewed(sha256: str) -> str:
            if sha256 not in renamed:
                try:
                    text = get(store, sha256).decode()
                except NotFound:
                    return sha256
                changed = _covered(text, words)
                renamed[sha256] = put(store, changed.encode()) if changed != text else sha256
                done.texts += changed != text
            return renamed[sha256]

        made = select(Artefact).where(Artefact.job_id.in_([job.id for job in jobs]))
        for artefact in self.session.scalars(made):
            artefact.content_hash = renewed(artefact.content_hash)
        for job in jobs:
            job.transcript = renewed(job.transcript) if job.transcript else None
        self.session.flush()
        for old, new in renamed.items():
            used = exists().where(Artefact.content_hash == old)
            asked = exists().where(InspectionJob.transcript == old)
            if old != new and not self.session.scalar(select(used | asked)):
                done.outdated.add(old)

    def _cover_columns(self, meeting_id: int, words: Mapping[str, str], done: Covered) -> None:
        of_cards = Finding.scorecard_id.in_(select(Scorecard.id).where(Scorecard.meeting_id == meeting_id))
        columns = [
            (Finding.text, of_cards),
            (Finding.quote, of_cards),
            (ActionItem.what, ActionItem.meeting_id == meeting_id),
            (ActionItem.who, ActionItem.meeting_id == meeting_id),
            (ActionItem.quote, ActionItem.meeting_id == meeting_id),
            (ActionFollowUp.quote, ActionFollowUp.meeting_id == meeting_id),
            (TranscriptVersion.note, TranscriptVersion.meeting_id == meeting_id),
            (Meeting.topic, Meeting.id == meeting_id),
            (Meeting.goal, Meeting.id == meeting_id),
            (Meeting.flow, Meeting.id == meeting_id),
            (Recording.file_name, Recording.meeting_id == meeting_id),
            (Review.reason, Review.meeting_id == meeting_id),
            (Review.second_reason, Review.meeting_id == meeting_id),
            (Appeal.reason, Appeal.meeting_id == meeting_id),
            (Appeal.answer, Appeal.meeting_id == meeting_id),
            (LegalHold.reason, LegalHold.meeting_id == meeting_id),
            (InspectionJob.error, InspectionJob.meeting_id == meeting_id),
        ]
        for column, where in columns:
            done.texts += replaced(self.session, column, words, where)
        for review in self.session.scalars(select(Review).where(Review.meeting_id == meeting_id)):
            if (changed := _covered_within(review.overrides, words)) != review.overrides:
                review.overrides = changed
                done.texts += 1

    def _cover_batch_files(self, meeting_id: int, words: Mapping[str, str], done: Covered) -> None:
        for row in self.session.scalars(select(BatchFile).where(BatchFile.meeting_id == meeting_id)):
            if (changed := _plainly_covered(row.file, words)) != row.file:
                rename(self.session, row, changed)
                done.texts += 1


def replaced(
    session: Session,
    column: InstrumentedAttribute[Any],
    words: Mapping[str, str],
    *where: ColumnElement[bool],
) -> int:
    """Put what stands for them in place of the words; returns how many texts were changed."""
    texts = 0
    for word, cover in words.items():
        result = session.execute(
            update(column.class_)
            .where(*where, column.contains(word, autoescape=True))
            .values({column: func.replace(column, word, cover)})
            .execution_options(synchronize_session=False)
        )
        texts += result.rowcount if isinstance(result, CursorResult) else 0
    return texts


def _cover_file(session: Session, row: BatchFile, words: Mapping[str, str]) -> int:
    """How many texts of a file that was not taken were changed."""
    name, reason = row.shown or row.file, row.error or ""
    covered, told = _plainly_covered(name, words), _plainly_covered(reason, words)
    texts = (covered != name) + (told != reason)
    if row.state is FileState.REFUSED:
        loses_name = covered != name and row.shown is None
        row.error = f"{told}{NAME_ERASED}" if loses_name else told
    if covered != name:
        row.shown = covered
        if row.state is FileState.REFUSED:
            rename(session, row, covered)
    return texts


def _cover_body(row: KeptInspection | TranscriptVersion, words: Mapping[str, str]) -> bool:
    text = gzip.decompress(row.body).decode()
    changed = _covered(text, words)
    if changed == text:
        return False
    row.body = gzip.compress(changed.encode(), mtime=0)
    return True


def _plainly_covered(text: str, words: Mapping[str, str]) -> str:
    for word, cover in words.items():
        text = text.replace(word, cover)
    return text


def _covered(text: str, words: Mapping[str, str]) -> str:
    """The JSON text with the words covered, however it writes characters beyond ASCII."""
    for word, cover in words.items():
        for ascii_only in (False, True):
            text = text.replace(json.dumps(word, ensure_ascii=ascii_only)[1:-1], cover)
    return text


def _covered_within(value: Any, words: Mapping[str, str]) -> Any:
    """What JSON holds, with the words covered."""
    return json.loads(_covered(json.dumps(value, ensure_ascii=False), words))
