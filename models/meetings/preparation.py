"""What must stand before a meeting starts (R24)."""

from __future__ import annotations

from models.base import SHANGHAI
from models.meetings.tables import Meeting
from qa_pipeline.values.compliance import Check
from qa_pipeline.values.vocabulary import Status


def missing_preparation(meeting: Meeting) -> tuple[str, ...]:
    """Which of topic, time, goal and flow do not stand yet, in Chinese (R24)."""
    parts = {
        "主题": meeting.topic,
        "时间": meeting.started_at,
        "目标": meeting.goal,
        "流程": meeting.flow,
    }
    return tuple(name for name, value in parts.items() if not value)


def preparation(meeting: Meeting) -> Check:
    """R24: topic, time, goal and flow stand before the start; a warning otherwise."""
    if missing := missing_preparation(meeting):
        return Check(rule="R24", status=Status.WARN, reason=f"会前准备不全，缺：{'、'.join(missing)}")
    if meeting.prepared_at is None or meeting.started_at is None:
        return Check(rule="R24", status=Status.UNKNOWN, reason="未登记会前准备的完成时间")
    told = f"会前准备完成于 {meeting.prepared_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    if meeting.prepared_at < meeting.started_at:
        return Check(rule="R24", status=Status.PASS, reason=told)
    return Check(rule="R24", status=Status.WARN, reason=f"{told}，不早于会议开始")
