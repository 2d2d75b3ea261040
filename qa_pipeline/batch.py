"""Inspect a folder of meetings: append each result as it comes, resume after any interruption.

OUT/results.jsonl               one line a meeting, appended and synced as it is done; a later one counts
OUT/results.xlsx                the workbook, written at the end (and on Ctrl-C)
OUT/inspections/NAME.json       the stored inspection: re-scored and compared without transcribing again
OUT/transcripts/NAME.HASH.json  kept as soon as it exists, by what it depends on: neither a crash later nor
                                another rubric, reader or fact transcribes twice
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from qa_pipeline.errors import HuijianError, InputError, OutputError, reason
from qa_pipeline.files import write_atomically
from qa_pipeline.folder import LOG, ROW_BEGINS, Meeting, meetings_in, require_whole
from qa_pipeline.transcript.machine import usable_processors

if TYPE_CHECKING:
    from qa_pipeline.values.facts import MeetingFacts
    from qa_pipeline.values.recording import Recording
    from qa_pipeline.values.transcript import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a worker process needs to inspect one meeting."""

    meeting: Meeting
    out: str
    key: str
    model: str | None
    rubric: str | None
    reader: str
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How a batch ended. ``problems`` are (name, reason) of what failed, ``left_out`` (file, reason) of what
    lies in the folder and belongs to no meeting."""

    done: int
    failed: int
    skipped: int
    problems: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[str, str], ...] = ()


def run(
    folder: Path,
    *,
    out: Path,
    workers: int = 1,
    model: str | None = None,
    rubric: str | None = None,
    reader: str | None = None,
    again: bool = False,
    on_result: Callable[[dict[str, Any]], None] | None = None,
    on_plan: Callable[[int, int], None] | None = None,
) -> Tally:
    """Inspect every meeting of ``folder`` with ``workers`` processes; what is done already is skipped.

    ``on_plan`` is told (meetings in all, already done); ``on_result`` gets each new row. A row is keyed by
    the content of its files and facts, the model, the rubric and the reader: a changed input is inspected
    again, the same one never twice, unless a language model that was to read or judge it failed, or all are
    wanted ``again``: then by this program and the speech model there is now, and what that model has
    transcribed is not transcribed twice.
    Raises InputError for an unusable folder and while another batch writes to ``out``, OutputError when
    ``out`` can't be written.
    """
    from qa_pipeline.findings.remarks import library
    from qa_pipeline.reader import chosen
    from qa_pipeline.rubric import load_rubric

    library()  # a wrong one is refused once, not meeting by meeting
    judged_by = load_rubric(rubric).sha256 if rubric else None
    meetings, left_out = meetings_in(folder, out=out)
    choice = chosen(reader)[0].value
    threads = max(1, usable_processors() // workers)
    with _alone(out):
        rows = _open_log(out)  # a foreign one is refused before a month of recordings is hashed
        wanted = [
            Task(
                meeting=meeting,
                out=str(out),
                key=_key(meeting, model=model, rubric=judged_by, reader=choice),
                model=model,
                rubric=rubric,
                reader=choice,
                threads=threads,
            )
            for meeting in meetings
        ]
        current = {} if again else _done_before(out, wanted, rows)
        skipped = len(current)
        if on_plan:
            on_plan(len(meetings), skipped)
        try:
            to_do = [task for task in wanted if task.meeting.name not in current]
            for row in _inspect_all(to_do, workers=workers):
                _append(out / LOG, row)
                current[row["name"]] = row
                if on_result:
                    on_result(row)
            changed = _compare(out, current, rubric=rubric)
            current |= {name: changed.get(row["name"], row) for name, row in current.items()}
        finally:
            # By the names there are now: of a renamed meeting the row has the former one.
            shown = [{**current[m.name], "name": m.name} for m in meetings if m.name in current]
            _write_workbook(out, shown)
    return replace(_tally(shown, skipped=skipped), left_out=left_out)


def _done_before(out: Path, wanted: list[Task], rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The row of each meeting that need not be inspected, by its name: of the meeting itself, else of another
    of the same content, as one that was renamed has. One whose stored inspection is gone is done again."""
    known = {row["key"]: row for row in rows} | {(row["key"], row["name"]): row for row in rows}
    found = {
        task.meeting.name: known.get((task.key, task.meeting.name)) or known.get(task.key) for task in wanted
    }
    return {
        name: row
        for name, row in found.items()
        if row is not None and _finished(row) and (out / "inspections" / f"{row['name']}.json").is_file()
    }


def _tally(rows: Collection[dict[str, Any]], *, skipped: int) -> Tally:
    failed = [row for row in rows if row["status"] == "failed"]
    return Tally(
        done=len(rows) - len(failed) - skipped,
        failed=len(failed),
        skipped=skipped,
        problems=tuple((row["name"], row["error"]) for row in failed),
    )


