"""Scoring a meeting of a calibration set blind (assets/calibration.js): sound, words, items, no points."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.audit import note_meeting
from api.calibration import service
from api.calibration.repository import CalibrationRepository
from api.calibration.schemas import BlindItem, BlindSheet, CalibrationDetail
from api.console import MOUNT, calibration, parts, sound
from api.console.bench import STEPS
from api.console.frame import View, drafts_of, screen
from api.meetings import versions
from api.meetings.service import meeting as found_meeting
from models.base import SHANGHAI
from qa_pipeline.names import KINDS, VERDICTS
from qa_pipeline.values.transcript import Utterance
from qa_pipeline.values.vocabulary import Verdict


@dataclass(frozen=True, slots=True)
class Blind:
    """All that the screen draws."""

    of_set: CalibrationDetail
    sheet: BlindSheet
    starts: tuple[float, ...]
    utterances: tuple[Utterance, ...]


def register() -> None:
    """Add the screen."""
    screen(calibration.PATH + "/{code}/{meeting}", title="盲评", permission=Permission.REVIEW)(scoring)


def read(session: Session, request: Request, asker: Caller, code: str, meeting: str) -> Blind:
    """Notes what is seen. Raises NotFound; Forbidden for who decided the meeting."""
    sheet = service.blank(session, asker, code, meeting)
    held = found_meeting(session, asker, meeting)
    text = versions.latest(session, held.id)
    found = Blind(
        service.shown(session, asker, CalibrationRepository(session, within=asker.within).get(code)),
        sheet,
        sound.starts_of(session, asker, meeting),
        versions.masked(versions.transcript_of(text)).utterances if text else (),
    )
    if text is not None:
        note_meeting(session, request, asker, held, "transcript.read", version=text.version, full=False)
    return found


async def scoring(view: View, code: str, meeting: str) -> None:
    found = await view.witness(read, code=code, meeting=meeting)
    place = next(one for one in found.of_set.places if one.meeting == meeting)
    held = f"{place.held_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if place.held_at else "时间未登记"
    with ui.element("div").classes("meeting-head"), ui.element("div"):
        ui.label(place.institution_name).classes("lead")
        ui.label(f"{KINDS[place.kind]} · {held} · {found.of_set.title}").classes("soft")
    if found.of_set.closed_at is not None:
        parts.empty("这次校准已经结束，不再收盲评。")
        return
    others = [one.meeting for one in found.of_set.places if not (one.decided_by_me or one.handed_in_at)]
    given = {
        "address": f"calibrations/{code}/sheets/{meeting}",
        "back": f"{MOUNT}{calibration.PATH}/{code}",
        "next": next((one for one in others if one != meeting), None),
        "csrf": view.csrf,
        "draft": f"{drafts_of(view)}calibration {code} {meeting}",
    }
    script = json.dumps(given, ensure_ascii=False).replace("</", "<\\/")
    ui.add_body_html(
        f"<script>window.hjCalibration = {script}</script>"
        f'<script src="{MOUNT}/assets/asking.js"></script>'
        f'<script src="{MOUNT}/assets/calibration.js"></script>'
    )
    with ui.element("div").classes("bench"):
        with ui.element("section").classes("section bench-text").props('aria-label="录音与文字稿"'):
            sound.player(meeting, found.starts)
            if found.utterances:
                ui.html(sound.transcript(found.utterances), sanitize=False)
            else:
                parts.empty("还没有文字稿。")
        with ui.element("section").classes("section bench-items").props('aria-label="盲评"'):
            ui.html(_form(found.sheet), sanitize=False)
    ui.html('<div id="said" role="status" aria-live="polite"></div>', sanitize=False)


def _form(sheet: BlindSheet) -> str:
    rows = "".join(map(_item, sheet.items))
    choices = "".join(
        f'<label><input type="radio" name="verdict" value="{value}"'
        f"{' checked' if value == sheet.verdict else ''}> {VERDICTS[value]}</label>"
        for value in (Verdict.QUALIFIED, Verdict.NOT_QUALIFIED)
    )
    again = "改交盲评" if sheet.verdict else "交盲评"
    return (
        '<form id="blind"><h2 class="heading">逐项给分 <span id="scored" class="soft"></span></h2>'
        f'<ol class="judgements">{rows}</ol><div class="decision">'
        '<h2 class="heading">结论 <span id="energy" class="soft"></span></h2>'
        f'<div role="radiogroup" aria-label="结论">{choices}</div>'
        '<p id="refused" class="negative" role="alert"></p>'
        f'<button type="submit" class="act main">{again}</button></div></form>'
    )


def _item(item: BlindItem) -> str:
    name = f"{html.escape(item.id)} {html.escape(item.label)}"
    points = "".join(f"<li>{html.escape(point)}</li>" for point in item.points)
    buttons = "".join(
        f'<button type="button" data-level="{step}" aria-pressed="false" '
        f'aria-label="{name} 给 {item.max * step:g} 分">{item.max * step:g}</button>'
        for step in STEPS
    )
    given = "" if item.given is None else f"{item.given:g}"
    checked = " checked" if item.given_not_applicable else ""
    return (
        f'<li class="blind" data-item="{html.escape(item.id)}" data-max="{item.max}">'
        f'<h3>{name}<span class="figures soft">满分 {item.max:g}</span></h3><ul class="soft">{points}</ul>'
        f'<div class="levels" role="group" aria-label="{name} 的得分">{buttons}'
        f'<input type="number" class="points" min="0" max="{item.max:g}" step="0.1" value="{given}" '
        f'aria-label="{name} 的分数"><label><input type="checkbox" class="none"{checked}> 不适用</label>'
        "</div></li>"
    )
