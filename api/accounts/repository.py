"""All SQL about accounts and their open sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from api.accounts.tables import Account, OidcAttempt, Role, SignIn
from api.pages import after
from api.problems import NotFound
from models.base import EVERYWHERE, Repository, Subtree
from models.organisation.conditions import inside
from models.organisation.tables import Institution, Person


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account with the codes of its institution and person."""

    account: Account
    institution: str | None
    person: str | None


class AccountRepository(Repository):
    """An account lies where its subtree begins; one that reaches everything is seen only from the top."""

    def line(self, login: str) -> AccountLine:
        """Raises NotFound when there is none, or none that the reader may see."""
        row = self.session.execute(self._lines().where(Account.login == login)).one_or_none()
        if row is None:
            raise NotFound(f"账号 {login} 不存在或不在您的管辖范围内：请核对登录名。")
        return AccountLine(*row)

    def lines(
        self, *, role: Role | None, disabled: bool | None, cursor: str | None, limit: int
    ) -> Sequence[AccountLine]:
        """By login, one more than the limit."""
        query = self._lines()
        if role is not None:
            query = query.where(Account.role == role)
        if disabled is not None:
            query = query.where(Account.disabled.is_(disabled))
        rows = self.session.execute(after(query, [Account.login], cursor, limit))
        return [AccountLine(*row) for row in rows]

    def locked(self, *, now: datetime) -> Sequence[Account]:
        """Whoever has to wait after too many wrong passwords, by login."""
        query = self._lines().where(Account.locked_until > now).order_by(Account.login)
        return [row[0] for row in self.session.execute(query)]

    def find(self, login: str, *, to_change: bool = False) -> Account | None:
        """Whoever signs in with the login, for the sign-in itself: no subtree yet.

        ``to_change`` reads the row anew and holds it until the transaction ends.
        """
        query = select(Account).where(Account.login == login)
        if to_change:
            query = query.with_for_update().execution_options(populate_existing=True)
        return self.session.scalars(query).one_or_none()

    def by_subject(self, subject: str) -> Account | None:
        return self.session.scalars(select(Account).where(Account.subject == subject)).one_or_none()

    def of_person(self, person_id: int) -> Sequence[Account]:
        return self.session.scalars(select(Account).where(Account.person_id == person_id)).all()

    def exist(self) -> bool:
        return self.session.scalar(select(Account.id).limit(1)) is not None

    def administrators(self) -> Sequence[Account]:
        """Those who can administer everything; held until the transaction ends, so that two cannot each
        remove the other."""
        query = select(Account).where(
            Account.role == Role.ADMINISTRATOR, ~Account.disabled, Account.institution_id.is_(None)
        )
        return self.session.scalars(query.order_by(Account.id).with_for_update()).all()

    def _lines(self) -> Select[Any]:
        query = (
            select(Account, Institution.code, Person.code)
            .outerjoin(Institution, Institution.id == Account.institution_id)
            .outerjoin(Person, Person.id == Account.person_id)
        )
        return query if self.within == EVERYWHERE else query.where(inside(self.within))


def reach(session: Session, institution_id: int | None) -> Subtree:
    """The subtree below an institution; everything for None."""
    top = institution_at(session, institution_id)
    return EVERYWHERE if top is None else Subtree(top.path)


def institution_at(session: Session, institution_id: int | None) -> Institution | None:
    """Where a subtree begins; None for everything."""
    return None if institution_id is None else session.get_one(Institution, institution_id)


class SignInRepository(Repository):
    """Open sessions of accounts, and sign-ins on their way through the identity provider."""

    def holding(self, token_hash: str, *, now: datetime) -> tuple[SignIn, Account] | None:
        """The session of the token, unless it ended or its account is disabled."""
        query = (
            select(SignIn, Account)
            .join(Account, Account.id == SignIn.account_id)
            .where(SignIn.token_hash == token_hash, SignIn.expires_at > now, ~Account.disabled)
        )
        found = self.session.execute(query).one_or_none()
        return None if found is None else (found[0], found[1])

    def get(self, sign_in_id: int) -> SignIn:
        return self.session.scalars(select(SignIn).where(SignIn.id == sign_in_id)).one()

    def close(self, sign_in_id: int) -> None:
        self.session.execute(delete(SignIn).where(SignIn.id == sign_in_id))

    def close_token(self, token_hash: str) -> None:
        self.session.execute(delete(SignIn).where(SignIn.token_hash == token_hash))

    def close_all(self, account_id: int) -> None:
        """Every session of the account ends at once."""
        self.session.execute(delete(SignIn).where(SignIn.account_id == account_id))

    def forget_ended(self, *, now: datetime) -> None:
        self.session.execute(delete(SignIn).where(SignIn.expires_at <= now))

    def begin_attempt(self, attempt: OidcAttempt, *, now: datetime) -> None:
        """Remember where a person was sent; forget who never came back."""
        self.session.execute(delete(OidcAttempt).where(OidcAttempt.expires_at <= now))
        self.session.add(attempt)
        self.session.flush()

    def take_attempt(self, state_hash: str, *, now: datetime) -> OidcAttempt | None:
        """The attempt of the state, which nobody can take again."""
        found = self.session.scalars(
            select(OidcAttempt)
            .where(OidcAttempt.state_hash == state_hash, OidcAttempt.expires_at > now)
            .with_for_update()
        ).one_or_none()
        if found is not None:
            self.session.delete(found)
            self.session.flush()
        return found
