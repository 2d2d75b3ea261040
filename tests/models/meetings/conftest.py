from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from qa_pipeline.values.inspection import Inspection
from tests.models.house import House, build_house
from tests.models.meetings.room import Room
from tests.report.conftest import inspected


@pytest.fixture
def house(session: Session) -> House:
    return build_house(session)


@pytest.fixture
def room(house: House) -> Room:
    return Room(house)


@pytest.fixture(scope="session")
def good() -> Inspection:
    return inspected("A01", institution="兰州城关营业部")


@pytest.fixture(scope="session")
def poor() -> Inspection:
    return inspected("A05", institution="石河子营业部")
