"""Which meetings files belong to that are not here yet: by manifest, by pattern, by their names and by what
the recorder wrote into them. Nothing is changed; what cannot be placed is listed with the reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import PurePosixPath

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.batches.matching import Wanted
from api.batches.naming import Pattern, Told
from api.batches.repository import BatchRepository
from api.batches.schemas import MatchedFile, UnmatchedFile
from api.problems import Conflict, NotFound
from api.recordings.placing import Place, Placing, days_in, resolve
from models.base import SHANGHAI, Subtree
from models.calendar.weeks import month_start
from models.meetings.tables import Scorecard
from models.organisation.conditions import inside
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A file that the service can fetch or a client will send; ``created`` looks into it, if it can."""

    file: str
    size: int
    created: Callable[[], datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A file with its meeting; ``together`` is the same for all files of one meeting. ``inspected``: the
    meeting has a result, and the file is none that came to the others since."""

    offered: Offered
    said: Placing
    place: Place
    together: str
    inspected: bool


@dataclass(slots=True)
class Plan:
    """What was found, in the order of the files' names."""

    files: list[Planned] = field(default_factory=list)
    unmatched: list[UnmatchedFile] = field(default_factory=list)

    def matched(self) -> list[MatchedFile]:
        return [
            MatchedFile(
                file=one.offered.file,
                meeting=one.place.meeting.code if one.place.meeting else None,
                institution=one.place.institution.code,
                day=one.place.day,
            )
            for one in self.files
        ]


def plan(
    session: Session,
    within: Subtree,
    offered: Sequence[Offered],
    *,
    wanted: Sequence[Wanted] | None,
    pattern: Pattern | None,
    month: date | None,
) -> Plan:
    """Place every file inside the subtree; one of the name of another, in another format, is no further part
    of its meeting unless it says which: joined they would seem to be faked (K4)."""
    result = Plan()
    lines = _by_file(offered, wanted or (), result)
    names = _names(session, within)
    placed: list[Planned] = []
    stems: dict[PurePosixPath, str] = {}
    for one in sorted(offered, key=lambda one: one.file):
        try:
            if wanted is not None and one.file not in lines:
                raise InputError("清单没有列出这个文件。")  # noqa: TRY301 (listed as every other reason)
            said = _said(one.file, lines.get(one.file), pattern, names)
            place = _placed(session, within, one, said)
            if month is not None and month_start(place.day) != month:
                raise InputError(f"日期 {place.day} 不在所选月份。")  # noqa: TRY301
            first = stems.setdefault(PurePosixPath(one.file).with_suffix(""), one.file)
            if first != one.file and said.part is None:
                raise InputError(f"与 {first} 同名而格式不同：是同一段的几种格式，请只留一份。")  # noqa: TRY301
        except (InputError, Conflict, NotFound) as error:
            line = lines[one.file].line if one.file in lines else None
            result.unmatched.append(UnmatchedFile(line=line, file=one.file, reason=str(error)))
            continue
        placed.append(_planned(session, one, said, place))
    _told_apart(session, within, placed, lines, result)
    return result


def _told_apart(
    session: Session, within: Subtree, placed: Sequence[Planned], lines: Mapping[str, Wanted], result: Plan
) -> None:
    """A part that was refused and mended, or that came late, is wanted although its meeting has a result; a
    file that is another than was taken is listed, for it would become one more part.

    Where no file of the meeting came from here, the recording was handed in otherwise: these may be copies.
    """
    held = {one.place.meeting.id for one in placed if one.place.meeting is not None}
    taken = BatchRepository(session, within=within).taken(held)
    here = {(one.place.meeting.id, one.offered.file) for one in placed if one.place.meeting is not None}
    from_here = {meeting for meeting, _ in here.intersection(taken)}
    for one in placed:
        meeting, file = one.place.meeting, one.offered.file
        size = None if meeting is None else taken.get((meeting.id, file))
        if meeting is not None and size not in (None, one.offered.size):
            reason = (
                f"会议 {meeting.code} 已收下这个文件，之后它又改过，服务里仍是原来的："
                "要换，请在会议页上传改过的，再撤回原来的那一段。"
            )
            line = lines[file].line if file in lines else None
            result.unmatched.append(UnmatchedFile(line=line, file=file, reason=reason))
            continue
        late = meeting is not None and size is None and meeting.id in from_here
        result.files.append(replace(one, inspected=one.inspected and not late))


def _names(session: Session, within: Subtree) -> dict[str, str]:
    """The code of each institution by its name, where only one has that name."""
    codes = defaultdict(list)
    for name, code in session.execute(select(Institution.name, Institution.code).where(inside(within))):
        codes[name].append(code)
    return {name: found[0] for name, found in codes.items() if len(found) == 1}


def _by_file(offered: Sequence[Offered], wanted: Sequence[Wanted], result: Plan) -> dict[str, Wanted]:
    """Each file's line; by its path, or by its name alone where only one file has it."""
    paths = {one.file for one in offered}
    named = defaultdict(list)
    for path in paths:
        named[path.rpartition("/")[2]].append(path)
    lines: dict[str, Wanted] = {}
    for line in wanted:
        found = [line.file] if line.file in paths else named.get(line.file, [])
        if len(found) == 1 and found[0] not in lines:
            lines[found[0]] = line
            continue
        if not found:
            reason = "没有这个文件：请核对文件名和子文件夹。"
        elif len(found) > 1:
            reason = f"几个子文件夹里都有这个文件名（{'、'.join(sorted(found)[:3])}）：请写上子文件夹。"
        else:
            reason = f"与第 {lines[found[0]].line} 行是同一个文件：请只留一行。"
        result.unmatched.append(UnmatchedFile(line=line.line, file=line.file, reason=reason))
    return lines


def _said(file: str, line: Wanted | None, pattern: Pattern | None, names: dict[str, str]) -> Placing:
    """What manifest and pattern say; the manifest's word counts before the name's."""
    told = Told() if pattern is None else pattern.read(file)
    if told is None:
        raise InputError("文件名不符合所给的格式。")
    institution = (line.institution if line else "") or told.institution
    day = (line.day if line else None) or told.day
    at = (line.at if line else None) or told.at
    if at is not None and day is None and len(days := days_in(file)) == 1:
        day = days.pop()
    if at is not None and day is None:
        raise InputError("有开始时间而没有日期：请在清单或文件名中给出日期。")
    try:
        return Placing(
            institution=names.get(institution, institution) if institution else None,
            day=day,
            started_at=datetime.combine(day, at, SHANGHAI) if day and at else None,
            kind=line.kind if line else None,
            part=(line.part if line else None) or told.part,
            inspect=False,
        )
    except ValidationError as error:
        raise InputError(f"机构“{institution}”或日期 {day} 不对：请核对文件名或清单。") from error


def _placed(session: Session, within: Subtree, one: Offered, said: Placing) -> Place:
    """As the words tell; the file is opened only when they do not."""
    name = one.file.replace("/", " ")  # a subfolder may name the institution
    try:
        return resolve(session, within, said, file_name=name, created=None)
    except InputError:
        created = one.created()
        if created is None:
            raise
        return resolve(session, within, said, file_name=name, created=created)


def _planned(session: Session, one: Offered, said: Placing, place: Place) -> Planned:
    meeting = place.meeting
    if meeting is not None:
        together = meeting.code
        said = Placing(meeting=meeting.code, started_at=place.start, part=said.part, inspect=False)
    else:
        together = f"{place.institution.code} {place.day} {place.kind}"
        said = Placing(
            institution=place.institution.code,
            day=place.day,
            started_at=place.start,
            kind=place.kind,
            part=said.part,
            inspect=False,
        )
    current = select(Scorecard.id).where(Scorecard.is_current)
    inspected = meeting is not None and session.scalar(current.where(Scorecard.meeting_id == meeting.id))
    return Planned(offered=one, said=said, place=place, together=together, inspected=bool(inspected))
