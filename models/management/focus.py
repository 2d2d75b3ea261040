"""重点主管: supervisors without U, without CT, or marked by hand (dossier section 2, defaults)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class FocusReason(StrEnum):
    """Why a supervisor is a focus supervisor."""

    NO_U = "no_u"
    NO_CT = "no_ct"
    MARKED = "marked"


@dataclass(frozen=True, slots=True)
class Focus:
    """Focus supervisors with their reasons, and whose U or CT is not known: they may be missing here."""

    reasons: Mapping[int, tuple[FocusReason, ...]]
    unknown_u: frozenset[int] = frozenset()
    unknown_ct: frozenset[int] = frozenset()


def focus(
    supervisors: Collection[int],
    *,
    u: Mapping[int, bool | None],
    ct: Mapping[int, bool | None],
    marked: Collection[int],
) -> Focus:
    """未U ∪ 未达CT ∪ 人工标记.

    ``u``: whether a supervisor attained U; absent or None is unknown. ``ct``: whether the office that a
    supervisor leads attained CT; absent means that the supervisor leads none, None is unknown.
    """
    reasons = {
        person: tuple(
            reason
            for reason, holds in (
                (FocusReason.NO_U, u.get(person) is False),
                (FocusReason.NO_CT, ct.get(person) is False),
                (FocusReason.MARKED, person in marked),
            )
            if holds
        )
        for person in supervisors
    }
    return Focus(
        {person: each for person, each in reasons.items() if each},
        frozenset(person for person in supervisors if u.get(person) is None),
        frozenset(person for person in supervisors if person in ct and ct[person] is None),
    )