def _compare(
    out: Path, current: Mapping[str, dict[str, Any]], *, rubric: str | None
) -> dict[str, dict[str, Any]]:
    """The new rows of meetings that turn out to be copies of others, of this batch or an earlier one (K4)."""
    from qa_pipeline.report.json import inspection_to_json, to_json
    from qa_pipeline.reuse import compare
    from qa_pipeline.rubric import load_rubric

    folder = out / "inspections"
    done = {row["name"]: row for row in current.values() if row["status"] == "done"}
    loaded = load_rubric(rubric) if rubric else None
    changed = dict(compare(folder, done, rubric=loaded))
    rows = {name: {**done[name], "result": to_json(found)} for name, found in changed.items()}
    # Rows first: a run that is interrupted in between finds the old inspections and does all of it again.
    _replace(out / LOG, rows)
    for name, found in changed.items():
        write_atomically(folder / f"{name}.json", inspection_to_json(found).encode())
    return rows


def _inspect_all(tasks: list[Task], *, workers: int) -> Iterator[dict[str, Any]]:
    """Yield a row for every task. A worker that dies takes only the meetings it held with it: each of those
    is tried once more alone, so that the one that kills its process is told from its neighbours."""
    waiting, suspects = list(tasks), list[Task]()
    while waiting or suspects:
        alone = not waiting
        pending = suspects[:1] if alone else waiting
        suspects = suspects[1:] if alone else suspects
        waiting = []
        # Spawned, not forked: the speech engine's threads do not survive a fork.
        with ProcessPoolExecutor(
            1 if alone else workers, mp_context=get_context("spawn"), initializer=_end_quietly
        ) as pool:
            running: dict[Future[dict[str, Any]], Task] = {pool.submit(_inspect_one, t): t for t in pending}
            try:
                while running:
                    finished, _ = wait(running, return_when="FIRST_COMPLETED")
                    for future in finished:
                        task = running.pop(future)
                        try:
                            yield future.result()
                        except BrokenProcessPool:
                            if alone:
                                yield _failure(task, "质检进程意外终止（可能内存不足）：请单独重做这一场。")
                            else:
                                suspects.append(task)
            except BaseException:
                for process in list((pool._processes or {}).values()):
                    process.terminate()  # before the pool is shut down: then it no longer knows them
                raise


def _end_quietly() -> None:
    """Ctrl-C goes to all processes of a terminal: a worker leaves it to the one that started it, which ends
    the workers. Then nothing may be left that only an orderly end would clear, like tqdm's semaphore.

    Where that one is killed it ends nobody: the worker would wait for ever, with a model in its memory."""
    from tqdm import tqdm

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tqdm.set_lock(RLock())
    threading.Thread(target=_end_with_the_starter, daemon=True).start()


def _end_with_the_starter() -> None:
    if (starter := parent_process()) is not None:
        starter.join()
        os._exit(1)


def _inspect_one(task: Task) -> dict[str, Any]:
    """Inspect one meeting in a worker process; what fails becomes a row: the others go on."""
    from qa_pipeline.facts import read_facts
    from qa_pipeline.pipeline import compared, inspect, open_source
    from qa_pipeline.report.json import inspection_to_json, to_json
    from qa_pipeline.rubric import load_rubric
    from qa_pipeline.transcript.engine import TranscribeOptions
    from qa_pipeline.transcript.formats import from_json
    from qa_pipeline.transcript.formats import to_json as transcript_to_json
    from qa_pipeline.values.facts import MeetingFacts

    meeting, out = task.meeting, Path(task.out)
    try:
        facts = read_facts(Path(meeting.facts)) if meeting.facts else MeetingFacts()
        require_whole([Path(file) for file in meeting.files])
        source = open_source(meeting.files)
        kept = _kept(task, source, facts)
        rubric = load_rubric(task.rubric) if task.rubric else None
        inspection = inspect(
            source,
            facts=facts,
            rubric=rubric,
            transcript=from_json(kept.read_text("utf-8")) if kept.is_file() else None,
            model=task.model,
            options=TranscribeOptions(cpu_threads=task.threads),
            reader=task.reader,
            keep=lambda t: write_atomically(kept, transcript_to_json(t).encode()),
        )
        inspection = compared(inspection, ())  # what it has in common with others shows when all are there
        write_atomically(
            out / "inspections" / f"{meeting.name}.json", inspection_to_json(inspection).encode()
        )
    except HuijianError as error:
        return _failure(task, str(error))
    except OSError as error:
        where = error.filename or meeting.name
        return _failure(task, f"读写 {where} 出错（{reason(error)}）：请检查文件和磁盘后重做这一场。")
    except Exception as error:  # noqa: BLE001 (a fault of ours in one meeting must not cost the others)
        traceback.print_exc()
        return _failure(task, f"程序出错（{type(error).__name__}: {error}）：请连同这场会议报告给维护人员。")
    return {"key": task.key, "name": meeting.name, "status": "done", "result": to_json(inspection)}


