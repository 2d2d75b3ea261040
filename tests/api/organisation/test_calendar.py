"""The month's four meetings, and the holidays that an administrator enters."""

from __future__ import annotations

from api.accounts.tables import Role
from tests.api.conftest import SignedIn

V1 = "/api/v1"
NOTICE = {
    "source": "放假安排",
    "holidays": [{"day": "2031-02-08", "name": "春节"}],
    "lieu_workdays": [{"day": "2031-02-09", "name": "调休"}],
}


def test_r1_r2_r3_a_month_has_four_meetings_with_their_windows(signed_in: SignedIn) -> None:
    month = signed_in(Role.MANAGER, institution="350102").get(f"{V1}/calendar/2026-11").json()
    assert (month["month"], month["known"]) == ("2026-11", True)
    windows = {slot["name"]: (slot["earliest"], slot["latest"]) for slot in month["slots"]}
    assert windows["W1"] == ("2026-11-06", "2026-11-08")
    assert windows["MP"] == ("2026-11-27", "2026-11-30")
    assert month["slots"][0]["theme_name"] == "主管领跑周"
    assert {"rule": "R20", "text": "主管本人达U情况复盘"} in month["slots"][0]["requirements"]


def test_a_year_nobody_knows_is_unknown_until_it_is_entered(signed_in: SignedIn) -> None:
    administrator = signed_in(Role.ADMINISTRATOR)
    before = administrator.get(f"{V1}/calendar/2031-02").json()
    assert (before["known"], before["slots"][0]["latest"]) == (False, None)
    entered = administrator.put(f"{V1}/calendar/years/2031", json=NOTICE)
    assert [day["kind"] for day in entered.json()["days"]] == ["holiday", "lieu_workday"]
    assert administrator.get(f"{V1}/calendar/2031-02").json()["slots"][0]["latest"] == "2031-02-07"
    assert [row["year"] for row in administrator.get(f"{V1}/calendar/years").json()] == [2031]
    assert administrator.delete(f"{V1}/calendar/years/2031").status_code == 204
    assert administrator.delete(f"{V1}/calendar/years/2031").status_code == 404
    assert administrator.get(f"{V1}/calendar/2031-02").json()["known"] is False


def test_only_an_administrator_enters_holidays_and_no_day_twice(signed_in: SignedIn) -> None:
    path = f"{V1}/calendar/years/2031"
    assert signed_in(Role.HEAD_OFFICE).put(path, json=NOTICE).status_code == 403
    administrator = signed_in(Role.ADMINISTRATOR)
    twice = {**NOTICE, "holidays": NOTICE["holidays"] * 2}  # type: ignore[operator]
    assert administrator.put(path, json=twice).status_code == 400
    assert administrator.put(f"{V1}/calendar/years/2030", json=NOTICE).status_code == 400
    for month in ("2026-13", "2026", "1999-01", "x"):
        assert administrator.get(f"{V1}/calendar/{month}").status_code == 422
