"""Findings: what was measured in a meeting, each fact with the words that prove it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from qa_pipeline.errors import InputError
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action, Findings, UtteranceReading
from qa_pipeline.values.transcript import Passage, Transcript
from qa_pipeline.values.vocabulary import Act

if TYPE_CHECKING:
    from qa_pipeline.findings.acts import ActModel
    from qa_pipeline.findings.reading import Reading

READER = "reader-1"
BY_PERSON: Final = "person"
"""Stands before the reader's version where people set acts."""


def find(
    transcript: Transcript,
    chapters: Chapters,
    facts: MeetingFacts,
    *,
    commitments_before: Sequence[Action] = (),
    acts: Mapping[int, Collection[Act]] | None = None,
    model: ActModel | None = None,
) -> Findings:
    """Read the meeting and take every measure.

    ``commitments_before`` are last meeting's actions, whose follow-up is checked (I4). ``acts`` are those of
    the utterances (index) that a person went through: they stand over what the reader says. ``model``
    replaces the shipped act classifier (measurements use models that have not seen an author). Raises
    InputError for acts of an utterance that is not there.
    """
    from qa_pipeline.findings.acts import current

    model = model or current()
    reading = read(transcript, chapters, facts, commitments_before=commitments_before, model=model)
    reader = f"{READER}+{model.version}"
    if acts:
        reading = replace(reading, readings=_as_set(reading.readings, acts))
        reader = f"{BY_PERSON}&{reader}"
    return measured(reading, reader=reader)


def _as_set(
    readings: Sequence[UtteranceReading], acts: Mapping[int, Collection[Act]]
) -> tuple[UtteranceReading, ...]:
    """The readings with what people set in place of what was read, in the order of the acts' vocabulary."""
    if (last := max(acts)) >= len(readings):
        raise InputError(f"第 {last} 句不存在，全文共 {len(readings)} 句（从 0 数起）：请核对语句标签。")
    return tuple(
        replace(one, acts=tuple((act, 1.0) for act in Act if act in acts[index]), by_person=True)
        if index in acts
        else one
        for index, one in enumerate(readings)
    )


def measured(reading: Reading, *, reader: str) -> Findings:
    """Every measure of a meeting that was read, and what is remarkable in it; ``reader`` names who read."""
    from qa_pipeline.findings import commitments, figures, following, remarks
    from qa_pipeline.findings.registry import take

    measures = take(reading)
    practices, issues = remarks.remark(reading, measures)
    actions = commitments.actions(reading)
    if reading.another_kind:
        # What was well done or promised there is no business of ours.
        practices, actions = (), ()
        issues = tuple(one for one in issues if one.id == remarks.STRAYED)
    return Findings(
        readings=reading.readings,
        measures=measures,
        host=reading.host,
        practices=practices,
        issues=issues,
        actions=actions,
        reader=reader,
        figures=figures.compared(reading),
        followed=following.follow_up(reading, reading.commitments_before),
    )


def compared(
    findings: Findings,
    transcript: Transcript,
    chapters: Chapters,
    facts: MeetingFacts,
    *,
    copies: Sequence[Passage],
) -> Findings:
    """The findings with what of the meeting is in others too (K4). ``copies`` are all that count: an original
    is not to blame for its copies."""
    from qa_pipeline.findings.authenticity import ELSEWHERE
    from qa_pipeline.findings.reading import Reading
    from qa_pipeline.findings.registry import take

    reading = Reading(
        transcript=transcript,
        chapters=chapters,
        facts=facts,
        readings=findings.readings,
        host=findings.host,
        copies=tuple(copies),
    )
    return replace(findings, measures={**findings.measures, **take(reading, ELSEWHERE)})


def read(
    transcript: Transcript,
    chapters: Chapters,
    facts: MeetingFacts,
    *,
    commitments_before: Sequence[Action] = (),
    model: ActModel | None = None,
) -> Reading:
    """What every utterance does and names, and who hosts; the measures are taken from this."""
    from qa_pipeline.findings.acts import ACTS, current, signals
    from qa_pipeline.findings.hearing import heard
    from qa_pipeline.findings.mentions import find_mentions
    from qa_pipeline.findings.reading import Reading
    from qa_pipeline.findings.roles import find_host

    mentions = find_mentions(transcript.utterances, facts)
    host = find_host(transcript, facts, mentions)
    texts = ["" if u.phantom else u.text for u in transcript.utterances]
    reader = model or current()
    known = reader.known(texts)
    cut = reader.probabilities(texts, signals(transcript, chapters, host, mentions), known)
    likely = reader.calibrated(cut)
    hearing = heard(transcript, familiar=reader.familiar(known))
    least = [hearing.cut(act) for act in ACTS]
    readings = tuple(
        UtteranceReading(
            acts=tuple(
                sorted(
                    (
                        (act, round(p, 3))
                        for act, p, c, at in zip(ACTS, row, cuts, least, strict=True)
                        if c >= at
                    ),
                    key=lambda pair: -pair[1],
                )
            )
            if text
            else (),
            mentions=named,
        )
        for text, row, cuts, named in zip(texts, likely.tolist(), cut.tolist(), mentions, strict=True)
    )
    return Reading(
        transcript=transcript,
        chapters=chapters,
        facts=facts,
        readings=readings,
        host=host,
        commitments_before=tuple(commitments_before),
        misheard=hearing.misheard,
    )
