"""Routes of what is done with customers: snapshots, inventories, contacts, sales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import By, CodeRepository, InInstitution, ScopeOut, day_or_today
from api.customers import service
from api.customers.schemas import (
    BuyerOut,
    BuyersOut,
    InteractionsIn,
    InventoryIn,
    InventoryOut,
    PremiumOut,
    SnapshotOrder,
    SnapshotRunOut,
    Withdrawal,
    Written,
)
from api.fields import Code, Day, existing
from api.sessions import Database
from models.base import Scope, ScopeKind, Subtree
from models.customers.repository import Assessment, CustomerRepository
from models.customers.sale_repository import SaleRepository
from models.customers.sales import premium_per_customer
from models.customers.tables import Customer, Sale
from models.customers.temperature import Contact
from models.organisation.tables import Institution, Person

router: Final = APIRouter(tags=["客户经营"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
First = Annotated[Day, Query(description="首日")]
Last = Annotated[Day, Query(description="末日")]
Counted = TypeVar("Counted")


@router.post("/customer-snapshots", summary="生成一周的客户快照", operation_id="take_snapshots")
def take_snapshots(request: Request, session: Database, asker: Editor, body: SnapshotOrder) -> SnapshotRunOut:
    codes = CodeRepository(session, within=asker.within)
    home = codes.key(Institution, body.institution)
    path = codes.path(body.institution)
    keys = codes.keys(Customer, [each.customer for each in body.assessed])
    run = CustomerRepository(session, within=Subtree(path)).snapshot_week(
        body.week_ends,
        parameters=service.parameters_of(session, asker, path, body.week_ends),
        assessed={keys[each.customer]: Assessment(each.value, each.potential) for each in body.assessed},
    )
    note(
        session, request, asker, "customer.snapshot",
        kind="institution", code=body.institution, institution_id=home, week_ends=str(body.week_ends),
    )  # fmt: skip
    return SnapshotRunOut(customers=run.customers, without_value=run.without_value, missing=dict(run.missing))


@router.put("/customer-inventory", summary="登记客户盘点", operation_id="take_inventory")
def take_inventory(request: Request, session: Database, asker: Editor, body: InventoryIn) -> Written:
    codes = CodeRepository(session, within=asker.within)
    keys = codes.keys(Customer, [each.customer for each in body.labels])
    labels = {keys[each.customer]: each.label for each in body.labels}
    CustomerRepository(session, within=asker.within).take_inventory(body.taken_on, labels)
    note(
        session, request, asker, "customer.inventory",
        kind="inventory", code=str(body.taken_on), rows=len(labels),
    )  # fmt: skip
    return Written(rows=len(labels))


@router.get("/customer-inventory", summary="客户盘点覆盖（R32）", operation_id="get_inventory")
def inventory(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    first: First,
    last: Last,
    by: By = ScopeKind.INSTITUTION,
) -> list[InventoryOut]:
    within = CodeRepository(session, within=asker.within).below(institution)
    found = CustomerRepository(session, within=within).inventory(first, last, by=by)
    return [
        InventoryOut(
            scope=scope,
            customers=count.customers,
            regular=count.regular,
            warming=count.warming,
            missing=count.missing,
            coverage=count.coverage,
        )
        for scope, count in _by_code(session, found)
    ]


@router.post("/customer-interactions", summary="登记客户互动", operation_id="add_interactions")
def interactions(request: Request, session: Database, asker: Editor, body: InteractionsIn) -> Written:
    keys = CodeRepository(session, within=asker.within).keys(Customer, [row.customer for row in body.rows])
    contacts: dict[int, list[Contact]] = defaultdict(list)
    for row in body.rows:
        contacts[keys[row.customer]].append(Contact(row.kind, row.happened_on))
    repository = CustomerRepository(session, within=asker.within)
    repository.record_contacts(contacts, on=day_or_today(None))
    note(
        session, request, asker, "customer.interactions",
        kind="interactions", code=str(day_or_today(None)), rows=len(body.rows),
    )  # fmt: skip
    return Written(rows=len(body.rows))


@router.get("/sales/premium", summary="期间期缴保费", operation_id="get_premium")
def premium(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    first: First,
    last: Last,
    by: By = ScopeKind.INSTITUTION,
) -> list[PremiumOut]:
    within = CodeRepository(session, within=asker.within).below(institution)
    found = SaleRepository(session, within=within).premium(first, last, by=by)
    return [
        PremiumOut(
            scope=scope,
            net=each.net,
            signed=each.signed,
            withdrawn=each.withdrawn,
            policies=each.policies,
            fyc=each.fyc,
        )
        for scope, each in _by_code(session, found)
    ]


@router.get("/sales/customers", summary="期间成交客户", operation_id="get_buyers")
def buyers(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    first: First,
    last: Last,
    agent: Annotated[Code | None, Query(description="只看一位服务人员的")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="列出保费最高的几位")] = 20,
) -> BuyersOut:
    codes = CodeRepository(session, within=asker.within)
    within = codes.below(institution)
    sales = SaleRepository(session, within=within)
    largest = sales.customers_by_premium(first, last, agent_id=codes.optional(Person, agent), limit=limit)
    agents = CodeRepository(session).codes(Person, [row.agent_id for row in largest])
    by_person = sales.premium(first, last, by=ScopeKind.PERSON)
    total = sum((each.net for each in by_person.values()), Decimal(0))
    customers = sales.buyers(first, last)
    return BuyersOut(
        customers=customers,
        premium_per_customer=premium_per_customer(total, customers),
        largest=[
            BuyerOut(
                code=row.code,
                name=service.name_of(row.name, full=False),
                agent=agents[row.agent_id],
                premium=row.premium,
                policies=row.policies,
            )
            for row in largest
        ],
    )


@router.post("/sales/{code}/withdrawal", status_code=204, summary="犹豫期撤单", operation_id="withdraw_sale")
def withdraw(request: Request, session: Database, asker: Editor, code: Code, body: Withdrawal) -> None:
    existing(lambda given: CodeRepository(session, within=asker.within).key(Sale, given), code)
    SaleRepository(session, within=asker.within).withdraw(code, on=body.on)
    note(session, request, asker, "sale.withdraw", kind="sale", code=code, on=str(body.on))


def _by_code(session: Session, found: Mapping[Scope, Counted]) -> list[tuple[ScopeOut, Counted]]:
    """What was counted of each scope, as the scope is shown, in the order of the codes."""
    shown = CodeRepository(session).shown(found)
    return sorted(((shown[scope], each) for scope, each in found.items()), key=lambda row: row[0].code)
