"""Routes of supervisors' income targets: what they take to reach, and storing them (R18, R28)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, InInstitution
from api.fields import Code, Month, existing
from api.plans import service
from api.plans.schemas import (
    IncomeAnswer,
    IncomeLineOut,
    IncomeParts,
    IncomePath,
    IncomeQuestion,
    IncomeTargetOut,
)
from api.sessions import Database
from models.indicators.parameter_repository import ParameterRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution, Person, Rank
from models.planning.income import Income, conversions_of, income, path_from_income
from models.planning.tables import IncomeTarget
from models.planning.team_repository import TeamRepository
from models.toolbox.measures import ALL
from models.toolbox.repository import ToolboxRepository
from models.toolbox.tables import ToolboxTable

router: Final = APIRouter(tags=["收入目标"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]


@router.post(
    "/income-targets/calculation",
    summary="测算收入目标：三因素与过程反推（R28）",
    operation_id="calculate_income_target",
)
def calculate(session: Database, asker: Reader, body: IncomeQuestion) -> IncomeAnswer:
    codes = CodeRepository(session, within=asker.within)
    person = codes.key(Person, body.person)
    institution, office = service.led(session, asker, person, body.month)
    teams = TeamRepository(session, within=asker.within).teams(institution, body.month)
    team = next(team for team in teams if team.office_id == office)
    home = codes.names(Institution, [institution])[institution]
    parts = _parts(body)
    toolbox = ToolboxRepository(session, within=asker.within).on(institution, body.month)
    conversions = conversions_of(
        ParameterRepository(session, within=asker.within).on(body.month),
        path=codes.path(home.code),
        premium_per_customer=toolbox.find(ToolboxTable.PREMIUM_PER_CUSTOMER, ALL).value,
        platform_conversion=toolbox.find(ToolboxTable.PLATFORM_CONVERSION, ALL).value,
    )
    path = path_from_income(body.income, parts, allowance_rate=team.allowance_rate, conversions=conversions)
    named = {"职级": team.rank_id, "团队基础": team.base.fyc, "市场系数": team.base.market_factor}
    return IncomeAnswer(
        person=codes.names(Person, [person])[person],
        month=body.month,
        rank=codes.codes(Rank, [team.rank_id]).get(team.rank_id or 0),
        team_base=team.base.fyc,
        market_factor=team.base.market_factor,
        allowance_rate=team.allowance_rate,
        expected=income(parts, team_fyc=team.base.fyc, allowance_rate=team.allowance_rate),
        path=IncomePath(**{**asdict(path), "missing": list(path.missing)}),
        missing=[name for name, value in named.items() if value is None],
    )


@router.get("/income-targets", summary="机构内主管的收入目标（R18）", operation_id="list_income_targets")
def targets(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    month: Annotated[Month, Query(description="月份")],
) -> list[IncomeLineOut]:
    found = existing(InstitutionRepository(session, within=asker.within).get, institution)
    lines = TeamRepository(session, within=asker.within).incomes(found.id, month)
    codes = CodeRepository(session)
    people = codes.names(Person, [line.person_id for line in lines])
    ranks = codes.codes(Rank, [line.target.rank_id for line in lines if line.target])
    return [
        IncomeLineOut(
            person=people[line.person_id],
            rank=line.rank,
            target=_shown(line.target, ranks) if line.target else None,
        )
        for line in lines
    ]


@router.put(
    "/income-targets/{person}/{month}", summary="设定收入目标（R28）", operation_id="set_income_target"
)
def set_target(
    request: Request, session: Database, asker: Editor, person: Code, month: Month, body: IncomeParts
) -> IncomeTargetOut:
    codes = CodeRepository(session, within=asker.within)
    key = existing(lambda code: codes.key(Person, code), person)
    row = TeamRepository(session, within=asker.within).put_income(key, month, body.income, _parts(body))
    note(session, request, asker, "income_target.set", kind="person", code=person, month=f"{month:%Y-%m}")
    return _shown(row, codes.codes(Rank, [row.rank_id]))


def _parts(body: IncomeParts) -> Income:
    return Income(body.own_fyc, body.recruiting_allowance, body.bonus)


def _shown(row: IncomeTarget, ranks: dict[int, str]) -> IncomeTargetOut:
    return IncomeTargetOut(
        income=row.income,
        rank=ranks[row.rank_id],
        team_base=row.team_base,
        market_factor=row.market_factor,
        own_fyc=row.own_fyc,
        recruiting_allowance=row.recruiting_allowance,
        bonus=row.bonus,
    )
