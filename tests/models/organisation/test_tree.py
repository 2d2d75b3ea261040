"""The institution tree and its sales offices."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.organisation.tables import Institution
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.house import FOUNDED, House

DAY = date(2026, 9, 8)
APPOINTED = date(2025, 1, 1)


def codes(rows: object) -> list[str]:
    return [row.code for row in rows]  # type: ignore[attr-defined]


def assert_paths_and_levels_are_those_of_the_parents(session: Session) -> None:
    session.expire_all()
    rows = {row.id: row for row in session.scalars(select(Institution))}
    for row in rows.values():
        above = rows[row.parent_id] if row.parent_id else None
        assert row.path == f"{above.path if above else '/'}{row.id}/"
        assert row.level == (above.level + 1 if above else 1)


def test_a_new_institution_stands_one_level_below_its_parent(house: House) -> None:
    assert house.tree.get("E4a").level == 4
    assert_paths_and_levels_are_those_of_the_parents(house.session)
    assert codes(house.tree.below("EAST")) == ["EAST", "E3", "E4a", "E4b"]
    assert codes(house.tree.above("E4a")) == ["H", "EAST", "E3"]


@pytest.mark.parametrize(
    ("parent", "must_hold", "reason"),
    [
        ("E4a", False, "机构最多四级"),
        ("E3x", False, "机构 E3x 不存在"),
        (None, False, "总公司已经存在"),
        ("EAST", True, "只有四级机构可设为应召开"),
    ],
)
def test_an_institution_in_a_wrong_place_is_refused(
    house: House, parent: str | None, must_hold: bool, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        house.tree.add("X", name="新", parent=parent, valid_from=FOUNDED, must_hold=must_hold)


def test_a_code_is_used_once(house: House) -> None:
    with pytest.raises(InputError, match="机构代码 E4a 已被使用"):
        house.tree.add("E4a", name="新", parent="E3", valid_from=FOUNDED)
    with pytest.raises(InputError, match="营业室代码 E4a-1 已被使用"):
        house.tree.add_office("E4a-1", name="新", institution="E4a", valid_from=FOUNDED)


def test_the_database_itself_lets_only_level_4_hold_meetings(house: House) -> None:
    with pytest.raises(IntegrityError):
        house.session.execute(text("UPDATE institution SET must_hold = (1 = 1) WHERE code = 'EAST'"))


def test_a_move_takes_the_whole_subtree_along(house: House) -> None:
    with counting_queries(house.session) as statements:
        house.tree.move("E3", parent="WEST")
    assert len(statements) <= 5
    assert_paths_and_levels_are_those_of_the_parents(house.session)
    assert codes(house.tree.below("WEST")) == ["WEST", "E3", "W3", "E4a", "E4b", "W4a"]
    assert codes(house.tree.below("EAST")) == ["EAST"]
    assert codes(house.seen_from("WEST").tree.must_hold_in(DAY)) == ["E4a", "E4b", "W4a"]


def test_a_move_that_changes_the_level_moves_the_levels_below_it(house: House) -> None:
    house.tree.add("N2", name="北", parent="H", valid_from=FOUNDED)
    house.tree.add("N3", name="北三", parent="N2", valid_from=FOUNDED)
    house.tree.move("N2", parent="WEST")
    assert [house.tree.get(code).level for code in ("N2", "N3")] == [3, 4]
    assert_paths_and_levels_are_those_of_the_parents(house.session)


@pytest.mark.parametrize(
    ("code", "parent", "reason"),
    [
        ("EAST", "E3", "不能移到它自己或其下级 E3 之下"),
        ("E3", "E3", "不能移到它自己或其下级 E3 之下"),
        ("H", "EAST", "机构 H 是总公司"),
        ("EAST", "WEST", "移动后将超过四级"),
        ("E3", "H", "移动不能改变其级别"),
    ],
)
def test_an_impossible_move_is_refused_and_changes_nothing(
    house: House, code: str, parent: str, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        house.tree.move(code, parent=parent)
    assert_paths_and_levels_are_those_of_the_parents(house.session)
    assert codes(house.tree.below("EAST")) == ["EAST", "E3", "E4a", "E4b"]


def test_r10_who_must_hold_goes_by_the_effective_dates(house: House) -> None:
    house.tree.add("E4c", name="新设", parent="E3", valid_from=date(2026, 9, 10), must_hold=True)
    house.tree.close("W4a", on=date(2026, 9, 20))
    house.tree.set_must_hold("E4b", must_hold=False)
    assert codes(house.tree.must_hold_in(date(2026, 9, 1))) == ["E4a", "E4c", "W4a"]
    assert codes(house.tree.must_hold_in(date(2026, 8, 1))) == ["E4a", "W4a"]
    assert codes(house.tree.must_hold_in(date(2026, 10, 1))) == ["E4a", "E4c"]


def test_only_level_4_can_be_made_to_hold_meetings(house: House) -> None:
    with pytest.raises(InputError, match="EAST 是 2 级机构"):
        house.tree.set_must_hold("EAST", must_hold=True)


def test_an_institution_is_closed_only_when_empty(house: House) -> None:
    with pytest.raises(InputError, match="仍有 3 家下级机构、3 个营业室"):
        house.tree.close("EAST", on=DAY)
    house.hire("P1", at="W4a")
    with pytest.raises(InputError, match="仍有 1 名在职人员：请先调整"):
        house.tree.close("W4a", on=DAY)
    house.people.leave("P1", on=DAY)
    house.tree.close("W4a", on=DAY)
    assert not house.tree.get("W4a").holds_on(DAY)
    assert codes(house.tree.below("WEST", on=DAY)) == ["WEST", "W3"]


def test_an_institution_or_office_does_not_close_before_it_opens(house: House) -> None:
    with pytest.raises(InputError, match="不晚于设立日 2020-01-01"):
        house.tree.close("W4a", on=FOUNDED)
    with pytest.raises(InputError, match="不晚于设立日 2020-01-01"):
        house.tree.close_office("E4a-1", on=FOUNDED)


def test_closing_an_institution_ends_its_managers_terms(house: House) -> None:
    house.hire("S1", at="W3", rank="STAFF")
    term = house.appointments.manage("W4a", person="S1", on=APPOINTED)
    house.tree.close("W4a", on=DAY)
    house.session.refresh(term)
    assert term.valid_to == DAY


def test_an_office_closes_with_its_leads_term_and_only_when_empty(house: House) -> None:
    house.hire("L1", at="E4a", office="E4a-1", rank="CHIEF")
    lead = house.appointments.lead("E4a-1", person="L1", on=APPOINTED)
    with pytest.raises(InputError, match="仍有 1 名在职人员"):
        house.tree.close_office("E4a-1", on=DAY)
    house.people.transfer("L1", institution="E4a", office="E4a-2", on=DAY)
    house.tree.close_office("E4a-1", on=DAY)
    house.session.refresh(lead)
    assert lead.valid_to == DAY
    assert codes(house.tree.offices(on=DAY)) == ["E4a-2", "E4b-1"]


def test_an_office_belongs_to_a_level_4_institution(house: House) -> None:
    with pytest.raises(InputError, match="E3 是 3 级机构"):
        house.tree.add_office("X", name="新", institution="E3", valid_from=FOUNDED)


def test_a_manager_sees_and_changes_only_the_own_subtree(house: House) -> None:
    east = house.seen_from("EAST").tree
    assert codes(east.above("E4a")) == ["EAST", "E3"]
    assert codes(east.must_hold_in(DAY)) == ["E4a", "E4b"]
    assert codes(house.seen_from("WEST").tree.offices(on=DAY)) == []
    for refused in (
        lambda: east.get("W4a"),
        lambda: east.close("W4a", on=DAY),
        lambda: east.move("E3", parent="WEST"),
        lambda: east.add("X", name="新", parent="W3", valid_from=FOUNDED),
        lambda: east.set_must_hold("W4a", must_hold=False),
        lambda: house.seen_from("WEST").tree.close_office("E4a-1", on=DAY),
    ):
        with pytest.raises(InputError, match="不在您的管辖范围内"):
            refused()
    with pytest.raises(InputError, match="总公司管理员"):
        east.add("X", name="新", parent=None, valid_from=FOUNDED)
