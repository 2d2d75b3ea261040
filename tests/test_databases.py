"""The PostgreSQL server that is started for a run of the tests goes with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

ROOT = Path(__file__).parents[1]
RUN = """
import time
from tests.databases import started_postgresql
with started_postgresql() as address:
    print(address, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_a_run_that_is_killed_leaves_no_server_and_no_folder_behind() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    folder = Path(parse_qs(urlsplit(run.stdout.readline()).query)["host"][0])
    server = psutil.Process(int((folder / "postmaster.pid").read_text("utf-8").split()[0]))
    run.kill()
    run.communicate()
    assert psutil.wait_procs([server], timeout=20)[1] == []
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
