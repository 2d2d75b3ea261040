"""The labelled meetings that the readers learn from; FORMAT.md beside this file describes the text format.

Texts are condensed: a header gives the true duration, and utterances are placed in it by text length plus the
pauses that are written down.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from qa_pipeline.errors import InputError, reason
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind, Outcome, Theme

CORPUS = Path(__file__).parent
Value = TypeVar("Value")
Word = TypeVar("Word", bound=StrEnum)
GAP = 0.4
"""Seconds between two utterances without a written pause, before scaling to the true duration."""
SPEECH_RATE = 4.5
"""Characters a second, before scaling."""
PAUSE = 5.0
"""Seconds of silence from which on a pause is written down."""
NOBODY = "_"
"""The speaker of an utterance whose speaker is not known."""
_FATE = re.compile(r"\{fate of=(\d+) told=(\w+)\}")
LABELS = frozenset({"chapters", "acts", "verdict"})
"""What may be learned from a meeting; one without the header line has all of it."""
MACHINE = "machine"
"""The tag of an utterance whose acts nobody went through: they are the machine's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledMeeting:
    """One meeting with its gold labels. ``acts``, ``gone_through`` and ``commitments`` run parallel to the
    utterances."""

    id: str
    author: str
    kind: str
    """weekly_review, monthly_planning or other."""
    facts: MeetingFacts
    transcript: Transcript
    chapters: Chapters
    acts: tuple[frozenset[Act], ...]
    gone_through: tuple[bool, ...]
    """Whether a person went through the acts of each utterance; those of the others are the machine's."""
    commitments: tuple[str, ...]
    """The text inside ``{commit …}`` of each utterance, empty where there is none."""
    fates: tuple[Mapping[int, Outcome], ...]
    """What each utterance tells of the commitments of the meeting that this one ``follows``: the promising
    utterance there (index) and what became of it."""
    host: str | None
    passes: bool
    band: tuple[float, float]
    header: dict[str, str]

    @property
    def follows(self) -> str | None:
        """The id of the meeting before, where its commitments are labelled as followed up here."""
        return self.header.get("follows")

    @property
    def labels(self) -> frozenset[str]:
        """Which of ``LABELS`` may be learned from: of a meeting that was exported, those a person gave."""
        given = self.header.get("labels")
        labels = LABELS if given is None else LABELS.intersection(given.split())
        return labels if any(self.gone_through) else labels - {"acts"}


def read_meeting(path: Path) -> LabelledMeeting:
    """Read one labelled meeting; raises InputError with file and line when the text breaks the format."""
    try:
        return _meeting(path)
    except OSError as error:
        raise InputError(f"读不了标注会议 {path}（{reason(error)}）：请检查路径和权限。") from error
    except UnicodeDecodeError as error:
        raise InputError(f"标注会议 {path} 不是 UTF-8 文本：请另存为 UTF-8 后重试。") from error
    except _FormatError as error:
        raise InputError(
            f"{path} 不合标注格式：{error}；请改正，写法可参照 huijian corrections 导出的文件。"
        ) from error


class _FormatError(Exception):
    """What in the text breaks the format, in Chinese."""


def _meeting(path: Path) -> LabelledMeeting:
    header: dict[str, str] = {}
    rows: list[tuple[Chapter, str, str, frozenset[Act], bool, str, dict[int, Outcome]]] = []
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
            chapter = _word(Chapter, line[2:].strip(), f"第 {number} 行的章节")
            starts.append(len(rows))
        elif found := re.fullmatch(r"\(pause (\d+(?:\.\d+)?)\)", line):
            pause += float(found[1])
        elif (found := re.fullmatch(r"(\w+): (.*)", line)) and chapter is not None:
            text = re.sub(r"\{[^{}]*\}", "", found[2]).strip()
            tags = " ".join(re.findall(r"\{([^{}]*)\}", found[2]))
            commit = next((t for t in re.findall(r"\{([^{}]*)\}", found[2]) if "commit" in t.split()), "")
            acts = frozenset(Act(w) for w in re.split(r"[\s]+", tags) if w in set(Act))
            where = f"第 {number} 行的 told"
            fates = {int(of): _word(Outcome, told, where) for of, told in _FATE.findall(found[2])}
            rows.append((chapter, found[1], text, acts, MACHINE not in tags.split(), commit, fates))
            pauses.append(pause)
            pause = 0.0
        else:
            raise _FormatError(
                f"第 {number} 行“{line[:40]}”不是章节（== opening）、章节里的发言（S1: 早上好）"
                "或停顿（(pause 40)）"
            )
    if not rows:
        raise _FormatError("没有一句发言")
    duration = _of(header, "duration_min", float) * 60
    spoken = sum(len(text) / SPEECH_RATE + GAP for _, _, text, *_ in rows)
    scale = max(0.2, (duration - sum(pauses) - pause) / spoken)
    clock = 0.0
    utterances: list[Utterance] = []
    for (_, speaker, text, *_), before in zip(rows, pauses, strict=True):
        clock += before
        end = clock + scale * len(text) / SPEECH_RATE
        known = None if speaker == NOBODY else speaker
        utterances.append(Utterance(start=clock, end=end, text=text, speaker=known))
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
    kind = _of(header, "kind", str)
    theme = header.get("theme", "none")
    return LabelledMeeting(
        id=_of(header, "id", str),
        author=path.parent.name,
        kind=kind,
        facts=MeetingFacts(
            kind=MeetingKind(kind) if kind in set(MeetingKind) else None,
            meeting_date=_of({"date": "", **header}, "date", _date),
            start_time=_of({"start": "", **header}, "start", _time),
            theme=Theme(theme) if theme in set(Theme) else None,
            expected_attendees=_roster(header.get("expected")),
            attendees=_roster(header.get("present")),
        ),
        transcript=Transcript(utterances=tuple(utterances), duration=duration, engine="corpus"),
        chapters=Chapters(spans=spans, segmenter="gold"),
        acts=tuple(row[3] for row in rows),
        gone_through=tuple(row[4] for row in rows),
        commitments=tuple(row[5] for row in rows),
        fates=tuple(row[6] for row in rows),
        host=header.get("host"),
        passes=_of(header, "verdict", str) == "pass",
        band=_of(header, "band", _band),
        header=header,
    )


