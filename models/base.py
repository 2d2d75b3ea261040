"""What all tables share: naming, column types, and the subtree of institutions that a reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, Integer, MetaData, String, Text, text
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def midnight(day: date) -> datetime:
    """When the day begins, in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


class Exact(TypeDecorator[Decimal]):
    """A decimal kept as an integer of ``10 ** -places``: exact on every database, and sums stay exact."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError("a float is not exact; give a Decimal")
        return int((Decimal(value).scaleb(self.places)).to_integral_value(ROUND_HALF_UP))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-self.places)


class ZonedDateTime(TypeDecorator[datetime]):
    """A moment. Only zone-aware values are accepted; kept in UTC, read back in Asia/Shanghai."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(SHANGHAI)


def one_of(kind: type[StrEnum], *, name: str | None = None) -> SqlEnum:
    """A text column that holds one of the enumeration's values, checked by the database.

    ``name`` tells the checks of two such columns of one table apart.
    """
    return SqlEnum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda values: [value.value for value in values],
        name=name or "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_"),
    )


def only(condition: str) -> dict[str, Any]:
    """Index options that make it cover only the rows that meet the condition, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


Code = Annotated[str, mapped_column(String(64))]
"""The key by which the outside world knows a row."""
Name = Annotated[str, mapped_column(String(128))]
Words = Annotated[str, mapped_column(Text)]
Money = Annotated[Decimal, mapped_column(Exact(2))]
"""Yuan, kept as integer fen."""
Score = Annotated[Decimal, mapped_column(Exact(2))]
Amount = Annotated[Decimal, mapped_column(Exact(4))]
"""A value whose unit the row's indicator or parameter names."""
Rate = Annotated[Decimal, mapped_column(Exact(6))]
"""A share or factor, 1 = 100 %."""
Key = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]


class Base(DeclarativeBase):
    """Base of every table; constraint names are derived, so that migrations agree on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: ZonedDateTime}  # noqa: RUF012 (SQLAlchemy reads it from the class)


class ScopeKind(StrEnum):
    """What a target, an observation or a parameter is about."""

    INSTITUTION = "institution"
    OFFICE = "office"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Scope:
    """One institution, sales office or person, by primary key."""

    kind: ScopeKind
    id: int


class Scoped:
    """Columns of a row about exactly one institution, sales office or person."""

    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("sales_office.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    @property
    def scope(self) -> Scope:
        if self.institution_id is not None:
            return Scope(ScopeKind.INSTITUTION, self.institution_id)
        if self.office_id is not None:
            return Scope(ScopeKind.OFFICE, self.office_id)
        if self.person_id is not None:
            return Scope(ScopeKind.PERSON, self.person_id)
        raise ValueError("a row without scope")


ONE_SCOPE: Final = (
    "(CASE WHEN institution_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN office_id IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN person_id IS NULL THEN 0 ELSE 1 END) = 1"
)
"""Check of a `Scoped` table."""


class Dated:
    """A row that holds on the half-open interval of days [valid_from, valid_to); None: still."""

    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


DATED: Final = "valid_to IS NULL OR valid_to > valid_from"
"""Check of a `Dated` table."""


@dataclass(frozen=True, slots=True)
class Subtree:
    """The institutions a reader may see: one institution and all below it, by the path of its keys."""

    path: str = "/"

    def holds(self, path: str) -> bool:
        return path.startswith(self.path)


EVERYWHERE: Final = Subtree()


class Repository:
    """Base of the repositories: one session, and the subtree that all their queries stay within."""

    def __init__(self, session: Session, *, within: Subtree = EVERYWHERE) -> None:
        self.session = session
        self.within = within
