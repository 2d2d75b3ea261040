"""What tells a meeting from all others, and where another's sound or words turned up.

A fingerprint says where a recording's spectral peaks lie, and a shingle is the hash of eight characters:
neither can be played, read, or tied to a person. They outlive the recordings themselves, or a recording could
be handed in again as soon as its time is over.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Key, Name, one_of
from models.meetings.tables import Meeting, Seconds
from qa_pipeline.values.vocabulary import Likeness


class MeetingPrint(ServiceBase):
    """The fingerprint of a meeting's sound, or that of its words."""

    __tablename__ = "meeting_print"

    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id), primary_key=True, autoincrement=False)
    kind: Mapped[Likeness] = mapped_column(one_of(Likeness), primary_key=True)
    maker: Mapped[Name]
    """Prints of different makers are not comparable."""
    body: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class MeetingSign(ServiceBase):
    """An entry of the index by which the few meetings are found that are worth comparing."""

    __tablename__ = "meeting_sign"
    __table_args__ = (
        Index("ix_meeting_sign_key", "key", "kind"),
        Index("ix_meeting_sign_meeting", "meeting_id", "kind"),
    )

    id: Mapped[Key]
    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id))
    kind: Mapped[Likeness] = mapped_column(one_of(Likeness))
    key: Mapped[int] = mapped_column(BigInteger)
    place: Mapped[int]


class MeetingCopy(ServiceBase):
    """A stretch [start, end) of a meeting, in seconds, that was taken from another one."""

    __tablename__ = "meeting_copy"
    __table_args__ = (
        CheckConstraint('"end" > start', name="span"),
        CheckConstraint("meeting_id <> other_id", name="other"),
    )

    id: Mapped[Key]
    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id), index=True)
    """The copy; where nobody knows which of the two was held first, each is a copy of the other."""
    other_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id), index=True)
    kind: Mapped[Likeness] = mapped_column(one_of(Likeness))
    start: Mapped[Seconds]
    end: Mapped[Seconds]
    other_start: Mapped[Seconds | None]
    """Where in the other; None: not known."""