def meetings(folder: Path = CORPUS) -> Iterator[LabelledMeeting]:
    """All labelled meetings, by author folder and id."""
    for path in sorted(folder.glob("*/*.txt")):
        yield read_meeting(path)


def write_meeting(
    *,
    id: str,
    title: str,
    facts: MeetingFacts,
    transcript: Transcript,
    chapters: Chapters,
    acts: Sequence[Sequence[Act]],
    host: str | None,
    passes: bool,
    band: tuple[float, float],
    labels: frozenset[str],
    by_machine: Collection[int] = (),
    notes: str = "",
) -> str:
    """A meeting in the corpus format, as ``read_meeting`` reads it. ``acts`` run parallel to the utterances;
    ``by_machine`` are those (index) that nobody went through.

    Speakers become S1, S2 … in the order in which they first speak; what nobody said (``phantom``) is left
    out. Mask personal numbers before: texts are written as they are.
    """
    speakers = dict.fromkeys(u.speaker for u in transcript.utterances if u.speaker is not None)
    names = {speaker: f"S{number}" for number, speaker in enumerate(speakers, 1)}
    header = {
        "id": id,
        "title": title,
        "kind": facts.kind.value if facts.kind else "other",
        "date": facts.meeting_date.isoformat() if facts.meeting_date else "",
        "theme": facts.theme.value if facts.theme else "none",
        "start": f"{facts.start_time:%H:%M}" if facts.start_time else "",
        "duration_min": f"{transcript.duration / 60:.1f}",
        "expected": str(facts.expected_attendees.count) if facts.expected_attendees else "",
        "present": str(facts.attendees.count) if facts.attendees else "",
        "host": names.get(host, "") if host else "",
        "verdict": "pass" if passes else "fail",
        "band": f"{band[0]:.0f}-{band[1]:.0f}",
        "labels": " ".join(sorted(labels)),
        "notes": notes,
    }
    lines = [f"# {key}: {_one_line(value)}" for key, value in header.items() if value]
    end = 0.0
    for span in chapters.spans:
        lines.append(f"== {span.chapter.value}")
        for index in range(span.first, span.last):
            said = transcript.utterances[index]
            text = _one_line(said.text)
            if said.phantom or not text:
                continue
            if said.start - end >= PAUSE:
                lines.append(f"(pause {said.start - end:.0f})")
            end = max(end, said.end)
            tags = [act.value for act in acts[index]] + [MACHINE] * (index in by_machine)
            given = f" {{{' '.join(tags)}}}" if tags else ""
            lines.append(f"{names.get(said.speaker or '', NOBODY)}: {text}{given}")
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    """Without line breaks and without the braces that hold tags."""
    return " ".join(text.replace("{", "（").replace("}", "）").split())


def _of(header: Mapping[str, str], key: str, read: Callable[[str], Value]) -> Value:
    if key not in header:
        raise _FormatError(f"文件头缺少“# {key}:”一行")
    try:
        return read(header[key])
    except ValueError as error:
        raise _FormatError(f"文件头“# {key}: {header[key]}”写法不对") from error


def _word(words: type[Word], given: str, where: str) -> Word:
    try:
        return words(given)
    except ValueError as error:
        raise _FormatError(f"{where}“{given}”不认识，可写 {'、'.join(words)}") from error


def _band(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low), float(high)


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _time(text: str) -> time | None:
    return time.fromisoformat(text) if text else None


def _roster(text: str | None) -> Roster | None:
    found = re.match(r"\d+", text or "")
    return Roster(count=int(found[0])) if found else None
