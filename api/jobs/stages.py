"""What each stage does. Each looks for its artefact first, and makes what an earlier stage left out: so a
stage may run twice, on two machines or after a crash, and nothing is made twice once it exists.

    recording_of (probe) -> transcript_of -> reading_of -> inspection_of -> publish
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.copies import service as copies
from api.jobs.child import Order
from api.jobs.parent import Children, Report
from api.jobs.repository import JobRepository, stages_from
from api.jobs.tables import ArtefactKind, JobState, Stage
from api.meetings import kept, versions
from api.recordings.waveform import columns
from api.rubrics.effective import effective
from api.settings import Settings
from api.store import Store, get, put
from models.calendar.repository import CalendarRepository
from models.database import transaction
from models.meetings.actions import ActionRepository
from models.meetings.facts import FactsRepository
from models.meetings.recordings import RecordingRepository
from models.meetings.repository import MeetingRepository
from models.organisation.tables import Institution
from qa_pipeline.errors import OutputError, RecordingError, reason
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.recording import Recording

logger = logging.getLogger(__name__)

MADE_BY: Final = {
    ArtefactKind.RECORDING: Stage.PROBE,
    ArtefactKind.WAVEFORM: Stage.PROBE,
    ArtefactKind.TRANSCRIPT: Stage.TRANSCRIBE,
    ArtefactKind.READING: Stage.READ,
    ArtefactKind.INSPECTION: Stage.SCORE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What the stages work with."""

    engine: Engine
    store: Store
    settings: Settings
    children: Children
    threads: int
    """For one child's speech engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What was asked for, as it stood when the stage began."""

    job_id: int
    meeting: str
    again_from: Stage | None
    transcript: str | None
    rubric: str | None


def recording_of(shop: Shop, task: Task, report: Report) -> Recording | None:
    """The parts as they were probed, by the names they were handed in under; None: only a transcript."""
    with Session(shop.engine) as session:
        parts = RecordingRepository(session).check(task.meeting).parts
    if not parts:
        return None
    hashes = [part.content_hash for part in parts]
    names = [part.file_name for part in parts]

    def make() -> bytes:
        from qa_pipeline.recording import open_recording

        with ExitStack() as opened:
            files = [opened.enter_context(shop.store.on_disk(sha256)) for sha256 in hashes]
            try:
                found = open_recording(files)
            except RecordingError as error:
                raise RecordingError(by_name(str(error), files, names)) from error
        return TypeAdapter(Recording).dump_json(_with_paths(found, names))

    return TypeAdapter(Recording).validate_json(
        get(shop.store, _artefact(shop, task, ArtefactKind.RECORDING, key_of(*hashes, *names), make))
    )


def probe(shop: Shop, task: Task, report: Report) -> None:
    """The recording, and its waveform to draw; an inspection does not fail for want of a drawing."""
    recording = recording_of(shop, task, report)
    if recording is None:
        return
    hashes = [part.sha256 for part in recording.parts]

    def make() -> bytes:
        with ExitStack() as opened:
            files = [str(opened.enter_context(shop.store.on_disk(sha256))) for sha256 in hashes]
            return json.dumps(columns(_with_paths(recording, files).parts)).encode()

    try:
        _artefact(shop, task, ArtefactKind.WAVEFORM, key_of(*hashes), make)
    except RecordingError as error:
        logger.warning("no waveform of %s: %s", task.meeting, type(error).__name__)


def transcript_of(shop: Shop, task: Task, report: Report) -> str:
    """Content hash of the transcript that was given, of what people put right, or of what is heard."""
    from qa_pipeline.transcript.formats import to_json
    from qa_pipeline.transcript.store import resolve

    if task.transcript is not None:
        return task.transcript
    if (better := _corrected(shop, task)) is not None:
        return put(shop.store, to_json(better.transcript).encode())
    recording = recording_of(shop, task, report)
    if recording is None:
        raise RecordingError(f"会议 {task.meeting} 的录音已不在：请重新上传。")
    model = resolve(shop.settings.model)

    def make() -> bytes:
        order = Order(
            work="transcribe",
            recording=recording,
            facts=_facts(shop, task)[0],
            model=shop.settings.model,
            threads=shop.threads,
            result=Path(),
        )
        return _in_child(shop, order, report)

    key = key_of(recording.sha256, f"{model.name}@{model.revision}")
    return _artefact(shop, task, ArtefactKind.TRANSCRIPT, key, make)


