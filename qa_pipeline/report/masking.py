"""Personal numbers do not leave the house: phone, identity and bank-card numbers in reports are masked.

Speech recognition writes numbers as digits or as spoken characters (一三八零零…), grouped at will, so runs
of either kind are read as digits and then told apart by length and shape. Names stay: a report is about
people. Masking keeps the length of the text, so that positions in it stay true.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, Final, TypeVar

from qa_pipeline.values import Inspection, Mention, SpokenNumber

SPOKEN: Final = {
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    "〇": "0",
    "幺": "1",
    "两": "2",
}
FULL_WIDTH: Final = {chr(0xFF10 + digit): str(digit) for digit in range(10)}
DIGITS: Final = {**SPOKEN, **FULL_WIDTH, **{d: d for d in "0123456789"}}

_DIGIT: Final = f"[{''.join(DIGITS)}]"
_BETWEEN: Final = r"[ \-—,、\uff0c]{0,2}"
_RUN: Final = re.compile(rf"(?<![0-9.]){_DIGIT}(?:{_BETWEEN}{_DIGIT}){{9,}}[Xx]?(?![十百千万亿点])")
_GROUP: Final = re.compile(rf"{_DIGIT}+[Xx]?")
_TEXTS: Final = frozenset(
    {
        *("text", "before", "quote", "speaker", "label", "reason", "suggestion", "what", "who", "due"),
        *("warnings", "institution", "host", "admin_manager", "deputies", "names", "on_leave"),
    }
)
"""The fields that hold what people said or wrote; hashes, ids and paths are left alone."""

Value = TypeVar("Value")
Part = TypeVar("Part", SpokenNumber, Mention)


def mask_personal(text: str) -> str:
    """The text with personal numbers starred out: phones keep 3 + 4 digits, identities 3 + 2, cards 4."""
    return _RUN.sub(lambda run: _masked_run(run[0]), text)


def masked(inspection: Inspection) -> Inspection:
    """The inspection as it may be shown: every quoted or transcribed text masked, nothing else changed.

    What was read out of a masked stretch (its value as a number) is dropped with it.
    """
    shown = _walk(inspection)
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


def _masked_run(run: str) -> str:
    kept = _kept(run)
    if kept:
        return _starred(run, *kept)
    # No personal number as a whole: perhaps one of its groups is （工号1001 13800138000).
    return _GROUP.sub(lambda group: _starred(group[0], *k) if (k := _kept(group[0])) else group[0], run)


def _kept(run: str) -> tuple[int, int] | None:
    """How many digits to leave at the front and the back, or None when this is no personal number."""
    digits = "".join(DIGITS.get(c, "X" if c in "Xx" else "") for c in run)
    if re.fullmatch(r"(86)?1[3-9]\d{9}", digits):
        return len(digits) - 8, 4
    if re.fullmatch(r"0\d{9,11}", digits):
        return 4, 2
    if re.fullmatch(r"\d{17}[\dX]", digits) and _is_day(digits[6:14]):
        return 3, 2
    if re.fullmatch(r"\d{15}", digits) and _is_day("19" + digits[6:12]):
        return 3, 2
    if re.fullmatch(r"\d{16,19}", digits):
        return 0, 4
    return None


def _starred(run: str, front: int, back: int) -> str:
    places = [i for i, c in enumerate(run) if c in DIGITS or c in "Xx"]
    hidden = set(places[front : len(places) - back])
    return "".join("*" if i in hidden else c for i, c in enumerate(run))


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _walk(value: Value) -> Value:
    """The same value with every text in it masked; parts that hold none are shared, not copied."""
    return _masked_value(value)  # type: ignore[no-any-return]


def _masked_value(value: Any) -> Any:
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
