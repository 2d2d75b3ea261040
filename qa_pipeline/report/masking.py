"""Personal numbers do not leave the house: phone, identity and bank-card numbers in reports are masked.

Names stay: a report is about people. Which numbers are personal is told by ``qa_pipeline.personal``.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar

from qa_pipeline.personal import mask_personal
from qa_pipeline.values.findings import Mention
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.transcript import SpokenNumber

__all__ = ["mask_personal", "masked"]

_TEXTS: Final = frozenset(
    ("text", "before", "quote", "label", "reason", "suggestion", "what", "due", "task", "warnings")
) | frozenset(
    ("speaker", "who", "owner", "institution", "host", "admin_manager", "deputies", "names", "on_leave")
)
"""The fields that hold what people said or wrote; hashes, ids and paths are left alone."""

Part = TypeVar("Part", SpokenNumber, Mention)


def masked(inspection: Inspection) -> Inspection:
    """The inspection as it may be shown: every quoted or transcribed text masked, nothing else changed.

    What was read out of a masked stretch (its value as a number) is dropped with it.
    """
    shown: Inspection = _masked_value(inspection)
    before, after = inspection.transcript.utterances, shown.transcript.utterances
    changed = [(old.text, new.text) for old, new in zip(before, after, strict=True)]
    return replace(
        shown,
        transcript=replace(
            shown.transcript,
            utterances=tuple(
                replace(u, numbers=_left(u.numbers, *texts)) for u, texts in zip(after, changed, strict=True)
            ),
        ),
        findings=replace(
            shown.findings,
            readings=tuple(
                replace(r, mentions=_left(r.mentions, *texts))
                for r, texts in zip(shown.findings.readings, changed, strict=True)
            ),
        ),
    )


def _left(found: tuple[Part, ...], before: str, after: str) -> tuple[Part, ...]:
    """The numbers or mentions of a text that its masking left as they were."""
    return tuple(p for p in found if before[p.start : p.end] == after[p.start : p.end])


def _masked_value(value: Any) -> Any:
    """The same value with every text in it masked; parts that hold none are shared, not copied."""
    if is_dataclass(value) and not isinstance(value, type):
        changed: dict[str, Any] = {}
        for field in fields(value):
            old = getattr(value, field.name)
            new = _masked_text(old) if field.name in _TEXTS else _masked_value(old)
            if new is not old and new != old:
                changed[field.name] = new
        return replace(value, **changed) if changed else value
    if isinstance(value, tuple) and value:
        parts = tuple(_masked_value(part) for part in value)
        return parts if any(a is not b for a, b in zip(parts, value, strict=True)) else value
    if isinstance(value, dict):
        return {key: _masked_value(part) for key, part in value.items()}
    return value


def _masked_text(value: Any) -> Any:
    """A text, or a tuple of texts; None and everything else as it is."""
    if isinstance(value, str):
        return mask_personal(value)
    return tuple(mask_personal(text) for text in value) if isinstance(value, tuple) else value
