"""Rankings with their targets, and the diagnosis of offices whose CT rate stays low (R15, R33)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from api.access import Caller
from api.codes import CodeRepository, Named, ScopeRef
from api.indicators.schemas import (
    AnomalyOut,
    CauseOut,
    DefinitionOut,
    ObservationIn,
    PlaceOut,
    RankingOut,
)
from api.weeks import ended_week
from models.base import Scope, ScopeKind, Subtree
from models.calendar.repository import CalendarRepository
from models.calendar.weeks import month_end, month_start
from models.calendar.working_days import working_days
from models.customers.parameters import customer_parameters
from models.customers.repository import CustomerRepository
from models.exchange.entities import BY_TITLE
from models.exchange.importing import Taken, take
from models.exchange.reading import FilledSheet, Row
from models.indicators.anomalies import OfficeProfile, investigate, limits_of
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.ranking import rank
from models.indicators.repository import IndicatorRepository
from models.indicators.standing_repository import StandingRepository
from models.indicators.tables import Indicator
from models.management.repository import ManagementRepository
from models.management.tables import ActionKind
from models.organisation.roster import RosterRepository
from models.organisation.tables import Institution, PersonKind, SalesOffice
from models.planning.repository import PlanRepository

_SENT: Final = {
    "indicator_id": "indicator",
    **dict.fromkeys(("institution_id", "office_id", "person_id"), "scope"),
}
"""What columns of the sheet are called in `ObservationIn`, where it is another name."""


def definition(row: Indicator) -> DefinitionOut:
    return DefinitionOut(
        code=row.code,
        version=row.version,
        name=row.name,
        unit=row.unit,
        direction=row.direction,
        aspect=row.aspect,
        formula=row.formula,
        valid_from=row.valid_from,
    )


def append(session: Session, asker: Caller, source: str, rows: Sequence[ObservationIn]) -> Taken:
    """Add the batch. Raises SheetError with one sentence for each row that is wrong; nothing is taken."""
    sheet = BY_TITLE["observations"]
    filled = FilledSheet(
        sheet,
        sheet.columns,
        tuple(Row(number, _cells(row, source)) for number, row in enumerate(rows, 1)),
        names={column.field: _SENT.get(column.field, column.field) for column in sheet.columns},
    )
    (taken,) = take(session, [filled], within=asker.within)
    return taken


def ranking(
    session: Session, asker: Caller, node: ScopeRef, code: str, day: date, level: int | None
) -> RankingOut:
    """What lies below the node, ranked, with the approved targets and the schedule gap (R15)."""
    scope = CodeRepository(session, within=asker.within).scopes([node])[node]
    indicator = IndicatorRepository(session).versions([code]).on(code, day)
    found = StandingRepository(session, within=asker.within).ranking(scope, code, day, level=level)
    standings = [place.standing for place in found.places]
    targets = PlanRepository(session, within=asker.within).approved_values(
        [standing.scope for standing in standings], code, day
    )
    imported = CalendarRepository(session).imported()
    result = rank(
        standings,
        direction=indicator.direction,
        targets=targets,
        worked_days={
            until: working_days(month_start(until), until, imported)
            for until in {standing.as_of for standing in standings if standing.as_of is not None}
        },
        working_days=working_days(month_start(day), month_end(day), imported),
    )
    shown = CodeRepository(session).shown([standing.scope for standing in standings])
    return RankingOut(
        indicator=definition(indicator),
        on=day,
        average=result.average,
        unknown=result.unknown,
        places=[
            PlaceOut(
                place=place.place,
                scope=shown[place.standing.scope],
                value=place.standing.value,
                as_of=place.standing.as_of,
                target=place.target,
                gap_to_target=place.gap_to_target,
                gap_to_average=place.gap_to_average,
                gap_to_first=place.gap_to_first,
                achievement=place.achievement,
                progress_difference=place.progress_difference,
            )
            for place in result.places
        ],
    )


def anomalies(session: Session, asker: Caller, institution: Institution, day: date) -> list[AnomalyOut]:
    """Offices of the institution whose CT rate is persistently low, with candidate causes (R33)."""
    limits = limits_of(ParameterRepository(session, within=asker.within).on(day), path=institution.path)
    rates = StandingRepository(session, within=asker.within).ct_rates(
        institution.id, day, months=limits.months
    )
    profiles = _profiles(session, institution, day, {office.office_id: office.name for office in rates})
    found = investigate({office.office_id: office.rates for office in rates}, profiles, limits=limits)
    offices = CodeRepository(session).names(SalesOffice, found)
    return [
        AnomalyOut(
            office=offices[office],
            causes=[
                CauseOut(
                    factor=cause.factor,
                    value=cause.value,
                    z=cause.z,
                    sentence=cause.sentence,
                    advice=cause.advice,
                )
                for cause in diagnosis.causes
            ],
            unknown=list(diagnosis.unknown),
        )
        for office, diagnosis in found.items()
    ]


def offices_named(session: Session, keys: Sequence[int | None]) -> dict[int, Named]:
    return CodeRepository(session).names(SalesOffice, keys)


def _profiles(
    session: Session, institution: Institution, day: date, offices: dict[int, str]
) -> list[OfficeProfile]:
    """The three factors of each office: new agents of the day, joint visits of the month to date a head,
    and the quadrants of the newest week that has ended. An institution that recorded no joint visit all
    month may not record them: unknown, not zero."""
    within = Subtree(institution.path)
    heads: Counter[int | None] = Counter()
    new: Counter[int | None] = Counter()
    office_of: dict[int, int | None] = {}
    for person in RosterRepository(session, within=within).snapshot(on=day):
        office_of[person.person_id] = person.office_id
        if person.kind is PersonKind.AGENT:
            heads[person.office_id] += 1
            new[person.office_id] += person.is_new
    done = [
        action
        for action in ManagementRepository(session, within=within).between(
            month_start(day), day, kind=ActionKind.JOINT_VISIT
        )
        if action.done_on and (action.record or "").strip() and (action.review or "").strip()
    ]
    visits = Counter(office_of.get(action.actor_id) for action in done)
    quality = CustomerRepository(session, within=within).quadrants(
        ended_week(day),
        by=ScopeKind.OFFICE,
        parameters=customer_parameters(ParameterRepository(session).on(day), path=institution.path),
    )
    return [
        OfficeProfile(
            office,
            name,
            new_agents=_share(new[office], heads[office]),
            joint_visits=_share(visits[office], heads[office]) if done else None,
            customer_quality=matrix.quality
            if (matrix := quality.get(Scope(ScopeKind.OFFICE, office)))
            else None,
        )
        for office, name in offices.items()
    ]


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _cells(row: ObservationIn, source: str) -> dict[str, object]:
    return {
        "indicator_id": row.indicator,
        f"{row.scope.kind}_id": row.scope.code,
        "as_of": row.as_of,
        "value": row.value,
        "source": source,
    }
