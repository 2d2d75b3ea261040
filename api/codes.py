"""Between the codes by which the outside knows rows and the keys of the database, within a subtree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from itertools import chain, count
from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from api.fields import Code, Given, example, existing
from api.organisation.service import today
from models.activities.tables import ActivityEvent
from models.base import Repository, Scope, ScopeKind, Subtree
from models.customers.tables import Customer, Sale
from models.exchange.references import References, in_parts
from models.organisation.tables import Institution, Person, Rank, SalesOffice
from models.planning.tables import Plan
from qa_pipeline.errors import InputError

Entity = (
    type[Institution]
    | type[SalesOffice]
    | type[Person]
    | type[Rank]
    | type[Customer]
    | type[Sale]
    | type[ActivityEvent]
    | type[Plan]
)
WORDS: Final[Mapping[Entity, str]] = {
    Institution: "机构",
    SalesOffice: "营业室",
    Person: "人员",
    Rank: "职级",
    Customer: "客户",
    Sale: "保单",
    ActivityEvent: "活动",
    Plan: "规划",
}
SCOPED: Final[Mapping[ScopeKind, type[Institution] | type[SalesOffice] | type[Person]]] = {
    ScopeKind.INSTITUTION: Institution,
    ScopeKind.OFFICE: SalesOffice,
    ScopeKind.PERSON: Person,
}


class Named(BaseModel):
    """Anything by code and name."""

    code: str
    name: str


class ScopeRef(Given):
    """One institution, sales office or person, by its code."""

    model_config = ConfigDict(frozen=True, json_schema_extra=example(kind="office", code="350102-03"))

    kind: ScopeKind = Field(description="范围的类别：institution 机构，office 营业室，person 人员")
    code: Code = Field(description="机构代码、营业室代码或工号")


class ScopeOut(ScopeRef):
    """The same with its name."""

    name: str


By = Annotated[
    ScopeKind, Query(description="按什么汇总：institution 机构（含各上级），office 营业室，person 人员")
]
InInstitution = Annotated[Code, Query(description="机构代码")]


class CodeRepository(Repository):
    """What a request names must lie in the subtree; what an answer names was found there."""

    def keys(self, table: Entity, codes: Iterable[str]) -> dict[str, int]:
        """Code -> key. Raises InputError that names the codes not found in the subtree."""
        wanted = set(codes)
        found = References(self.session, self.within).find(table.__tablename__, wanted)
        if strange := sorted(wanted - set(found)):
            more = f"等 {len(strange)} 个" if len(strange) > 5 else ""
            raise InputError(
                f"找不到{WORDS[table]} {'、'.join(strange[:5])}{more}，或不在您的管辖范围内：请核对代码。"
            )
        return {code: found[code] for code in wanted}

    def key(self, table: Entity, code: str) -> int:
        """As `keys`, of one."""
        return self.keys(table, [code])[code]

    def optional(self, table: Entity, code: str | None) -> int | None:
        """As `key`; None stays None."""
        return None if code is None else self.key(table, code)

    def scopes(self, refs: Collection[ScopeRef]) -> dict[ScopeRef, Scope]:
        """As `keys`, of scopes of any kind."""
        found: dict[ScopeRef, Scope] = {}
        for kind, table in SCOPED.items():
            asked = {ref.code: ref for ref in refs if ref.kind is kind}
            keys = self.keys(table, asked)
            found |= {ref: Scope(kind, keys[code]) for code, ref in asked.items()}
        return found

    def free(self, code: InstrumentedAttribute[str], stem: str) -> str:
        """The stem, or the stem with the first number behind it that no row of the company bears."""
        taken = set(self.session.scalars(select(code).where(code.startswith(stem, autoescape=True))))
        numbered = (f"{stem}-{number}" for number in count(2))
        return next(each for each in chain([stem], numbered) if each not in taken)

    def names(self, table: Entity, keys: Iterable[int | None]) -> dict[int, Named]:
        """Key -> code and name (the code again where there is no name)."""
        found: dict[int, Named] = {}
        label = getattr(table, "name", table.code)
        for part in in_parts(sorted({key for key in keys if key is not None})):
            rows = self.session.execute(select(table.id, table.code, label).where(table.id.in_(part)))
            found |= {key: Named(code=code, name=name) for key, code, name in rows}
        return found

    def codes(self, table: Entity, keys: Iterable[int | None]) -> dict[int, str]:
        """Key -> code."""
        return {key: named.code for key, named in self.names(table, keys).items()}

    def shown(self, scopes: Iterable[Scope]) -> dict[Scope, ScopeOut]:
        """Scopes with code and name."""
        asked = list(scopes)
        found: dict[Scope, ScopeOut] = {}
        for kind, table in SCOPED.items():
            names = self.names(table, (scope.id for scope in asked if scope.kind is kind))
            found |= {
                Scope(kind, key): ScopeOut(kind=kind, code=named.code, name=named.name)
                for key, named in names.items()
            }
        return found

    def path(self, institution: str | None) -> str:
        """Path of a visible institution, or of the subtree itself when none is named; NotFound."""
        if institution is None:
            return self.within.path
        key = existing(lambda code: self.key(Institution, code), institution)
        return self.session.scalars(select(Institution.path).where(Institution.id == key)).one()

    def below(self, institution: str | None) -> Subtree:
        """What lies at or below a visible institution; everything visible when none is named."""
        return Subtree(self.path(institution))


def day_or_today(day: date | None) -> date:
    return day or today()
