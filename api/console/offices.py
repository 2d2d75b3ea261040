"""The sales offices of an institution: who leads them, and opening, changing and closing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui

from api.console import listing, parts, people, when
from api.console.calls import Answer, call
from api.console.dialogs import anew, day, deed, dialog, line, text_of
from api.console.frame import View
from api.console.listing import Column, Html
from api.console.terms import Term, appoint, ending
from api.figures import plain
from api.organisation import service
from api.organisation.schemas import OfficeOut
from api.organisation.service import today
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status


def offices(view: View, home: str, found: Sequence[OfficeOut], leads: Sequence[Term], *, edits: bool) -> None:
    """Those of the institution of the code; ``leads``: who leads them from today on."""
    by_code = {office.code: office for office in found}

    async def act(name: str, code: str) -> None:
        await ACTIONS[name](view, by_code[code])

    with parts.section("营业室", f"{len(found)} 个"):
        if edits:
            with ui.row().classes("no-print q-mb-sm"):
                new = ui.button("新设营业室", icon="add", on_click=lambda: _open(view, home))
                new.props("outline")
        if not found:
            parts.empty("还没有营业室。")
            return
        columns = [
            Column("营业室"),
            Column("主管", labelled=True),
            Column("市场系数", figures=True),
            Column("设立", labelled=True),
        ]
        listing.table(
            "营业室",
            [*columns, *([Column("操作")] if edits else [])],
            [_office(office, leads, edits) for office in found],
            on_action=act,
            dense=True,
        )


def _office(office: OfficeOut, leads: Sequence[Term], edits: bool) -> list[object]:
    theirs = [term for term in leads if term.what == office.code]
    told = listing.joined((_led(term) for term in theirs), "<br>")
    row: list[object] = [
        listing.two_lines(office.name, office.code),
        Html(f"<span>{told}</span>") if theirs else listing.badge(Status.WARN, "没有主管", "person_off"),
        None if office.market_factor is None else plain(office.market_factor),
        f"{office.valid_from}",
    ]
    if edits:
        buttons = (("change", "修改"), ("lead", "任命主管"), ("close", "撤销"))
        acts = (listing.action(name, office.code, words, subject=office.name) for name, words in buttons)
        row.append(Html(f"<span>{listing.joined(acts)}</span>"))
    return row


def _led(term: Term) -> Html:
    since = f"<small>{term.valid_from} 起</small>" if term.valid_from > today() else ""
    return Html(f"{listing.link(f'{people.PATH}/{quote(term.code)}', term.name)}{since}")


def _factor(box: Any) -> str | None:
    given = text_of(box)
    if given is not None and not given.replace(".", "", 1).isdecimal():
        raise InputError(f"市场系数“{given}”不是数字：请写成 1.1 这样的形式，未知则留空。")
    return given


def _open(view: View, home: str) -> None:
    with dialog("新设营业室") as opened:
        code = line("营业室代码", f"{home}-", first=True)
        name = line("营业室名称")
        begins = day("设立日", today())
        factor = line("市场系数（未知则留空）", props="inputmode=decimal")

        async def do() -> Answer:
            body = {
                "code": text_of(code),
                "name": text_of(name),
                "institution": home,
                "valid_from": when.required(begins),
                "market_factor": _factor(factor),
            }
            if not (body["code"] and body["name"]):
                raise InputError("请填写营业室代码和名称。")
            return await call(view, "POST", "offices", body)

        deed(opened, "设立", do, anew)


async def _change_office(view: View, office: OfficeOut) -> None:
    seen = await view.ask(service.office_of, view.asker, office.code)
    with dialog(f"修改营业室：{office.name}") as opened:
        name = line("营业室名称", seen.name, first=True)
        known = "" if seen.market_factor is None else plain(seen.market_factor)
        factor = line("市场系数（未知则留空）", known, props="inputmode=decimal")
        ui.label("新名称和市场系数对历史一并生效。").classes("soft")

        async def do() -> Answer:
            body = {"name": text_of(name), "market_factor": _factor(factor)}
            return await call(view, "PATCH", f"offices/{quote(office.code)}", body, seen=seen)

        deed(opened, "保存", do, anew)


async def _lead(view: View, office: OfficeOut) -> None:
    path = f"offices/{quote(office.code)}/lead"
    note = "须是本营业室的主管及以上；前任同日卸任。"
    appoint(view, f"任命{office.name}的主管", note, "任命", ask=lambda body: call(view, "PUT", path, body))


async def _close_office(view: View, office: OfficeOut) -> None:
    note = "须先把在职人员调到别处；历史数据都保留。"
    ending(view, f"撤销营业室：{office.name}", f"offices/{quote(office.code)}/close", note)


ACTIONS: Final = {"change": _change_office, "lead": _lead, "close": _close_office}
