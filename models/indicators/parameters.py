"""Effective-dated parameters: which row answers for whom (dossier: every threshold is a parameter)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Reach(StrEnum):
    """For whom a parameter was set, the nearest first."""

    INSTITUTION = "institution"
    ANCESTOR = "ancestor"
    RANK = "rank"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter row that holds on the day asked."""

    code: str
    value: Decimal
    valid_from: date
    institution_id: int | None = None
    rank_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The value that answers, and why it does."""

    value: Decimal
    reach: Reach
    setting: Setting


class Parameters:
    """All parameters of one day. Of two rows for the same code and reach, the later start wins."""

    def __init__(self, settings: Iterable[Setting]) -> None:
        self._settings: dict[tuple[str, int | None, int | None], Setting] = {}
        for setting in sorted(settings, key=lambda setting: setting.valid_from):
            self._settings[setting.code, setting.institution_id, setting.rank_id] = setting

    def find(self, code: str, *, path: str = "/", rank_id: int | None = None) -> Found | None:
        """The institution itself, its nearest ancestor, the rank, then everyone; None: unknown.

        ``path`` is the institution's path of keys from the root, as `Institution.path`.
        """
        keys = [int(key) for key in path.split("/") if key]
        steps = [
            *(
                (Reach.ANCESTOR if depth else Reach.INSTITUTION, key, None)
                for depth, key in enumerate(keys[::-1])
            ),
            *([(Reach.RANK, None, rank_id)] if rank_id is not None else []),
            (Reach.GENERAL, None, None),
        ]
        for reach, institution, rank in steps:
            if setting := self._settings.get((code, institution, rank)):
                return Found(setting.value, reach, setting)
        return None

    def value(self, code: str, *, path: str = "/", rank_id: int | None = None) -> Decimal | None:
        """As `find`, the value only."""
        found = self.find(code, path=path, rank_id=rank_id)
        return found.value if found else None

    def group(self, prefix: str, *, path: str = "/") -> Mapping[str, Decimal]:
        """The parameters whose code starts so, by the rest of the code (``ct_threshold.`` -> ``fyc``)."""
        codes = sorted({code for code, _, _ in self._settings if code.startswith(prefix)})
        found = {code.removeprefix(prefix): self.value(code, path=path) for code in codes}
        return {code: value for code, value in found.items() if value is not None}
