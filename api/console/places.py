"""Where in the organisation a screen stands, and the way back up the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller
from api.console import listing
from api.console.listing import Html
from api.fields import existing
from api.organisation.repository import DirectoryRepository
from models.base import Subtree
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError

MOST_CHILDREN: Final = 300


@dataclass(frozen=True, slots=True)
class Step:
    """An institution (``below``) or a sales office (``office``) on the way down; ``level`` 5 is an office."""

    code: str
    name: str
    level: int

    @property
    def query(self) -> dict[str, str]:
        return {"office" if self.level > 4 else "below": self.code}


def way_to(session: Session, asker: Caller, code: str, *, on: date) -> tuple[Step, ...]:
    """From the top that the caller sees down to the institution; raises NotFound.

    Without a code it ends where there is something to compare: a lone institution is passed over.
    """
    institutions = InstitutionRepository(session, within=asker.within)
    if code:
        line = [*existing(institutions.above, code), institutions.get(code)]
        return tuple(map(_step, line))
    directory = DirectoryRepository(session, within=asker.within)

    def alone(*, parent: str | None, level: int | None) -> list[Institution]:
        found = directory.institutions(
            below=None, parent=parent, level=level, must_hold=None, on=on, cursor=None, limit=2
        )
        return list(found) if len(found) == 1 else []

    line = []
    following = alone(parent=None, level=len([key for key in asker.within.path.split("/") if key]) or 1)
    while following:
        line += following
        following = alone(parent=line[-1].code, level=None)
    return tuple(map(_step, line))


def place(session: Session, asker: Caller, code: str, *, on: date) -> tuple[tuple[Step, ...], dict[str, str]]:
    """The way down to where a screen stands, and code -> name of the institutions right below.

    Raises NotFound for a strange institution, InputError where there is none at all.
    """
    way = way_to(session, asker, code, on=on)
    if not way:
        raise InputError("还没有机构：请先在“导入”中导入机构与人员。")
    children = DirectoryRepository(session, within=asker.within).institutions(
        below=None, parent=way[-1].code, level=None, must_hold=None, on=on, cursor=None, limit=MOST_CHILDREN
    )
    return way, {child.code: child.name for child in children}


def children_of(session: Session, within: Subtree, node: Step, *, on: date) -> set[str]:
    """Codes of the institutions right below."""
    institutions = InstitutionRepository(session, within=within).below(node.code, on=on)
    return {one.code for one in institutions if one.level == node.level + 1}


def office_step(session: Session, asker: Caller, code: str) -> tuple[Step, str]:
    """The office, and the code of its institution; raises NotFound."""
    office = existing(InstitutionRepository(session, within=asker.within).office, code)
    home = DirectoryRepository(session, within=asker.within).codes([office.institution_id])
    return Step(office.code, office.name, 5), home[office.institution_id]


def crumbs(path: str, way: Sequence[Step], **kept: str) -> None:
    """The way down as links; the last is where one stands."""
    pieces = [listing.link(path, step.name, **kept, **step.query) for step in way[:-1]]
    pieces += [Html(f'<span aria-current="page">{listing.escaped(step.name)}</span>') for step in way[-1:]]
    trail = listing.joined(pieces, '<span aria-hidden="true">›</span>')
    ui.html(f'<nav class="crumbs" aria-label="机构层级">{trail}</nav>', sanitize=False)


def _step(row: Institution) -> Step:
    return Step(row.code, row.name, row.level)
