"""A worker for tests, with the fast child: ``python -m tests.api.jobs.process CONCURRENCY``."""

from __future__ import annotations

import sys

import api.jobs.attempt
from api.jobs.parent import Children
from api.jobs.worker import run
from api.settings import from_environment

if __name__ == "__main__":
    api.jobs.attempt.BACK_OFF = (1, 1)  # type: ignore[misc]
    run(
        from_environment(),
        concurrency=int(sys.argv[1]),
        children=Children(command=(sys.executable, "-m", "tests.api.jobs.fast_child")),
        until_stdin_ends=True,
    )
