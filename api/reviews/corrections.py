"""What reviewers put right, as labelled meetings that the readers can learn from (`huijian train`).

A meeting is exported when a person set its chapter borders, went through the acts of something said in it, or
decided on its result. Only what a person gave is called a label: an utterance whose acts nobody went through
is marked as the machine's, for a person to go through.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from api.meetings import versions
from api.meetings.kept import inspection_of
from api.meetings.repository import VersionRepository
from api.meetings.tables import KeptInspection
from api.reviews.repository import CorrectionRepository
from models.base import Subtree
from qa_pipeline.chapters import segment
from qa_pipeline.chapters.corpus import write_meeting
from qa_pipeline.values.vocabulary import Verdict

HALF: Final = 10.0
"""Half the width, in points, of the band around the score that a reviewer settled on."""
_UNCHECKED: Final = (
    "；带 machine 的句子，标签是机器所标，不用来学：核对后删去 machine，labels 一行没有 acts 的再加上 acts"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One meeting as a file of the corpus: its folder is the institution, so that training never has an
    institution on both sides of a comparison."""

    institution: str
    meeting: str
    text: str
    labels: frozenset[str]

    @property
    def path(self) -> str:
        folder, name = (re.sub(r"[^\w.-]", "_", part) for part in (self.institution, self.meeting))
        return f"{folder}/{name}.txt"


def corrections(session: Session, within: Subtree, *, first: date, last: date) -> Iterator[Labelled]:
    """Meetings that people put right in the period, by code; personal numbers are masked."""
    for row in CorrectionRepository(session, within=within).touched(first=first, last=last):
        found = _labelled(session, row.id, row.code, row.institution, reviewed=row.reviewed)
        if found is not None:
            yield found


def packed(found: Iterable[Labelled]) -> bytes:
    """As one ZIP, ready for ``huijian train --from`` once unpacked."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for one in found:
            file.writestr(one.path, one.text)
    return whole.getvalue()


def _labelled(
    session: Session, meeting_id: int, code: str, institution: str, *, reviewed: bool
) -> Labelled | None:
    card = VersionRepository(session).one(meeting_id, None)
    if card is None or session.get(KeptInspection, card.id) is None:
        return None
    inspection = inspection_of(session, card)
    corrected = versions.corrected(session, meeting_id)
    transcript = corrected.transcript if corrected else inspection.transcript
    same = len(transcript.utterances) == len(inspection.transcript.utterances)
    chapters = corrected.chapters if corrected else None
    labels = {"chapters"} if chapters else set()
    by_person = corrected.acts if corrected else {}
    if by_person:
        labels.add("acts")
    if reviewed:
        labels.add("verdict")
    if not labels:
        return None
    if chapters is None:
        kind = inspection.facts.kind
        chapters = inspection.chapters if same else segment(transcript, kind=kind)
    readings = inspection.findings.readings if same else ()
    acts = {index: tuple(act for act, _ in reading.acts) for index, reading in enumerate(readings)}
    acts.update(by_person)
    said = (index for index, row in enumerate(transcript.utterances) if versions.is_said(row))
    by_machine = set(said) - set(by_person)
    energy, band = inspection.scorecard.energy_score, inspection.scorecard.band
    if reviewed:
        band = (max(0.0, energy - HALF), min(100.0, energy + HALF))
    text = write_meeting(
        id=code,
        title=code,
        facts=inspection.facts,
        transcript=versions.masked(transcript),
        chapters=chapters,
        acts=[acts.get(index, ()) for index in range(len(transcript.utterances))],
        host=inspection.findings.host,
        passes=inspection.compliance.verdict is Verdict.QUALIFIED,
        band=band,
        labels=frozenset(labels),
        by_machine=by_machine,
        notes="由复核更正导出" + (_UNCHECKED if by_machine else ""),
    )
    return Labelled(institution=institution, meeting=code, text=text, labels=frozenset(labels))
