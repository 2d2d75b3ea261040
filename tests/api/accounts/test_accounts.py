"""Administering accounts: who may be made, changed, locked out, and by whom."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.accounts.tables import Role
from tests.api.accounts.conftest import PASSWORD, NewAccount, sign_in

ACCOUNTS = "/api/v1/accounts"
SESSION = "/api/v1/session"


def _changed(client: TestClient, login: str, **fields: object) -> tuple[int, dict[str, object]]:
    """Change the account as it is now."""
    seen = client.get(f"{ACCOUNTS}/{login}")
    answer = client.patch(f"{ACCOUNTS}/{login}", json=fields, headers={"If-Match": seen.headers["ETag"]})
    return answer.status_code, answer.json()


def test_a_new_account_signs_in_with_the_password_shown_once(app: FastAPI, account: NewAccount) -> None:
    administrator = sign_in(TestClient(app), account().login)
    given = {"login": "Wang.Fang", "name": "王芳", "role": "manager", "institution": "350102"}
    answer = administrator.post(ACCOUNTS, json=given)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{ACCOUNTS}/wang.fang"
    shown = administrator.get(f"{ACCOUNTS}/wang.fang").json()
    assert shown == answer.json()["account"]
    assert (shown["institution"], shown["has_password"], shown["must_change_password"]) == (
        "350102",
        True,
        True,
    )
    newcomer = sign_in(TestClient(app), "wang.fang", answer.json()["one_time_password"])
    assert newcomer.get(SESSION).json()["must_change_password"] is True
    assert administrator.post(ACCOUNTS, json=given).status_code == 409


def test_wrong_accounts_are_refused(browser: TestClient, account: NewAccount) -> None:
    administrator = sign_in(browser, account().login)
    good = {"login": "a.b", "name": "某人", "role": "qa"}
    for change, status in (
        ({"login": "key:hr"}, 422),  # would look like a key in the audit trail
        ({"login": "a b"}, 422),
        ({"name": "a\x00b"}, 422),
        ({"role": "api_client"}, 400),
        ({"role": "manager"}, 400),  # without institution
        ({"institution": "999"}, 404),
        ({"person": "999"}, 404),
        ({"with_password": False}, 400),  # and no identity provider
    ):
        answer = administrator.post(ACCOUNTS, json=good | change)
        assert answer.status_code == status, (change, answer.text)
    half_a_letter = b'{"login": "a.b", "name": "\\ud800", "role": "qa"}'
    headers = {"Content-Type": "application/json"}
    assert administrator.post(ACCOUNTS, content=half_a_letter, headers=headers).status_code == 422


def test_only_administrators_reach_accounts(app: FastAPI, browser: TestClient, account: NewAccount) -> None:
    assert browser.get(ACCOUNTS).status_code == 401
    for role in (Role.MANAGER, Role.QA, Role.HEAD_OFFICE):
        client = sign_in(TestClient(app), account(role, institution="350102").login)
        assert client.get(ACCOUNTS).status_code == 403
        assert client.post(ACCOUNTS, json={}).status_code == 403


def test_other_rights_hold_at_once_and_end_the_sessions(app: FastAPI, account: NewAccount) -> None:
    administrator = sign_in(TestClient(app), account().login)
    somebody = account(Role.HEAD_OFFICE)
    other = sign_in(TestClient(app), somebody.login)
    assert _changed(administrator, somebody.login, name="新名字")[0] == 200
    assert other.get(SESSION).status_code == 200
    status, shown = _changed(administrator, somebody.login, role="qa", institution="35")
    assert (status, shown["role"], shown["institution"]) == (200, "qa", "35")
    assert other.get(SESSION).status_code == 401
    assert _changed(administrator, somebody.login, disabled=True)[0] == 200
    refused = other.post(SESSION, json={"login": somebody.login, "password": PASSWORD})
    assert refused.status_code == 401
    assert _changed(administrator, somebody.login, disabled=False, institution=None)[1]["institution"] is None
    sign_in(other, somebody.login)


def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(
    browser: TestClient, account: NewAccount
) -> None:
    administrator = sign_in(browser, account().login)
    address = f"{ACCOUNTS}/{account(Role.QA).login}"
    seen = {"If-Match": administrator.get(address).headers["ETag"]}
    assert administrator.patch(address, json={"name": "一"}, headers=seen).status_code == 200
    assert administrator.patch(address, json={"name": "二"}, headers=seen).status_code == 412
    assert administrator.patch(address, json={"name": "三"}).status_code == 422


def test_the_last_administrator_of_everything_can_be_neither_disabled_nor_demoted_nor_confined(
    browser: TestClient, account: NewAccount
) -> None:
    last = account()
    account(Role.ADMINISTRATOR, institution="35")  # does not reach everything
    account(Role.ADMINISTRATOR, disabled=True)
    administrator = sign_in(browser, last.login)
    for change in ({"disabled": True}, {"role": "qa"}, {"institution": "35"}):
        status, problem = _changed(administrator, last.login, **change)
        assert (status, problem["code"]) == (409, "conflict")
    account()
    assert _changed(administrator, last.login, disabled=True)[0] == 200
    assert administrator.get(SESSION).status_code == 401


def test_a_reset_gives_a_one_time_password_lifts_the_lock_and_ends_the_sessions(
    app: FastAPI, account: NewAccount
) -> None:
    administrator = sign_in(TestClient(app), account().login)
    somebody = account(Role.QA)
    other = sign_in(TestClient(app), somebody.login)
    for _ in range(5):
        TestClient(app).post(SESSION, json={"login": somebody.login, "password": "Wrong-0ne"})
    assert administrator.get(f"{ACCOUNTS}/{somebody.login}").json()["locked_until"]
    answer = administrator.post(f"{ACCOUNTS}/{somebody.login}/password").json()
    assert answer["account"]["locked_until"] is None
    assert other.get(SESSION).status_code == 401
    sign_in(other, somebody.login, answer["one_time_password"])
    assert other.get(SESSION).json()["must_change_password"] is True
    assert administrator.delete(f"{ACCOUNTS}/{somebody.login}/sessions").status_code == 204
    assert other.get(SESSION).status_code == 401


def test_an_administrator_of_a_subtree_sees_and_gives_only_what_lies_in_it(
    app: FastAPI, account: NewAccount
) -> None:
    confined = sign_in(TestClient(app), account(Role.ADMINISTRATOR, institution="3501").login)
    inside = account(Role.MANAGER, institution="350102")
    above, everywhere = account(Role.QA, institution="35"), account(Role.QA)
    seen = {one["login"] for one in confined.get(ACCOUNTS).json()["items"]}
    assert inside.login in seen
    assert not seen & {above.login, everywhere.login}
    for outside in (above, everywhere):
        assert confined.get(f"{ACCOUNTS}/{outside.login}").status_code == 404
        assert confined.post(f"{ACCOUNTS}/{outside.login}/password").status_code == 404
        change = {"json": {"name": "x"}, "headers": {"If-Match": "*"}}
        assert confined.patch(f"{ACCOUNTS}/{outside.login}", **change).status_code == 404
    new = {"login": "n.n", "name": "某人", "role": "qa"}
    assert confined.post(ACCOUNTS, json=new).status_code == 403
    assert confined.post(ACCOUNTS, json=new | {"institution": "35"}).status_code == 404
    assert confined.post(ACCOUNTS, json=new | {"institution": "350103"}).status_code == 201
    assert _changed(confined, inside.login, role="qa", institution=None)[0] == 403


def test_the_list_comes_in_pages_and_by_role(browser: TestClient, account: NewAccount) -> None:
    administrator = sign_in(browser, account().login)
    made = sorted(account(Role.QA).login for _ in range(3))
    account(Role.HEAD_OFFICE)
    first = administrator.get(ACCOUNTS, params={"role": "qa", "limit": 2}).json()
    rest = administrator.get(ACCOUNTS, params={"role": "qa", "limit": 2, "cursor": first["next"]}).json()
    assert [one["login"] for one in first["items"] + rest["items"]] == made
    assert rest["next"] is None
    assert administrator.get(ACCOUNTS, params={"disabled": True}).json()["items"] == []
    assert administrator.get(ACCOUNTS, params={"cursor": "x"}).status_code == 400


def test_a_subject_of_the_identity_provider_belongs_to_one_account(
    browser: TestClient, account: NewAccount
) -> None:
    administrator = sign_in(browser, account().login)
    account(Role.QA, subject="s-1")
    other = account(Role.QA)
    assert _changed(administrator, other.login, subject="s-1")[0] == 409
    assert _changed(administrator, other.login, subject="s-2")[1]["subject"] == "s-2"
    assert _changed(administrator, other.login, subject=None)[1]["subject"] is None
