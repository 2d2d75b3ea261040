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
from typing import Any, Final

from sqlalchemy import ColumnElement, CursorResult, and_, exists, false, func, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, undefer

from api.batches.arriving import NAME_ERASED, rename
from api.batches.tables import BatchFile, FileState
from api.jobs.tables import Artefact, InspectionJob, JobState
from api.meetings.tables import KeptInspection, TranscriptVersion
from api.problems import Conflict, NotFound
from api.recordings.placing import Placing
from api.retention.tables import LegalHold
from api.reviews.tables import Appeal, Review
from api.store import Store, get, put
from models.base import Repository, midnight
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
            text = json.dumps(card.result, ensure_ascii=False)
            if (changed := _covered(text, words)) != text:
                card.result = json.loads(changed)
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
        """Cover the words in the names of files that batches refused or still wait for, and in the reasons.

        Searched are files placed where meetings are searched. One that waits is found by its name, and bears
        it until it is taken or refused. Returns how many texts were changed.
        """
        columns = (BatchFile.file, BatchFile.error)
        named = or_(
            false(), *(column.contains(word, autoescape=True) for column in columns for word in words)
        )
        left = select(BatchFile).where(BatchFile.state != FileState.TAKEN, named).with_for_update()
        rows = self.session.scalars(left.execution_options(populate_existing=True)).all()
        texts = sum(_cover_file(self.session, row, words) for row in rows if self._is_near(owner, row))
        self.session.flush()
        return texts

    def _is_near(self, owner: Person | Customer, row: BatchFile) -> bool:
        said = Placing.model_validate(row.placing)
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
        ]
        for column, where in columns:
            done.texts += replaced(self.session, column, words, where)
        for review in self.session.scalars(select(Review).where(Review.meeting_id == meeting_id)):
            text = json.dumps(review.overrides, ensure_ascii=False)
            if (changed := _covered(text, words)) != text:
                review.overrides = json.loads(changed)
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