def reading_of(shop: Shop, task: Task, report: Report) -> str:
    """Content hash of the inspection by the rubric that applies of itself."""
    from qa_pipeline.reader import chosen

    transcript = transcript_of(shop, task, report)
    recording = recording_of(shop, task, report)
    facts, commitments = _facts(shop, task)
    better = _corrected(shop, task)
    choice, endpoint = chosen()
    known = Order(
        work="read",
        recording=recording,
        facts=facts,
        commitments=commitments,
        chapters=better.chapters if better else None,
        acts=dict(better.acts) if better and better.acts else None,
        reader=choice.value,
        threads=0,
        result=Path(),
    )

    def make() -> bytes:
        with shop.store.on_disk(transcript) as text:
            order = known.model_copy(update={"transcript": text, "threads": shop.threads})
            return _in_child(shop, order, report)

    key = key_of(transcript, known.model_dump_json(), endpoint.model if endpoint else "", _program())
    return _artefact(shop, task, ArtefactKind.READING, key, make, whole=_answered)


def inspection_of(shop: Shop, task: Task, report: Report) -> str:
    """Content hash of the inspection by the rubric that was asked for and the company's own calendar."""
    from qa_pipeline.compliance import judge
    from qa_pipeline.pipeline import compared, scored_again
    from qa_pipeline.report.json import inspection_from_json, inspection_to_json
    from qa_pipeline.rubric import load_rubric
    from qa_pipeline.rubric.judge import configured

    reading = reading_of(shop, task, report)
    read = inspection_from_json(get(shop.store, reading))
    facts = read.facts
    copied = copies.compare(shop.engine, task.meeting, read.transcript)
    read = compared(read, copied)
    with Session(shop.engine) as session:
        imported = CalendarRepository(session).imported()
        if task.rubric is None:
            rubric = effective(
                session,
                kind=facts.kind,
                theme=facts.theme,
                institution=facts.institution,
                on=facts.meeting_date,
            )
        else:
            with shop.store.on_disk(task.rubric) as file:
                rubric = load_rubric(file)
    days = json.dumps([sorted(imported.years), sorted(map(str, imported.holidays | imported.lieu_workdays))])

    def make() -> bytes:
        if rubric.sha256 != read.scorecard.rubric_hash or copied:
            scored = scored_again(read, rubric=rubric, imported=imported)
        else:
            compliance = judge(
                facts,
                recording=read.recording,
                transcript=read.transcript,
                findings=read.findings,
                scorecard=read.scorecard,
                imported=imported,
            )
            scored = replace(read, compliance=compliance)
        return inspection_to_json(scored).encode()

    asked = configured()
    model = asked.endpoint.model if asked else ""
    key = key_of(reading, rubric.sha256, days, repr(copied), model, _program())
    return _artefact(shop, task, ArtefactKind.INSPECTION, key, make, whole=_answered)


def publish(shop: Shop, task: Task, report: Report) -> None:
    """Make the inspection the meeting's current scorecard and end the job, in one transaction."""
    from qa_pipeline.report.json import inspection_from_json

    inspection: Inspection = inspection_from_json(get(shop.store, inspection_of(shop, task, report)))
    with transaction(shop.engine) as session:
        meetings = MeetingRepository(session)
        meetings.lock(meetings.get(task.meeting).id)
        job = report.current(session)
        now = datetime.now(UTC)
        card = kept.publish(session, task.meeting, inspection, made_at=now)
        job.state, job.progress, job.finished_at, job.error = JobState.DONE, 1.0, now, None
        job.scorecard_version = card.version


