"""Erasing the personal data of a person or a customer who asks for it."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from fastapi import Request
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.repository import AccountRepository, SignInRepository
from api.accounts.service import require_another_administrator
from api.audit import note
from api.fields import existing
from api.privacy.repository import ERASED, ErasureRepository, serves
from api.problems import Conflict
from models.base import SHANGHAI
from models.organisation.people import PeopleRepository


class Subject(StrEnum):
    """Whose data."""

    PERSON = "person"
    CUSTOMER = "customer"


def erase(
    session: Session, request: Request, asker: Caller, subject: Subject, *, code: str, request_number: str
) -> tuple[str, int]:
    """The code that stands in place of the old one, and in how many texts the name was replaced.

    Raises NotFound; Conflict for a person still in service, whose rosters and verdicts need the name.
    """
    alias = f"erased-{secrets.token_hex(8)}"
    erasures = ErasureRepository(session, within=asker.within)
    if subject is Subject.CUSTOMER:
        customer, place = existing(erasures.customer, code)
        texts = erasures.erase_customer(customer, alias=alias)
    else:
        person = existing(PeopleRepository(session, within=asker.within).get, code)
        if serves(person, on=datetime.now(SHANGHAI).date()):
            raise Conflict(f"人员 {code} 仍在职，名单和评定需要其姓名：请先登记离职。")
        place = erasures.last_place(person)
        _close_accounts(session, person.id, alias)
        texts = erasures.erase_person(person, alias=alias)
    note(
        session,
        request,
        asker,
        f"{subject}.erase",
        kind=subject,
        code=alias,
        institution_id=place,
        request_number=request_number,
        texts=texts,
    )
    return alias, texts


def _close_accounts(session: Session, person_id: int, alias: str) -> None:
    accounts = AccountRepository(session)
    for number, account in enumerate(accounts.of_person(person_id)):
        require_another_administrator(session, account)
        account.login = alias if number == 0 else f"{alias}-{number}"
        account.name = ERASED
        account.password_hash = account.subject = None
        account.disabled = True
        SignInRepository(session).close_all(account.id)
    session.flush()
