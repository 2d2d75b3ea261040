"""Stands in for the child process in tests: hears in no time what it was told to, and notes that it did.

``HUIJIAN_TEST_FOLDER`` holds ``transcript.json`` and ``inspection.json`` to answer with, ``seconds`` to take
for each, and ``heard.log`` with a line for each order. ``fail`` holds an error to raise: class and sentence.
It imports no more than the real child does at its start: with the stages it would begin seven times as late.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from api.jobs.child import Order, serve, tell
from qa_pipeline import errors
from qa_pipeline.report.json import inspection_from_json, inspection_to_json

FOLDER = Path(os.environ["HUIJIAN_TEST_FOLDER"])


def note(line: str) -> None:
    with (FOLDER / "heard.log").open("a") as log:
        log.write(line + "\n")


def take_time(say: TextIO) -> None:
    seconds = float((FOLDER / "seconds").read_text())
    for step in range(10):
        tell(say, progress=[step, 10])
        time.sleep(seconds / 10)


def transcribe(order: Order, say: TextIO) -> None:
    assert order.recording is not None
    assert all(Path(part.path).is_file() for part in order.recording.parts)
    note(f"begin {order.recording.sha256} {os.getpid()} {time.time()}")
    if (FOLDER / "fail").exists():
        kind, sentence = (FOLDER / "fail").read_text().split(" ", 1)
        raise getattr(errors, kind)(sentence)
    take_time(say)
    order.result.write_bytes((FOLDER / "transcript.json").read_bytes())
    note(f"end {order.recording.sha256} {os.getpid()}")


def read(order: Order, say: TextIO) -> None:
    canned = inspection_from_json((FOLDER / "inspection.json").read_bytes())
    made = replace(canned, facts=replace(order.facts, theme=canned.facts.theme), recording=order.recording)
    order.result.write_text(inspection_to_json(made))


if __name__ == "__main__":
    serve({"transcribe": transcribe, "read": read})