STAGES: Final[Mapping[Stage, Callable[[Shop, Task, Report], object]]] = {
    Stage.PROBE: probe,
    Stage.TRANSCRIBE: transcript_of,
    Stage.READ: reading_of,
    Stage.SCORE: inspection_of,
    Stage.PUBLISH: publish,
}


# ---------------------------------------------------------------- inner steps


def _artefact(
    shop: Shop,
    task: Task,
    kind: ArtefactKind,
    key: str,
    make: Callable[[], bytes],
    *,
    whole: Callable[[bytes], bool] | None = None,
) -> str:
    """Content hash of what is there under the key, else of what is made now. What another job made and is not
    ``whole`` is made anew."""
    anew = task.again_from is not None and MADE_BY[kind] in stages_from(task.again_from)
    with Session(shop.engine) as session:
        there = JobRepository(session).artefact(kind, key)
    if there is not None and shop.store.size(there.content_hash) is not None:
        own = there.job_id == task.job_id
        if own or (not anew and (whole is None or whole(get(shop.store, there.content_hash)))):
            return there.content_hash
    content_hash = put(shop.store, make())
    with transaction(shop.engine) as session:
        JobRepository(session).keep_artefact(
            kind, key, content_hash=content_hash, version=_program(), job_id=task.job_id, at=datetime.now(UTC)
        )
    return content_hash


def _answered(inspection: bytes) -> bool:
    """Whether every language model that was to be asked has answered."""
    from qa_pipeline.report.json import inspection_from_json

    return inspection_from_json(inspection).reader.answered


def _in_child(shop: Shop, order: Order, report: Report) -> bytes:
    """What the child writes, with the recording's parts as files of this machine."""
    from api.store import spooled

    result = spooled(shop.store)
    try:
        with ExitStack() as opened:
            recording, names, files = order.recording, list[str](), list[Path]()
            if recording is not None and order.work == "transcribe":
                names = [part.path for part in recording.parts]
                files = [opened.enter_context(shop.store.on_disk(part.sha256)) for part in recording.parts]
                recording = _with_paths(recording, [str(file.absolute()) for file in files])
            placed = order.model_copy(update={"recording": recording, "result": result.absolute()})
            try:
                shop.children.run(placed, report)
            except RecordingError as error:
                raise RecordingError(by_name(str(error), files, names)) from error
        return result.read_bytes()
    except OSError as error:
        raise OutputError(f"读写暂存文件失败（{reason(error)}）：请检查磁盘。") from error
    finally:
        result.unlink(missing_ok=True)


def _corrected(shop: Shop, task: Task) -> versions.Corrected | None:
    """What people put right in the transcript, unless another is given or the recording is heard anew."""
    if task.transcript is not None or task.again_from in (Stage.PROBE, Stage.TRANSCRIBE):
        return None
    with Session(shop.engine) as session:
        return versions.corrected(session, MeetingRepository(session).get(task.meeting).id)


def _facts(shop: Shop, task: Task) -> tuple[MeetingFacts, tuple[Action, ...]]:
    """What the organisation knows of the meeting, and the open commitments that it must check (I4)."""
    with Session(shop.engine) as session:
        facts = FactsRepository(session).facts(task.meeting)
        meetings = MeetingRepository(session)
        meeting = meetings.get(task.meeting)
        institution = session.scalars(
            select(Institution.code).where(Institution.id == meeting.institution_id)
        ).one()
        due = ActionRepository(session).due_for_check(institution, on=meetings.day_of(meeting))
        return facts, tuple(kept.promised(one) for one in due)


def _with_paths(recording: Recording, paths: list[str]) -> Recording:
    parts = tuple(replace(part, path=path) for part, path in zip(recording.parts, paths, strict=True))
    return replace(recording, parts=parts)


def by_name(sentence: str, files: list[Path], names: list[str]) -> str:
    """The sentence with the files named as the user knows them."""
    for file, name in zip(files, names, strict=True):
        sentence = sentence.replace(str(file.absolute()), name).replace(str(file), name)
    return sentence


def key_of(*parts: str) -> str:
    """SHA-256 over all that a result depends on."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _program() -> str:
    return f"huijian/{version('huijian')}"
