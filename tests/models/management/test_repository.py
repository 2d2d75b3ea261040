"""Management actions on both databases: plan, record, review, and who is behind (R32)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from models.activities.tables import ActivityEvent, Platform
from models.base import Scope, ScopeKind
from models.calendar.weeks import business_week
from models.indicators.parameters import Parameters, Setting
from models.indicators.repository import IndicatorRepository, NewObservation
from models.management.focus import Focus, FocusReason
from models.management.repository import ManagementRepository, NewAction
from models.management.tables import ActionKind
from models.organisation.tables import FocusSupervisor
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.world import START, World, small_world

MONDAY = date(2026, 11, 9)
WEEK = business_week(MONDAY)
NONE = Parameters([])


@pytest.fixture
def world(session: Session) -> World:
    world = small_world(session)
    world.customer("c1", "0101aA1")
    return world


def visit(
    world: World, code: str, actor: str = "0101aS", subject: str = "0101aA1", **more: object
) -> NewAction:
    given = {
        "code": code,
        "kind": ActionKind.JOINT_VISIT,
        "actor_id": world.people[actor].id,
        "subject_id": world.people[subject].id,
        "planned_on": MONDAY,
    }
    return NewAction(**(given | more))  # type: ignore[arg-type]


def key(world: World, code: str) -> int:
    return world.institutions[code].id


def event(world: World, code: str, institution: str, platform: Platform) -> int:
    row = ActivityEvent(
        code=code, institution_id=key(world, institution), platform=platform, month=date(2026, 11, 1)
    )
    world.session.add(row)
    world.session.flush()
    return row.id


def done(repository: ManagementRepository, action: NewAction, *, review: bool = True) -> None:
    repository.plan(action)
    repository.record(action.code, done_on=MONDAY, record="拜访两家，邀约成功")
    if review:
        repository.review(action.code, "开场太急，下次先寒暄")


def test_r32_a_joint_visit_counts_once_it_has_record_and_review(world: World) -> None:
    repository = ManagementRepository(world.session)
    home = key(world, "010101")
    repository.plan(visit(world, "v1"))
    assert repository.week(WEEK, parameters=NONE)[ActionKind.JOINT_VISIT][home].covered == 0
    repository.record("v1", done_on=MONDAY, record="拜访两家")
    assert repository.week(WEEK, parameters=NONE)[ActionKind.JOINT_VISIT][home].covered == 0
    repository.review("v1", "开场太急")
    standing = repository.week(WEEK, parameters=NONE)[ActionKind.JOINT_VISIT][home]
    assert (standing.duties, standing.covered, standing.coverage) == (2, 1, Decimal("0.5"))
    assert [duty.person_id for duty in standing.behind] == [world.people["0101bS"].id]
    assert standing.missing == 1


def test_r32_each_supervisor_owes_an_inventory_a_week_and_other_weeks_do_not_help(world: World) -> None:
    repository = ManagementRepository(world.session)
    inventory = visit(world, "i1", kind=ActionKind.CUSTOMER_INVENTORY, subject_id=None)
    done(repository, inventory, review=False)
    this = repository.week(WEEK, parameters=NONE)[ActionKind.CUSTOMER_INVENTORY]
    assert (this[key(world, "01")].covered, this[key(world, "01")].missing) == (1, 5)
    before = repository.week(business_week(date(2026, 11, 7)), parameters=NONE)
    assert before[ActionKind.CUSTOMER_INVENTORY][key(world, "01")].covered == 0


def test_r32_an_institution_may_ask_for_two_joint_visits(world: World) -> None:
    repository = ManagementRepository(world.session)
    done(repository, visit(world, "v1"))
    twice = Parameters(
        [Setting("cadence.joint_visit", Decimal(2), START, institution_id=key(world, "010101"))]
    )
    standing = repository.week(WEEK, parameters=twice)[ActionKind.JOINT_VISIT][key(world, "010101")]
    assert (standing.covered, standing.missing) == (1, 3)


def test_r32_every_focus_supervisor_is_interviewed_once_a_month(world: World) -> None:
    repository = ManagementRepository(world.session)
    supervisors = [world.people[code].id for code in ("0101aS", "0101bS")]
    focused = Focus(dict.fromkeys(supervisors, (FocusReason.MARKED,)))
    interview = visit(world, "g1", kind=ActionKind.GOAL_INTERVIEW, actor="0102aS", subject="0101aS")
    done(repository, interview, review=False)
    found = repository.interviews(date(2026, 11, 1), focused, parameters=NONE)
    assert [duty.person_id for duty in found[key(world, "010101")].behind] == [supervisors[1]]
    assert found[key(world, "0101")].coverage == Decimal("0.5")
    assert key(world, "010201") not in found
    december = repository.interviews(date(2026, 12, 1), focused, parameters=NONE)
    assert december[key(world, "010101")].covered == 0


def test_r32_each_platform_kind_is_set_up_once_a_month(world: World) -> None:
    repository = ManagementRepository(world.session, within=world.within("0101"))
    for number, platform in enumerate((Platform.WARMUP, Platform.HIGH_VALUE)):
        setup = visit(
            world,
            f"s{number}",
            kind=ActionKind.PLATFORM_SETUP,
            subject_id=None,
            event_id=event(world, f"e{number}", "010101", platform),
        )
        done(repository, setup, review=False)
    found = repository.platforms(date(2026, 11, 20), parameters=NONE)
    (behind,) = found[key(world, "010101")].behind
    assert behind.platform == Platform.HIGH_POTENTIAL
    assert found[key(world, "010102")].missing == 3
    assert found[key(world, "0101")].coverage == Decimal(2) / 6
    assert set(found) == {key(world, code) for code in ("0101", "010101", "010102")}


def test_focus_is_read_from_what_was_observed_last_month(world: World) -> None:
    world.session.add(
        FocusSupervisor(person_id=world.people["0102bS"].id, reason="新任主管", valid_from=START)
    )
    indicators = IndicatorRepository(world.session)
    indicators.define()
    october = date(2026, 10, 31)

    def person(code: str) -> Scope:
        return Scope(ScopeKind.PERSON, world.people[code].id)

    def office(code: str) -> Scope:
        return Scope(ScopeKind.OFFICE, world.offices[code].id)

    indicators.append(
        [
            NewObservation(person("0101aS"), "u_headcount", october, Decimal(0)),
            NewObservation(person("0101bS"), "u_headcount", october, Decimal(1)),
            NewObservation(person("0102aS"), "u_headcount", october, Decimal(1)),
            NewObservation(office("0101a"), "ct_attained", october, Decimal(1)),
            NewObservation(office("0101b"), "ct_attained", october, Decimal(0)),
            NewObservation(office("0102a"), "ct_attained", october, Decimal(1)),
        ],
        source="测试",
        recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    found = ManagementRepository(world.session, within=world.within("0101")).focus(MONDAY)
    ids = {code: world.people[code].id for code in ("0101aS", "0101bS", "0102bS")}
    assert found.reasons == {
        ids["0101aS"]: (FocusReason.NO_U,),
        ids["0101bS"]: (FocusReason.NO_CT,),
        ids["0102bS"]: (FocusReason.MARKED,),
    }
    assert (found.unknown_u, found.unknown_ct) == ({ids["0102bS"]}, {ids["0102bS"]})


def test_focus_can_be_given(world: World) -> None:
    person = world.people["0101aS"].id
    found = ManagementRepository(world.session).focus(MONDAY, u={person: False}, ct={})
    assert found.reasons == {person: (FocusReason.NO_U,)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"subject_id": None}, "没有面谈或陪访对象"),
        ({"kind": ActionKind.PLATFORM_SETUP, "subject_id": None}, "没有对应的平台活动"),
        ({"subject_id": 10_000}, "不在您的机构范围内任职"),
        ({"customer_id": 10_000}, "客户不在您的机构范围内"),
        ({"event_id": 10_000}, "活动不在您的机构范围内"),
        ({"planned_on": date(2024, 1, 1)}, "不在您的机构范围内任职"),
    ],
)
def test_an_incomplete_or_impossible_plan_is_refused(
    world: World, change: dict[str, object], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        ManagementRepository(world.session).plan(visit(world, "v1", **change))


def test_nobody_visits_along_with_himself(world: World) -> None:
    with pytest.raises(InputError, match="不能是执行人自己"):
        ManagementRepository(world.session).plan(visit(world, "v1", subject="0101aS"))


def test_a_plan_changes_until_it_is_done_and_review_follows_record(world: World) -> None:
    repository = ManagementRepository(world.session)
    repository.plan(visit(world, "v1"))
    repository.plan(visit(world, "v1", planned_on=date(2026, 11, 10), customer_id=world.customers["c1"].id))
    (planned,) = repository.between(WEEK.first, WEEK.last, kind=ActionKind.JOINT_VISIT)
    assert planned.planned_on == date(2026, 11, 10)
    with pytest.raises(InputError, match="还没有记录"):
        repository.review("v1", "好")
    with pytest.raises(InputError, match="记录是空的"):
        repository.record("v1", done_on=MONDAY, record=" ")
    repository.record("v1", done_on=MONDAY, record="拜访两家")
    with pytest.raises(InputError, match="复盘是空的"):
        repository.review("v1", "")
    with pytest.raises(InputError, match="已完成"):
        repository.plan(visit(world, "v1"))


def test_foreign_actions_are_neither_seen_nor_changed(world: World) -> None:
    done(ManagementRepository(world.session), visit(world, "v1"))
    elsewhere = ManagementRepository(world.session, within=world.within("010102"))
    assert elsewhere.between(WEEK.first, WEEK.last) == []
    home = elsewhere.week(WEEK, parameters=NONE)[ActionKind.JOINT_VISIT]
    assert set(home) == {key(world, "010102")}
    with pytest.raises(InputError, match="找不到管理动作"):
        elsewhere.record("v1", done_on=MONDAY, record="x")
    with pytest.raises(InputError, match="找不到管理动作"):
        elsewhere.review("v1", "x")
    with pytest.raises(InputError, match="不在您的机构范围内任职"):
        elsewhere.plan(visit(world, "v2"))
    with pytest.raises(InputError, match="找不到管理动作"):
        elsewhere.plan(visit(world, "v1", actor="0102aS", subject="0102aA1"))


def test_a_supervisor_who_left_owes_nothing(world: World) -> None:
    world.people["0101bS"].left_on = date(2026, 11, 12)
    world.session.flush()
    standing = ManagementRepository(world.session).week(WEEK, parameters=NONE)[ActionKind.JOINT_VISIT]
    assert standing[key(world, "010101")].duties == 1


def test_a_week_of_the_whole_company_is_one_statement(world: World) -> None:
    with counting_queries(world.session) as statements:
        ManagementRepository(world.session).week(WEEK, parameters=NONE)
    assert len(statements) == 1
