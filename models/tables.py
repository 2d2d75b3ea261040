"""All tables of the model, so that `Base.metadata` is complete once this module is imported."""

import models.activities.tables
import models.calendar.tables
import models.customers.tables
import models.indicators.tables
import models.management.tables
import models.meetings.tables
import models.navigator.tables
import models.organisation.tables
import models.planning.tables
import models.toolbox.tables  # noqa: F401
from models.base import Base

METADATA = Base.metadata
