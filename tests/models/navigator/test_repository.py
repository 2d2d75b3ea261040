"""Recommendations on both databases: made, standing, superseded, done, dismissed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.activities.tables import ActivityEvent, Participation, Platform
from models.base import SHANGHAI, Scope, ScopeKind
from models.customers.parameters import CustomerParameters
from models.customers.quadrant import Quadrant
from models.customers.tables import CustomerSnapshot, Interaction, InteractionKind, Sale
from models.navigator.conditions import CustomerState
from models.navigator.repository import Load, NavigatorRepository, Run
from models.navigator.rules import load_rules
from models.navigator.state_repository import CustomerStateRepository
from models.navigator.tables import Recommendation, RecommendationState
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.world import World, small_world

DAY = date(2026, 11, 20)
WEEK = date(2026, 11, 14)
RULES = load_rules()
DEFAULTS = CustomerParameters()


@pytest.fixture
def world(session: Session) -> World:
    world = small_world(session)
    known(world, "hl", 80, 20)
    known(world, "ll", 10, 20)
    world.customer("complaint", "0101bA1", complaint_open=True, known_since=WEEK)
    known(world, "far", 80, 20, agent="0102aA1")
    return world


def known(
    world: World, code: str, value: int, warmth: int, *, agent: str = "0101aA1", **more: object
) -> None:
    customer = world.customer(code, agent, **({"known_since": WEEK} | more))
    world.session.add(
        CustomerSnapshot(
            customer_id=customer.id, week_ends=WEEK, value=Decimal(value), temperature=Decimal(warmth)
        )
    )
    world.session.flush()


def recommend(world: World, on: date = DAY, within: str = "01", **more: int) -> Run:
    repository = NavigatorRepository(world.session, within=world.within(within))
    return repository.recommend(on, rules=RULES, parameters=DEFAULTS, **more)


def rows(world: World, code: str) -> list[tuple[str, date, RecommendationState]]:
    query = (
        select(Recommendation)
        .where(Recommendation.customer_id == world.customers[code].id)
        .order_by(Recommendation.made_on)
        .execution_options(populate_existing=True)
    )
    return [(row.rule, row.made_on, row.state) for row in world.session.scalars(query)]


def close(world: World, code: str, state: RecommendationState, on: date = DAY) -> None:
    repository = NavigatorRepository(world.session)
    customer = world.customers[code].id
    (task,) = [task for task in repository.tasks(on) if task.customer_id == customer]
    repository.close(task.id, state, on=on)


def test_an_institution_gets_one_task_a_customer_with_reason_and_due_date(world: World) -> None:
    assert recommend(world, within="010101") == Run(customers=3, made=3, standing=0, superseded=0)
    tasks = NavigatorRepository(world.session, within=world.within("010101")).tasks(DAY)
    assert [(task.customer_name, task.rule, task.due_on) for task in tasks] == [
        ("客户complaint", "service_visit", date(2026, 11, 21)),
        ("客户hl", "invite_warmup", date(2026, 11, 27)),
        ("客户ll", "standard_service", date(2026, 12, 20)),
    ]
    assert tasks[1].reason == "高价值低温度客户（价值 80，温度 20）：高价值低温度客户要先升温。"
    assert not any(task.overdue for task in tasks)
    later = NavigatorRepository(world.session).tasks(date(2026, 11, 22), agent_id=world.people["0101bA1"].id)
    assert [task.overdue for task in later] == [True]


def test_what_is_due_on_one_day_stands_in_the_order_of_the_rules(world: World) -> None:
    world.customer("late", "0101aA1", complaint_open=True, known_since=WEEK)
    recommend(world)
    world.session.execute(update(Recommendation).values(due_on=DAY))
    urgency = [rule.id for rule in RULES.rules]
    repository = NavigatorRepository(world.session)
    found = [task.rule for task in repository.tasks(DAY, urgency=urgency)]
    assert found == sorted(found, key=urgency.index)
    assert found[:2] == ["service_visit", "service_visit"]
    first, *others = repository.tasks(DAY, urgency=urgency)
    behind = (first.due_on, first.rank, first.id)
    assert repository.tasks(DAY, urgency=urgency, behind=behind, limit=2) == others[:2]
    assert {task.rule for task in repository.tasks(DAY, rule="service_visit")} == {"service_visit"}


def test_work_is_counted_by_who_has_it_in_one_query(world: World) -> None:
    recommend(world)
    repository = NavigatorRepository(world.session, within=world.within("0101"))
    with counting_queries(world.session) as statements:
        loads = repository.loads(date(2026, 11, 21), by=ScopeKind.INSTITUTION)
    assert len(statements) == 1
    home = Scope(ScopeKind.INSTITUTION, world.institutions["010101"].id)
    assert loads[home, "service_visit"] == Load(open=1, due_today=1, overdue=0)
    person = Scope(ScopeKind.PERSON, world.people["0101bA1"].id)
    later = repository.loads(date(2026, 11, 22), by=ScopeKind.PERSON)
    assert later[person, "service_visit"] == Load(open=1, due_today=0, overdue=1)


def test_a_second_run_on_the_day_changes_nothing(world: World) -> None:
    recommend(world)
    before = NavigatorRepository(world.session).tasks(DAY)
    assert recommend(world) == Run(customers=4, made=4, standing=0, superseded=0)
    assert NavigatorRepository(world.session).tasks(DAY) == before


def test_a_second_run_follows_what_changed_and_leaves_what_was_done(world: World) -> None:
    recommend(world)
    close(world, "ll", RecommendationState.DONE)
    world.customers["complaint"].complaint_open = False
    world.customers["hl"].complaint_open = True
    world.session.flush()
    recommend(world)
    assert rows(world, "ll") == [("standard_service", DAY, RecommendationState.DONE)]
    assert rows(world, "complaint") == []
    assert rows(world, "hl") == [("service_visit", DAY, RecommendationState.OPEN)]


def test_an_open_task_stands_until_another_rule_is_better(world: World) -> None:
    recommend(world)
    tomorrow = DAY + timedelta(days=1)
    assert recommend(world, tomorrow) == Run(customers=4, made=0, standing=4, superseded=0)
    world.customers["hl"].complaint_open = True
    world.customers["complaint"].complaint_open = False
    world.session.flush()
    after = DAY + timedelta(days=2)
    assert recommend(world, after) == Run(customers=4, made=1, standing=2, superseded=2)
    assert rows(world, "hl") == [
        ("invite_warmup", DAY, RecommendationState.SUPERSEDED),
        ("service_visit", after, RecommendationState.OPEN),
    ]
    assert rows(world, "complaint") == [("service_visit", DAY, RecommendationState.SUPERSEDED)]


@pytest.mark.parametrize("state", [RecommendationState.DONE, RecommendationState.DISMISSED])
def test_a_rule_rests_after_it_was_done_or_dismissed(world: World, state: RecommendationState) -> None:
    recommend(world)
    close(world, "hl", state)
    recommend(world, DAY + timedelta(days=13))
    assert [row[1] for row in rows(world, "hl")] == [DAY]
    recommend(world, DAY + timedelta(days=14))
    assert [row[1] for row in rows(world, "hl")] == [DAY, DAY + timedelta(days=14)]


def test_a_wish_not_to_be_contacted_ends_open_tasks_and_leaves_service_duties(world: World) -> None:
    recommend(world)
    for code in ("hl", "complaint"):
        world.customers[code].do_not_contact = True
    world.session.flush()
    tomorrow = DAY + timedelta(days=1)
    recommend(world, tomorrow)
    assert rows(world, "hl") == [("invite_warmup", DAY, RecommendationState.SUPERSEDED)]
    tasks = NavigatorRepository(world.session).tasks(tomorrow, agent_id=world.people["0101bA1"].id)
    (task,) = tasks
    assert task.made_on == tomorrow
    assert task.contact_limit is not None
    assert task.contact_limit.startswith("客户已退订营销联系，仅限本项服务：")


def test_an_agents_run_touches_only_that_agents_customers(world: World) -> None:
    assert recommend(world, agent_id=world.people["0101bA1"].id).made == 1
    assert rows(world, "hl") == []


def test_a_day_before_the_last_run_is_refused(world: World) -> None:
    recommend(world)
    with pytest.raises(InputError, match="2026-11-20 已生成过推荐"):
        recommend(world, DAY - timedelta(days=1))


def test_only_open_tasks_are_closed_and_only_as_done_or_dismissed(world: World) -> None:
    recommend(world)
    repository = NavigatorRepository(world.session)
    task = repository.tasks(DAY)[0]
    with pytest.raises(InputError, match="已完成或不采纳"):
        repository.close(task.id, RecommendationState.SUPERSEDED, on=DAY)
    with pytest.raises(InputError, match="早于推荐日"):
        repository.close(task.id, RecommendationState.DONE, on=DAY - timedelta(days=1))
    repository.close(task.id, RecommendationState.DONE, on=DAY)
    with pytest.raises(InputError, match="已经办结"):
        repository.close(task.id, RecommendationState.DISMISSED, on=DAY)


def test_foreign_tasks_are_neither_seen_nor_closed(world: World) -> None:
    recommend(world)
    elsewhere = NavigatorRepository(world.session, within=world.within("010102"))
    assert [task.customer_name for task in elsewhere.tasks(DAY)] == ["客户far"]
    foreign = NavigatorRepository(world.session, within=world.within("010101")).tasks(DAY)[0]
    with pytest.raises(InputError, match="找不到推荐"):
        elsewhere.close(foreign.id, RecommendationState.DONE, on=DAY)


def test_the_state_is_gathered_from_snapshots_sales_contacts_and_events(world: World) -> None:
    customer = world.customers["hl"]
    event = ActivityEvent(
        code="E1",
        institution_id=world.institutions["010101"].id,
        platform=Platform.WARMUP,
        month=date(2026, 11, 1),
        starts_at=datetime(2026, 11, 20, 23, 0, tzinfo=SHANGHAI),
    )
    world.session.add_all(
        [
            event,
            Interaction(customer_id=customer.id, happened_on=DAY, kind=InteractionKind.EVENT),
            Sale(
                code="p1",
                customer_id=customer.id,
                agent_id=customer.agent_id,
                signed_on=date(2026, 11, 10),
                premium=Decimal(1),
                fyc=Decimal(0),
                cooling_off_ends=DAY,
            ),
        ]
    )
    world.session.flush()
    world.session.add(Participation(event_id=event.id, customer_id=customer.id, attended=True))
    world.session.flush()

    def hl(on: date, max_age: int = 35) -> CustomerState:
        states = CustomerStateRepository(world.session).states(
            on, parameters=DEFAULTS, snapshot_max_age_days=max_age, agent_id=customer.agent_id
        )
        return next(state for state in states if state.customer_id == customer.id)

    today = hl(DAY)
    assert (today.quadrant, today.cooling_off, today.last_contact_on, today.attended_unsigned_on) == (
        Quadrant.HL,
        True,
        DAY,
        DAY,
    )
    before, after = hl(DAY - timedelta(days=1)), hl(DAY + timedelta(days=1))
    assert (before.last_contact_on, before.attended_unsigned_on) == (WEEK, None)
    assert after.cooling_off is False
    assert hl(DAY, max_age=5).quadrant is None
    sale = world.session.scalars(select(Sale)).one()
    sale.cooling_off_ends = None
    sale.signed_on = DAY
    world.session.flush()
    signed = hl(DAY)
    assert (signed.cooling_off, signed.attended_unsigned_on) == (None, None)
    sale.withdrawn_on = DAY
    world.session.flush()
    withdrawn = hl(DAY)
    assert (withdrawn.cooling_off, withdrawn.attended_unsigned_on) == (False, DAY)


def test_statements_do_not_grow_with_the_customers(world: World) -> None:
    with counting_queries(world.session) as few:
        recommend(world)
    for number in range(200):
        known(world, f"n{number}", number % 100, (number * 7) % 100)
    with counting_queries(world.session) as many:
        assert recommend(world).customers == 204
    assert len(many) == len(few) <= 6
