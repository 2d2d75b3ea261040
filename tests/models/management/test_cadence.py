"""The cadence of the four management actions (R32) and focus supervisors, without a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from models.base import Subtree
from models.indicators.parameters import Parameters, Setting
from models.management.cadence import CADENCES, Duty, Owes, Period, standings, times
from models.management.focus import FocusReason, focus
from models.management.tables import ActionKind


def test_r32_the_cadence_is_data() -> None:
    said = {kind: (c.period, c.owes, c.times, c.needs_review) for kind, c in CADENCES.items()}
    assert said == {
        ActionKind.GOAL_INTERVIEW: (Period.MONTH, Owes.FOCUS_SUPERVISOR, 1, False),
        ActionKind.CUSTOMER_INVENTORY: (Period.WEEK, Owes.SUPERVISOR, 1, False),
        ActionKind.PLATFORM_SETUP: (Period.MONTH, Owes.INSTITUTION, 1, False),
        ActionKind.JOINT_VISIT: (Period.WEEK, Owes.SUPERVISOR, 1, True),
    }


def test_r32_an_institution_may_ask_for_more() -> None:
    more = Parameters(
        [Setting("cadence.joint_visit", Decimal(2), date(2026, 1, 1), institution_id=12)],
    )
    assert times(ActionKind.JOINT_VISIT, more, path="/1/12/131/") == 2
    assert times(ActionKind.JOINT_VISIT, more, path="/1/13/") == 1


def test_r32_who_is_behind_and_by_how_many_adds_up_the_tree() -> None:
    duties = [
        Duty("/1/2/", 2, 0, person_id=1),
        Duty("/1/2/", 2, 1, person_id=2),
        Duty("/1/3/", 1, 5, person_id=3),
    ]
    found = standings(duties, within=Subtree("/1/"))
    assert (found[2].duties, found[2].missing, found[2].coverage) == (2, 3, Decimal("0.5"))
    assert [duty.person_id for duty in found[1].behind] == [1, 2]
    assert found[1].coverage == Decimal(2) / 3
    assert (found[3].missing, found[3].coverage) == (0, 1)
    assert set(standings(duties[:2], within=Subtree("/1/2/"))) == {2}


def test_a_focus_supervisor_has_no_u_or_no_ct_or_a_mark() -> None:
    found = focus(
        [1, 2, 3, 4, 5],
        u={1: False, 2: True, 3: True, 4: True},
        ct={1: False, 2: False, 4: True, 5: None},
        marked=[3, 99],
    )
    assert found.reasons == {
        1: (FocusReason.NO_U, FocusReason.NO_CT),
        2: (FocusReason.NO_CT,),
        3: (FocusReason.MARKED,),
    }
    assert (found.unknown_u, found.unknown_ct) == ({5}, {5})
