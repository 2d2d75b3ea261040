"""The three verdicts on a meeting, and the rules looked at."""

from __future__ import annotations

from dataclasses import dataclass

from qa_pipeline.values.vocabulary import Status, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule looked at: ``rule`` is its number in the rule book (R1-R34)."""

    rule: str
    status: Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceVerdict:
    """One of on_time, on_roster, on_quality: the worst of its checks, and why."""

    status: Status
    reason: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    on_time: ComplianceVerdict
    on_roster: ComplianceVerdict
    on_quality: ComplianceVerdict
    verdict: Verdict
    slot: str | None = None
    """The slot the meeting fills, e.g. ``2026-09-W1`` or ``2026-09-MP``; None when no date is known."""
