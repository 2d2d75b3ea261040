"""The labelled meetings that the readers learn from; FORMAT.md beside this file describes the text format.

Texts are condensed: a header gives the true duration, and utterances are placed in it by text length plus the
pauses that are written down.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from qa_pipeline.values import (
    Act,
    Chapter,
    Chapters,
    ChapterSpan,
    MeetingFacts,
    MeetingKind,
    Roster,
    Theme,
    Transcript,
    Utterance,
)

CORPUS = Path(__file__).parent
GAP = 0.4
"""Seconds between two utterances without a written pause, before scaling to the true duration."""
SPEECH_RATE = 4.5
"""Characters a second, before scaling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledMeeting:
    """One meeting with its gold labels. ``acts`` and ``commitments`` run parallel to the utterances."""

    id: str
    author: str
    kind: str
    """weekly_review, monthly_planning or other."""
    facts: MeetingFacts
    transcript: Transcript
    chapters: Chapters
    acts: tuple[frozenset[Act], ...]
    commitments: tuple[str, ...]
    """The text inside ``{commit …}`` of each utterance, empty where there is none."""
    host: str | None
    passes: bool
    band: tuple[float, float]
    header: dict[str, str]


def read_meeting(path: Path) -> LabelledMeeting:
    """Read one labelled meeting; raises ValueError with file and line when the text breaks the format."""
    header: dict[str, str] = {}
    rows: list[tuple[Chapter, str, str, frozenset[Act], str]] = []
    pauses: list[float] = []
    pause = 0.0
    chapter: Chapter | None = None
    starts: list[int] = []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        if line.startswith("#"):
            key, _, value = line[1:].partition(":")
            header[key.strip()] = value.strip()
        elif line.startswith("=="):
            chapter = Chapter(line[2:].strip())
            starts.append(len(rows))
        elif found := re.fullmatch(r"\(pause (\d+(?:\.\d+)?)\)", line):
            pause += float(found[1])
        elif (found := re.fullmatch(r"(\w+): (.*)", line)) and chapter is not None:
            text = re.sub(r"\{[^{}]*\}", "", found[2]).strip()
            tags = " ".join(re.findall(r"\{([^{}]*)\}", found[2]))
            commit = next((t for t in re.findall(r"\{([^{}]*)\}", found[2]) if "commit" in t.split()), "")
            acts = frozenset(Act(w) for w in re.split(r"[\s]+", tags) if w in set(Act))
            rows.append((chapter, found[1], text, acts, commit))
            pauses.append(pause)
            pause = 0.0
        else:
            raise ValueError(f"{path}:{number}: not a line of the corpus format: {line[:40]}")
    duration = float(header["duration_min"]) * 60
    spoken = sum(len(text) / SPEECH_RATE + GAP for _, _, text, _, _ in rows)
    scale = max(0.2, (duration - sum(pauses) - pause) / spoken)
    clock = 0.0
    utterances: list[Utterance] = []
    for (_, speaker, text, _, _), before in zip(rows, pauses, strict=True):
        clock += before
        end = clock + scale * len(text) / SPEECH_RATE
        utterances.append(Utterance(start=clock, end=end, text=text, speaker=speaker))
        clock = end + scale * GAP
    edges = [*starts, len(rows)]
    spans = tuple(
        ChapterSpan(
            chapter=rows[a][0],
            start=utterances[a].start,
            end=utterances[b].start if b < len(rows) else duration,
            first=a,
            last=b,
            confidence=1.0,
        )
        for a, b in itertools.pairwise(edges)
        if a < b
    )
    kind = header["kind"]
    theme = header.get("theme", "none")
    low, _, high = header["band"].partition("-")
    return LabelledMeeting(
        id=header["id"],
        author=path.parent.name,
        kind=kind,
        facts=MeetingFacts(
            kind=MeetingKind(kind) if kind in set(MeetingKind) else None,
            meeting_date=_date(header.get("date")),
            start_time=_time(header.get("start")),
            theme=Theme(theme) if theme in set(Theme) else None,
            expected_attendees=_roster(header.get("expected")),
            attendees=_roster(header.get("present")),
        ),
        transcript=Transcript(utterances=tuple(utterances), duration=duration, engine="corpus"),
        chapters=Chapters(spans=spans, segmenter="gold"),
        acts=tuple(row[3] for row in rows),
        commitments=tuple(row[4] for row in rows),
        host=header.get("host"),
        passes=header["verdict"] == "pass",
        band=(float(low), float(high)),
        header=header,
    )


def meetings() -> Iterator[LabelledMeeting]:
    """All labelled meetings, by author folder and id."""
    for path in sorted(CORPUS.glob("*/*.txt")):
        yield read_meeting(path)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _roster(text: str | None) -> Roster | None:
    found = re.match(r"\d+", text or "")
    return Roster(count=int(found[0])) if found else None
