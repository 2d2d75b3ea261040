"""Accounts, sessions, API keys and the audit trail. Secrets are kept only as hashes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.base import ServiceBase
from models.base import Code, Key, Name, one_of, only
from models.organisation.tables import Institution, Person


class Role(StrEnum):
    """What somebody is in the service; what each may do is `api.access.PERMITTED`."""

    MANAGER = "manager"
    QA = "qa"
    HEAD_OFFICE = "head_office"
    ADMINISTRATOR = "administrator"
    API_CLIENT = "api_client"


class Language(StrEnum):
    """In which the console is shown."""

    CHINESE = "zh"
    ENGLISH = "en"


class Account(ServiceBase):
    """One person who signs in."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("role <> 'api_client'", name="person"),
        CheckConstraint("role <> 'manager' OR institution_id IS NOT NULL", name="manager_scope"),
    )

    id: Mapped[Key]
    login: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    role: Mapped[Role] = mapped_column(one_of(Role))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey(Institution.id))
    """Root of the subtree that the account reaches; None: everything."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    password_hash: Mapped[str | None] = mapped_column(String(256))
    """argon2; None: signs in through the company's identity provider only."""
    must_change_password: Mapped[bool] = mapped_column(default=False)
    subject: Mapped[str | None] = mapped_column(String(256), unique=True)
    """Who this is to the identity provider."""
    disabled: Mapped[bool] = mapped_column(default=False)
    failures: Mapped[int] = mapped_column(default=0)
    """Wrong passwords in a row."""
    locked_until: Mapped[datetime | None]
    language: Mapped[Language] = mapped_column(one_of(Language), default=Language.CHINESE)
    created_at: Mapped[datetime]


class SignIn(ServiceBase):
    """One open session of an account."""

    __tablename__ = "sign_in"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OidcAttempt(ServiceBase):
    """A sign-in that was sent to the identity provider and has not come back yet; taken once."""

    __tablename__ = "oidc_attempt"

    id: Mapped[Key]
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    """Of a cookie: only the browser that began may end it."""
    nonce: Mapped[str] = mapped_column(String(64))
    code_verifier: Mapped[str] = mapped_column(String(128))
    next_path: Mapped[str] = mapped_column(String(512))
    """Where the person wanted to go."""
    expires_at: Mapped[datetime]


class ApiKey(ServiceBase):
    """A key of another system, with its own permissions, subtree and expiry."""

    __tablename__ = "api_key"
    __table_args__ = (Index("uq_api_key_name", "name", unique=True, **only("revoked_at IS NULL")),)

    id: Mapped[Key]
    name: Mapped[Name]
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    permissions: Mapped[list[str]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey(Institution.id))
    created_by: Mapped[int] = mapped_column(ForeignKey(Account.id))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class SharedBucket(ServiceBase):
    """What is left of one rate (`api.limits`), for all processes that answer requests."""

    __tablename__ = "shared_bucket"

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of what is limited and whose it is."""
    left: Mapped[float]
    at: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(ServiceBase):
    """Who saw or changed what. Entries are only added."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_actor_at", "actor", "at"),
        Index("ix_audit_entry_object", "object_kind", "object_code"),
    )

    id: Mapped[Key]
    at: Mapped[datetime]
    actor: Mapped[Name]
    """Login, or ``key:NAME``, as it was then."""
    action: Mapped[Code]
    """For example ``recording.play``, ``plan.approve``."""
    object_kind: Mapped[Code]
    object_code: Mapped[Name]
    institution_id: Mapped[int | None] = mapped_column(ForeignKey(Institution.id))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    request_id: Mapped[Code]
    address: Mapped[str | None] = mapped_column(String(64))
