"""What the meeting facts say of attendance and schedule, as measures that a rubric may ask for (R5, R9)."""

from __future__ import annotations

from qa_pipeline.findings.reading import Reading, unknown
from qa_pipeline.findings.registry import measure
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.findings import Measurement


def came(facts: MeetingFacts) -> tuple[int, tuple[str, ...]] | None:
    """How many came of those who were due, and, where both lists have names, who did not: guests do not
    replace the absent (R9). None where either list is unknown."""
    expected, present = facts.expected_attendees, facts.attendees
    if expected is None or present is None:
        return None
    if expected.names and present.names:
        absent = tuple(name for name in expected.names if name not in present.names)
        return expected.count - len(absent), absent
    return min(present.count, expected.count), ()


def _share(name: str, part: int | None, whole: Roster | None, missing: str) -> Measurement:
    if part is None or whole is None or not whole.count:
        return unknown(name, missing)
    return Measurement(id=name, value=min(1.0, part / whole.count))


@measure(id="attendance_rate", label="参会率", unit="share", meaning="应到的人里实到的比例（R9）")
def attendance_rate(reading: Reading) -> Measurement:
    there = came(reading.facts)
    return _share(
        "attendance_rate",
        there[0] if there else None,
        reading.facts.expected_attendees,
        "没有给出应到或实到人数",
    )


@measure(id="on_site_rate", label="现场率", unit="share", meaning="到现场的人数占应到人数的比例（R9）")
def on_site_rate(reading: Reading) -> Measurement:
    return _share(
        "on_site_rate", reading.facts.on_site, reading.facts.expected_attendees, "没有给出现场人数或应到人数"
    )


@measure(id="expected_count", label="应到人数", unit="count", meaning="应到主管及以上人数")
def expected_count(reading: Reading) -> Measurement:
    roster = reading.facts.expected_attendees
    return (
        unknown("expected_count", "没有给出应到人数")
        if roster is None
        else Measurement(id="expected_count", value=float(roster.count))
    )


@measure(id="start_hour", label="开始时刻", unit="hours", meaning="会议开始时刻，9.5为九点半（R5）")
def start_hour(reading: Reading) -> Measurement:
    start = reading.facts.start_time
    if start is None:
        return unknown("start_hour", "没有给出开始时间")
    return Measurement(id="start_hour", value=start.hour + start.minute / 60)
