"""Who may take, decide and confirm a review, who appeals, and what a decision makes."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.tables import Account, Role
from api.jobs.service import give_way_to_decision
from api.meetings.kept import inspection_of, publish
from api.meetings.repository import VersionRepository
from api.meetings.service import meeting as found_meeting
from api.problems import Conflict, Forbidden, NotFound
from api.reviews.decision import Override, decided, judged
from api.reviews.repository import AppealRepository, QueueRepository, ReviewRepository
from api.reviews.schemas import (
    AgreementOut,
    AnswerIn,
    Cell,
    DecisionIn,
    DifferenceOut,
    ItemAgreement,
    PaceOut,
    QueueRow,
    ReviewerPace,
    SecondIn,
    Why,
)
from api.reviews.tables import Appeal, AppealState, Review, ReviewState
from models.base import Subtree, midnight
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Meeting, Scorecard
from qa_pipeline import agreement
from qa_pipeline.agreement import ENERGY, VERDICT, Difference, Judged
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Verdict

WIDE: Final = 20
"""A band this wide (points) or wider says that the machine is not sure."""
SAMPLE: Final = 5
"""Of a hundred results, how many are looked at without any doubt."""
URGENCY: Final = {why: place for place, why in enumerate(Why)}
SIDES: Final = {Verdict.QUALIFIED, Verdict.NOT_QUALIFIED}


# ---------------------------------------------------------------- the queue


def queue(session: Session, asker: Caller, *, below: str | None, first: date, last: date) -> list[QueueRow]:
    """Most urgent first, then by meeting."""
    rows = QueueRepository(session, within=asker.within).waiting(below=below, first=first, last=last)
    shown = [
        QueueRow(
            meeting=row.code,
            institution=row.institution,
            institution_name=row.name,
            held_at=row.started_at,
            version=row.version,
            verdict=row.verdict,
            energy_score=row.energy_score,
            band=(row.band_low, row.band_high),
            why=why,
            review=row.review,
            reviewer=row.reviewer,
        )
        for row in rows
        if (why := _why(row))
    ]
    return sorted(shown, key=queue_key)


def queue_key(row: QueueRow) -> list[Any]:
    return [URGENCY[row.why[0]], row.meeting]


def is_sampled(meeting: str) -> bool:
    """The stated rule: whoever knows a meeting's code can tell whether it is drawn, nobody can choose it."""
    return int(hashlib.sha256(meeting.encode()).hexdigest()[:8], 16) % 100 < SAMPLE


def _why(row: Row[Any]) -> list[Why]:
    banded = row.band_low is not None
    signs = {
        Why.APPEALED: row.appealed,
        Why.CRITICAL: row.criticals not in (None, "[]"),
        Why.COPIED: row.copied,
        Why.NEEDS_REVIEW: row.verdict == Verdict.NEEDS_REVIEW,
        Why.STRADDLES: banded and row.band_low < row.pass_line <= row.band_high,
        Why.LOW_CONFIDENCE: banded and row.band_high - row.band_low >= WIDE,
        Why.SAMPLED: is_sampled(row.code),
    }
    return [why for why, applies in signs.items() if applies]


# ---------------------------------------------------------------- reviews


def take(session: Session, asker: Caller, meeting: str) -> Review:
    """Begin to review the current result; taking it again changes nothing. Raises Conflict, NotFound."""
    account_id = account_of(asker)
    card = current(session, found_meeting(session, asker, meeting))
    reviews = ReviewRepository(session, within=asker.within)
    if there := reviews.open_on(card.id):
        if there.reviewer_id != account_id:
            raise Conflict(f"会议 {meeting} 正由他人复核：请选择其他会议，或请对方先释放。")
        return there
    new = Review(
        code=f"R{secrets.token_hex(8)}",
        meeting_id=card.meeting_id,
        scorecard_id=card.id,
        state=ReviewState.TAKEN,
        reviewer_id=account_id,
        taken_at=datetime.now(UTC),
        overrides=[],
        judged={},
    )
    session.add(new)
    session.flush()
    return new


def release(session: Session, asker: Caller, code: str) -> Review:
    """Give it back undecided: by whoever took it, or an administrator."""
    review = ReviewRepository(session, within=asker.within).get(code)
    if review.state not in (ReviewState.TAKEN, ReviewState.PROPOSED):
        raise Conflict(f"复核 {code} 已结束，不能释放。")
    if review.reviewer_id != asker.account_id and asker.role != Role.ADMINISTRATOR:
        raise Forbidden("只能释放自己领取的复核：请联系领取人或管理员。")
    review.state = ReviewState.RELEASED
    session.flush()
    return review


