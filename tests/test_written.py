"""How a moment and a score are written."""

from __future__ import annotations

from decimal import Decimal

from qa_pipeline.values.written import clock, percent, points


def test_times_read_as_a_player_shows_them() -> None:
    assert [clock(s) for s in (0, 5.9, 307, 3599.99, 3723)] == ["00:00", "00:05", "05:07", "59:59", "1:02:03"]
    assert clock(-0.2) == "00:00"


def test_nothing_is_rounded_up_over_a_line() -> None:
    assert points(59.99) == "59.9"
    assert points(60.0) == points(Decimal(60)) == "60"
    assert points(Decimal("59.96")) == "59.9"
    assert percent(0.6999) == "69.9%"
    assert percent(0.7) == "70%"


def test_what_is_unknown_reads_as_unknown() -> None:
    assert points(None) == points(float("nan")) == "未知"
