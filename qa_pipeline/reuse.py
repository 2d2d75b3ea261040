"""Which of the meetings that a batch inspected are copies of one another (K4).

An original is not to blame for its copies: of two meetings, the one held on a later day is the copy. Within a
day the hour proves nothing, since a branch writes it: both are suspect and a person has to tell them apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qa_pipeline.errors import InputError, reason
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.transcript import Passage

if TYPE_CHECKING:
    from qa_pipeline.copies import Shelf
    from qa_pipeline.rubric import Rubric


def held_before(one: MeetingFacts, other: MeetingFacts) -> bool:
    """Whether the one is known to have been held on a day before the other."""
    if one.meeting_date is None or other.meeting_date is None:
        return False
    return one.meeting_date < other.meeting_date


def compare(
    folder: Path, names: Collection[str], *, rubric: Rubric | None
) -> Iterator[tuple[str, Inspection]]:
    """The meetings whose inspection changes because of another one, with the inspection as it has to be.

    ``folder`` holds ``NAME.json``, the stored inspections; ``names`` are those that may change. The others,
    from earlier batches, are only compared with. No more than two inspections are in memory at a time.
    Raises InputError naming a file that cannot be read or is no stored inspection.
    """
    from qa_pipeline.copies import Shelf, prints
    from qa_pipeline.findings.authenticity import ELSEWHERE
    from qa_pipeline.pipeline import compared, scored_again

    shelf: Shelf[str] = Shelf()
    suspects: set[str] = set()
    stored = sorted(path.relative_to(folder).as_posix()[: -len(".json")] for path in folder.rglob("*.json"))
    for name in stored:
        inspection = _stored(folder, name)
        for print in prints(inspection.transcript).values():
            for other in shelf.like(print):
                suspects |= {name, other}
            shelf.add(name, print)
        if any(_share(inspection, measure) for measure in ELSEWHERE):
            suspects.add(name)  # what it was a copy of may be gone
    for name in sorted(suspects.intersection(names)):
        inspection = _stored(folder, name)
        copies = tuple(_copies(folder, name, inspection, shelf, names))
        changed = compared(inspection, copies)
        if changed.findings.measures != inspection.findings.measures:
            yield name, scored_again(changed, rubric=rubric)


def _copies(
    folder: Path, name: str, mine: Inspection, shelf: Shelf[str], names: Collection[str]
) -> Iterator[Passage]:
    from qa_pipeline.copies import passages, prints, shared

    for kind, print in prints(mine.transcript).items():
        for other in shelf.like(print):
            if other == name:
                continue
            theirs = _stored(folder, other)
            if held_before(mine.facts, theirs.facts) or (other not in names and _same_meeting(mine, theirs)):
                continue
            found = prints(theirs.transcript)[kind]
            mutual = not held_before(theirs.facts, mine.facts)
            yield from passages(print, found, shared(print, found), other=f"「{other}」", mutual=mutual)


def _same_meeting(one: Inspection, other: Inspection) -> bool:
    """Whether a stored inspection is that of the same meeting, whose file has another name by now."""
    facts = replace(one.facts, theme=None) == replace(other.facts, theme=None)
    if one.recording is not None and other.recording is not None:
        return facts and one.recording.sha256 == other.recording.sha256
    return facts and one.transcript.utterances == other.transcript.utterances


def _share(inspection: Inspection, measure: str) -> float:
    found = inspection.findings.measures.get(measure)
    return (found.value or 0.0) if found is not None else 0.0


def _stored(folder: Path, name: str) -> Inspection:
    from qa_pipeline.report.json import inspection_from_json

    file = folder / f"{name}.json"
    try:
        return inspection_from_json(file.read_bytes())
    except OSError as error:
        raise InputError(f"读不了保存的质检结果 {file}（{reason(error)}）：请检查磁盘和权限。") from error
    except InputError as error:
        raise InputError(
            f"保存的质检结果 {file} 已损坏，或由不相容的版本写出：请删去它再运行，这一场会重做，不重新转写。"
        ) from error
