"""Routes of U and CT: who attained them, rolling CT rates, and offices that stay low (R33)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, InInstitution, day_or_today
from api.fields import Day, existing
from api.indicators import service
from api.indicators.schemas import (
    AnomalyOut,
    Appended,
    Attainment,
    AttainmentRun,
    OfficeProgress,
    PersonProgress,
    RatesOut,
)
from api.sessions import Database
from models.base import SHANGHAI
from models.indicators.repository import IndicatorRepository
from models.indicators.standing_repository import StandingRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution, Person

router: Final = APIRouter(tags=["达标"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
On = Annotated[Day | None, Query(description="截至哪一天；不填为今天")]


@router.get("/attainment", summary="机构内各室 CT 进度与人员达 U", operation_id="get_attainment")
def attainment(session: Database, asker: Reader, institution: InInstitution, on: On = None) -> Attainment:
    day, home = day_or_today(on), _institution(session, asker, institution)
    standings = StandingRepository(session, within=asker.within)
    offices, people = standings.offices(home.id, day), standings.people(home.id, day)
    office_keys = [row.office_id for row in offices] + [row.office_id for row in people]
    named = service.offices_named(session, office_keys)
    persons = CodeRepository(session).names(Person, [row.person_id for row in people])
    return Attainment(
        on=day,
        offices=[
            OfficeProgress(office=named[row.office_id], progress=row.progress, attained=row.attained)
            for row in offices
        ],
        people=[
            PersonProgress(
                person=persons[row.person_id],
                office=named[row.office_id].code if row.office_id else None,
                attained=row.is_u,
            )
            for row in people
        ],
    )


@router.post("/attainment", summary="把 U 与 CT 记为当日观测", operation_id="record_attainment")
def record(request: Request, session: Database, asker: Editor, body: AttainmentRun) -> Appended:
    home = CodeRepository(session, within=asker.within).key(Institution, body.institution)
    found = StandingRepository(session, within=asker.within).attainments(home, body.on)
    appended = IndicatorRepository(session, within=asker.within).append(
        found, source="会鉴计算", recorded_at=datetime.now(SHANGHAI)
    )
    note(
        session, request, asker, "attainment.record",
        kind="institution", code=body.institution, institution_id=home, on=str(body.on),
    )  # fmt: skip
    return Appended(added=appended.added + appended.corrected, unchanged=appended.unchanged)


@router.get("/ct-rates", summary="各室滚动 CT 率", operation_id="list_ct_rates")
def rates(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    months: Annotated[int, Query(ge=1, le=24, description="看最近几个月末")] = 6,
    on: On = None,
) -> list[RatesOut]:
    home = _institution(session, asker, institution)
    found = StandingRepository(session, within=asker.within).ct_rates(
        home.id, day_or_today(on), months=months
    )
    named = service.offices_named(session, [row.office_id for row in found])
    return [RatesOut(office=named[row.office_id], rates=list(row.rates)) for row in found]


@router.get(
    "/ct-anomalies", summary="CT 率持续偏低的营业室及可能原因（R33）", operation_id="list_ct_anomalies"
)
def anomalies(
    session: Database, asker: Reader, institution: InInstitution, on: On = None
) -> list[AnomalyOut]:
    return service.anomalies(session, asker, _institution(session, asker, institution), day_or_today(on))


def _institution(session: Database, asker: Caller, code: str) -> Institution:
    return existing(InstitutionRepository(session, within=asker.within).get, code)
