"""What of customers is shown to whom: names and phones are masked but for who serves them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import Query, Request
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.tables import Role
from api.audit import note
from api.customers.schemas import CustomerOut, WeekOut
from api.problems import Forbidden
from models.customers.parameters import CustomerParameters, customer_parameters
from models.customers.quadrant import quadrant
from models.customers.tables import Customer, CustomerSnapshot
from models.customers.temperature import temperature_level
from models.exchange.cells import masked
from models.exchange.entities import BY_TITLE
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.standing_repository import LEAF_LEVEL
from qa_pipeline.personal import mask_personal

_SHEET: Final = BY_TITLE["customers"]
NAME: Final = _SHEET.column("name")
PHONE: Final = _SHEET.column("phone")
Full = Annotated[
    bool, Query(description="显示全名、电话和文字中的号码：仅限服务该客户的四级机构经理，并记入审计")
]


def require_full(
    session: Session, request: Request, asker: Caller, *, what: str, institution_id: int | None = None
) -> None:
    """Only the manager of the level-4 institution that serves the customers sees their full text, noted.

    Raises Forbidden for everybody else.
    """
    level = len([key for key in asker.within.path.split("/") if key])
    if asker.role is not Role.MANAGER or level != LEAF_LEVEL:
        raise Forbidden("只有服务该客户的四级机构经理可以查看客户全名和电话：请使用隐去后的内容。")
    note(
        session, request, asker, "customer.read_full",
        kind="customer", code=what, institution_id=institution_id,
    )  # fmt: skip


def name_of(name: str, *, full: bool) -> str:
    return name if full else masked(NAME, name)


def words_of(words: str | None, *, full: bool) -> str | None:
    """What somebody wrote about a customer."""
    return words if full or words is None else mask_personal(words)


def line(
    customer: Customer,
    agent: str,
    shot: CustomerSnapshot | None,
    *,
    week_ends: date,
    parameters: CustomerParameters,
    full: bool,
) -> CustomerOut:
    """A line of a list; ``agent``: the number of who serves the customer."""
    return CustomerOut(
        code=customer.code,
        name=name_of(customer.name, full=full),
        agent=agent,
        source=customer.source,
        week=week(shot, week_ends, parameters),
    )


def phone_of(phone: str | None, *, full: bool) -> str | None:
    return phone if full or phone is None else masked(PHONE, phone)


def parameters_of(session: Session, asker: Caller, path: str, day: date) -> CustomerParameters:
    """The limits and weights that hold for the institution of the path on the day."""
    return customer_parameters(ParameterRepository(session, within=asker.within).on(day), path=path)


def week(shot: CustomerSnapshot | None, week_ends: date, parameters: CustomerParameters) -> WeekOut:
    """A week as shown; everything is unknown without a snapshot."""
    value, warmth, potential = (shot.value, shot.temperature, shot.potential) if shot else (None,) * 3
    return WeekOut(
        week_ends=week_ends,
        value=value,
        temperature=warmth,
        potential=potential,
        level=temperature_level(warmth, parameters=parameters),
        quadrant=quadrant(value, warmth, parameters=parameters),
    )
