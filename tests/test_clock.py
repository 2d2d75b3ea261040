"""A meeting that has not come yet was not held: minutes of grace for clocks, none for tomorrow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qa_pipeline import clock


@pytest.mark.parametrize(
    ("now", "start", "ahead"),
    [
        ("2027-03-01T09:00+08:00", "2027-03-01T09:00+08:00", False),
        ("2027-03-01T09:00+08:00", "2027-03-01T09:05+08:00", False),
        ("2027-03-01T09:00+08:00", "2027-03-01T09:06+08:00", True),
        ("2027-03-01T09:00+08:00", "2027-03-01T01:06+00:00", True),
        ("1970-01-01T00:00+00:00", "2026-11-26T00:00+08:00", False),
        ("1970-01-01T00:00+00:00", "2026-12-26T09:00+08:00", True),
    ],
)
def test_what_lies_ahead(monkeypatch: pytest.MonkeyPatch, now: str, start: str, ahead: bool) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.fromisoformat(now).astimezone(UTC)

    monkeypatch.setattr(clock, "datetime", Stopped)
    assert clock.lies_ahead(datetime.fromisoformat(start)) is ahead
    assert timedelta(minutes=5) == clock.TOLERANCE
