"""What several screens draw alike, without a browser."""

from __future__ import annotations

from decimal import Decimal

import pytest
from nicegui import ui

from api.console import parts, sound
from api.console.unfinished import received
from api.meetings.scorecard_schemas import ScorecardOut


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [("55.26", "64.66", "误差范围 55.2–64.6，合格线 65"), ("59.96", "59.96", "合格线 65")],
)
def test_a_score_below_the_line_never_reads_as_on_it_and_the_line_is_the_cards(
    monkeypatch: pytest.MonkeyPatch, low: str, high: str, told: str
) -> None:
    card = ScorecardOut.model_construct(
        energy_score=Decimal("59.96"), band=(Decimal(low), Decimal(high)), pass_line=Decimal(65)
    )
    shown: list[str] = []
    monkeypatch.setattr(ui, "element", lambda *_: Silent())
    monkeypatch.setattr(ui, "label", lambda words: shown.append(words) or Silent())
    parts.score(card)
    assert shown == ["59.9", told]


def test_what_advice_points_at_is_played_from_there_and_other_times_are_words() -> None:
    drawn = sound.pointed("1:02:31 说到「<在跟进>」：追问。12:05 说到「再看看」：改成日期。每天 08:30 问。")
    assert [part.split('"')[0] for part in drawn.split('data-at="')[1:]] == ["3751", "725"]
    assert drawn.count("<button") == 2
    assert "「&lt;在跟进&gt;」：追问。" in drawn
    assert drawn.endswith("每天 08:30 问。")


@pytest.mark.parametrize(
    ("sent", "whole", "told"),
    [
        (2_000, 40_000, "2.0 / 39.1 KB"),
        (0, 3_000_000, "0.0 / 2.9 MB"),
        (52_428_800, None, "50.0 MB"),
        (512, None, "0.5 KB"),
    ],
)
def test_a_tiny_upload_does_not_read_as_none_of_nothing(sent: int, whole: int | None, told: str) -> None:
    assert received(sent, whole) == told


class Silent:
    """An element that draws nothing."""

    def classes(self, _: str) -> Silent:
        return self

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None
