"""Who begins, scores and ends a calibration set, and how far those who scored it agree.

Blind means: until the set is closed nobody learns what another gave, and the sheet bears no points. Who
decided a meeting, or agreed to the decision as second, does not score it: it is what the others are held to.
"""

from __future__ import annotations

import itertools
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.tables import Role
from api.calibration.repository import CalibrationRepository
from api.calibration.schemas import (
    BlindItem,
    BlindSheet,
    CalibratedReviewer,
    CalibratedRow,
    CalibrationDetail,
    CalibrationIn,
    CalibrationOut,
    CalibrationResult,
    Candidate,
    Place,
    Progress,
    SheetIn,
)
from api.calibration.tables import CalibrationMeeting, CalibrationSet, CalibrationSheet
from api.problems import Conflict, Forbidden, NotFound
from api.reviews.service import account_of, difference_out
from models.meetings.tables import Scorecard
from qa_pipeline import agreement
from qa_pipeline.agreement import ENERGY, VERDICT, ItemAgreement, Judged
from qa_pipeline.errors import InputError

OFFERED: Final = 100
WITHOUT_POINTS: Final = "without_points"
"""Whoever scores blind, or decided, leaves out an item that does not apply: that is a judgement to agree
with. What the decided result says is unknown is none (``agreement.NO_JUDGEMENT``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One whole judgement of a meeting: a reviewer's, or the decided one. ``scores``: item -> points."""

    verdict: str
    energy: Decimal | None
    scores: Mapping[str, Decimal | None]
    words: Mapping[str, str]


# ---------------------------------------------------------------- beginning, looking, ending


def candidates(session: Session, asker: Caller) -> list[Candidate]:
    rows = CalibrationRepository(session, within=asker.within).candidates(limit=OFFERED)
    return [
        Candidate(
            meeting=row.code, institution_name=row.name, kind=row.kind, held_at=row.started_at,
            verdict=row.verdict, reviewer=row.login,
        )
        for row in rows
    ]  # fmt: skip


def begin(session: Session, asker: Caller, body: CalibrationIn) -> CalibrationSet:
    """Raises InputError for a meeting named twice, or without a decided result that the caller sees."""
    account_id = account_of(asker)
    if len(set(body.meetings)) < len(body.meetings):
        raise InputError("同一场会议列了两次：请每场只保留一次。")
    rows = CalibrationRepository(session, within=asker.within).candidates(
        limit=len(body.meetings), codes=body.meetings
    )
    cards = {row.code: row.id for row in rows}
    if missing := [code for code in body.meetings if code not in cards]:
        raise InputError(f"会议 {'、'.join(missing)} 没有由人复核生效的当前结论，不能用于校准：请另选。")
    new = CalibrationSet(
        code=f"K{secrets.token_hex(8)}", title=body.title, opened_by=account_id, opened_at=datetime.now(UTC)
    )
    session.add(new)
    session.flush()
    for code in body.meetings:
        session.add(CalibrationMeeting(set_id=new.id, scorecard_id=cards[code]))
        session.flush()
    return new


def close(session: Session, asker: Caller, code: str) -> CalibrationSet:
    """By whoever began it, or an administrator. Raises Conflict when it is closed, or nobody handed in."""
    repository = CalibrationRepository(session, within=asker.within)
    found = repository.get(code, to_change=True)
    if found.opened_by != asker.account_id and asker.role != Role.ADMINISTRATOR:
        raise Forbidden("只能结束自己发起的校准：请联系发起人或管理员。")
    if found.closed_at is not None:
        raise Conflict(f"校准集 {code} 已经结束。")
    if not repository.sheets([found.id]):
        raise Conflict("还没有人交盲评，不能结束：请先盲评。")
    found.closed_at = datetime.now(UTC)
    session.flush()
    return found


def shown(session: Session, asker: Caller, found: CalibrationSet) -> CalibrationDetail:
    return details(session, asker, [found])[0]


def heads(session: Session, asker: Caller, found: Sequence[CalibrationSet]) -> list[CalibrationOut]:
    """The sets without their meetings."""
    wanted = CalibrationOut.model_fields
    return [
        CalibrationOut(**{name: getattr(one, name) for name in wanted})
        for one in details(session, asker, found)
    ]


def details(session: Session, asker: Caller, found: Sequence[CalibrationSet]) -> list[CalibrationDetail]:
    """The database is asked as often for many sets as for one."""
    repository = CalibrationRepository(session, within=asker.within)
    keys = [one.id for one in found]
    openers = repository.openers(keys)
    rows: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in repository.meetings(keys):
        rows[row.set_id].append(row)
    sheets: dict[int, list[tuple[CalibrationSheet, str]]] = defaultdict(list)
    for key, sheet, login in repository.sheets(keys):
        sheets[key].append((sheet, login))
    return [_detail(asker, one, openers[one.id], rows[one.id], sheets[one.id]) for one in found]


