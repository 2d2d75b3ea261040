"""The result as JSON: the interchange that programs read, and the stored form that loses nothing."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_pipeline.errors import InputError
from qa_pipeline.files import write_atomically
from qa_pipeline.report.masking import masked
from qa_pipeline.report.wording import energy
from qa_pipeline.values.compliance import ComplianceVerdict
from qa_pipeline.values.facts import Figure, MeetingFacts, Roster
from qa_pipeline.values.findings import (
    Action,
    Evidence,
    Findings,
    FollowUp,
    Measurement,
    Remark,
    SpokenFigure,
)
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.reader import ReaderReport
from qa_pipeline.values.scorecard import Critical, ItemScore, Listen, Scorecard

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def to_json(inspection: Inspection) -> dict[str, Any]:
    """The result as plain JSON types, personal numbers masked. Times in seconds, ``null`` is unknown.

    API and database agree with this form; scores are points, ``band`` is the range the score may lie in
    (both ``null`` when nothing could be scored).
    """
    shown = masked(inspection)
    card, compliance, findings = shown.scorecard, shown.compliance, shown.findings
    return {
        "energy_score": _number(score := energy(card)),
        "band": [None if score is None else _number(edge) for edge in card.band],
        "pass_line": card.pass_line,
        "verdict": compliance.verdict.value,
        "slot": compliance.slot,
        "compliance": {
            "on_time": _verdict(compliance.on_time),
            "on_roster": _verdict(compliance.on_roster),
            "on_quality": _verdict(compliance.on_quality),
        },
        "dimensions": {
            dimension.value: {"score": _number(score), "max": _number(most)}
            for dimension, (score, most) in card.dimensions.items()
        },
        "items": [_item(item) for item in card.items],
        "criticals": [_critical(critical) for critical in card.criticals],
        "listen": _listen(card.listen),
        "chapters": [
            {
                "chapter": span.chapter.value,
                "start": _number(span.start),
                "end": _number(span.end),
                "confidence": _number(span.confidence),
            }
            for span in shown.chapters.spans
        ],
        "findings": {name: _measurement(found) for name, found in findings.measures.items()},
        "acts": _acts(card, findings),
        "acts_by_person": [index for index, one in enumerate(findings.readings) if one.by_person],
        "practices": [_remark(remark) for remark in findings.practices],
        "issues": [_remark(remark) for remark in findings.issues],
        "actions": [_action(action) for action in findings.actions],
        "followed": [_followed(one) for one in findings.followed],
        "figures": [_spoken(figure) for figure in findings.figures],
        "facts": _facts(shown.facts),
        "recording": {
            "files": [Path(part.path).name for part in shown.recording.parts],
            "duration": _number(shown.recording.duration),
            "sha256": shown.recording.sha256,
        }
        if shown.recording
        else None,
        "duration": _number(shown.transcript.duration),
        "versions": dict(shown.versions),
        "reader": _readers(shown.reader),
        "warnings": list(shown.warnings),
    }


def write_json(inspection: Inspection, path: Path | str) -> None:
    """Write the result as indented UTF-8 JSON; raises OutputError."""
    text = json.dumps(to_json(inspection), ensure_ascii=False, indent=2, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def inspection_to_json(inspection: Inspection) -> str:
    """The whole inspection as one line of JSON, nothing lost or masked: for storing, not showing."""
    return _adapter().dump_json(inspection).decode()


def inspection_from_json(text: str | bytes) -> Inspection:
    """The inspection that ``inspection_to_json`` stored, equal to the original; raises InputError."""
    from pydantic import ValidationError

    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "开头"
        raise InputError(
            f"不是本工具保存的质检结果（{place} 处不符）；请确认文件完整，或对录音重新质检。"
        ) from None


@cache
def _adapter() -> TypeAdapter[Inspection]:
    from pydantic import TypeAdapter

    return TypeAdapter(Inspection)


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(value, 4)


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "start": _number(evidence.start),
        "end": _number(evidence.end),
        "quote": evidence.quote,
        "utterance": evidence.utterance,
        "speaker": evidence.speaker,
    }


def _verdict(verdict: ComplianceVerdict) -> dict[str, Any]:
    return {
        "status": verdict.status.value,
        "reason": verdict.reason,
        "checks": [
            {"rule": check.rule, "status": check.status.value, "reason": check.reason}
            for check in verdict.checks
        ],
    }


def _item(item: ItemScore) -> dict[str, Any]:
    return {
        "id": item.id,
        "label": item.label,
        "dimension": item.dimension.value,
        "score": _number(item.score),
        "max": _number(item.max),
        "level": _number(item.level),
        "status": item.status,
        "reason": item.reason,
        "confidence": _number(item.confidence),
        "evidence": [_evidence(evidence) for evidence in item.evidence],
        "points": [
            {
                "id": point.id,
                "label": point.label,
                "met": point.met,
                "evidence": [_evidence(evidence) for evidence in point.evidence],
            }
            for point in item.points
        ],
        "suggestion": item.suggestion,
        "steps": [
            {
                "label": step.label,
                "rule": step.rule,
                "measure": step.measure,
                "value": _number(step.value),
                "divided_by": _number(step.divided_by),
                "level": _number(step.level),
                "weight": _number(step.weight),
                "confidence": _number(step.confidence),
            }
            for step in item.steps
        ],
    }


def _readers(report: ReaderReport) -> dict[str, Any]:
    return {
        "asked": report.asked.value,
        "used": report.used.value,
        "reason": report.reason,
        "review": report.review,
        "agreement": {
            "chapters": _number(report.chapter_agreement),
            "acts": _number(report.act_agreement),
        },
        "levels": [
            {
                "item": level.item,
                "level": _number(level.level),
                "evidence": [_evidence(evidence) for evidence in level.evidence],
            }
            for level in report.levels
        ],
        "disagreements": [
            {
                "about": one.about,
                "id": one.id,
                "reason": one.reason,
                "evidence": [_evidence(evidence) for evidence in one.evidence],
            }
            for one in report.disagreements
        ],
        "models": [
            {
                "purpose": use.purpose,
                "model": use.model,
                "host": use.host,
                "requests": use.requests,
                "cached": use.cached,
                "tokens_in": use.tokens_in,
                "tokens_out": use.tokens_out,
                "cost": None if use.cost is None else round(use.cost, 6),
                "currency": use.currency,
                "masked": use.masked,
                "unanswered": use.unanswered,
            }
            for use in report.uses
        ],
    }


def _acts(card: Scorecard, findings: Findings) -> dict[str, dict[str, float]]:
    """Utterance -> what it does and how probably, of all that are quoted as proof of an item or a measure."""
    proofs = [p for item in card.items for p in item.evidence]
    proofs += [p for item in card.items for point in item.points for p in point.evidence]
    proofs += [p for found in findings.measures.values() for p in found.evidence]
    return {
        str(index): {act.value: probability for act, probability in findings.readings[index].acts}
        for index in sorted({proof.utterance for proof in proofs})
        if index < len(findings.readings) and findings.readings[index].acts
    }


def _listen(listen: Listen | None) -> dict[str, Any] | None:
    if listen is None:
        return None
    return {
        "id": listen.id,
        "start": _number(listen.start),
        "end": _number(listen.end),
        "reason": listen.reason,
        "swing": _number(listen.swing),
    }


def _critical(critical: Critical) -> dict[str, Any]:
    return {
        "id": critical.id,
        "label": critical.label,
        "reason": critical.reason,
        "review": critical.review,
        "evidence": [_evidence(evidence) for evidence in critical.evidence],
    }


def _measurement(found: Measurement) -> dict[str, Any]:
    return {
        "value": _number(found.value),
        "confidence": _number(found.confidence),
        "reason": found.reason,
        "evidence": [_evidence(evidence) for evidence in found.evidence],
    }


def _remark(remark: Remark) -> dict[str, Any]:
    return {
        "id": remark.id,
        "label": remark.label,
        "suggestion": remark.suggestion,
        "evidence": [_evidence(evidence) for evidence in remark.evidence],
    }


def _action(action: Action) -> dict[str, Any]:
    return {
        "who": action.who,
        "what": action.what,
        "due": action.due,
        "due_date": action.due_date.isoformat() if action.due_date else None,
        "confidence": _number(action.confidence),
        "evidence": _evidence(action.evidence),
    }


def _followed(one: FollowUp) -> dict[str, Any]:
    return {
        "action": _action(one.action),
        "outcome": one.outcome.value,
        "evidence": [_evidence(evidence) for evidence in one.evidence],
    }


def _facts(facts: MeetingFacts) -> dict[str, Any]:
    return {
        "kind": facts.kind.value if facts.kind else None,
        "meeting_date": facts.meeting_date.isoformat() if facts.meeting_date else None,
        "start_time": f"{facts.start_time:%H:%M}" if facts.start_time else None,
        "institution": facts.institution,
        "theme": facts.theme.value if facts.theme else None,
        "host": facts.host,
        "admin_manager": facts.admin_manager,
        "deputies": list(facts.deputies),
        "expected_attendees": _roster(facts.expected_attendees),
        "attendees": _roster(facts.attendees),
        "on_leave": list(facts.on_leave),
        "on_site": facts.on_site,
        "prepared_at": f"{facts.prepared_at:%Y-%m-%dT%H:%M}" if facts.prepared_at else None,
        "meeting_minutes": _number(facts.meeting_minutes),
        "figures": [_figure(figure) for figure in facts.figures],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    """As the sidecar has it: a percentage in per cent, so that it can be read back."""
    return {
        "owner": figure.owner,
        "indicator": figure.indicator,
        "value": _in_unit(figure.value, figure.unit),
        "unit": figure.unit,
        "as_of": figure.as_of.isoformat() if figure.as_of else None,
    }


def _spoken(figure: SpokenFigure) -> dict[str, Any]:
    given = figure.given
    return {
        "owner": given.owner,
        "indicator": given.indicator,
        "said": _in_unit(figure.value, given.unit),
        "given": _in_unit(given.value, given.unit),
        "difference": _in_unit(figure.value - given.value, given.unit),
        "unit": given.unit,
        "as_of": given.as_of.isoformat() if given.as_of else None,
        "agrees": figure.agrees,
        "evidence": _evidence(figure.evidence),
    }


def _in_unit(value: float, unit: str) -> float | None:
    return _number(value * 100 if unit == "%" else value)


def _roster(roster: Roster | None) -> int | list[str] | None:
    if roster is None:
        return None
    return list(roster.names) if roster.names else roster.count