def _kept(task: Task, source: Recording | Transcript, facts: MeetingFacts) -> Path:
    """Where the transcript is kept: its name holds a hash of what ``pipeline.read`` makes it of, no more."""
    from qa_pipeline.transcript.store import diarization_models, resolve
    from qa_pipeline.values.recording import Recording

    made_of = [*sorted(facts.people)]
    if isinstance(source, Recording):
        model = resolve(task.model)
        voices = facts.attendees.count if facts.attendees else None
        told_apart = f"voices: {voices}" if diarization_models() else ""
        made_of += [source.sha256, f"{model.name}@{model.revision}", told_apart]
    else:
        made_of += [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in task.meeting.files]
    digest = hashlib.sha256("\0".join(made_of).encode()).hexdigest()
    folder, name = Path(task.out) / "transcripts", task.meeting.name
    kept, former = (folder / f"{name}.{digest[:12]}.json" for digest in (digest, task.key))
    if former.is_file() and not kept.is_file():
        former.rename(kept)  # as earlier versions named it: after the key of its result
    return kept


def _finished(row: dict[str, Any]) -> bool:
    """Whether a row needs no second try: done, read by whom it was to be read, and judged by a language model
    where it was to be."""
    readers = row.get("result", {}).get("reader", {})
    unanswered = any(use.get("unanswered") for use in readers.get("models", ()))
    return row["status"] == "done" and readers.get("asked") == readers.get("used") and not unanswered


def _failure(task: Task, reason: str) -> dict[str, Any]:
    return {"key": task.key, "name": task.meeting.name, "status": "failed", "error": reason}


def _key(meeting: Meeting, *, model: str | None, rubric: str | None, reader: str) -> str:
    """A hash over everything that decides a meeting's result, except the program itself; empty where a file
    can't be read, which the worker tells. ``rubric`` is the hash of what the rubric says."""
    from qa_pipeline.findings.remarks import library_file

    digest = hashlib.sha256()
    try:
        for path in filter(None, (*meeting.files, meeting.facts, str(library_file()))):
            with Path(path).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError:
        return ""
    digest.update(f"{model}\0{rubric}\0{reader}".encode())
    return digest.hexdigest()


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """The output folder, made if need be, for one batch at a time: two would do all meetings twice and lose
    each other's rows. The lock ends with the process, even by SIGKILL. A place that knows no locks (Windows,
    some network shares) is left unlocked."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        import fcntl

        folder = os.open(out, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"另一个批量质检正在写输出文件夹 {out}：请等它结束，或用 --out 换一个文件夹。"
            ) from error
        except OSError:
            pass
        yield
    finally:
        os.close(folder)


def _open_log(out: Path) -> list[dict[str, Any]]:
    """The rows written so far; a last line that a crash cut short is removed. Raises InputError for a file
    that is not ours, which stays as it is."""
    log = out / LOG
    try:
        with log.open("a+b") as file:
            file.seek(0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            rows, cut = _rows(whole), content[len(whole) :]
            if rows is None or not cut.startswith(ROW_BEGINS[: len(cut)]):
                raise InputError(f"{log} 不是本工具写的结果文件；请换一个输出文件夹。")
            if cut:
                file.truncate(len(whole))
    except OSError as error:
        raise _unwritable(out, error) from error
    return rows


def _unwritable(out: Path, error: OSError) -> OutputError:
    return OutputError(f"不能写入输出文件夹 {out}（{reason(error)}）：请换一个可写的文件夹。")


def _rows(content: bytes) -> list[dict[str, Any]] | None:
    """None: not rows of a batch."""
    try:
        rows = [json.loads(line) for line in content.splitlines()]
    except ValueError:
        return None
    ours = all(isinstance(row, dict) and {"key", "name", "status"} <= row.keys() for row in rows)
    return rows if ours else None


def _append(log: Path, row: dict[str, Any]) -> None:
    """Append one row so that it is on the disk before the next meeting starts; all of it or nothing."""
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    with log.open("ab") as file:
        size = file.tell()
        try:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            os.truncate(log, size)
            raise OutputError(f"写入 {log} 失败（{reason(error)}）：腾出空间后重新运行即可继续。") from error


def _replace(log: Path, rows: Mapping[str, dict[str, Any]]) -> None:
    """Put rows, by their names, in the place of those they are the new state of."""
    if not rows:
        return
    lines = [
        json.dumps(rows[row["name"]], ensure_ascii=False).encode()
        if row["name"] in rows and row["key"] == rows[row["name"]]["key"]
        else line
        for line in log.read_bytes().splitlines()
        for row in [json.loads(line)]
    ]
    write_atomically(log, b"\n".join([*lines, b""]))


def _write_workbook(out: Path, rows: list[dict[str, Any]]) -> None:
    from qa_pipeline.report.workbook import write_workbook

    write_workbook(rows, out / "results.xlsx")
