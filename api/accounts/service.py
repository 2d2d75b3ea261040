"""Administering accounts: who may sign in, as what, for which institutions."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request
from sqlalchemy.orm import Session

from api.access import Caller, caller_of
from api.accounts import passwords
from api.accounts.repository import AccountLine, AccountRepository, SignInRepository, institution_at
from api.accounts.schemas import AccountChange, AccountOut, Me, NewAccount
from api.accounts.signing_in import Opened, as_login
from api.accounts.tables import Account, Role
from api.audit import note
from api.fields import existing
from api.problems import Conflict, Forbidden
from models.base import EVERYWHERE, SHANGHAI
from models.organisation.people import PeopleRepository
from models.organisation.repository import InstitutionRepository
from qa_pipeline.errors import InputError


def me(session: Session, request: Request, asker: Caller) -> Me:
    """Who the caller is."""
    sign_in = SignInRepository(session).get(asker.sign_in_id) if asker.sign_in_id is not None else None
    account = AccountRepository(session).find(asker.actor) if asker.account_id is not None else None
    top = institution_at(session, asker.institution_id)
    return Me(
        actor=asker.actor,
        name=account.name if account else asker.actor.removeprefix("key:"),
        role=asker.role,
        permissions=sorted(asker.permissions),
        institution=top.code if top else None,
        institution_name=top.name if top else None,
        must_change_password=asker.must_change_password,
        csrf_token=sign_in.csrf_token if sign_in else None,
        expires_at=sign_in.expires_at if sign_in else None,
        identity_provider=request.app.state.provider is not None,
    )


def me_of(session: Session, request: Request, opened: Opened) -> Me:
    """Who has just signed in."""
    return me(session, request, caller_of(session, opened.account, sign_in_id=opened.sign_in.id))


def create(
    session: Session, request: Request, asker: Caller, given: NewAccount
) -> tuple[AccountOut, str | None]:
    """The account and its one-time password. Raises Conflict when the login or subject is taken."""
    login = as_login(given.login)
    accounts = AccountRepository(session)
    if accounts.find(login) is not None:
        raise Conflict(f"登录名 {login} 已被使用：请换一个。")
    _require_free_subject(accounts, given.subject)
    if not given.with_password and given.subject is None and request.app.state.provider is None:
        raise InputError("本服务没有接入统一身份登录：账号须有密码。")
    password = passwords.one_time_password() if given.with_password else None
    account = Account(
        login=login,
        name=given.name,
        role=_person_role(given.role),
        institution_id=_placed(session, asker, given.role, given.institution),
        person_id=_person(session, asker, given.person),
        subject=given.subject,
        password_hash=passwords.hash_password(password) if password else None,
        must_change_password=given.with_password,
        created_at=datetime.now(SHANGHAI),
    )
    session.add(account)
    session.flush()
    _noted(session, request, asker, account, "account.create", role=account.role)
    return shown(accounts.line(login)), password


def change(
    session: Session, request: Request, asker: Caller, account: Account, given: AccountChange
) -> AccountOut:
    """Change what is given. Other rights or a closed account end its sessions at once.

    Raises Conflict for the last administrator, and for a subject that is taken.
    """
    accounts = AccountRepository(session, within=asker.within)
    fields = given.model_fields_set
    role = given.role if given.role is not None else account.role
    if given.name is not None:
        account.name = given.name
    if "person" in fields:
        account.person_id = _person(session, asker, given.person)
    if "subject" in fields and given.subject != account.subject:
        _require_free_subject(accounts, given.subject)
        account.subject = given.subject
    place = account.institution_id
    if fields & {"institution", "role"}:
        code = given.institution if "institution" in fields else accounts.line(account.login).institution
        place = _placed(session, asker, role, code)
    disabled = account.disabled if given.disabled is None else given.disabled
    if (role, place, disabled) != (account.role, account.institution_id, account.disabled):
        if role is not Role.ADMINISTRATOR or place is not None or disabled:
            require_another_administrator(session, account)
        account.role, account.institution_id, account.disabled = _person_role(role), place, disabled
        SignInRepository(session).close_all(account.id)
    session.flush()
    _noted(
        session,
        request,
        asker,
        account,
        "account.change",
        role=account.role,
        disabled=account.disabled,
        fields=",".join(sorted(fields)),
    )
    return shown(AccountRepository(session).line(account.login))


def reset_password(session: Session, request: Request, asker: Caller, account: Account) -> str:
    """A one-time password in place of the old one; the lock is lifted and every session ends."""
    password = passwords.one_time_password()
    give_one_time_password(session, account, password)
    _noted(session, request, asker, account, "account.reset_password")
    return password


def give_one_time_password(session: Session, account: Account, password: str) -> None:
    """To be changed at the next sign-in; the lock is lifted and every session ends."""
    account.password_hash = passwords.hash_password(password)
    account.must_change_password = True
    account.failures = 0
    account.locked_until = None
    SignInRepository(session).close_all(account.id)
    session.flush()


def close_sessions(session: Session, request: Request, asker: Caller, account: Account) -> None:
    """Sign the account out everywhere."""
    SignInRepository(session).close_all(account.id)
    _noted(session, request, asker, account, "account.close_sessions")


def require_another_administrator(session: Session, account: Account) -> None:
    """Raise Conflict when nobody could administer everything without the account."""
    administrators = [one.id for one in AccountRepository(session).administrators()]
    if administrators == [account.id]:
        raise Conflict("这是最后一个可管理全部机构的管理员：请先设立另一个管理员。")


def shown(line: AccountLine) -> AccountOut:
    account = line.account
    return AccountOut(
        login=account.login,
        name=account.name,
        role=account.role,
        institution=line.institution,
        person=line.person,
        subject=account.subject,
        has_password=account.password_hash is not None,
        must_change_password=account.must_change_password,
        disabled=account.disabled,
        locked_until=account.locked_until,
        created_at=account.created_at,
    )


def placed_within(session: Session, asker: Caller, institution: str | None) -> int | None:
    """The key of the institution where a subtree begins; raises Forbidden for more than the caller's own."""
    if institution is None:
        if asker.within != EVERYWHERE:
            raise Forbidden("您只能授予自己管辖范围内的机构：请选择机构。")
        return None
    return existing(InstitutionRepository(session, within=asker.within).get, institution).id


def _placed(session: Session, asker: Caller, role: Role, institution: str | None) -> int | None:
    if role is Role.MANAGER and institution is None:
        raise InputError("经理的账号须限定机构：请选择机构。")
    return placed_within(session, asker, institution)


def _person(session: Session, asker: Caller, code: str | None) -> int | None:
    return existing(PeopleRepository(session, within=asker.within).get, code).id if code else None


def _person_role(role: Role) -> Role:
    if role is Role.API_CLIENT:
        raise InputError("api_client 不是人的角色：其他系统请使用 API 密钥。")
    return role


def _require_free_subject(accounts: AccountRepository, subject: str | None) -> None:
    if subject is not None and accounts.by_subject(subject) is not None:
        raise Conflict("此统一身份已绑定到另一个账号。")


def _noted(
    session: Session, request: Request, asker: Caller, account: Account, action: str, **detail: str | bool
) -> None:
    note(
        session,
        request,
        asker,
        action,
        kind="account",
        code=account.login,
        institution_id=account.institution_id,
        **detail,
    )
