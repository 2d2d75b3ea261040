"""Log lines: JSON, with ids, without anything personal or secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from dbos._logger import init_logger

from api.operations import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The log of the process; what pytest had set up comes back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    kept = io.StringIO()
    logs.configure(kept)
    yield kept
    root.handlers[:] = handlers
    root.setLevel(level)
    workflows = logging.getLogger(logs._WORKFLOWS)
    workflows.handlers.clear()
    workflows.filters.clear()
    workflows.propagate = True
    for name in logs._QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_a_line_is_json_with_the_ids_of_what_it_belongs_to(stream: io.StringIO) -> None:
    log = logging.getLogger("huijian.jobs")
    with logs.bound(job_id="j-1"):
        with logs.bound(request_id="r-1"):
            log.info("转写 %s", "完成")
        log.warning("next")
    log.info("outside")
    first, second, third = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["message"] == "转写 完成"
    assert (first["level"], first["logger"]) == ("info", "huijian.jobs")
    assert (first["job_id"], first["request_id"]) == ("j-1", "r-1")
    assert second["level"] == "warning"
    assert "request_id" not in second
    assert "job_id" not in third


def test_personal_numbers_and_the_words_of_errors_stay_out(stream: io.StringIO) -> None:
    log = logging.getLogger("somebody.elses")
    log.info("dialled 13800138000")
    try:
        int("王小明")
    except ValueError as error:
        raised = RuntimeError("身份证 王小明")
        raised.__cause__ = error
        log.exception("failed", exc_info=raised)
    lines = stream.getvalue()
    assert "13800138000" not in lines
    assert "王小明" not in lines
    failed = json.loads(lines.splitlines()[1])
    assert failed["error"] == ["builtins.RuntimeError", "builtins.ValueError"]


def test_libraries_that_would_write_addresses_with_their_keys_are_quiet(stream: io.StringIO) -> None:
    logging.getLogger("httpx").info('HTTP Request: POST https://robot.example/send?key=secret "200 OK"')
    logging.getLogger("uvicorn.access").info('"GET /people?name=王小明 HTTP/1.1" 200')
    assert stream.getvalue() == ""


def test_the_workflow_engine_writes_json_lines_without_the_words_of_errors(stream: io.StringIO) -> None:
    init_logger()
    engine = logging.getLogger("dbos")
    for _ in range(20):
        engine.warning("Exception polling queue: (psycopg.OperationalError) password=secret\nTraceback")
    engine.warning("Exception listing queues: connection is bad")
    said = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert said == ["Exception polling queue", "Exception listing queues"]


def test_the_workflow_engine_says_the_same_again_after_a_while(stream: io.StringIO) -> None:
    engine = logging.getLogger("dbos")
    for later in (0.0, 1.0, logs.SILENCE_S + 1):
        record = engine.makeRecord(engine.name, logging.WARNING, __file__, 1, "Exception: lost", (), None)
        record.created += later
        engine.handle(record)
    assert len(stream.getvalue().splitlines()) == 2
