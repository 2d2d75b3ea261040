"""What may be taken from whom, and rows of other systems as rows of a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.imports.repository import CursorRepository, JudgedSheetRepository, PlanStateRepository
from api.imports.schemas import Cell, EntityOut, FieldOut, RowsIn, TakenOut
from api.organisation.service import today
from api.problems import Conflict, Forbidden, NotFound
from models.base import EVERYWHERE, SHANGHAI
from models.exchange.cells import CellError, choices, parse, show
from models.exchange.entities import BY_TITLE, SHEETS
from models.exchange.importing import Taken, take
from models.exchange.reading import FilledSheet, Row
from models.exchange.sheets import Column, Sheet
from models.meetings.slots import SlotRepository
from models.planning.tables import PlanState
from qa_pipeline.errors import SheetError

COMPANY_WIDE: Final = frozenset({"institutions"})
"""The tree itself: a part of it would also place what lies outside of the subtree."""
MEETINGS: Final = frozenset(
    {"meeting_slots", "meetings", "recordings", "attendance", "action_items", "action_follow_ups"}
)
"""Need the permission to read meetings when they go out."""
JUDGED: Final = frozenset({"meeting_slots", "meetings", "recordings"})
"""Decide whether a meeting was held in time: nobody below head office brings them in by a file."""
_KINDS: Final[Mapping[type[object], str]] = {
    str: "text",
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "decimal",
    datetime: "moment",
    date: "day",
}


def sheet_named(entity: str) -> Sheet:
    """Raises NotFound for an entity that does not exist."""
    found = next((sheet for sheet in SHEETS if sheet.name == entity), None)
    if found is None:
        raise NotFound(f"没有名为“{entity}”的数据：可用的见 GET /imports/entities。")
    return found


def entities() -> list[EntityOut]:
    return [
        EntityOut(
            entity=sheet.name,
            title=sheet.title,
            key=list(sheet.key),
            fields=[_field(column) for column in sheet.columns],
        )
        for sheet in SHEETS
    ]


def take_file(
    session: Session, asker: Caller, filled: Sequence[FilledSheet], *, dry_run: bool
) -> list[TakenOut]:
    """Write the rows, or only try to. Raises SheetError with every problem, Forbidden for a sheet that the
    caller may not bring in."""
    _require_allowed(session, asker, filled)
    taken = take(session, filled, within=asker.within)
    if dry_run:
        session.rollback()
    elif any(each.sheet.name in COMPANY_WIDE for each in filled):
        SlotRepository(session, within=asker.within).fill_ahead(today())
    return [_taken(each) for each in taken]


def take_rows(session: Session, asker: Caller, entity: str, body: RowsIn) -> TakenOut:
    """As `take_file`, from another system, and remember where it stopped. Raises Conflict when ``after`` is
    not where it did."""
    sheet = sheet_named(entity)
    cursors = CursorRepository(session, within=asker.within)
    held = cursors.held(body.source, entity)
    now = held.cursor if held else None
    if body.after is not None and body.after != now:
        raise Conflict(f"上次收到的位置是“{now or '无'}”，不是“{body.after}”：请从该位置继续发送。")
    (taken,) = take_file(session, asker, [_filled(sheet, body.rows)], dry_run=body.dry_run)
    if body.cursor is not None and not body.dry_run:
        cursors.advance(body.source, entity, body.cursor, rows=len(body.rows))
    return taken


def leaving(asker: Caller, named: Sequence[str]) -> tuple[Sheet, ...]:
    """The sheets to export: the named ones, or all that the caller may read."""
    meetings = Permission.READ_MEETINGS in asker.permissions
    sheets = [sheet_named(entity) for entity in dict.fromkeys(named)]
    if not meetings and any(sheet.name in MEETINGS for sheet in sheets):
        raise Forbidden("您的角色没有查看会议的权限，不能导出会议数据。")
    return tuple(sheets) or tuple(sheet for sheet in SHEETS if meetings or sheet.name not in MEETINGS)


def _require_allowed(session: Session, asker: Caller, filled: Iterable[FilledSheet]) -> None:
    problems: list[str] = []
    for each in filled:
        sheet = each.sheet
        if sheet.name in COMPANY_WIDE and asker.within != EVERYWHERE:
            raise Forbidden(f"只有总公司可以导入“{sheet.title}”：请在机构页面逐个办理，或联系总公司。")
        if sheet.name in JUDGED and Permission.RUN_BATCHES not in asker.permissions:
            raise Forbidden(f"您的角色不能用文件导入“{sheet.title}”：请上传录音，由系统登记会议。")
        if sheet.name == "parameters" and asker.within != EVERYWHERE:
            problems += [
                f"表“{sheet.title}”第 {row.number} 行：适用于全公司的参数只有总公司可以设置，请填写机构代码"
                for row in each.rows
                if _value(sheet, row, "institution_id") is None
            ]
        if sheet.name == "attendance":
            problems += _judged(session, asker, each)
        if sheet.name in ("plans", "targets"):
            past = Permission.APPROVE_PLANS in asker.permissions
            problems += _settled(session, each, open_from=today().replace(day=1) if past else date.min)
    if problems:
        raise SheetError(problems)


def _judged(session: Session, asker: Caller, filled: FilledSheet) -> list[str]:
    """Rows that would change attendance on which a result rests, as far as the meeting's page refuses it."""
    sheet, repository = filled.sheet, JudgedSheetRepository(session, within=asker.within)
    rows = {
        row.number: tuple(_value(sheet, row, name) for name in ("meeting_id", "person_id", "presence"))
        for row in filled.rows
    }
    named = {str(meeting) for meeting, _, _ in rows.values() if meeting}
    judged = repository.judged(named, reader=asker.account_id)
    recorded = repository.recorded(judged)
    problems = []
    for number, said in rows.items():
        found = judged.get(str(said[0]))
        if found is None or said in recorded:
            continue
        where = f"表“{sheet.title}”第 {number} 行：会议 {said[0]} "
        if found.decided:
            problems.append(f"{where}的结论已由人复核作出，签到不能再改")
        elif found.rests and Permission.REVIEW not in asker.permissions:
            problems.append(f"{where}的结论已依据签到作出，只能由有复核权限的人员更正")
        elif found.holder:
            problems.append(f"{where}正由 {found.holder} 复核，签到暂不能改")
    return problems


