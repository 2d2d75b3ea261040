"""Routes of the navigator."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, day_or_today
from api.customers.service import Full, name_of, parameters_of, require_full
from api.fields import Code, Day
from api.navigator import service
from api.navigator.repository import RecommendationRepository
from api.navigator.schemas import ClosingIn, RecommendationOut, RunIn, RunOut, WorkloadOut
from api.pages import Cursor, Limit, Page
from api.problems import Conflict, NotFound
from api.sessions import Database
from models.base import Subtree
from models.customers.tables import Customer
from models.navigator.repository import NavigatorRepository
from models.navigator.rules import load_rules
from models.navigator.tables import RecommendationState
from models.organisation.tables import Institution, Person

router: Final = APIRouter(tags=["导航"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
Institute = Annotated[Code | None, Query(description="机构代码；不填为全部可见机构")]
Agent = Annotated[Code | None, Query(description="服务人员工号")]
Rule = Annotated[Code | None, Query(description="只看一种行动：规则编号，如 service_visit")]
On = Annotated[Day | None, Query(description="哪一天；不填为今天")]
Id = Annotated[int, Path(alias="id", ge=1, lt=2**63, description="建议编号")]


@router.post("/navigator/runs", summary="生成当日建议", operation_id="run_navigator")
def run(request: Request, session: Database, asker: Editor, body: RunIn) -> RunOut:
    codes = CodeRepository(session, within=asker.within)
    home = codes.key(Institution, body.institution)
    path, on = codes.path(body.institution), day_or_today(body.on)
    result = NavigatorRepository(session, within=Subtree(path)).recommend(
        on,
        rules=load_rules(),
        parameters=parameters_of(session, asker, path, on),
        agent_id=codes.optional(Person, body.agent),
    )
    note(
        session, request, asker, "navigator.run",
        kind="institution", code=body.institution, institution_id=home, on=str(on), made=result.made,
    )  # fmt: skip
    return RunOut(
        on=on,
        customers=result.customers,
        made=result.made,
        standing=result.standing,
        superseded=result.superseded,
    )


@router.get(
    "/navigator/recommendations",
    summary="待办建议（先到期的在前，同一天到期的按行动的优先级）",
    operation_id="list_recommendations",
)
def recommendations(
    request: Request,
    session: Database,
    asker: Reader,
    institution: Institute = None,
    agent: Agent = None,
    rule: Rule = None,
    on: On = None,
    full: Full = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RecommendationOut]:
    if full:
        require_full(session, request, asker, what=agent or "recommendations")
    part, further = service.tasks(
        session, asker, institution, agent, rule, day_or_today(on), cursor=cursor, limit=limit
    )
    codes = CodeRepository(session, within=asker.within)
    agents = codes.names(Person, [task.agent_id for task in part])
    customers = codes.codes(Customer, [task.customer_id for task in part])
    return Page(
        items=[
            RecommendationOut(
                id=task.id,
                customer=customers[task.customer_id],
                name=name_of(task.customer_name, full=full),
                agent=agents[task.agent_id],
                rule=task.rule,
                action=task.action,
                reason=task.reason,
                contact_limit=task.contact_limit,
                made_on=task.made_on,
                due_on=task.due_on,
                overdue=task.overdue,
            )
            for task in part
        ],
        next=further,
    )


@router.get(
    "/navigator/workload", summary="待办建议有多少：按行动，按下级或服务人员", operation_id="get_workload"
)
def workload(
    session: Database,
    asker: Reader,
    institution: Institute = None,
    agent: Agent = None,
    rule: Rule = None,
    on: On = None,
) -> WorkloadOut:
    return service.workload(session, asker, institution, agent, rule, day_or_today(on))


@router.post(
    "/navigator/recommendations/{id}/done",
    status_code=204,
    summary="已完成",
    operation_id="finish_recommendation",
)
def done(request: Request, session: Database, asker: Editor, recommendation: Id, body: ClosingIn) -> None:
    _close(request, session, asker, recommendation, RecommendationState.DONE, body)


@router.post(
    "/navigator/recommendations/{id}/dismiss",
    status_code=204,
    summary="不采纳",
    operation_id="dismiss_recommendation",
)
def dismiss(request: Request, session: Database, asker: Editor, recommendation: Id, body: ClosingIn) -> None:
    _close(request, session, asker, recommendation, RecommendationState.DISMISSED, body)


def _close(
    request: Request,
    session: Database,
    asker: Caller,
    recommendation: int,
    state: RecommendationState,
    body: ClosingIn,
) -> None:
    on = day_or_today(body.on)
    now = RecommendationRepository(session, within=asker.within).state(recommendation, on=on)
    if now is None:
        raise NotFound(f"建议 {recommendation} 不存在，或客户不在您的管辖范围内：请刷新列表。")
    if now is not RecommendationState.OPEN:
        raise Conflict(f"建议 {recommendation} 已经办结，不能再改：请刷新列表。")
    NavigatorRepository(session, within=asker.within).close(recommendation, state, on=on)
    note(session, request, asker, f"recommendation.{state}", kind="recommendation", code=str(recommendation))