def _detail(
    asker: Caller,
    found: CalibrationSet,
    opened_by: str,
    rows: Sequence[Row[Any]],
    sheets: Sequence[tuple[CalibrationSheet, str]],
) -> CalibrationDetail:
    mine = {sheet.meeting_id: sheet for sheet, _ in sheets if sheet.account_id == asker.account_id}
    places = [
        Place(
            meeting=row.code, institution_name=row.name, kind=row.kind, held_at=row.started_at,
            decided_by_me=_decided_by(row, asker),
            handed_in_at=mine[row.id].handed_in_at if row.id in mine else None,
        )
        for row in rows
    ]  # fmt: skip
    counts: dict[str, int] = defaultdict(int)
    for _, login in sheets:
        counts[login] += 1
    return CalibrationDetail(
        code=found.code, title=found.title, opened_by=opened_by, opened_at=found.opened_at,
        closed_at=found.closed_at, meetings=len(places),
        progress=[Progress(reviewer=login, handed_in=count) for login, count in counts.items()],
        mine=len(mine),
        left=sum(not p.decided_by_me and p.handed_in_at is None for p in places)
        if found.closed_at is None
        else 0,
        places=places,
    )  # fmt: skip


# ---------------------------------------------------------------- scoring


def blank(session: Session, asker: Caller, code: str, meeting: str) -> BlindSheet:
    """What to score, with what the caller gave already. Raises Forbidden for who decided the meeting."""
    found = CalibrationRepository(session, within=asker.within).get(code)
    row = _to_score(session, asker, found, meeting)
    there = CalibrationRepository(session, within=asker.within).sheet(row.id, account_of(asker))
    given = there.scores if there else {}
    return BlindSheet(
        meeting=meeting,
        items=[
            BlindItem(
                id=item["id"], label=item["label"], dimension=item["dimension"], max=item["max"],
                points=[point["label"] for point in item["points"]],
                given=given.get(item["id"]),
                given_not_applicable=item["id"] in given and given[item["id"]] is None,
            )
            for item in row.Scorecard.result["items"]
        ],
        verdict=there.verdict if there else None,
    )  # fmt: skip


def hand_in(session: Session, asker: Caller, code: str, meeting: str, body: SheetIn) -> None:
    """Take or replace the caller's sheet. Raises Conflict once the set is closed, InputError for a sheet that
    lacks an item or gives more than its maximum."""
    found = CalibrationRepository(session, within=asker.within).get(code, to_change=True)
    row = _to_score(session, asker, found, meeting)
    if found.closed_at is not None:
        raise Conflict(f"校准集 {code} 已经结束，不再收盲评。")
    most = {item["id"]: item["max"] for item in row.Scorecard.result["items"]}
    scores = {one.item: one.score for one in body.scores}
    if len(scores) < len(body.scores):
        raise InputError("同一项给了两次分：请每项只保留一行。")
    if set(scores) != set(most):
        wrong = sorted(set(scores) ^ set(most))
        raise InputError(f"须为本场的每一项给分，且只给这些项：请核对 {'、'.join(wrong)}。")
    for item, score in scores.items():
        if score is not None and score > Decimal(str(most[item])):
            raise InputError(f"项 {item} 的得分须在 0 到 {most[item]:g} 之间：请核对。")
    repository = CalibrationRepository(session, within=asker.within)
    account_id = account_of(asker)
    sheet = repository.sheet(row.id, account_id) or CalibrationSheet(meeting_id=row.id, account_id=account_id)
    sheet.verdict, sheet.handed_in_at = body.verdict, datetime.now(UTC)
    sheet.scores = {item: None if score is None else str(score) for item, score in scores.items()}
    session.add(sheet)
    session.flush()


def _to_score(session: Session, asker: Caller, found: CalibrationSet, meeting: str) -> Row[Any]:
    rows = CalibrationRepository(session, within=asker.within).meetings([found.id])
    row = next((one for one in rows if one.code == meeting), None)
    if row is None:
        raise NotFound(f"校准集 {found.code} 中没有会议 {meeting}：请核对编号。")
    if _decided_by(row, asker):
        raise Forbidden("这一场的结论由您作出或同意，不能再盲评：请评其他场次。")
    return row


def _decided_by(row: Row[Any], asker: Caller) -> bool:
    return account_of(asker) in (row.reviewer_id, row.second_id)


# ---------------------------------------------------------------- agreement


