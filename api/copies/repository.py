"""SQL of prints, their index and the copies that were found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, insert, or_, select
from sqlalchemy.orm import undefer

from api.copies.tables import MeetingCopy, MeetingPrint, MeetingSign
from models.base import Repository
from models.meetings.tables import Meeting, MeetingState
from models.organisation.tables import Institution
from qa_pipeline.copies import Print, worth

AT_ONCE: Final = 400
"""Keys asked for in one query."""
COMMON: Final = 200
"""A key that so many other places share tells nothing."""
MOST: Final = 50
"""Meetings that one is compared with: those that share most with it."""


class CopyRepository(Repository):
    """Looked for in the whole company, shown to whoever sees both meetings."""

    def keep(self, meeting_id: int, print: Print, *, maker: str, body: bytes) -> None:
        """Put the print in the place of the one before, with its entries in the index."""
        kept = self.session.get(MeetingPrint, (meeting_id, print.kind), options=[undefer(MeetingPrint.body)])
        if kept is not None and (kept.maker, kept.body) == (maker, body):
            return
        if kept is None:
            kept = MeetingPrint(meeting_id=meeting_id, kind=print.kind)
            self.session.add(kept)
        kept.maker, kept.body = maker, body
        self.session.flush()
        self.session.execute(
            delete(MeetingSign).where(MeetingSign.meeting_id == meeting_id, MeetingSign.kind == print.kind)
        )
        rows = [
            {"meeting_id": meeting_id, "kind": print.kind, "key": key, "place": place}
            for key, place in print.signs
        ]
        if rows:
            self.session.execute(insert(MeetingSign), rows)

    def like(self, meeting_id: int, print: Print, *, maker: str) -> list[tuple[Meeting, bytes]]:
        """Other meetings that share signs with this one, with their prints; void ones do not count."""
        places: defaultdict[int, list[int]] = defaultdict(list)
        for key, place in print.signs:
            places[key].append(place)
        found: list[tuple[int, int, int]] = []
        for keys in _batches(places):
            query = select(MeetingSign.key, MeetingSign.meeting_id, MeetingSign.place).where(
                MeetingSign.kind == print.kind,
                MeetingSign.key.in_(keys),
                MeetingSign.meeting_id != meeting_id,
            )
            found += self.session.execute(query).tuples()
        often = Counter(key for key, _, _ in found)
        alike = worth(
            print.kind,
            (
                (other, here, there)
                for key, other, there in found
                if often[key] <= COMMON
                for here in places[key]
            ),
        )
        prints = (
            select(Meeting, MeetingPrint)
            .join(MeetingPrint, MeetingPrint.meeting_id == Meeting.id)
            .where(Meeting.id.in_(alike[:MOST]), Meeting.state != MeetingState.VOID)
            .where(MeetingPrint.kind == print.kind, MeetingPrint.maker == maker)
            .order_by(Meeting.id)
            .options(undefer(MeetingPrint.body))
        )
        return [(meeting, kept.body) for meeting, kept in self.session.execute(prints)]

    def forget(self, meeting_id: int) -> None:
        """Nothing of what the meeting has now is known."""
        self.replace(meeting_id, [])
        for table in (MeetingSign, MeetingPrint):
            self.session.execute(delete(table).where(table.meeting_id == meeting_id))

    def replace(self, meeting_id: int, copies: Iterable[MeetingCopy]) -> None:
        """What is known of the meeting as a copy and as an original."""
        self.session.execute(
            delete(MeetingCopy).where(
                or_(MeetingCopy.meeting_id == meeting_id, MeetingCopy.other_id == meeting_id)
            )
        )
        self.session.add_all(copies)
        self.session.flush()

    def of(self, meeting_id: int) -> Sequence[Row[Any]]:
        """(copy, the other's code, its institution's path) in the order of time."""
        query = (
            select(MeetingCopy, Meeting.code, Institution.path)
            .join(Meeting, Meeting.id == MeetingCopy.other_id)
            .join(Institution, Institution.id == Meeting.institution_id)
            .where(MeetingCopy.meeting_id == meeting_id, Meeting.state != MeetingState.VOID)
            .order_by(MeetingCopy.start, MeetingCopy.id)
        )
        return self.session.execute(query).all()


def _batches(keys: Iterable[int]) -> Iterable[list[int]]:
    waiting = list(keys)
    return (waiting[at : at + AT_ONCE] for at in range(0, len(waiting), AT_ONCE))
