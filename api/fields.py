"""Kinds of values that requests and answers of many domains share."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from api.problems import NotFound
from models.base import SHANGHAI
from qa_pipeline.clock import lies_ahead
from qa_pipeline.compliance.calendar import FIRST_YEAR, LAST_YEAR
from qa_pipeline.errors import InputError
from qa_pipeline.personal import STARRED, mask_personal

Found = TypeVar("Found")

FIRST_DAY: Final = date(FIRST_YEAR, 1, 1)
LAST_DAY: Final = date(LAST_YEAR, 12, 31)
_MONTH: Final = r"^20\d\d-(0[1-9]|1[0-2])$"
_DIGITS: Final = re.compile(r"\s*[+-]?[\d_]+\.?[\d_]*\s*$")
_CLEAN: Final = r"^[^\x00]*$"
"""Databases take no NUL."""


def _month(value: object) -> object:
    """The first day for ``2026-09``; anything else is left for the date's own check to refuse."""
    if isinstance(value, str) and len(value) == 7:
        return f"{value}-01"
    return value if isinstance(value, date) or not value else "no month"


def _written(value: object) -> object:
    """Digits alone would be taken for seconds since 1970; they are left for the date itself to refuse."""
    return "no date" if isinstance(value, int | float) or _DIGITS.match(str(value)) else value


def _whole(words: str) -> str:
    """Refuses what was read masked and comes back: it would replace the number itself."""
    if STARRED.search(words):
        raise PydanticCustomError("starred", "masked numbers")
    return words


Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.:@-]+$")]
"""Key by which the outside world knows a row."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=_CLEAN)]
"""A name or a short sentence."""
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000, pattern=_CLEAN)
]
"""Text of any length that a person writes."""
Written = Annotated[Words, AfterValidator(_whole)]
"""Words that an answer shows as `Shown`."""
Shown = Annotated[str, AfterValidator(mask_personal)]
"""What a person wrote, in an answer: without the digits of phones and identity numbers."""
Day = Annotated[date, BeforeValidator(_written), Field(ge=FIRST_DAY, le=LAST_DAY)]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written),
    Field(ge=datetime(FIRST_YEAR, 1, 2, tzinfo=UTC), le=datetime(LAST_YEAR, 12, 30, tzinfo=UTC)),
]
Instant = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(SHANGHAI))]
"""A moment in an answer: in the company's zone, whether it was just made or read from the database."""
Month = Annotated[
    date,
    BeforeValidator(_month),
    Field(ge=FIRST_DAY, le=date(2099, 12, 1)),
    PlainSerializer(lambda day: f"{day:%Y-%m}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": _MONTH, "examples": ["2026-09"]}),
]
"""First day of a month, written ``2026-09``."""
Below = Annotated[Code | None, Query(description="机构代码：只看该机构及其下级；不填为全部可见机构")]


class Given(BaseModel):
    """What a request gives: a field that is not known is refused rather than passed over."""

    model_config = ConfigDict(extra="forbid")


def existing(get: Callable[[str], Found], code: str) -> Found:
    """What the address names; raises NotFound where the repository knows none, or none in the subtree."""
    try:
        return get(code)
    except InputError as error:
        raise NotFound(str(error)) from error


def require_begun(start: datetime) -> None:
    """Raises InputError for a meeting that is said to have taken place and has not come yet."""
    if lies_ahead(start):
        raise InputError(
            f"会议的开始时间 {start.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 还没有到：请核对日期和时间。"
        )


def example(**values: Any) -> dict[str, Any]:
    """A schema's example, for the documentation."""
    return {"examples": [values]}


def in_order(first: date | None, last: date | None) -> None:
    """Raises InputError for a period that ends before it begins; an open end is none."""
    if first is not None and last is not None and last < first:
        raise InputError("终止日早于起始日：请核对日期。")
