"""The API answers every request that fits its description as the description says, whoever asks.

`tests.evaluation.conformance` asks more, as everybody, for longer."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlalchemy import Engine

from api.accounts.tables import Role
from api.app import create_app
from api.settings import Settings
from tests.api.conformance import explore

SLOW = frozenset({"GET /api/v1/exports"})
"""A workbook of all tables for each caller; the longer run asks for it."""
WHOM = (Role.MANAGER, Role.ADMINISTRATOR)


@pytest.mark.parametrize("_original", ["postgresql"], indirect=True)
def test_no_operation_fails_or_answers_otherwise_than_it_is_described(
    service_engine: Engine, tmp_path: Path
) -> None:
    app = create_app(Settings(data_folder=tmp_path, requests_per_minute=10**7), engine=service_engine)
    logging.getLogger("huijian").setLevel(logging.ERROR)  # of thousands of requests, those that fail
    try:
        assert explore(app, service_engine, examples=1, only=lambda label: label not in SLOW, whom=WHOM) == []
    finally:
        logging.getLogger("huijian").setLevel(logging.NOTSET)
