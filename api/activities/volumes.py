"""Routes of weekly PVKYC volumes: reports, totals, and whether much was also good."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.activities.schemas import ItemOut, VolumeOut, VolumesIn
from api.audit import note
from api.codes import By, CodeRepository, InInstitution, Named
from api.customers.schemas import Written
from api.fields import Day, Month
from api.sessions import Database
from models.activities.volume_repository import VolumeRepository
from models.activities.volumes import FLOOR, Pvkyc, Side, quality
from models.base import ScopeKind
from models.calendar.weeks import business_week, month_end
from models.indicators.parameter_repository import ParameterRepository
from models.organisation.tables import Person
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["活动量"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]


@router.put("/volumes", summary="上报一周活动量（计划或实际）", operation_id="report_volumes")
def report(request: Request, session: Database, asker: Editor, body: VolumesIn) -> Written:
    keys = CodeRepository(session, within=asker.within).keys(Person, [row.person for row in body.counts])
    counts = {keys[row.person]: Pvkyc(**row.model_dump(exclude={"person"})) for row in body.counts}
    VolumeRepository(session, within=asker.within).report(body.week_ends, body.side, counts)
    note(
        session, request, asker, "volume.report",
        kind="volume", code=str(body.week_ends), side=body.side.value, rows=len(counts),
    )  # fmt: skip
    return Written(rows=len(counts))


@router.get("/volumes", summary="活动量合计与质量", operation_id="get_volumes")
def volumes(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    month: Annotated[Month | None, Query(description="整月；与 week 二选一")] = None,
    week: Annotated[Day | None, Query(description="经营周最后一天")] = None,
    by: By = ScopeKind.INSTITUTION,
) -> list[VolumeOut]:
    if (month is None) == (week is None):
        raise InputError("请填写 month 或 week 其中一个。")
    within = CodeRepository(session, within=asker.within).below(institution)
    repository = VolumeRepository(session, within=within)
    found = repository.month(month, by=by) if month else repository.weeks([_week(week)], by=by)
    day = month_end(month) if month else _week(week)
    floor = ParameterRepository(session, within=asker.within).on(day).value(FLOOR, path=within.path)
    named = CodeRepository(session).shown(found)
    rows = []
    for scope, volume in found.items():
        judged = quality(volume, floor=floor)
        rows.append(
            VolumeOut(
                scope=named[scope],
                expected=volume.expected,
                items={
                    item: ItemOut(
                        planned=each.planned,
                        done=each.done,
                        unreported=each.unreported,
                        achievement=each.achievement,
                    )
                    for item, each in volume.items.items()
                },
                conversion=volume.conversion,
                referral_rate=volume.referral_rate,
                many_but_poor=judged.many_but_poor,
                sentence=judged.reason,
            )
        )
    return sorted(rows, key=lambda row: row.scope.code)


@router.get("/volumes/missing", summary="没有上报的人员", operation_id="list_unreported")
def missing(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    week: Annotated[Day, Query(description="经营周最后一天")],
    side: Annotated[Side, Query(description="方面：planned 计划，done 实际")] = Side.DONE,
) -> list[Named]:
    within = CodeRepository(session, within=asker.within).below(institution)
    keys = VolumeRepository(session, within=within).not_reported(_week(week), side)
    return sorted(CodeRepository(session).names(Person, keys).values(), key=lambda person: person.code)


def _week(day: date | None) -> date:
    if day is None or business_week(day).last != day:
        raise InputError(f"{day} 不是经营周的最后一天：请改用 7、14、21 日或月末日。")
    return day
