"""Careers, recruitment lines and appointments."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from models.organisation.tables import PersonKind, Rank
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.house import JOINED, House

PROMOTED = date(2025, 3, 1)
MOVED = date(2026, 1, 1)
LEFT = date(2026, 6, 30)


def career(house: House, code: str) -> list[tuple[date, date | None]]:
    return [(row.valid_from, row.valid_to) for row in house.people.career(code)]


def test_promotion_transfer_and_leaving_close_one_row_and_open_the_next(house: House) -> None:
    house.hire("P", at="E4a", office="E4a-1")
    house.people.promote("P", rank="CHIEF", on=PROMOTED)
    house.people.transfer("P", institution="E4b", office="E4b-1", on=MOVED)
    house.people.leave("P", on=LEFT)
    assert career(house, "P") == [(JOINED, PROMOTED), (PROMOTED, MOVED), (MOVED, LEFT)]
    rows = house.people.career("P")
    assert rows[1].office_id == rows[0].office_id != rows[2].office_id
    assert rows[2].rank_id == rows[1].rank_id != rows[0].rank_id
    assert house.people.get("P").left_on == LEFT


@pytest.mark.parametrize("on", [PROMOTED, date(2025, 2, 28)])
def test_dates_that_run_backwards_are_refused(house: House, on: date) -> None:
    house.hire("P", at="E4a")
    house.people.promote("P", rank="CHIEF", on=PROMOTED)
    sentence = f"的生效日 {on} 不晚于上一条记录的生效日 2025-03-01：请填写更晚的日期"
    with pytest.raises(InputError, match=sentence):
        house.people.promote("P", rank="HEAD", on=on)
    with pytest.raises(InputError, match=sentence):
        house.people.transfer("P", institution="E4b", on=on)
    with pytest.raises(InputError, match=f"离职日 {on} 不晚于最近一次职级变更 2025-03-01"):
        house.people.leave("P", on=on)
    assert career(house, "P") == [(JOINED, PROMOTED), (PROMOTED, None)]


def test_whoever_has_left_is_not_promoted(house: House) -> None:
    house.hire("P", at="E4a")
    house.people.leave("P", on=LEFT)
    with pytest.raises(InputError, match="已于 2026-06-30 离职"):
        house.people.promote("P", rank="CHIEF", on=date(2026, 9, 1))


@pytest.mark.parametrize(
    ("institution", "office", "reason"),
    [
        ("E4b", "E4a-1", "营业室 E4a-1 不属于机构 E4b"),
        ("E4x", None, "机构 E4x 不存在"),
        ("E4a", "E4x-1", "营业室 E4x-1 不存在"),
    ],
)
def test_a_place_that_does_not_exist_is_refused(
    house: House, institution: str, office: str | None, reason: str
) -> None:
    house.hire("P", at="E4a")
    with pytest.raises(InputError, match=reason):
        house.people.transfer("P", institution=institution, office=office, on=MOVED)


def test_nobody_joins_a_place_that_is_closed(house: House) -> None:
    house.tree.close_office("E4b-1", on=PROMOTED)
    house.tree.close("E4b", on=PROMOTED)
    with pytest.raises(InputError, match="机构 E4b 在 2026-01-01 尚未设立或已经撤销"):
        house.hire("P", at="E4b", on=MOVED)


def test_a_number_is_used_once_and_a_rank_must_exist(house: House) -> None:
    house.hire("P", at="E4a")
    with pytest.raises(InputError, match="工号 P 已被使用"):
        house.hire("P", at="E4b")
    with pytest.raises(InputError, match="职级 KING 不存在"):
        house.people.promote("P", rank="KING", on=PROMOTED)
    with pytest.raises(InputError, match="职级已经是 SALES"):
        house.people.promote("P", rank="SALES", on=PROMOTED)


# ---------------------------------------------------------------- recruitment


def recruit(house: House) -> None:
    house.hire("A", at="E4a")
    house.hire("B", at="E4a", upline="A")
    house.hire("C", at="W4a", upline="B")
    house.hire("D", at="E4b", upline="C")


def test_a_downline_of_any_depth_in_one_query(house: House) -> None:
    recruit(house)
    with counting_queries(house.session) as statements:
        down = house.people.downline("A", on=MOVED)
    assert len(statements) == 2  # the first finds the person
    assert [(link.distance, link.code, link.name) for link in down] == [
        (1, "B", "人B"),
        (2, "C", "人C"),
        (3, "D", "人D"),
    ]
    assert down[0].upline_id == house.people.get("A").id
    assert down[1].person_id == house.people.get("C").id


def test_a_recruiter_from_below_is_refused(house: House) -> None:
    recruit(house)
    for upline in ("A", "B", "D"):
        with pytest.raises(InputError, match="本人或其下线，不能作为上线"):
            house.people.set_upline("A", upline=upline)
    house.people.set_upline("D", upline="A")
    house.people.set_upline("C", upline=None)
    assert [link.code for link in house.people.downline("A", on=MOVED)] == ["B", "D"]


def test_a_circle_brought_in_from_outside_ends_the_line(house: House) -> None:
    recruit(house)
    house.session.execute(
        text("UPDATE person SET upline_id = (SELECT id FROM person WHERE code = 'D') WHERE code = 'A'")
    )
    assert [link.code for link in house.people.downline("A", on=MOVED)] == ["B", "C", "D"]


def test_a_line_shows_nobody_outside_the_subtree_and_nobody_who_left(house: House) -> None:
    recruit(house)
    east = house.seen_from("EAST").people
    assert [link.code for link in east.downline("A", on=MOVED)] == ["B", "D"]
    house.people.leave("B", on=MOVED)
    assert [link.code for link in east.downline("A", on=MOVED)] == ["D"]


# ---------------------------------------------------------------- appointments


def test_an_office_has_exactly_one_lead_at_a_time(house: House) -> None:
    for code in ("L1", "L2"):
        house.hire(code, at="E4a", office="E4a-1", rank="CHIEF")
    first = house.appointments.lead("E4a-1", person="L1", on=PROMOTED)
    house.appointments.lead("E4a-1", person="L2", on=MOVED)
    assert first.valid_to == MOVED
    office = house.tree.office("E4a-1").id
    assert house.roster.leads(on=PROMOTED) == {office: house.people.get("L1").id}
    assert house.roster.leads(on=MOVED) == {office: house.people.get("L2").id}
    with pytest.raises(InputError, match="营业室 E4a-1 负责人变更的生效日 2026-01-01 不晚于"):
        house.appointments.lead("E4a-1", person="L1", on=MOVED)


def test_only_a_supervisor_of_the_office_leads_it(house: House) -> None:
    house.hire("P", at="E4a", office="E4a-1")
    house.hire("Q", at="E4a", office="E4a-2", rank="CHIEF")
    for code in ("P", "Q"):
        with pytest.raises(InputError, match="不是营业室 E4a-1 的主管"):
            house.appointments.lead("E4a-1", person=code, on=PROMOTED)


@pytest.mark.parametrize("how", ["leave", "transfer", "demote"])
def test_a_lead_steps_down_on_leaving_moving_or_demotion(house: House, how: str) -> None:
    house.hire("L1", at="E4a", office="E4a-1", rank="CHIEF")
    house.appointments.lead("E4a-1", person="L1", on=PROMOTED)
    if how == "leave":
        house.people.leave("L1", on=MOVED)
    elif how == "transfer":
        house.people.transfer("L1", institution="E4a", office="E4a-2", on=MOVED)
    else:
        house.people.promote("L1", rank="SALES", on=MOVED)
    assert house.roster.leads(on=MOVED) == {}
    assert list(house.roster.leads(on=PROMOTED)) == [house.tree.office("E4a-1").id]


def test_a_promoted_lead_stays(house: House) -> None:
    house.hire("L1", at="E4a", office="E4a-1", rank="CHIEF")
    house.appointments.lead("E4a-1", person="L1", on=PROMOTED)
    house.people.promote("L1", rank="HEAD", on=MOVED)
    assert len(house.roster.leads(on=MOVED)) == 1


def test_a_manager_who_moves_steps_down_where_they_leave(house: House) -> None:
    house.hire("S", at="E4a", rank="STAFF")
    here = house.appointments.manage("E4a", person="S", on=PROMOTED)
    there = house.appointments.deputise("E4b", person="S", on=PROMOTED)
    house.people.transfer("S", institution="E4b", on=MOVED)
    for row in (here, there):
        house.session.refresh(row)
    assert (here.valid_to, there.valid_to) == (MOVED, None)


def test_an_appointment_that_was_still_to_come_falls_with_leaving(house: House) -> None:
    house.hire("S", at="E4a", rank="STAFF")
    house.appointments.manage("E4a", person="S", on=LEFT)
    house.people.leave("S", on=MOVED)
    assert house.session.execute(text("SELECT count(*) FROM institution_manager")).scalar() == 0


def test_whoever_is_not_in_service_is_not_appointed(house: House) -> None:
    house.hire("S", at="E4a", rank="STAFF")
    with pytest.raises(InputError, match="在 2023-12-31 不在职"):
        house.appointments.manage("E4a", person="S", on=date(2023, 12, 31))
    with pytest.raises(InputError, match="授权终止日 2025-03-01 不晚于生效日"):
        house.appointments.deputise("E4a", person="S", on=PROMOTED, until=PROMOTED)


def test_a_supervisor_is_marked_as_focus_by_hand_and_unmarked(house: House) -> None:
    house.hire("L1", at="E4a", rank="CHIEF")
    with pytest.raises(InputError, match="没有重点主管标记"):
        house.appointments.unfocus("L1", on=MOVED)
    house.appointments.focus("L1", reason="团队下滑", on=PROMOTED)
    house.appointments.unfocus("L1", on=MOVED)
    assert set(house.appointments.focused(on=PROMOTED)) == {house.people.get("L1").id}
    assert house.seen_from("WEST").appointments.focused(on=PROMOTED) == {}
    assert house.appointments.focused(on=MOVED) == {}


def test_a_mark_lasts_as_long_as_was_said_and_one_made_by_mistake_falls_away(house: House) -> None:
    house.hire("L1", at="E4a", rank="CHIEF")
    house.appointments.focus("L1", reason="团队下滑", on=PROMOTED, until=MOVED)
    assert house.appointments.focused(on=MOVED) == {}
    with pytest.raises(InputError, match=f"从 {PROMOTED} 开始：取消日不能更早"):
        house.appointments.unfocus("L1", on=PROMOTED - timedelta(days=1))
    house.appointments.unfocus("L1", on=PROMOTED)
    assert house.appointments.focused(on=PROMOTED) == {}
    house.hire("A", at="E4a")
    with pytest.raises(InputError, match="不是主管"):
        house.appointments.focus("A", reason="团队下滑", on=PROMOTED)
    with pytest.raises(InputError, match="不晚于生效日"):
        house.appointments.focus("L1", reason="团队下滑", on=PROMOTED, until=PROMOTED)


def ranked(house: House, code: str) -> list[tuple[str, date, date | None]]:
    ranks = {rank.id: rank.code for rank in house.session.scalars(select(Rank))}
    return [(ranks[row.rank_id], row.valid_from, row.valid_to) for row in house.people.career(code)]


def test_the_newest_rank_is_put_right_and_the_one_before_follows(house: House) -> None:
    house.hire("L1", at="E4a", office="E4a-1")
    house.people.promote("L1", rank="CHIEF", on=MOVED)
    house.people.amend("L1", rank="HEAD", on=PROMOTED)
    assert ranked(house, "L1") == [("SALES", JOINED, PROMOTED), ("HEAD", PROMOTED, None)]
    for rank, day, words in (
        ("SALES", PROMOTED, "请改为撤回这次变更"),
        ("HEAD", JOINED, "请填写更晚的生效日"),
    ):
        with pytest.raises(InputError, match=words):
            house.people.amend("L1", rank=rank, on=day)
    house.people.withdraw("L1")
    assert ranked(house, "L1") == [("SALES", JOINED, None)]
    with pytest.raises(InputError, match="请更正入职日"):
        house.people.amend("L1", rank="CHIEF", on=PROMOTED)
    with pytest.raises(InputError, match="没有可以撤回的变更"):
        house.people.withdraw("L1")
    house.people.amend("L1", rank="CHIEF", on=JOINED)
    assert ranked(house, "L1") == [("CHIEF", JOINED, None)]


def test_a_rank_that_an_appointment_rests_on_stays_where_it_is(house: House) -> None:
    house.hire("L1", at="E4a", office="E4a-1")
    house.people.promote("L1", rank="CHIEF", on=PROMOTED)
    house.appointments.lead("E4a-1", person="L1", on=PROMOTED)
    for wrong in (
        lambda: house.people.amend("L1", rank="CHIEF", on=MOVED),
        lambda: house.people.withdraw("L1"),
    ):
        with pytest.raises(InputError, match=f"自 {PROMOTED} 起有任命"):
            wrong()
    assert len(house.roster.leads(on=MOVED)) == 1


def test_a_transfer_put_right_ends_what_was_led_before_on_its_day(house: House) -> None:
    house.hire("L1", at="E4a", office="E4a-1", rank="CHIEF")
    house.appointments.lead("E4a-1", person="L1", on=PROMOTED)
    house.people.transfer("L1", institution="E4b", on=LEFT)
    house.people.amend("L1", rank="CHIEF", on=MOVED)
    assert house.roster.leads(on=MOVED) == {}
    assert len(house.roster.leads(on=MOVED - timedelta(days=1))) == 1
    with pytest.raises(InputError, match="原来的机构不在您的管辖范围内"):
        house.seen_from("E4b").people.withdraw("L1")


def test_a_manager_appoints_and_moves_only_own_people(house: House) -> None:
    house.hire("P", at="E4a")
    west = house.seen_from("WEST")
    for refused in (
        lambda: west.people.get("P"),
        lambda: west.people.leave("P", on=MOVED),
        lambda: west.appointments.manage("W4a", person="P", on=MOVED),
        lambda: west.appointments.manage("E4a", person="P", on=MOVED),
        lambda: west.hire("Q", at="E4a"),
        lambda: house.seen_from("EAST").people.transfer("P", institution="W4a", on=MOVED),
    ):
        with pytest.raises(InputError, match="不在您的管辖范围内"):
            refused()
    assert house.people.get("P").kind == PersonKind.AGENT
