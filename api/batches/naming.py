"""File names by pattern: ``*``, ``?``, and fields where institution, date, time and part stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from qa_pipeline.errors import InputError

FIELDS: Final = {
    "institution": r"(?P<institution>[^/]+?)",
    "date": r"(?P<year>20\d\d)[-_.年]?(?P<month>1[0-2]|0?[1-9])[-_.月]?(?P<day>3[01]|[12]\d|0?[1-9])日?",
    "time": r"(?P<hour>2[0-3]|[01]?\d)[:：点时.-]?(?P<minute>[0-5]\d)分?",
    "part": r"(?P<part>\d{1,3})",
}
_FIELD: Final = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a file's name says by the pattern; None: nothing."""

    institution: str | None = None
    day: date | None = None
    at: time | None = None
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern; with a ``/`` in it the whole path must fit, else the name alone."""

    text: str
    fits: re.Pattern[str]

    def read(self, file: str) -> Told | None:
        """What the name says; None when it does not fit. Raises InputError for a day that does not exist."""
        name = file if "/" in self.text else file.rpartition("/")[2]
        found = self.fits.fullmatch(name)
        if found is None:
            return None
        said = found.groupdict()
        try:
            day = date(int(said["year"]), int(said["month"]), int(said["day"])) if "year" in said else None
        except ValueError as error:
            raise InputError(f"“{name}”中的日期不存在：请核对文件名或在清单中给出日期。") from error
        return Told(
            institution=said.get("institution"),
            day=day,
            at=time(int(said["hour"]), int(said["minute"])) if "hour" in said else None,
            part=int(said["part"]) if "part" in said else None,
        )


def compiled(text: str) -> Pattern:
    """Raises InputError for a field that is not known or stands twice."""
    names = _FIELD.findall(text)
    if unknown := [name for name in names if name not in FIELDS]:
        raise InputError(
            f"文件名格式中的 {{{unknown[0]}}} 不认识：可用 {'、'.join(f'{{{n}}}' for n in FIELDS)}。"
        )
    if len(names) != len(set(names)):
        raise InputError("文件名格式中每个字段只能出现一次：请检查。")
    first, *others = [_piece(piece) for piece in re.split(r"\*+", text)]
    # What follows a star is sought once and kept, except at the end: no name takes long to refuse.
    middle = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    return Pattern(
        text, re.compile(first + middle + "".join(f".*{piece}" for piece in others[-1:]), re.DOTALL)
    )


def _piece(text: str) -> str:
    parts = _FIELD.split(text)
    return "".join(
        FIELDS[part] if number % 2 else re.escape(part).replace(r"\?", ".")
        for number, part in enumerate(parts)
    )
