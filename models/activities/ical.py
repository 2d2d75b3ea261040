"""The activity calendar as an iCalendar file, for the calendars on phones and desks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from icalendar import Calendar, Event

from models.activities.entry import MANDATORY, PLATFORM_LABELS, Entry

NEEDED: Final = ("时间", "地点", "内容")
"""What a calendar cannot do without; goal, audience and preparation may still be open."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that is not in the file, and what it lacks."""

    code: str
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """An ``.ics`` file, and the entries that are too incomplete to be in it."""

    content: bytes
    left_out: tuple[LeftOut, ...]


def calendar_file(entries: Iterable[Entry], *, name: str, stamp: datetime) -> CalendarFile:
    """Entries with time, place and content as VEVENTs in Asia/Shanghai; cancelled ones say so.

    The UID of an entry comes from its code alone, so that an import replaces what an earlier one brought.
    ``stamp`` (zone-aware) is when the file is made.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Huijian//activity calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", "Asia/Shanghai")
    left_out: list[LeftOut] = []
    for entry in sorted(entries, key=lambda entry: entry.code):
        if lacks := tuple(label for label in entry.missing if label in NEEDED):
            left_out.append(LeftOut(entry.code, lacks))
        else:
            calendar.add_component(_event(entry, stamp))
    calendar.add_missing_timezones()
    return CalendarFile(calendar.to_ical(), tuple(left_out))


def _event(entry: Entry, stamp: datetime) -> Event:
    event = Event()
    event.add("uid", f"{entry.code}@activity.huijian")
    event.add("dtstamp", stamp)
    event.add("dtstart", entry.starts_at)
    if entry.ends_at is not None:
        event.add("dtend", entry.ends_at)
    event.add("summary", f"{PLATFORM_LABELS[entry.platform]}：{entry.content}")
    event.add("location", entry.place)
    said = {label: getattr(entry, field) for field, label in MANDATORY.items() if label not in NEEDED}
    event.add("description", "\n".join(f"{label}：{text}" for label, text in said.items() if text))
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("sequence", int(entry.cancelled))
    return event
