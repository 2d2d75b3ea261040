"""All SQL about recommendations: making them for a day, listing and closing them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, func, literal, or_, select, tuple_, update

from models.base import Repository, Scope, ScopeKind
from models.customers.parameters import CustomerParameters
from models.customers.placement import placed, scope_below, scope_column
from models.customers.tables import Customer
from models.navigator.advice import Advice, advise
from models.navigator.conditions import CustomerState
from models.navigator.rules import Rules
from models.navigator.state_repository import CustomerStateRepository
from models.navigator.tables import Recommendation, RecommendationState
from models.upsert import BATCH, upsert
from qa_pipeline.errors import InputError

CLOSED_BY_AGENT = (RecommendationState.DONE, RecommendationState.DISMISSED)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did: customers looked at, recommendations of the day, open ones of earlier days that still
    stand, and earlier ones that a change of the customer's state superseded."""

    customers: int
    made: int
    standing: int
    superseded: int


@dataclass(frozen=True, slots=True)
class Task:
    """An open recommendation as an agent's list shows it.

    ``rank``: how urgent its rule is, 0 the most urgent; all 0 where no order of the rules is given.
    """

    id: int
    rank: int
    customer_id: int
    customer_name: str
    agent_id: int
    rule: str
    action: str
    reason: str
    contact_limit: str | None
    made_on: date
    due_on: date
    overdue: bool


@dataclass(frozen=True, slots=True)
class Load:
    """How many recommendations are open, and of these how many are due on the day and overdue."""

    open: int = 0
    due_today: int = 0
    overdue: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(self.open + other.open, self.due_today + other.due_today, self.overdue + other.overdue)


@dataclass(frozen=True, slots=True)
class _Past:
    """What counts of an earlier recommendation."""

    id: int
    rule: str
    agent_id: int
    contact_limit: str | None
    made_on: date
    closed_on: date | None
    state: RecommendationState


@dataclass(slots=True)
class _Changes:
    """What a run has to write."""

    rows: list[dict[str, Any]]
    superseded: list[int]
    void: list[int]
    standing: int = 0


