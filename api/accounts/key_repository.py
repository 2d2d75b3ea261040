"""All SQL about API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, or_, select, update

from api.accounts.tables import Account, ApiKey
from api.pages import after
from api.problems import NotFound
from models.base import EVERYWHERE, Repository
from models.organisation.conditions import inside
from models.organisation.tables import Institution

ACTOR: Final = "key:"
"""Leads the name of a key where an actor is named: no login has a colon."""
KeyLine = tuple[ApiKey, str | None, str]
"""A key, the code of its institution, and the login of whoever made it."""


class KeyRepository(Repository):
    """A key lies where its subtree begins; one that reaches everything is seen only from the top."""

    def holding(self, key_hash: str, *, now: datetime) -> ApiKey | None:
        """The key, unless it was revoked or has expired."""
        query = select(ApiKey).where(
            ApiKey.key_hash == key_hash,
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
        )
        return self.session.scalars(query).one_or_none()

    def line(self, key_id: int) -> KeyLine:
        """Raises NotFound when there is none, or none that the reader may see."""
        row = self.session.execute(self._lines().where(ApiKey.id == key_id)).one_or_none()
        if row is None:
            raise NotFound(f"API 密钥 {key_id} 不存在或不在您的管辖范围内。")
        return row[0], row[1], row[2]

    def lines(self, *, revoked: bool, cursor: str | None, limit: int) -> Sequence[KeyLine]:
        """Newest first, one more than the limit; ``revoked``: also those."""
        query = self._lines() if revoked else self._lines().where(ApiKey.revoked_at.is_(None))
        rows = self.session.execute(after(query, [ApiKey.id], cursor, limit, descending=True))
        return [(row[0], row[1], row[2]) for row in rows]

    def is_taken(self, name: str) -> bool:
        """Whether a key that still counts bears the name."""
        query = select(ApiKey.id).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))
        return self.session.scalar(query) is not None

    def maker(self, actor: str, *, at: datetime) -> int | None:
        """The account that made the key which bore the actor's name then; None for a person."""
        query = select(ApiKey.created_by).where(
            ApiKey.name == actor.removeprefix(ACTOR),
            ApiKey.created_at <= at,
            or_(ApiKey.revoked_at.is_(None), ApiKey.revoked_at >= at),
        )
        return self.session.scalar(query) if actor.startswith(ACTOR) else None

    def mark_used(self, key_id: int, *, now: datetime, unless_since: datetime) -> None:
        """Write down the use, unless another was written down since then."""
        unmarked = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= unless_since)
        self.session.execute(
            update(ApiKey)
            .where(ApiKey.id == key_id, unmarked)
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )

    def _lines(self) -> Select[Any]:
        query = (
            select(ApiKey, Institution.code, Account.login)
            .join(Account, Account.id == ApiKey.created_by)
            .outerjoin(Institution, Institution.id == ApiKey.institution_id)
        )
        return query if self.within == EVERYWHERE else query.where(inside(self.within))