def decide(session: Session, asker: Caller, code: str, body: DecisionIn) -> Review:
    """Lay down the decision. It takes effect at once, or when a second reviewer agrees where one is needed.

    A second one is needed to turn the machine's 合格 into 不合格 or the other way round.
    """
    review = ReviewRepository(session, within=asker.within).get(code)
    if review.reviewer_id != asker.account_id:
        raise Forbidden("只有领取人可以作出决定：请先领取。")
    if review.state != ReviewState.TAKEN:
        raise Conflict(f"复核 {code} 不在待决定状态：请刷新后查看。")
    card = _still_current(session, review)
    review.verdict, review.reason = body.verdict, body.reason
    review.overrides = [
        {"item": one.item, "score": str(one.score), "reason": one.reason} for one in body.overrides
    ]
    review.second_id = review.second_agrees = review.second_reason = None
    machine = inspection_of(session, card)
    person = _person(session, machine, review)
    review.judged = dict(judged(machine, person, overrides=_overrides(review), confirmed=body.confirmed))
    turns = {card.verdict, body.verdict} == SIDES
    if body.second or turns:
        review.state = ReviewState.PROPOSED
        session.flush()
        return review
    return _take_effect(session, review, person)


def second(session: Session, asker: Caller, code: str, body: SecondIn) -> Review:
    """Another reviewer agrees, and the decision takes effect; or does not, and the first decides again."""
    review = ReviewRepository(session, within=asker.within).get(code)
    if review.state != ReviewState.PROPOSED:
        raise Conflict(f"复核 {code} 不在等待第二人意见：请刷新后查看。")
    account_id = account_of(asker)
    if review.reviewer_id == account_id:
        raise Forbidden("第二人不能是作出决定的本人：请由另一位质检人员办理。")
    card = _still_current(session, review)
    review.second_id, review.second_agrees, review.second_reason = account_id, body.agrees, body.reason
    if not body.agrees:
        review.state = ReviewState.TAKEN
        session.flush()
        return review
    machine = inspection_of(session, card)
    return _take_effect(session, review, _person(session, machine, review))


def _person(session: Session, machine: Inspection, review: Review) -> Inspection:
    if review.verdict is None or review.reason is None:
        raise Conflict(f"复核 {review.code} 还没有决定。")
    return decided(
        machine,
        verdict=review.verdict,
        reason=review.reason,
        overrides=_overrides(review),
        by=_login(session, review.reviewer_id),
    )


def _overrides(review: Review) -> list[Override]:
    return [
        Override(item=one["item"], score=Decimal(one["score"]), reason=one["reason"])
        for one in review.overrides
    ]


def _take_effect(session: Session, review: Review, person: Inspection) -> Review:
    now = datetime.now(UTC)
    code = session.get_one(Meeting, review.meeting_id).code
    of_version = session.get_one(Scorecard, review.scorecard_id).version
    card = publish(session, code, person, made_at=now)
    give_way_to_decision(session, review.meeting_id)
    card.result = {
        **card.result,
        "review": {
            "by": _login(session, review.reviewer_id),
            "second": _login(session, review.second_id) if review.second_id else None,
            "reason": review.reason,
            "of_version": of_version,
            "overridden": [one["item"] for one in review.overrides],
        },
    }
    review.state, review.decided_at, review.result_id = ReviewState.DECIDED, now, card.id
    session.flush()
    return review


def current(session: Session, meeting: Meeting) -> Scorecard:
    """Raises NotFound for a meeting without result."""
    card = VersionRepository(session).one(meeting.id, None)
    if card is None:
        raise NotFound(f"会议 {meeting.code} 尚未质检。")
    return card


def _still_current(session: Session, review: Review) -> Scorecard:
    MeetingRepository(session).lock(review.meeting_id)
    card = session.get_one(Scorecard, review.scorecard_id, populate_existing=True)
    if not card.is_current:
        raise Conflict("该会议在领取之后已重新评分：请释放后重新领取最新版本。")
    return card


def account_of(asker: Caller) -> int:
    if asker.account_id is None:
        raise Forbidden("复核和申诉须由登录的人员办理，不能使用 API 密钥。")
    return asker.account_id


def _login(session: Session, account_id: int) -> str:
    return session.get_one(Account, account_id).login


