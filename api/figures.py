"""Numbers as requests and answers hold them: exact decimals, in JSON as texts without superfluous zeros."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Annotated

from pydantic import Field, PlainSerializer


def plain(value: Decimal) -> str:
    """``3000000`` rather than ``3E+6``, ``0.05`` rather than ``0.050000``; 6 places at most."""
    with localcontext(prec=60):
        shown = f"{round(value, 6).normalize():f}"
    return "0" if shown == "-0" else shown


_TEXT = PlainSerializer(plain, return_type=str, when_used="json")
Figure = Annotated[Decimal, _TEXT]
"""A number of an answer."""
MoneyIn = Annotated[Decimal, Field(max_digits=15, decimal_places=2), _TEXT]
"""Yuan."""
AmountIn = Annotated[Decimal, Field(max_digits=16, decimal_places=4), _TEXT]
"""A value in the unit of its indicator or table."""
RateIn = Annotated[Decimal, Field(max_digits=16, decimal_places=6), _TEXT]
"""A share or factor, 1 = 100 %."""
ScoreIn = Annotated[Decimal, Field(ge=0, le=100, decimal_places=2), _TEXT]
"""0-100 points."""