class NavigatorRepository(Repository):
    """Recommendations belong to where the customer's agent stands on the day asked about."""

    def recommend(
        self, on: date, *, rules: Rules, parameters: CustomerParameters, agent_id: int | None = None
    ) -> Run:
        """Make the day's recommendations for one agent's customers or all of the subtree.

        A customer has at most one open recommendation. An open one whose rule is still the best stands, with
        its due date; another best rule supersedes it. A rule rests for its ``rest_days`` after it was done or
        dismissed. A second run on the day gives the same, or follows what has changed since. The number of
        statements does not grow with the customers. Raises InputError when a later day was run already.
        """
        states = CustomerStateRepository(self.session, within=self.within).states(
            on,
            parameters=parameters,
            snapshot_max_age_days=rules.snapshot_max_age_days,
            agent_id=agent_id,
        )
        past = self._past(on, rules, agent_id)
        changes = _Changes([], [], [])
        for state in states:
            _decide(state, past.get(state.customer_id, []), rules, changes)
        for start in range(0, len(changes.superseded), BATCH):
            self.session.execute(
                update(Recommendation)
                .where(Recommendation.id.in_(changes.superseded[start : start + BATCH]))
                .values(state=RecommendationState.SUPERSEDED, closed_on=on)
                .execution_options(synchronize_session=False)
            )
        for start in range(0, len(changes.void), BATCH):
            self.session.execute(
                delete(Recommendation)
                .where(Recommendation.id.in_(changes.void[start : start + BATCH]))
                .execution_options(synchronize_session=False)
            )
        upsert(self.session, Recommendation, changes.rows, key=("customer_id", "made_on"))
        return Run(len(states), len(changes.rows), changes.standing, len(changes.superseded))

    def tasks(
        self,
        on: date,
        *,
        agent_id: int | None = None,
        rule: str | None = None,
        urgency: Sequence[str] = (),
        behind: tuple[date, int, int] | None = None,
        limit: int | None = None,
    ) -> list[Task]:
        """What is open on a day in the subtree, or for one agent or by one rule, the earliest due first.

        What is due on the same day stands in the order of ``urgency`` (ids of rules). ``behind``: only what
        comes after this due day, rank and id.
        """
        rank: ColumnElement[int] = literal(0)
        if urgency:
            ranks = {rule_id: place for place, rule_id in enumerate(urgency)}
            rank = case(ranks, value=Recommendation.rule, else_=len(ranks))
        keys: tuple[Any, ...] = (Recommendation.due_on, rank, Recommendation.id)
        query = (
            self._open(select(Recommendation, rank, Customer.name), on, rule)
            .order_by(*keys)
            .limit(limit)
            .execution_options(populate_existing=True)
        )
        if behind is not None:
            seen = (literal(value, key.type) for value, key in zip(behind, keys, strict=True))
            query = query.where(tuple_(*keys) > tuple_(*seen))
        return [
            Task(
                row.id,
                place,
                row.customer_id,
                name,
                row.agent_id,
                row.rule,
                row.action,
                row.reason,
                row.contact_limit,
                row.made_on,
                row.due_on,
                row.due_on < on,
            )
            for row, place, name in self.session.execute(self._visible(query, on, agent_id))
        ]

    def loads(
        self, on: date, *, by: ScopeKind, agent_id: int | None = None
    ) -> dict[tuple[Scope | None, str], Load]:
        """What is open on a day by (who or where, rule), in one query.

        ``by`` persons: who serves the customers; by institutions: those right below the top of the subtree,
        None for the top itself.
        """
        due = Recommendation.due_on
        of_rule = select(
            scope_column(by),
            Recommendation.rule,
            func.count(),
            func.sum(case((due == on, 1), else_=0)),
            func.sum(case((due < on, 1), else_=0)),
        )
        query = self._open(of_rule.select_from(Recommendation), on, None).group_by(
            scope_column(by), Recommendation.rule
        )
        found: dict[tuple[Scope | None, str], Load] = defaultdict(Load)
        for key, rule, *numbers in self.session.execute(self._visible(query, on, agent_id)):
            found[scope_below(by, key, within=self.within), rule] += Load(*map(int, numbers))
        return dict(found)

    def _open(self, query: Select[Any], on: date, rule: str | None) -> Select[Any]:
        query = query.join(Customer, Customer.id == Recommendation.customer_id).where(
            Recommendation.state == RecommendationState.OPEN, Recommendation.made_on <= on
        )
        return query if rule is None else query.where(Recommendation.rule == rule)

    def close(self, recommendation_id: int, state: RecommendationState, *, on: date) -> None:
        """Mark a recommendation done or dismissed.

        Raises InputError when it is not in the subtree, not open, or was made after the day, and for any
        other state.
        """
        if state not in CLOSED_BY_AGENT:
            raise InputError("推荐只能改为已完成或不采纳：请重新选择。")
        query = select(Recommendation).join(Customer, Customer.id == Recommendation.customer_id)
        query = query.where(Recommendation.id == recommendation_id)
        row: Recommendation | None = self.session.scalars(
            self._visible(query, on, None).execution_options(populate_existing=True)
        ).one_or_none()
        if row is None:
            raise InputError(f"找不到推荐 {recommendation_id}，或客户不在您的机构范围内：请刷新列表。")
        if row.state != RecommendationState.OPEN:
            raise InputError(f"推荐 {recommendation_id} 已经办结，不能再改：请刷新列表。")
        if on < row.made_on:
            raise InputError(f"办结日 {on:%Y-%m-%d} 早于推荐日 {row.made_on:%Y-%m-%d}：请改正日期。")
        row.state, row.closed_on = state, on
        self.session.flush()

    def _past(self, on: date, rules: Rules, agent_id: int | None) -> dict[int, list[_Past]]:
        """Customer -> recommendations that are open, made today or later, or may make a rule rest."""
        longest = max((rule.rest_days for rule in rules.rules), default=0)
        row = Recommendation
        query = (
            select(
                row.customer_id,
                row.id,
                row.rule,
                row.agent_id,
                row.contact_limit,
                row.made_on,
                row.closed_on,
                row.state,
            )
            .join(Customer, Customer.id == Recommendation.customer_id)
            .where(
                or_(
                    Recommendation.state == RecommendationState.OPEN,
                    Recommendation.closed_on >= on - timedelta(days=longest),
                    Recommendation.made_on >= on,
                )
            )
        )
        found: dict[int, list[_Past]] = defaultdict(list)
        for customer, *columns in self.session.execute(self._visible(query, on, agent_id)):
            past = _Past(*columns)
            if past.made_on > on:
                raise InputError(
                    f"{past.made_on:%Y-%m-%d} 已生成过推荐，不能再补 {on:%Y-%m-%d} 的：请从最近一天往后生成。"
                )
            found[customer].append(past)
        return found

    def _visible(self, query: Select[Any], on: date, agent_id: int | None) -> Select[Any]:
        query = placed(query, Customer.agent_id, on=on, within=self.within)
        return query if agent_id is None else query.where(Customer.agent_id == agent_id)


def _decide(state: CustomerState, past: list[_Past], rules: Rules, changes: _Changes) -> None:
    """Add to the changes what becomes of one customer's recommendations."""
    on = state.on
    if any(row.made_on == on and row.state != RecommendationState.OPEN for row in past):
        return  # today's was dealt with
    closed = [row for row in past if row.state in CLOSED_BY_AGENT and row.closed_on is not None]
    rest = {rule.id: timedelta(days=rule.rest_days) for rule in rules.rules}
    resting = {
        row.rule
        for row in closed
        if row.rule in rest and row.closed_on is not None and on < row.closed_on + rest[row.rule]
    }
    advice = advise(state, rules, resting=resting)
    for row in past:
        if row.state != RecommendationState.OPEN:
            continue
        if row.made_on == on:
            if advice is None:
                changes.void.append(row.id)
        elif advice is not None and _same(row, state, advice):
            changes.standing += 1
            return
        else:
            changes.superseded.append(row.id)
    if advice is not None:
        changes.rows.append(_row(state, advice))


def _same(row: _Past, state: CustomerState, advice: Advice) -> bool:
    """Whether an open recommendation still says what is best, to the right agent, within the right limits."""
    return (row.rule, row.agent_id, row.contact_limit) == (advice.rule, state.agent_id, advice.contact_limit)


def _row(state: CustomerState, advice: Advice) -> dict[str, Any]:
    return {
        "rule": advice.rule,
        "action": advice.action,
        "reason": advice.reason,
        "due_on": advice.due_on,
        "contact_limit": advice.contact_limit,
        "customer_id": state.customer_id,
        "agent_id": state.agent_id,
        "made_on": state.on,
        "state": RecommendationState.OPEN,
        "closed_on": None,
    }
