"""What lines of the compliance table come to: pure arithmetic, no database."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from api.compliance.schemas import Aggregate, ComplianceScore, KeptOut, ScoreBand
from models.meetings.actions import KeptRate, kept_rate
from models.meetings.compliance import InstitutionMonth, SlotResult, SlotState
from qa_pipeline.values.vocabulary import Status, Verdict

NOT_DUE: Final = frozenset({SlotState.PENDING, SlotState.UNKNOWN})
ON_SCHEDULE: Final = frozenset({SlotState.HELD, SlotState.LOW})
EDGES: Final = (0, 40, 50, 60, 70, 80, 90, 100)
"""Borders of the score distribution; 60 is the pass line of the shipped rubrics (R11)."""
WORTH: Final = {Status.PASS: Decimal(1), Status.WARN: Decimal("0.5"), Status.FAIL: Decimal(0)}
PARTS: Final = ("on_time", "on_roster", "on_quality")


def share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def mean(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, Decimal()) / len(values) if values else None


def totals(lines: Sequence[InstitutionMonth]) -> Aggregate:
    slots = [slot for line in lines for slot in line.slots]
    due = [slot for slot in slots if slot.state not in NOT_DUE]
    held = [slot for slot in due if slot.held]
    inspected = [slot for slot in slots if slot.held and slot.inspected]
    verdicts = Counter(slot.verdict for slot in inspected)
    all_held = sum(slot.held for slot in slots)
    return Aggregate(
        institutions=len(lines),
        due=len(due),
        held=len(held),
        coverage=share(len(held), len(due)),
        on_schedule=share(sum(slot.state in ON_SCHEDULE for slot in due), len(due)),
        inspected=len(inspected),
        inspection_rate=share(len(inspected), all_held),
        qualified=verdicts[Verdict.QUALIFIED],
        not_qualified=verdicts[Verdict.NOT_QUALIFIED],
        needs_review=verdicts[Verdict.NEEDS_REVIEW],
        qualified_rate=share(verdicts[Verdict.QUALIFIED], len(inspected)),
        mean_score=mean(_scores(slots)),
    )


def commitments(rates: Iterable[KeptRate]) -> KeptOut:
    """What those of several institutions come to."""
    found = list(rates)
    due, kept = sum(one.due for one in found), sum(one.kept for one in found)
    return KeptOut(
        due=due, kept=kept, rate=kept_rate(kept, due), unconfirmed=sum(one.unconfirmed for one in found)
    )


def distribution(lines: Sequence[InstitutionMonth]) -> list[ScoreBand]:
    scores = _scores(slot for line in lines for slot in line.slots)
    return [
        ScoreBand(
            low=low,
            high=high,
            meetings=sum(low <= score < high or score == high == EDGES[-1] for score in scores),
        )
        for low, high in itertools.pairwise(EDGES)
    ]


def states(lines: Sequence[InstitutionMonth]) -> dict[SlotState, int]:
    """Every state, also those that no slot is in."""
    found = Counter(slot.state for line in lines for slot in line.slots)
    return {state: found[state] for state in SlotState}


def score(line: InstitutionMonth, month: date) -> ComplianceScore:
    """See `ComplianceScore`."""
    due = [slot for slot in line.slots if slot.state not in NOT_DUE]
    worths = {part: [w for slot in due if (w := _worth(slot, part)) is not None] for part in PARTS}
    whole = mean([worth for part in PARTS for worth in worths[part]])
    reason = _unknown(due, whole)
    return ComplianceScore(
        institution=line.code,
        name=line.name,
        month=month,
        score=None if whole is None or reason else round(100 * whole, 2),
        due=len(due),
        held=sum(slot.held for slot in due),
        on_schedule=sum(slot.state in ON_SCHEDULE for slot in due),
        inspected=sum(slot.held and slot.inspected for slot in due),
        qualified=sum(slot.verdict == Verdict.QUALIFIED for slot in due),
        parts={part: mean(worths[part]) for part in PARTS},
        reason=reason,
    )


def _unknown(due: Sequence[SlotResult], whole: Decimal | None) -> str | None:
    """Why there is no score; None where there is one."""
    if not due:
        return "还没有到期场次，得分未知。"
    waiting = [slot.meeting for slot in due if slot.held and not slot.inspected]
    if waiting:
        codes = "、".join(code for code in waiting if code)
        return f"已召开的会议 {codes} 还没有质检，得分未知：请上传录音并质检。"
    return "到期场次的按时、按人、按质都判不出，得分未知。" if whole is None else None


def _worth(slot: SlotResult, part: str) -> Decimal | None:
    """None: unknown. The window alone tells of a meeting that was not inspected whether it was in time."""
    if not slot.held:
        return Decimal(0)
    status: Status | None = getattr(slot, part)
    if status is None and part == "on_time":
        status = Status.PASS if slot.state in ON_SCHEDULE else Status.FAIL
    return WORTH.get(status) if status is not None else None


def _scores(slots: Iterable[SlotResult]) -> list[Decimal]:
    return [slot.energy_score for slot in slots if slot.energy_score is not None]