def result(session: Session, asker: Caller, code: str) -> CalibrationResult:
    """Raises Conflict while the set is open: whoever still scores must not know."""
    repository = CalibrationRepository(session, within=asker.within)
    found = repository.get(code)
    if found.closed_at is None:
        raise Conflict("校准尚未结束，结果还不能看：请等全体交齐后由发起人结束。")
    rows = repository.meetings([found.id])
    references = {row.id: _decided(row.Scorecard) for row in rows}
    most = {
        row.id: {item["id"]: Decimal(str(item["max"])) for item in row.Scorecard.result["items"]}
        for row in rows
    }
    labels = {item["id"]: item["label"] for row in rows for item in row.Scorecard.result["items"]}
    given: dict[int, list[tuple[str, Given]]] = defaultdict(list)
    for _, sheet, login in repository.sheets([found.id]):
        given[sheet.meeting_id].append((login, _handed_in(sheet, most[sheet.meeting_id])))
    among = [
        one
        for key, sheets in given.items()
        for (_, left), (_, right) in itertools.permutations(sheets, 2)
        for one in _compared(str(key), left, right)
    ]
    held_to: dict[str, list[Judged]] = defaultdict(list)
    for key, sheets in given.items():
        for login, sheet in sheets:
            held_to[login] += _compared(str(key), references[key], sheet)
    against = agreement.by_item(one for all_of in held_to.values() for one in all_of)
    peers = {row.item: row for row in agreement.by_item(among)}
    shown_rows = {row.item: _row(row, peers.get(row.item), labels) for row in against}
    return CalibrationResult(
        code=code,
        verdict=shown_rows.pop(VERDICT, None),
        energy=shown_rows.pop(ENERGY, None),
        items=list(shown_rows.values()),
        reviewers=[_reviewer(login, judged) for login, judged in held_to.items()],
    )


def _row(against: ItemAgreement, among: ItemAgreement | None, labels: Mapping[str, str]) -> CalibratedRow:
    """Cohen's kappa of all ordered pairs of reviewers is Fleiss' kappa: both sides then have the same shares
    of words. Source: J. L. Fleiss, Measuring nominal scale agreement among many raters, 1971."""
    apart = among.difference if among else None
    return CalibratedRow(
        item=against.item,
        label=labels.get(against.item, ""),
        reviewed=against.judged + against.left_open,
        left_open=against.left_open,
        kappa=among.kappa if among else None,
        absolute=apart.absolute if apart else None,
        reference_kappa=against.kappa,
        reference=difference_out(against.difference),
    )


def _reviewer(login: str, judged: Sequence[Judged]) -> CalibratedReviewer:
    rows = {row.item: row for row in agreement.by_item(judged)}
    items = [row for row in judged if row.item not in (VERDICT, ENERGY) and not agreement.is_open(row)]
    energy = rows.get(ENERGY)
    return CalibratedReviewer(
        reviewer=login,
        meetings=rows[VERDICT].judged,
        verdict_agreement=rows[VERDICT].agreement,
        items_kappa=agreement.kappa(row.words for row in items if row.words is not None),
        energy=difference_out(energy.difference) if energy else None,
    )


def _compared(meeting: str, left: Given, right: Given) -> list[Judged]:
    found = [Judged(meeting=meeting, item=VERDICT, words=(left.verdict, right.verdict))]
    if left.energy is not None and right.energy is not None:
        found.append(Judged(meeting=meeting, item=ENERGY, scores=(left.energy, right.energy)))
    for item, word in left.words.items():
        points = left.scores[item], right.scores[item]
        known = points[0] is not None and points[1] is not None
        found.append(
            Judged(
                meeting=meeting,
                item=item,
                words=(word, right.words[item]),
                scores=points if known else None,  # type: ignore[arg-type]
            )
        )
    return found


def _decided(card: Scorecard) -> Given:
    items = card.result["items"]
    return Given(
        verdict=card.verdict.value,
        energy=Decimal(card.energy_score) if card.energy_score is not None else None,
        scores={one["id"]: None if one["level"] is None else Decimal(str(one["score"])) for one in items},
        words={
            one["id"]: WITHOUT_POINTS if one["status"] == "not_applicable" else one["status"] for one in items
        },
    )


def _handed_in(sheet: CalibrationSheet, most: Mapping[str, Decimal]) -> Given:
    scores = {item: None if given is None else Decimal(given) for item, given in sheet.scores.items()}
    counted = {item: points for item, points in scores.items() if points is not None}
    whole = sum((most[item] for item in counted), Decimal(0))
    return Given(
        verdict=sheet.verdict.value,
        energy=round(100 * sum(counted.values(), Decimal(0)) / whole, 2) if whole else None,
        scores=scores,
        words={item: _word(points, most[item]) for item, points in scores.items()},
    )


def _word(points: Decimal | None, most: Decimal) -> str:
    if points is None:
        return WITHOUT_POINTS
    return "full" if points >= most else "partial" if points > 0 else "missed"
