"""What a terminal shows while something takes long."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

    from qa_pipeline.values.vocabulary import Progress

STAGES: Final = {"probe": "读取录音", "transcribe": "转写", "inspect": "质检", "learn": "训练"}

LONG: Final = 600.0
"""Seconds over which the speed is taken: a step of a training takes more than a minute."""


@contextmanager
def bar() -> Iterator[Progress]:
    """A progress bar on stderr, one line a stage; silent when stderr is no terminal."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    console = stderr()
    quiet = not console.is_terminal
    shown = Bar(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet,
        speed_estimate_period=LONG,
    )
    with shown:
        tasks = {}

        def report(stage: str, done: float, total: float) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(STAGES.get(stage, stage), total=total)
            shown.update(tasks[stage], completed=done, total=total)

        yield report


def stderr() -> Console:
    from rich.console import Console

    return Console(file=sys.stderr)
