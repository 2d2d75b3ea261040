"""The one flow: from a recording to a verdict. Read ``inspect`` first."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from qa_pipeline.errors import InputError, RecordingError, TranscriptError
from qa_pipeline.names import KINDS
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.recording import Recording
from qa_pipeline.values.scorecard import Scorecard
from qa_pipeline.values.transcript import Passage, Transcript
from qa_pipeline.values.vocabulary import Act, MeetingKind, Progress, Theme, silent

if TYPE_CHECKING:
    from qa_pipeline.compliance import ImportedDays
    from qa_pipeline.rubric import Rubric
    from qa_pipeline.transcript.engine import TranscribeOptions

VOICES_UNKNOWN: Final = "分不清谁在说话：是不是一个人从头念到尾（K5）没有查，请抽听一段。"
_SOUND_NOTE: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】")
"""What recognisers write for sounds: [BLANK_AUDIO], （音乐）."""


def inspect(
    source: Recording | Transcript,
    *,
    facts: MeetingFacts,
    rubric: Rubric | None = None,
    transcript: Transcript | None = None,
    chapters: Chapters | None = None,
    acts: Mapping[int, Collection[Act]] | None = None,
    model: str | None = None,
    options: TranscribeOptions | None = None,
    commitments_before: Sequence[Action] = (),
    imported: ImportedDays | None = None,
    reader: str | None = None,
    keep: Callable[[Transcript], None] | None = None,
    progress: Progress = silent,
) -> Inspection:
    """Inspect one meeting, given as a recording or as a transcript made elsewhere.

    ``rubric``: the shipped one for the meeting's kind and theme when None. ``transcript``: what ``read`` made
    of the recording earlier, so that it is not transcribed again. ``chapters``: as people set them; found
    when None. ``acts``: those of the utterances (index) that people went through; the others are read. What
    people set is read by the local reader alone. ``model``: see ``transcript.store.resolve``.
    ``commitments_before``: what was promised in the meeting before, to be followed up. ``imported``: special
    days of years that the holiday library does not know. ``reader``: local, llm or both (see ``reader``);
    what ``HUIJIAN_READER`` says when None. ``keep`` is handed the transcript before anything that can fail
    later.
    Raises InputError (RecordingError, ModelError, RubricError) before any work whose input is bad, and
    RecordingError or TranscriptError where nobody says a word: that is no meeting that scores nothing.
    """
    from qa_pipeline import installed
    from qa_pipeline.chapters import model as chapter_model
    from qa_pipeline.chapters import segment
    from qa_pipeline.compliance import LIBRARY_ALONE, judge
    from qa_pipeline.findings import acts as act_reader
    from qa_pipeline.findings import find
    from qa_pipeline.findings.authenticity import doubts
    from qa_pipeline.findings.remarks import library
    from qa_pipeline.reader import chosen, read_again, settled
    from qa_pipeline.rubric import rubric_for
    from qa_pipeline.rubric.judge import configured

    imported = imported or LIBRARY_ALONE
    by_people = chapters is not None or bool(acts)
    language_model, (choice, endpoint) = configured(), chosen("local" if by_people else reader)
    library()  # a wrong one is refused before an hour is transcribed
    recording = source if isinstance(source, Recording) else None
    transcript = transcript or read(
        source, facts=facts, model=model, options=options, keep=keep, progress=progress
    )
    _require_speech(transcript, TranscriptError if recording is None else RecordingError)

    progress("inspect", 0, 4)
    facts, warnings = complete(facts, transcript, imported=imported)
    chapters = chapters or segment(transcript, kind=facts.kind)
    progress("inspect", 1, 4)
    findings = find(transcript, chapters, facts, commitments_before=commitments_before, acts=acts)
    progress("inspect", 2, 4)
    rubric = rubric or rubric_for(
        facts.kind, facts.theme, institution=facts.institution, on=facts.meeting_date
    )
    again = read_again(
        choice,
        endpoint,
        transcript=transcript,
        chapters=chapters,
        findings=findings,
        facts=facts,
        rubric=rubric,
        commitments_before=commitments_before,
    )
    chapters, findings = again.chapters, again.findings
    scorecard, readers = settled(
        rubric,
        transcript=transcript,
        chapters=chapters,
        findings=findings,
        facts=facts,
        report=again.report,
        second=again.second,
        judge=language_model,
    )
    if language_model is not None:
        readers = language_model.accounted(readers)
    progress("inspect", 3, 4)
    compliance = judge(
        facts,
        recording=recording,
        transcript=transcript,
        findings=findings,
        scorecard=scorecard,
        imported=imported,
    )
    progress("inspect", 4, 4)
    return Inspection(
        facts=facts,
        recording=recording,
        transcript=transcript,
        chapters=chapters,
        findings=findings,
        scorecard=scorecard,
        compliance=compliance,
        versions={
            "engine": transcript.engine,
            "segmenter": chapters.segmenter,
            "reader": findings.reader,
            "rubric": _pinned(scorecard),
        },
        warnings=(
            *(recording.warnings if recording else ()),
            *transcript.warnings,
            *doubts(transcript.sound),
            *(() if transcript.speakers_known else (VOICES_UNKNOWN,)),
            *warnings,
            *again.warnings,
            *(language_model.warnings if language_model else ()),
            *installed.warnings(chapters=chapter_model.VERSION, acts=act_reader.VERSION),
        ),
        reader=readers,
        second=again.second,
    )


def read(
    source: Recording | Transcript,
    *,
    facts: MeetingFacts,
    model: str | None = None,
    options: TranscribeOptions | None = None,
    keep: Callable[[Transcript], None] | None = None,
    progress: Progress = silent,
) -> Transcript:
    """The clean transcript of a meeting, with speakers where they can be told.

    The transcript is kept before speakers are told apart: a failure there costs nothing but the labels.
    """
    from qa_pipeline.transcript.cleanup import clean
    from qa_pipeline.transcript.engine import transcribe
    from qa_pipeline.transcript.speakers import assign_speakers
    from qa_pipeline.transcript.voices import name_voices

    if isinstance(source, Transcript):
        transcript = name_voices(clean(source, people=facts.people), people=facts.people, imported=True)
        if keep:
            keep(transcript)
        return transcript
    heard = facts.attendees.count if facts.attendees else None
    transcript = transcribe(source, model=model, options=options, progress=progress)
    transcript = clean(transcript, people=facts.people)
    if keep:
        keep(transcript)
    transcript = assign_speakers(transcript, source, roster=heard)
    transcript = name_voices(transcript, people=facts.people)
    if keep and transcript.speakers_known:
        keep(transcript)
    return transcript


def _require_speech(transcript: Transcript, error: type[InputError]) -> None:
    said = ("" if u.phantom else _SOUND_NOTE.sub("", u.text) for u in transcript.utterances)
    if not any(char.isalnum() for text in said for char in text):
        raise error(
            "从头到尾没有一句话（可能录的是静音、音乐或噪声，或导出时漏了文字），没有可以质检的内容："
            "请检查录音设备和选择的文件。"
        )


def compared(inspection: Inspection, copies: Sequence[Passage]) -> Inspection:
    """The inspection with what of the meeting is in other meetings too (see ``copies``), not yet scored so.

    ``copies`` are those that count against this meeting; () says that none was found.
    """
    from qa_pipeline.findings import compared as with_copies

    transcript, facts, second = inspection.transcript, inspection.facts, inspection.second
    if second is not None:
        found = with_copies(second.findings, transcript, second.chapters, facts, copies=copies)
        second = replace(second, findings=found)
    findings = with_copies(inspection.findings, transcript, inspection.chapters, facts, copies=copies)
    return replace(inspection, findings=findings, second=second)


def scored_again(
    inspection: Inspection, *, rubric: Rubric | None = None, imported: ImportedDays | None = None
) -> Inspection:
    """The inspection scored and judged anew from its findings, by the rubric that applies when None."""
    from qa_pipeline.compliance import LIBRARY_ALONE, judge
    from qa_pipeline.reader import settled
    from qa_pipeline.rubric import rubric_for
    from qa_pipeline.rubric.judge import configured

    facts, language_model = inspection.facts, configured()
    scorecard, readers = settled(
        rubric or rubric_for(facts.kind, facts.theme, institution=facts.institution, on=facts.meeting_date),
        transcript=inspection.transcript,
        chapters=inspection.chapters,
        findings=inspection.findings,
        facts=facts,
        report=inspection.reader,
        second=inspection.second,
        judge=language_model,
    )
    warnings = inspection.warnings
    if language_model is not None:
        readers = language_model.accounted(readers)
        warnings = tuple(dict.fromkeys((*warnings, *language_model.warnings)))
    compliance = judge(
        facts,
        recording=inspection.recording,
        transcript=inspection.transcript,
        findings=inspection.findings,
        scorecard=scorecard,
        imported=imported or LIBRARY_ALONE,
    )
    return replace(
        inspection,
        scorecard=scorecard,
        compliance=compliance,
        versions={**inspection.versions, "rubric": _pinned(scorecard)},
        reader=readers,
        warnings=warnings,
    )


def _pinned(card: Scorecard) -> str:
    return f"{card.rubric_id}@{card.rubric_version}+{card.rubric_hash[:12]}"


def complete(
    facts: MeetingFacts, transcript: Transcript, *, imported: ImportedDays | None = None
) -> tuple[MeetingFacts, tuple[str, ...]]:
    """Facts with kind and theme filled in where they follow from what is known, and what to tell the user.

    The kind follows from the date's slot, else from what is said; the theme belongs to the slot (R4).
    """
    from qa_pipeline.chapters import infer_kind
    from qa_pipeline.compliance import LIBRARY_ALONE, slot_for
    from qa_pipeline.facts import facts_warnings

    warnings = list(facts_warnings(facts))
    if facts.kind is None:
        kind, _ = infer_kind(transcript)
        if kind is None:
            warnings.append(
                "未给出会议类别，内容也不像周复盘会或月规划会，暂按周复盘会质检；请用 --kind 说明后重做。"
            )
            kind = MeetingKind.WEEKLY_REVIEW
        else:
            warnings.append(f"未给出会议类别，按内容判断为{KINDS[kind]}；如有误请用 --kind 说明。")
        facts = replace(facts, kind=kind)
    if facts.theme is None and facts.meeting_date is not None and facts.kind is not None:
        slot = slot_for(facts.meeting_date, facts.kind, None, imported or LIBRARY_ALONE)
        facts = replace(facts, theme=slot.theme if slot else None)
    if facts.theme is None and facts.kind is MeetingKind.MONTHLY_PLANNING:
        facts = replace(facts, theme=Theme.MONTH_END_SPRINT)
    if facts.theme is None:
        warnings.append(
            "未给出召开日期和主题，本周主题要点不计分；请用 --date 或 --theme（批量时用会议信息文件）说明。"
        )
    return facts, tuple(warnings)


SOUND = frozenset(
    (".wav", ".flac", ".mp3", ".m4a", ".aac", ".opus", ".ogg", ".oga", ".amr", ".wma", ".aif", ".aiff")
) | frozenset((".webm", ".mp4", ".m4v", ".mov", ".mkv", ".3gp"))
TEXT = frozenset((".json", ".srt", ".vtt", ".txt", ".docx"))


def open_source(paths: Sequence[str], *, progress: Progress = silent) -> Recording | Transcript:
    """One meeting's files: one transcript (json, srt, vtt, txt, docx) or the parts of one recording."""
    from pathlib import Path

    from qa_pipeline.recording import open_recording
    from qa_pipeline.transcript.formats import read_transcript

    files = [Path(p) for p in paths]
    texts = [f for f in files if f.suffix.lower() in TEXT]
    if texts and len(files) > 1:
        raise InputError(f"{texts[0].name} 是文字稿，一次只能质检一份；多段录音请只给录音文件。")
    return read_transcript(texts[0]) if texts else open_recording(files, progress=progress)
