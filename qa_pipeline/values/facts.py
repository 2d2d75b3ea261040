"""What is known of a meeting besides its recording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from qa_pipeline.values.vocabulary import MeetingKind, Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """People, by name where names are given; ``count`` always holds."""

    count: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What the books say: ``owner`` (an institution, office or person, as meetings call them) has ``value``
    of ``indicator`` (an id of ``names.INDICATORS``, in its unit; a percentage is a share, 0.62) up to
    ``as_of``."""

    owner: str
    indicator: str
    value: float
    unit: str
    as_of: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingFacts:
    """What is known of a meeting besides its recording (flags or NAME.meeting.yaml). None is unknown."""

    kind: MeetingKind | None = None
    meeting_date: date | None = None
    start_time: time | None = None
    institution: str | None = None
    theme: Theme | None = None
    host: str | None = None
    admin_manager: str | None = None
    deputies: tuple[str, ...] = ()
    expected_attendees: Roster | None = None
    attendees: Roster | None = None
    on_leave: tuple[str, ...] = ()
    on_site: int | None = None
    prepared_at: datetime | None = None
    meeting_minutes: float | None = None
    """Length of the meeting as held, in minutes, if known apart from the recording (R7)."""
    figures: tuple[Figure, ...] = ()
    """What the figures said in the meeting can be compared with."""

    @property
    def people(self) -> frozenset[str]:
        """Everybody who is known by name: who was to come, who came, who is on leave, who leads."""
        rosters = (r for r in (self.expected_attendees, self.attendees) if r is not None)
        leading = (name for name in (self.host, self.admin_manager) if name)
        return frozenset((*leading, *self.deputies, *self.on_leave, *(n for r in rosters for n in r.names)))
