"""What several screens draw alike: status, verdict, score, clock, section, empty state."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from nicegui import ui

from api.meetings.scorecard_schemas import ScorecardOut
from qa_pipeline.names import STATUSES, VERDICTS
from qa_pipeline.values.vocabulary import Status, Verdict
from qa_pipeline.values.written import percent, points

Named = TypeVar("Named", bound=ui.element)

ICONS: Final = {
    Status.PASS: "check_circle",
    Status.WARN: "warning",
    Status.FAIL: "cancel",
    Status.UNKNOWN: "help_outline",
}
OF_VERDICT: Final = {
    Verdict.QUALIFIED: Status.PASS,
    Verdict.NOT_QUALIFIED: Status.FAIL,
    Verdict.NEEDS_REVIEW: Status.WARN,
}
UNKNOWN: Final = "未知"


def named(element: Named, words: str) -> Named:
    """Give it a name for who does not see it. Not by a string of props: a quotation mark in it would end it
    and begin props of its own."""
    element.props["aria-label"] = words
    return element


def status(value: Status, word: str | None = None) -> None:
    """Icon, word and colour together: none of them alone carries the meaning."""
    with ui.element("span").classes(f"status {value}"):
        ui.icon(ICONS[value]).props('aria-hidden="true"')
        ui.label(word or STATUSES[value])


def verdict(value: Verdict | None) -> None:
    if value is None:
        status(Status.UNKNOWN, "未质检")
    else:
        status(OF_VERDICT[value], VERDICTS[value])


def score(card: ScorecardOut) -> None:
    """The energy score with its band and the pass line; unknown stays unknown."""
    low, high = card.band
    line = points(card.pass_line)
    with ui.element("div").classes("score"):
        ui.label(points(card.energy_score)).classes("figure")
        if low is not None and low == high:  # a person decided: there is no doubt left
            ui.label(f"合格线 {line}").classes("soft")
        elif low is not None and high is not None:
            ui.label(f"误差范围 {points(low)}–{points(high)}，合格线 {line}").classes("soft")


@contextmanager
def section(title: str, note: str = "", *, place: str = "") -> Iterator[None]:
    """A titled part of a screen; ``place``: what a link to it names."""
    with named(ui.element("section").classes("section"), title):
        said = f'<div class="soft">{html.escape(note)}</div>' if note else ""
        named_place = f' id="{place}"' if place else ""
        heading = f'<h2 class="heading"{named_place}>{html.escape(title)}</h2>'
        ui.html(f"{heading}{said}", sanitize=False, tag="header")
        yield


def empty(sentence: str) -> None:
    """What stands where there is nothing to show, and what to do about it."""
    ui.label(sentence).classes("empty soft")


def bar(value: float, maximum: float, label: str) -> None:
    """A bar of value / maximum with its figure."""
    filled = 0.0 if maximum <= 0 else max(0.0, min(1.0, value / maximum))
    _bar(filled, label, f"{points(value)} / {points(maximum)}")


def share(value: float, label: str) -> None:
    """A bar of a share between 0 and 1, in percent."""
    _bar(value, label, percent(value))


def _bar(filled: float, label: str, figures: str) -> None:
    drawn = f'<div class="track" aria-hidden="true"><div class="fill" style="width:{filled:.1%}"></div></div>'
    ui.html(
        f'<div>{html.escape(label)}</div>{drawn}<div class="figures">{figures}</div>', sanitize=False
    ).classes("bar-row")