def pace(session: Session, asker: Caller, *, day: date) -> PaceOut:
    """What got done on the day and in the seven days that end with it."""
    rows = ReviewRepository(session, within=asker.within).finished(since=day - timedelta(days=6))
    mine = [row for row in rows if row.reviewer_id == asker.account_id]
    start = midnight(day)
    by_login = Counter(row.login for row in rows)
    return PaceOut(
        today=sum(row.decided_at >= start for row in rows),
        mine_today=sum(row.decided_at >= start for row in mine),
        week=len(rows),
        mine_week=len(mine),
        minutes=_minutes(rows, asker.actor),
        reviewers=[
            ReviewerPace(reviewer=login, week=count, minutes=_minutes(rows, login))
            for login, count in sorted(by_login.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    )


def _minutes(rows: Sequence[Row[Any]], login: str) -> float | None:
    """Median from taking to deciding, of those that needed no second reviewer."""
    alone = [
        (row.decided_at - row.taken_at).total_seconds() / 60
        for row in rows
        if row.login == login and row.second_id is None
    ]
    return round(median(alone), 1) if alone else None


# ---------------------------------------------------------------- appeals


def appeal(session: Session, asker: Caller, meeting: str, reason: str) -> Appeal:
    """Object to the meeting's current result. Raises Conflict while an earlier appeal is open."""
    account_id = account_of(asker)
    owner = found_meeting(session, asker, meeting)
    card = current(session, owner)
    if AppealRepository(session, within=asker.within).open_of(owner.id):
        raise Conflict(f"会议 {meeting} 已有未答复的申诉：请等待答复。")
    new = Appeal(
        code=f"A{secrets.token_hex(8)}",
        meeting_id=owner.id,
        scorecard_id=card.id,
        state=AppealState.OPEN,
        opened_by=account_id,
        opened_at=datetime.now(UTC),
        reason=reason,
    )
    session.add(new)
    session.flush()
    return new


def answer(session: Session, asker: Caller, code: str, body: AnswerIn) -> Appeal:
    """Close an appeal. Upheld only after a person has decided on the meeting anew."""
    account_id = account_of(asker)
    found = AppealRepository(session, within=asker.within).get(code)
    if found.state != AppealState.OPEN:
        raise Conflict(f"申诉 {code} 已经答复。")
    if found.opened_by == account_id:
        raise Forbidden("不能答复自己提出的申诉：请由其他质检人员办理。")
    if body.upheld and not ReviewRepository(session, within=asker.within).decided_after(found):
        raise Conflict("申诉成立须先对该会议作出复核决定：请领取复核并改判后再答复。")
    found.state = AppealState.UPHELD if body.upheld else AppealState.REJECTED
    found.answered_by, found.answered_at, found.answer = account_id, datetime.now(UTC), body.answer
    session.flush()
    return found


# ---------------------------------------------------------------- agreement


def agreed(
    session: Session, asker: Caller, *, first: date, last: date, below: str | None, sampled: bool = False
) -> AgreementOut:
    """Machine against reviewers over the reviews decided in the period; ``sampled``: of drawn meetings."""
    found = judgements(session, asker.within, first=first, last=last, below=below)
    if sampled:
        found = [one for one in found if is_sampled(one.meeting)]
    rows = {row.item: row for row in agreement.by_item(found)}
    verdicts = [one.words for one in found if one.item == VERDICT and one.words is not None]
    whole = rows.pop(VERDICT, None)
    energy = rows.pop(ENERGY, None)
    return AgreementOut(
        reviews=len(verdicts),
        left_open=whole.left_open if whole else 0,
        verdict_agreement=whole.agreement if whole else None,
        verdict_kappa=whole.kappa if whole else None,
        verdicts=_cells(verdicts),
        energy=difference_out(energy.difference) if energy else None,
        items=[
            ItemAgreement(
                item=row.item,
                reviewed=row.judged + row.left_open,
                left_open=row.left_open,
                agreement=row.agreement,
                kappa=row.kappa,
                difference=difference_out(row.difference),
            )
            for row in rows.values()
        ],
    )


def judgements(
    session: Session, within: Subtree, *, first: date, last: date, below: str | None = None
) -> list[Judged]:
    """What the machine and the reviewers said of the same meetings: verdict, energy score and items."""
    found = []
    for row in ReviewRepository(session, within=within).decisions(first=first, last=last, below=below):
        found.append(Judged(meeting=row.code, item=VERDICT, words=(row.machine.value, row.person.value)))
        if row.machine_energy is not None and row.person_energy is not None:
            scores = (Decimal(row.machine_energy), Decimal(row.person_energy))
            found.append(Judged(meeting=row.code, item=ENERGY, scores=scores))
        given = {one["item"]: Decimal(one["score"]) for one in row.overrides}
        machine = {one["id"]: one for one in row.items}
        for item, (status, person) in row.judged.items():
            known = machine[item]["level"] is not None
            points = Decimal(str(machine[item]["score"]))
            found.append(
                Judged(
                    meeting=row.code,
                    item=item,
                    words=(status, person),
                    scores=(points, given.get(item, points)) if known else None,
                )
            )
    return found


def difference_out(found: Difference | None) -> DifferenceOut | None:
    if found is None:
        return None
    return DifferenceOut(
        reviewed=found.judged, absolute=found.absolute, bias=found.bias, low=found.low, high=found.high
    )


def _cells(pairs: Sequence[agreement.Pair]) -> list[Cell]:
    counts = sorted(Counter(pairs).items())
    return [Cell(machine=machine, person=person, reviews=count) for (machine, person), count in counts]
