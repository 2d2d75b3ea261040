"""Transcribes or reads one meeting in a process of its own, which its worker can kill at any time.

The worker writes one line of JSON (`Order`) and keeps the pipe open: when it closes, the worker has died and
so does this process. Each line of the answer is ``{"progress": [done, total]}``, ``{"done": true}`` or
``{"error": [class, sentence]}``. Results are files, whole or not there. The log is the worker's: an error
that nobody expected is told there without its words, which may be somebody's.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TextIO

from pydantic import BaseModel

from api.operations import logs
from qa_pipeline.errors import HuijianError
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action
from qa_pipeline.values.recording import Recording
from qa_pipeline.values.vocabulary import Act, Progress

log = logging.getLogger("huijian.jobs")

NICER = 10
"""The inspection gives way to the service's answers when both want the same core."""


class Order(BaseModel):
    """What to do; ``recording`` has paths of this machine."""

    work: Literal["transcribe", "read"]
    recording: Recording | None
    facts: MeetingFacts
    commitments: tuple[Action, ...] = ()
    chapters: Chapters | None = None
    """As people set their borders; None: to be found."""
    acts: dict[int, tuple[Act, ...]] | None = None
    """Those of the utterances (index) that people went through."""
    transcript: Path | None = None
    """The transcript to read."""
    model: str | None = None
    reader: str = "local"
    """Who reads: local, llm or both; the endpoint of the language model comes from the environment."""
    threads: int
    result: Path
    """Where the transcript, or the inspection, is to be written."""


def transcribe(order: Order, say: TextIO) -> None:
    from qa_pipeline.files import write_atomically
    from qa_pipeline.pipeline import read
    from qa_pipeline.transcript.engine import TranscribeOptions
    from qa_pipeline.transcript.formats import to_json
    from qa_pipeline.values.transcript import Transcript

    if order.recording is None:
        raise ValueError("nothing to hear")

    def keep(transcript: Transcript) -> None:
        write_atomically(order.result, to_json(transcript).encode())

    transcript = read(
        order.recording,
        facts=order.facts,
        model=order.model,
        options=TranscribeOptions(cpu_threads=order.threads),
        keep=keep,
        progress=_teller(say, "transcribe"),
    )
    keep(transcript)


def read(order: Order, say: TextIO) -> None:
    from qa_pipeline.files import write_atomically
    from qa_pipeline.pipeline import inspect
    from qa_pipeline.report.json import inspection_to_json
    from qa_pipeline.transcript.formats import from_json

    if order.transcript is None:
        raise ValueError("nothing to read")
    transcript = from_json(order.transcript.read_bytes())
    inspection = inspect(
        order.recording or transcript,
        facts=order.facts,
        transcript=transcript,
        chapters=order.chapters,
        acts=order.acts,
        commitments_before=order.commitments,
        reader=order.reader,
        progress=_teller(say, "inspect"),
    )
    write_atomically(order.result, inspection_to_json(inspection).encode())


def _teller(say: TextIO, wanted: str) -> Progress:
    def report(stage: str, done: float, total: float) -> None:
        if stage == wanted:
            tell(say, progress=[done, total])

    return report


def tell(say: TextIO, **what: object) -> None:
    """One line of the answer."""
    say.write(json.dumps(what, ensure_ascii=False) + "\n")
    say.flush()


Work = Callable[[Order, TextIO], None]


def serve(works: Mapping[str, Work]) -> None:
    """Receive the order, do it, say how it ended."""
    say = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    logs.configure(level=logging.WARNING)
    given = sys.stdin.buffer.readline()
    threading.Thread(target=_die_with_the_worker, daemon=True).start()
    os.nice(NICER)
    try:
        order = Order.model_validate_json(given)
        works[order.work](order, say)
    except HuijianError as error:
        tell(say, error=[type(error).__name__, str(error)])
    except MemoryError:
        os._exit(1)  # told as a death, which is what it mostly is
    except Exception:
        log.exception("an order failed")
        tell(say, error=[HuijianError.__name__, "处理进程出错。"])
    else:
        tell(say, done=True)


def _die_with_the_worker() -> None:
    while os.read(0, 1024):  # not sys.stdin: its lock would be held when the process ends by itself
        continue
    os._exit(3)


if __name__ == "__main__":
    serve({"transcribe": transcribe, "read": read})
