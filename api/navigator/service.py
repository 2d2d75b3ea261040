"""What is open in a subtree: pages of recommendations, and who has how many by which rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import cache

from sqlalchemy.orm import Session

from api.access import Caller
from api.codes import CodeRepository
from api.fields import existing
from api.navigator.schemas import ActionLoad, LoadOut, PartLoad, WorkloadOut
from api.pages import page, seen
from models.base import Scope, ScopeKind
from models.indicators.standing_repository import LEAF_LEVEL
from models.navigator.repository import Load, NavigatorRepository, Task
from models.navigator.rules import load_rules
from models.organisation.tables import Person
from qa_pipeline.errors import InputError


@cache
def labels() -> Mapping[str, str]:
    """Rule -> what its action is called, the most urgent first."""
    return {rule.id: rule.label for rule in load_rules().rules}


def tasks(
    session: Session,
    asker: Caller,
    institution: str | None,
    agent: str | None,
    rule: str | None,
    on: date,
    *,
    cursor: str | None,
    limit: int,
) -> tuple[list[Task], str | None]:
    """A page of what is open on the day, the earliest due first, and the cursor behind it.

    Raises NotFound for an institution or agent that the asker does not see, InputError for a strange rule.
    """
    if rule is not None and rule not in labels():
        raise InputError(f"没有行动“{rule}”：可用的有 {'、'.join(labels())}。")
    codes = CodeRepository(session, within=asker.within)
    behind = seen(cursor, (date, int, int)) if cursor is not None else None
    found = NavigatorRepository(session, within=codes.below(institution)).tasks(
        on,
        agent_id=_agent(codes, agent),
        rule=rule,
        urgency=tuple(labels()),
        behind=(behind[0], behind[1], behind[2]) if behind else None,
        limit=limit + 1,
    )
    shown, further = page(found, limit, lambda task: [f"{task.due_on}", task.rank, task.id])
    return list(shown), further


def workload(
    session: Session, asker: Caller, institution: str | None, agent: str | None, rule: str | None, on: date
) -> WorkloadOut:
    """How much is open by each rule, and (by that rule, if one is given) with whom: the institutions right
    below, or those who serve the customers of a level-4 institution. Raises NotFound."""
    codes = CodeRepository(session, within=asker.within)
    within = codes.below(institution)
    at_the_end = len([key for key in within.path.split("/") if key]) >= LEAF_LEVEL
    loads = NavigatorRepository(session, within=within).loads(
        on, by=ScopeKind.PERSON if at_the_end else ScopeKind.INSTITUTION, agent_id=_agent(codes, agent)
    )
    by_rule: dict[str, Load] = defaultdict(Load)
    by_scope: dict[Scope, Load] = defaultdict(Load)
    for (scope, of_rule), load in loads.items():
        by_rule[of_rule] += load
        if scope is not None and rule in (None, of_rule):
            by_scope[scope] += load
    names = codes.shown(by_scope)
    known = [one for one in labels() if one in by_rule]
    return WorkloadOut(
        total=_out(sum(by_rule.values(), Load())),
        actions=[
            ActionLoad(rule=one, label=labels().get(one, one), **dict(_out(by_rule[one])))
            for one in (*known, *sorted(by_rule.keys() - labels().keys()))
        ],
        parts=[
            PartLoad(scope=names[scope], **dict(_out(load)))
            for scope, load in sorted(
                by_scope.items(),
                key=lambda pair: (-pair[1].overdue, -pair[1].due_today, -pair[1].open, names[pair[0]].code),
            )
        ],
    )


def _out(load: Load) -> LoadOut:
    return LoadOut(open=load.open, due_today=load.due_today, overdue=load.overdue)


def _agent(codes: CodeRepository, agent: str | None) -> int | None:
    return None if agent is None else existing(lambda code: codes.key(Person, code), agent)
