"""Routes of the toolbox: 分层队伍产能, 客均保费贡献, 活动平台转化."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy.orm import Session

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, InInstitution, day_or_today
from api.fields import Code, Day, existing
from api.organisation.repository import DirectoryRepository
from api.sessions import Database
from api.toolbox.schemas import AnswerOut, ComputeIn, EndIn, OverrideIn, ValueOut
from models.activities.tables import Platform
from models.calendar.weeks import months_later
from models.customers.quadrant import Quadrant
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from models.toolbox.measures import ALL
from models.toolbox.repository import ToolboxRepository
from models.toolbox.tables import ToolboxTable, ToolboxValue
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["工具箱"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
Table = Annotated[
    ToolboxTable,
    Path(
        description="哪张表：tier_productivity 分层队伍产能，premium_per_customer 客均保费贡献，"
        "platform_conversion 活动平台转化"
    ),
]
Key = Annotated[Code, Path(description="职级代码、象限或平台；all 为全部")]
MOST_MONTHS: Final = 36


@router.get("/toolbox", summary="某日适用的数值及其来历", operation_id="get_toolbox")
def look_up(
    session: Database,
    asker: Reader,
    institution: InInstitution,
    on: Annotated[Day | None, Query(description="哪一天；不填为今天")] = None,
) -> list[AnswerOut]:
    home = existing(InstitutionRepository(session, within=asker.within).get, institution)
    toolbox = ToolboxRepository(session, within=asker.within).on(home.id, day_or_today(on))
    found = [(table, key, toolbox.find(table, key)) for table, key in _keys(session)]
    codes = DirectoryRepository(session, within=asker.within).codes(
        [answer.institution_id for _, _, answer in found]
    )
    return [
        AnswerOut(
            table=table,
            key=key,
            value=answer.value,
            institution=codes.get(answer.institution_id or 0),
            sample=answer.sample,
            is_override=answer.is_override,
            sentence=answer.sentence,
        )
        for table, key, answer in found
    ]


@router.get("/toolbox/history", summary="一家机构的全部数值", operation_id="get_toolbox_history")
def history(session: Database, asker: Reader, institution: InInstitution) -> list[ValueOut]:
    home = existing(InstitutionRepository(session, within=asker.within).get, institution)
    return [_shown(row) for row in ToolboxRepository(session, within=asker.within).history(home.id)]


@router.post("/toolbox/computations", summary="按期间计算三张表", operation_id="compute_toolbox")
def compute(request: Request, session: Database, asker: Editor, body: ComputeIn) -> list[ValueOut]:
    if body.last >= months_later(body.first, MOST_MONTHS):
        raise InputError(f"计算区间最长 {MOST_MONTHS} 个月：请缩短区间。")
    home = CodeRepository(session, within=asker.within).key(Institution, body.institution)
    rows = ToolboxRepository(session, within=asker.within).compute(home, first=body.first, last=body.last)
    _noted(session, request, asker, "compute", body.institution, home, last=f"{body.last:%Y-%m}")
    return [_shown(row) for row in rows]


@router.put("/toolbox/{table}/{key}", summary="手工设定数值", operation_id="override_toolbox")
def override(
    request: Request, session: Database, asker: Editor, table: Table, key: Key, body: OverrideIn
) -> ValueOut:
    home = CodeRepository(session, within=asker.within).key(Institution, body.institution)
    row = ToolboxRepository(session, within=asker.within).override(
        home, table, key, body.value, valid_from=body.valid_from, note=body.note
    )
    _noted(
        session, request, asker, "override", body.institution, home,
        table=table.value, key=key, value=str(body.value),
    )  # fmt: skip
    return _shown(row)


@router.post(
    "/toolbox/{table}/{key}/end", status_code=204, summary="终止手工数值", operation_id="end_toolbox_override"
)
def end(request: Request, session: Database, asker: Editor, table: Table, key: Key, body: EndIn) -> None:
    home = CodeRepository(session, within=asker.within).key(Institution, body.institution)
    ToolboxRepository(session, within=asker.within).end_override(home, table, key, on=body.on)
    _noted(
        session, request, asker, "end", body.institution, home,
        table=table.value, key=key, on=str(body.on),
    )  # fmt: skip


def _keys(session: Session) -> list[tuple[ToolboxTable, str]]:
    """Every table with its keys."""
    keys = {
        ToolboxTable.TIER_PRODUCTIVITY: [rank.code for rank in DirectoryRepository(session).ranks()],
        ToolboxTable.PREMIUM_PER_CUSTOMER: [place.value for place in Quadrant],
        ToolboxTable.PLATFORM_CONVERSION: [platform.value for platform in Platform],
    }
    return [(table, key) for table, own in keys.items() for key in (ALL, *own)]


def _shown(row: ToolboxValue) -> ValueOut:
    return ValueOut(
        table=row.table_name,
        key=row.key,
        value=row.value,
        sample=row.sample_size,
        period_from=row.period_from,
        period_to=row.period_to,
        is_override=row.is_override,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        note=row.note,
    )


def _noted(
    session: Session,
    request: Request,
    asker: Caller,
    what: str,
    code: str,
    institution_id: int,
    **detail: str,
) -> None:
    note(
        session, request, asker, f"toolbox.{what}",
        kind="institution", code=code, institution_id=institution_id, **detail,
    )  # fmt: skip
