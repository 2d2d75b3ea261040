"""The small company of the model's tests."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.api.company import found_company
from tests.models.company import Company


@pytest.fixture
def company(service_engine: Engine) -> Company:
    return found_company(service_engine)
