"""Erasing the personal data of a person or a customer who asks for it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fastapi import Request
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.repository import AccountRepository, SignInRepository
from api.accounts.service import require_another_administrator
from api.audit import note
from api.fields import existing
from api.organisation.service import today
from api.privacy.repository import ERASED, ErasureRepository, serves
from api.privacy.spoken import SpokenRepository, covers
from api.problems import Conflict
from api.sessions import begin_writing
from api.store import Store
from models.customers.tables import Customer
from models.organisation.people import PeopleRepository
from models.organisation.tables import Institution, Person

PREVIEWED: Final = "previewed"


class Subject(StrEnum):
    """Whose data."""

    PERSON = "person"
    CUSTOMER = "customer"


def erase(
    session: Session, request: Request, asker: Caller, subject: Subject, *, code: str, request_number: str
) -> tuple[str, int]:
    """The code that stands in place of the old one, and in how many texts the name was replaced.

    What still arrives comes first, then the meetings one by one, each for good; the person or customer comes
    last. So an erasure that broke off is begun again under the same code and finishes the rest.

    Raises NotFound; Conflict for a person still in service, whose rosters and verdicts need the name, and
    while a meeting is being inspected or under a legal hold.
    """
    owner = _owner(session, asker, subject, code)
    words = covers(owner.name, owner.phone)
    texts = _cover_words(session, request.app.state.store, owner, words) if words else 0
    begin_writing(session)
    alias = f"erased-{secrets.token_hex(8)}"
    erasures = ErasureRepository(session, within=asker.within)
    owner = _owner(session, asker, subject, code)
    if isinstance(owner, Customer):
        place = erasures.customer(code)[1]
        texts += erasures.erase_customer(owner, alias=alias)
    else:
        place = erasures.last_place(owner)
        _close_accounts(session, owner.id, alias)
        texts += erasures.erase_person(owner, alias=alias)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Whose data an erasure would cover, and where it would look."""

    name: str
    institution: str
    """Where the person stood last, or the customer's agent."""
    logins: tuple[str, ...]
    """Accounts that would be closed."""
    meetings: int
    """Whose texts would be searched."""
    texts: int
    """Outside of meetings, in which the name or the phone would be replaced."""


def preview(session: Session, asker: Caller, subject: Subject, *, code: str) -> Preview:
    """What `erase` would do, found by doing all that lies in the database and taking it back. Call it in a
    transaction that has written nothing else. Raises what `erase` raises."""
    owner = _owner(session, asker, subject, code)
    words = covers(owner.name, owner.phone)
    name, logins = owner.name, list[str]()
    spoken, erasures = SpokenRepository(session), ErasureRepository(session, within=asker.within)
    meetings = spoken.around(owner) if words else []
    texts = spoken.cover_files(owner, words) if words else 0
    if isinstance(owner, Customer):
        place = erasures.customer(code)[1]
        texts += erasures.erase_customer(owner, alias=PREVIEWED)
    else:
        place = erasures.last_place(owner)
        logins = [account.login for account in AccountRepository(session).of_person(owner.id)]
        texts += erasures.erase_person(owner, alias=PREVIEWED)
    session.rollback()
    return Preview(
        name=name, institution=session.get_one(Institution, place).name, logins=tuple(logins),
        meetings=len(meetings), texts=texts,
    )  # fmt: skip


def _owner(session: Session, asker: Caller, subject: Subject, code: str) -> Person | Customer:
    if subject is Subject.CUSTOMER:
        return existing(ErasureRepository(session, within=asker.within).customer, code)[0]
    person = existing(PeopleRepository(session, within=asker.within).get, code)
    if serves(person, on=today()):
        raise Conflict(f"人员 {code} 仍在职，名单和评定需要其姓名：请先登记离职。")
    for account in AccountRepository(session).of_person(person.id):
        require_another_administrator(session, account)
    return person


def _cover_words(session: Session, store: Store, owner: Person | Customer, words: Mapping[str, str]) -> int:
    spoken = SpokenRepository(session)
    spoken.around(owner)  # refuses before anything is changed
    texts = spoken.cover_files(owner, words)
    session.commit()
    for meeting_id in spoken.around(owner):  # again: a file may have become a recording meanwhile
        done = spoken.cover(meeting_id, words, store)
        session.commit()
        for sha256 in done.outdated:
            store.remove(sha256)
        texts += done.texts
    return texts


def _close_accounts(session: Session, person_id: int, alias: str) -> None:
    accounts = AccountRepository(session)
    for number, account in enumerate(accounts.of_person(person_id)):
        account.login = alias if number == 0 else f"{alias}-{number}"
        account.name = ERASED
        account.password_hash = account.subject = None
        account.disabled = True
        SignInRepository(session).close_all(account.id)
    session.flush()
