"""All tables of the service. They may refer to the model's tables, which have migrations of their own."""

from __future__ import annotations

from typing import Final

import api.accounts.tables
import api.activities.tables
import api.batches.tables
import api.calibration.tables
import api.copies.tables
import api.imports.tables
import api.jobs.tables
import api.meetings.tables
import api.recordings.tables
import api.retention.tables
import api.reviews.tables
import api.rubrics.tables
import api.webhooks.tables  # noqa: F401
from api.base import ServiceBase

METADATA: Final = ServiceBase.metadata
