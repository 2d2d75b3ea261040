"""A worker for tests: ``python -m tests.api.jobs.process CONCURRENCY "in a child"|"at once" SECONDS``.

It looks for jobs that the engine has lost every so many seconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import api.jobs.attempt
import api.jobs.worker
from api.jobs.parent import Children
from api.jobs.worker import run
from api.settings import from_environment
from models.database import connect
from tests.api.jobs.works import AtOnce

if __name__ == "__main__":
    api.jobs.attempt.BACK_OFF = (1, 1)  # type: ignore[misc]
    api.jobs.worker.EVERY = {**api.jobs.worker.EVERY, "find_lost": float(sys.argv[3])}  # type: ignore[misc]
    settings = from_environment()
    by_hand = AtOnce(Path(os.environ["HUIJIAN_TEST_FOLDER"]), connect(settings.database))
    in_a_child = Children(command=(sys.executable, "-m", "tests.api.jobs.fast_child"))
    run(
        settings,
        concurrency=int(sys.argv[1]),
        children=in_a_child if sys.argv[2] == "in a child" else by_hand,
        until_stdin_ends=True,
    )
