from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.models.house import House, build_house


@pytest.fixture
def house(session: Session) -> House:
    return build_house(session)
