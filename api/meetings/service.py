"""What of a meeting is shown, and the rules that lie between several tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.accounts.tables import Account
from api.fields import existing
from api.meetings.repository import MeetingListRepository, SheetRepository, VersionRepository
from api.meetings.schemas import MeetingDetail, MeetingOut, SheetIn, SheetOut, SheetRow, SlotRow
from api.problems import Conflict, Forbidden
from api.reviews.repository import ReviewRepository
from api.reviews.tables import ReviewState
from models.meetings.attendance import AttendanceRepository, turnout
from models.meetings.compliance import ComplianceRepository, InstitutionMonth
from models.meetings.facts import FactsRepository
from models.meetings.preparation import preparation
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Meeting, Scorecard
from models.organisation.roster import Gathering, RosterRepository
from qa_pipeline.errors import InputError
from qa_pipeline.findings.attendance import came
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.vocabulary import Status

ATTENDANCE: Final = ("expected_attendees", "attendees", "on_leave", "on_site")
"""The facts of a meeting that tell it."""


def meeting(session: Session, asker: Caller, code: str) -> Meeting:
    """Raises NotFound for none that the caller sees."""
    return existing(MeetingRepository(session, within=asker.within).get, code)


def shown(row: Row[Any]) -> MeetingOut:
    held, institution, name, slot, host, card = row
    return MeetingOut(
        code=held.code,
        institution=institution,
        institution_name=name,
        kind=held.kind,
        month=slot.month if slot else None,
        slot=slot.name if slot else None,
        theme=slot.theme if slot else None,
        state=held.state,
        started_at=held.started_at,
        ended_at=held.ended_at,
        host=host,
        verdict=card.verdict if card else None,
        energy_score=card.energy_score if card else None,
        inspected=card is not None,
    )


def detail(session: Session, asker: Caller, code: str) -> MeetingDetail:
    found = meeting(session, asker, code)
    row = MeetingListRepository(session, within=asker.within).one(found.id)
    check = preparation(found)
    return MeetingDetail(
        **dict(shown(row)),
        topic=found.topic,
        goal=found.goal,
        flow=found.flow,
        prepared_at=found.prepared_at,
        preparation=check.status,
        preparation_reason=check.reason,
    )


def require_reviewer(session: Session, asker: Caller, held: Meeting) -> None:
    """Whoever was inspected changes nothing that the result rests on: that is for those who review.

    Raises Forbidden.
    """
    if VersionRepository(session).is_inspected(held.id) and Permission.REVIEW not in asker.permissions:
        raise Forbidden(
            f"会议 {held.code} 已有质检结论，只能由有复核权限的人员更正或作废：如有误请提出申诉。"
        )


def require_undecided(session: Session, held: Meeting) -> None:
    """What a person decided no recording changes any more. Raises Conflict."""
    if _is_decided(VersionRepository(session).one(held.id, None)):
        raise Conflict(
            f"会议 {held.code} 的结论已由人复核作出，录音不能再增减：确属传错的，请作废这场会议后重新上传。"
        )


def _is_decided(card: Scorecard | None) -> bool:
    return card is not None and bool(card.result.get("review"))


def require_corrector(session: Session, asker: Caller, held: Meeting) -> None:
    """What has a result is put right by those who review, what has none by those who prepare meetings.

    Raises Forbidden.
    """
    require_reviewer(session, asker, held)
    may = Permission.PREPARE_MEETINGS in asker.permissions
    if not may and not VersionRepository(session).is_inspected(held.id):
        raise Forbidden(f"会议 {held.code} 还没有质检结论，由登记会议的人员更正：请联系该机构的经理。")


def require_recorder(session: Session, asker: Caller, held: Meeting) -> None:
    """Attendance that a result rests on is put right by those who review; that which none rests on yet is
    filled in by those who prepare meetings, after the result too. It does not change under the hands of
    somebody else who reviews the result, nor while a decision waits for the second reviewer.

    Raises Conflict then and once a person has decided the meeting, and Forbidden.
    """
    card = VersionRepository(session).one(held.id, None)
    if _is_decided(card):
        raise Conflict(f"会议 {held.code} 的结论已由人复核作出，签到不能再改：如有误请提出申诉。")
    if (
        card is not None
        and card.on_roster is not Status.UNKNOWN
        and SheetRepository(session).recorded(held.id)
    ):
        require_reviewer(session, asker, held)
    elif Permission.PREPARE_MEETINGS not in asker.permissions:
        require_corrector(session, asker, held)
    review = ReviewRepository(session, within=asker.within).open_on(card.id) if card is not None else None
    if review is not None and (review.state, review.reviewer_id) != (ReviewState.TAKEN, asker.account_id):
        holder = session.get_one(Account, review.reviewer_id).login
        raise Conflict(f"会议 {held.code} 正由 {holder} 复核，签到暂不能改：请等复核结束，或请其先释放。")


def void(session: Session, asker: Caller, code: str) -> Meeting:
    """Those who review may do it before the result as well: they hand in recordings too, and find what was
    handed in twice. Raises NotFound, and Forbidden as `require_reviewer` does."""
    found = meeting(session, asker, code)
    require_reviewer(session, asker, found)
    MeetingRepository(session, within=asker.within).void(code)
    return found


# ---------------------------------------------------------------- attendance


def sheet(session: Session, asker: Caller, code: str) -> SheetOut:
    """Everyone due on the day, then guests; raises InputError while the meeting has no time."""
    found = meeting(session, asker, code)
    day = MeetingRepository(session, within=asker.within).day_of(found)
    at = Gathering(found.institution_id, day)
    due = RosterRepository(session, within=asker.within).due([at])[at]
    recorded = SheetRepository(session).recorded(found.id)
    said = {person: presence for person, _, presence in recorded}
    expected = {person.code for person in due}
    keys = {person.code: person.person_id for person in due}
    counted = turnout(due, {keys[person]: said[person] for person in said if person in keys})
    return SheetOut(
        meeting=code,
        rows=[
            *(SheetRow(person=p.code, name=p.name, due=True, presence=said.get(p.code)) for p in due),
            *(
                SheetRow(person=person, name=name, due=False, presence=presence)
                for person, name, presence in recorded
                if person not in expected
            ),
        ],
        due=counted.due,
        present=counted.present,
        rate=counted.rate,
        on_site_rate=counted.on_site_rate,
        status=counted.status(),
    )


def put_sheet(session: Session, asker: Caller, code: str, body: SheetIn) -> None:
    """The whole sheet: whoever is not in it counts as not recorded. Raises as `require_recorder` does."""
    found = meeting(session, asker, code)
    require_recorder(session, asker, found)
    presences = {row.person: row.presence for row in body.rows}
    if len(presences) < len(body.rows):
        raise InputError("签到表中有人出现了两次：请每人只保留一行。")
    AttendanceRepository(session, within=asker.within).record(code, presences)
    SheetRepository(session).keep_only(found.id, presences)


def attendance_changed(session: Session, held: Meeting, card: Scorecard) -> bool | None:
    """Whether the attendance of now (R9) is another than that on which the result rests: other numbers, or
    another presence of somebody whom both name (people are renamed, and their names erased).

    None for a result that does not tell it all, as those of generated meetings.
    """
    told = card.result.get("facts", {})
    if any(name not in told for name in ATTENDANCE):
        return None
    then = MeetingFacts(
        expected_attendees=_roster(told["expected_attendees"]),
        attendees=_roster(told["attendees"]),
        on_leave=tuple(told["on_leave"]),
        on_site=told["on_site"],
    )
    now = FactsRepository(session).facts(held.code)
    was, is_now = _presences(then), _presences(now)
    return _numbers(then) != _numbers(now) or any(was[one] != is_now[one] for one in was.keys() & is_now)


def _roster(told: int | list[str] | None) -> Roster | None:
    """As results write it: names, or their number alone."""
    if told is None or isinstance(told, int):
        return None if told is None else Roster(count=told)
    return Roster(count=len(told), names=tuple(told))


def _numbers(facts: MeetingFacts) -> tuple[int | None, ...]:
    expected, attendees, there = facts.expected_attendees, facts.attendees, came(facts)
    return (
        expected.count if expected else None,
        attendees.count if attendees else None,
        there[0] if there else None,
        len(facts.on_leave),
        facts.on_site,
    )


def _presences(facts: MeetingFacts) -> dict[str, str]:
    """Name -> whether who is named came, was on leave or stayed away."""
    expected, attendees = facts.expected_attendees, facts.attendees
    away = dict.fromkeys(expected.names if expected else (), "away")
    present = dict.fromkeys(attendees.names if attendees else (), "came")
    return away | dict.fromkeys(facts.on_leave, "on leave") | present


# ---------------------------------------------------------------- slots


def slots(session: Session, asker: Caller, month: date, *, below: Any, as_of: date) -> list[SlotRow]:
    """Every slot of the month below an institution, with what became of it."""
    table = ComplianceRepository(session, within=asker.within).month_table(month, as_of=as_of, below=below)
    return slot_rows(table, month)


def slot_rows(table: Sequence[InstitutionMonth], month: date) -> list[SlotRow]:
    return [
        SlotRow(
            institution=line.code,
            institution_name=line.name,
            month=month,
            name=slot.name,
            theme=slot.theme,
            earliest=slot.earliest,
            latest=slot.latest,
            state=slot.state,
            meeting=slot.meeting,
            held_on=slot.held_on,
            verdict=slot.verdict,
            energy_score=slot.energy_score,
        )
        for line in table
        for slot in line.slots
    ]
