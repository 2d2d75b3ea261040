"""An institution: chosen from a list where there are few, found by name or code where there are many.

It is found by typing: assets/page.js proposes those that fit, and what is typed without choosing one of them
is understood as well. So a page weighs the same for three institutions and for three thousand.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller
from api.codes import CodeRepository
from api.organisation.repository import DirectoryRepository
from api.organisation.service import subtree_of
from models.exchange.references import References
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError

if TYPE_CHECKING:
    from api.console.frame import View

FEW: Final = 30
"""So many are offered in a list; more nobody looks through, least of all on a phone."""
COMPARED: Final = 50
"""Of so many that fit what was typed the names are compared."""
SHOWN: Final = 3
"""So many are named when it fits several."""
HOLDER: Final = "名称或代码"
"""Stands in an empty field."""


class NoSuchInstitution(InputError):  # noqa: N818 (whoever typed it is asked again)
    """No institution that the asker sees, or several; said at the field in which it was typed."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What is chosen from: code -> name; of many only the ones chosen already."""

    names: Mapping[str, str] = default(default_factory=dict)
    many: bool = True
    among: str = ""
    """Of many: the query by which the API lists them."""

    def words(self, code: str) -> str:
        """How one is told in a field: ``鼓楼支公司 350102``."""
        return told(code, self.names[code]) if code in self.names else code


def told(code: str, name: str) -> str:
    """As assets/page.js proposes it."""
    return f"{name} {code}"


def offered(
    session: Session,
    asker: Caller,
    *chosen: str | None,
    below: str | None = None,
    level: int | None = None,
    must_hold: bool | None = None,
    on: date | None = None,
) -> Offered:
    """Of those that the asker sees, on the day or ever. Raises NotFound for a strange ``below``."""
    part = subtree_of(session, asker, below)
    rows = DirectoryRepository(session, within=asker.within).institutions(
        below=part.path if part else None, parent=None, level=level, must_hold=must_hold, on=on, cursor=None,
        limit=FEW,
    )  # fmt: skip
    if len(rows) <= FEW:
        return Offered({row.code: row.name for row in rows}, many=False)
    seen = References(session, asker.within).find(Institution.__tablename__, filter(None, chosen))
    among = {"below": below, "level": level, "must_hold": must_hold and "true", "on": on}
    return Offered(
        {one.code: one.name for one in CodeRepository(session).names(Institution, seen.values()).values()},
        among=urlencode({name: value for name, value in among.items() if value}),
    )


def code_of(session: Session, asker: Caller, text: str) -> str:
    """Of the institution with that code or name, or the only one whose name has the text in it.

    Raises NoSuchInstitution.
    """
    said = text.strip()
    with suppress(InputError):
        one = InstitutionRepository(session, within=asker.within).get(said.rpartition(" ")[2])
        if said in (one.code, told(one.code, one.name)):
            return one.code
    rows = DirectoryRepository(session, within=asker.within).institutions(
        below=None, parent=None, level=None, must_hold=None, on=None, cursor=None, limit=COMPARED, search=said
    )
    near = [row for row in rows if said in row.name]
    found = [row for row in near if row.name == said] or near
    if not found:
        raise NoSuchInstitution(
            f"没有名称或代码是“{said}”的机构，或它不在您的管辖范围内：请改填名称中的几个字。"
        )
    if len(found) > 1:
        some = "、".join(told(row.code, row.name) for row in found[:SHOWN])
        raise NoSuchInstitution(f"不止一家机构的名称含“{said}”：请选定其中一家，如 {some}。")
    return found[0].code


def field(label: str, choice: Offered, value: str = "", *, optional: bool = False) -> Any:
    """Ask it for its value by ``given``; an only institution is chosen already, unless it is ``optional``."""
    if choice.many:
        typed = ui.input(label, value=choice.words(value)).props(
            "outlined dense hide-bottom-space type=search autocomplete=off maxlength=200 debounce=300 "
            f"placeholder={HOLDER}"
        )
        typed.props["data-where"] = choice.among
        return typed.classes("where")
    only = next(iter(choice.names)) if len(choice.names) == 1 and not optional else None
    chosen = value if value in choice.names else only
    box = ui.select(dict(choice.names), value=chosen, label=label, with_input=True, clearable=optional)
    return box.props("outlined dense hide-bottom-space").classes("where")


def control(
    name: str, label: str, value: str, choice: Offered, others: Mapping[str, str], refusal: str = ""
) -> str:
    """The same as HTML, for a form that the browser sends; ``others``: what may be chosen instead of one.

    Nothing for whoever sees only one.
    """
    title = f"<span>{html.escape(label)}</span>"
    if choice.many:
        wrong = ' aria-invalid="true" aria-describedby="refused"' if refusal else ""
        said = f'<p id="refused" class="negative" role="alert">{html.escape(refusal)}</p>' if refusal else ""
        return (
            f'<label>{title}<input type="search" name="{name}" value="{html.escape(choice.words(value))}" '
            f'data-where="{html.escape(choice.among)}" autocomplete="off" maxlength="200" '
            f'placeholder="{HOLDER}"{wrong}></label>{said}'
        )
    if len(choice.names) < 2:
        return ""
    return f"<label>{title}{choices(name, value, {**others, **choice.names})}</label>"


def choices(name: str, value: str, options: Mapping[str, str]) -> str:
    """A list of the browser's own; ``options``: value -> word."""
    listed = "".join(
        f'<option value="{html.escape(key)}"{" selected" if key == value else ""}>'
        f"{html.escape(word)}</option>"
        for key, word in options.items()
    )
    return f'<select name="{name}">{listed}</select>'


async def given(view: View, box: Any) -> str | None:
    """The code of what was chosen or typed; None for nothing. Raises NoSuchInstitution, said at the field."""
    text = str(box.value or "").strip()
    box.error = None
    try:
        return await view.ask(code_of, view.asker, text) if text else None
    except NoSuchInstitution as error:
        box.error = str(error)
        raise


async def known(view: View, box: Any) -> str | None:
    """The same while it is being typed: None for what is none yet."""
    text = str(box.value or "").strip()
    with suppress(NoSuchInstitution):
        return await view.ask(code_of, view.asker, text) if text else None
    return None
