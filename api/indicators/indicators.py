"""Routes of definitions, observations and rankings."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, ScopeRef, day_or_today
from api.fields import Code, Day, existing
from api.indicators import service
from api.indicators.repository import DefinitionRepository
from api.indicators.schemas import (
    Appended,
    DefinitionOut,
    NewDefinition,
    Observations,
    RankingOut,
    ValueOut,
)
from api.problems import Forbidden
from api.sessions import Database
from models.base import EVERYWHERE, ScopeKind
from models.indicators.catalogue import Definition
from models.indicators.repository import IndicatorRepository
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["指标"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
Importer = Annotated[Caller, Depends(allowed(Permission.IMPORT))]
On = Annotated[Day | None, Query(description="截至哪一天；不填为今天")]
Codes = Annotated[list[Code], Query(max_length=500, description="可重复填写")]
NOTHING: Final[list[str]] = []


@router.get("/indicators", summary="指标口径（按代码、版本排序）", operation_id="list_indicators")
def definitions(
    session: Database,
    asker: Reader,
    code: Annotated[Code | None, Query(description="只看一个指标的各版本")] = None,
) -> list[DefinitionOut]:
    rows = DefinitionRepository(session, within=asker.within).definitions(code)
    return [service.definition(row) for row in rows]


@router.post("/indicators", status_code=201, summary="登记指标或新版口径", operation_id="add_indicator")
def define(request: Request, session: Database, asker: Editor, body: NewDefinition) -> DefinitionOut:
    if asker.within != EVERYWHERE:
        raise Forbidden("指标口径适用于全公司，只有总公司可以登记：请联系总公司。")
    IndicatorRepository(session).define([Definition(**body.model_dump())])
    note(session, request, asker, "indicator.define", kind="indicator", code=body.code, version=body.version)
    rows = DefinitionRepository(session).definitions(body.code)
    return service.definition(next(row for row in rows if row.version == body.version))


@router.post("/indicators/observations", summary="追加指标观测（整批）", operation_id="add_observations")
def append(request: Request, session: Database, asker: Importer, body: Observations) -> Appended:
    """全部写入，或逐行说明问题（``problems``，行号从 1 起）而一行也不写。与现值不同的值作为更正追加。"""
    taken = service.append(session, asker, body.source, body.rows)
    note(session, request, asker, "observation.add", kind="source", code=body.source, rows=len(body.rows))
    return Appended(added=taken.added + taken.changed, unchanged=taken.unchanged)


@router.get("/indicators/values", summary="最新指标值", operation_id="get_indicator_values")
def values(
    session: Database,
    asker: Reader,
    code: Annotated[list[Code], Query(max_length=50, description="指标代码，可重复填写")],
    institution: Codes = NOTHING,
    office: Codes = NOTHING,
    person: Codes = NOTHING,
    on: On = None,
) -> list[ValueOut]:
    named = {ScopeKind.INSTITUTION: institution, ScopeKind.OFFICE: office, ScopeKind.PERSON: person}
    asked = {ScopeRef(kind=kind, code=each) for kind, codes in named.items() for each in codes}
    if not asked:
        raise InputError("请至少填写一个机构代码、营业室代码或工号。")
    scopes = CodeRepository(session, within=asker.within).scopes(asked).values()
    repository = IndicatorRepository(session, within=asker.within)
    found = repository.latest(scopes, code, day_or_today(on))
    shown = CodeRepository(session).shown(scopes)
    rows = [
        ValueOut(
            scope=shown[scope],
            indicator=each,
            value=value.value,
            as_of=value.as_of,
            revision=value.revision,
        )
        for (scope, each), value in found.items()
    ]
    return sorted(rows, key=lambda row: (row.scope.kind, row.scope.code, row.indicator))


@router.get("/indicators/{code}/ranking", summary="下级排行与差距（R15）", operation_id="get_ranking")
def ranking(
    session: Database,
    asker: Reader,
    code: Code,
    institution: Annotated[Code | None, Query(description="看该机构的下级；与 office 二选一")] = None,
    office: Annotated[Code | None, Query(description="看该营业室的人员")] = None,
    level: Annotated[int | None, Query(ge=2, le=4, description="改看下面第几级机构")] = None,
    on: On = None,
) -> RankingOut:
    """机构的直接下级（或指定层级）、四级机构的营业室、营业室的人员；用 places 中的对象继续下钻。"""
    kind, node = (ScopeKind.INSTITUTION, institution) if office is None else (ScopeKind.OFFICE, office)
    if node is None or (institution and office):
        raise InputError("请填写 institution 或 office 其中一个。")
    below = existing(lambda named: _visible(session, asker, ScopeRef(kind=kind, code=named)), node)
    return service.ranking(session, asker, below, code, day_or_today(on), level)


def _visible(session: Database, asker: Caller, ref: ScopeRef) -> ScopeRef:
    CodeRepository(session, within=asker.within).scopes([ref])
    return ref
