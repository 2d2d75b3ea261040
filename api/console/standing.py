"""What begins one day and may end, as lists and pages show it: whether it is there today, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from api.console import listing
from api.console.listing import Html
from api.organisation.schemas import Standing
from api.organisation.service import standing
from qa_pipeline.values.vocabulary import Status

Words = Mapping[Standing, tuple[Status, str, str]]
"""Colour, word and icon of each standing; current first, which is what a list shows unless asked."""


def badge(words: Words, begins: date, ends: date | None) -> Html:
    return listing.badge(*words[standing(begins, ends)])


def choices(words: Words) -> dict[str, str]:
    """What a list is narrowed to: standing -> word."""
    return {"" if key is Standing.CURRENT else key: word for key, (_, word, _) in words.items()}


def span(begins: date, ends: date | None) -> str:
    return f"{begins} 至 {ends}" if ends else f"{begins}"