def _settled(session: Session, filled: FilledSheet, *, open_from: date) -> list[str]:
    """Rows that would decide about a plan of the month ``open_from`` or a later one, or change one that is no
    draft, past its approval by a second person. Plans of earlier months were decided elsewhere."""
    sheet = filled.sheet
    plans = sheet.name == "plans"
    codes = {row.number: str(_value(sheet, row, "code" if plans else "plan_id") or "") for row in filled.rows}
    settled = PlanStateRepository(session).settled(set(codes.values()))
    problems = []
    for row in filled.rows:
        month, state = (_value(sheet, row, name) if plans else None for name in ("month", "state"))
        became = month if isinstance(month, date) else open_from
        if state not in (None, PlanState.DRAFT) and became >= open_from:
            problems.append(f"表“{sheet.title}”第 {row.number} 行：只能导入草稿，请走审批流程")
        elif (was := settled.get(codes[row.number])) and max(was, became if plans else was) >= open_from:
            problems.append(
                f"表“{sheet.title}”第 {row.number} 行：规划 {codes[row.number]} 不是草稿，不能用文件修改"
            )
    return problems


def _value(sheet: Sheet, row: Row, field: str) -> object:
    """The cell's value; None when it is empty or wrong (which the import itself reports)."""
    try:
        return parse(sheet.column(field), row.cells.get(field))
    except CellError:
        return None


def _filled(sheet: Sheet, rows: Sequence[Mapping[str, Cell]]) -> FilledSheet:
    """JSON rows as rows of the sheet; raises SheetError for fields that are unknown, missing or uneven."""
    known = {column.field: column for column in sheet.columns}
    first = dict.fromkeys(rows[0]) if rows else {}
    problems = [f"没有名为“{name}”的字段" for name in first if name not in known]
    problems += [
        f"缺少必填字段 {column.field}（{column.header}）"
        for column in sheet.columns
        if rows and column.required and column.field not in first
    ]
    problems += [
        f"第 {number} 行的字段与第 1 行不同：请让每行字段一致"
        for number, row in enumerate(rows, 1)
        if row.keys() != first.keys()
    ]
    if problems:
        raise SheetError([f"表“{sheet.title}”：{problem}" for problem in problems])
    columns = tuple(known[name] for name in first)
    return FilledSheet(
        sheet,
        columns,
        tuple(
            Row(number, {column.field: _cell(column, row[column.field]) for column in columns})
            for number, row in enumerate(rows, 1)
        ),
        names={column.field: column.field for column in columns},
    )


def _cell(column: Column, raw: Cell) -> object:
    """A moment with zone as the spreadsheets' moments of Shanghai; everything else as it is."""
    if column.kind is datetime and isinstance(raw, str):
        try:
            moment = datetime.fromisoformat(raw)
            return moment.astimezone(SHANGHAI).replace(tzinfo=None) if moment.tzinfo else moment
        except (ValueError, OverflowError):
            return raw
    return raw


def _field(column: Column) -> FieldOut:
    kind = "choice" if issubclass(column.kind, StrEnum) else _KINDS[column.kind]
    shown = None if column.example is None else show(column, column.example)
    return FieldOut(
        field=column.field,
        heading=column.header,
        required=column.required,
        kind="text" if column.refers_to else "month" if column.field == "month" else kind,
        choices=list(choices(column.kind)),
        refers_to=next((s.name for s in SHEETS if s.table.__tablename__ == column.refers_to), None),
        example=None if shown is None else str(shown),
    )


def _taken(taken: Taken) -> TakenOut:
    return TakenOut(
        entity=BY_TITLE[taken.title].name,
        title=taken.title,
        added=taken.added,
        changed=taken.changed,
        unchanged=taken.unchanged,
    )
