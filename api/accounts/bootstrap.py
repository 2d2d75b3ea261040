"""The first account, and the way back in when nobody can sign in any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from api.accounts import passwords
from api.accounts.repository import AccountRepository
from api.accounts.service import give_one_time_password
from api.accounts.signing_in import as_login
from api.accounts.tables import Account, Role
from models.database import transaction
from qa_pipeline.errors import InputError

FIRST_LOGIN: Final = "admin"


def bootstrap(engine: Engine) -> str | None:
    """Where there is no account, create the administrator ``admin`` and return the one-time password.

    To be printed once: it is kept only as a hash. None when there are accounts already.
    """
    with transaction(engine) as session:
        if AccountRepository(session).exist():
            return None
    password = passwords.one_time_password()
    first = Account(
        login=FIRST_LOGIN,
        name="管理员",
        role=Role.ADMINISTRATOR,
        password_hash=passwords.hash_password(password),
        must_change_password=True,
        created_at=datetime.now(UTC),
    )
    try:
        with transaction(engine) as session:
            session.add(first)
    except IntegrityError:  # another process was quicker, and prints its own
        return None
    return password


def let_in(engine: Engine, login: str) -> str:
    """A one-time password for an account, enabled again: for whoever administers the machine itself.

    Raises InputError when there is no such account.
    """
    password = passwords.one_time_password()
    with transaction(engine) as session:
        account = AccountRepository(session).find(as_login(login), to_change=True)
        if account is None:
            raise InputError(f"没有登录名为 {login} 的账号：请核对。")
        account.disabled = False
        give_one_time_password(session, account, password)
    return password
