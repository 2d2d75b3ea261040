"""Taking a file's rows: all of them or none, each known again by its outside key."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Table, insert, select, tuple_, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from models.base import EVERYWHERE, SHANGHAI, Scope, ScopeKind, Subtree
from models.exchange.cells import CELLS_KEPT, CellError, parse
from models.exchange.reading import FilledSheet, Row, letter
from models.exchange.references import GLOBAL, References, in_parts
from models.exchange.sheets import Column, Sheet
from models.indicators.repository import IndicatorRepository, NewObservation
from models.indicators.tables import Observation
from models.meetings.tables import Meeting, MeetingState
from models.organisation.tables import Institution
from qa_pipeline.clock import lies_ahead
from qa_pipeline.errors import SheetError

MOST_PROBLEMS: Final = 200
"""After so many problems the rest of the file is not examined."""
WRITE_AT_ONCE: Final = 20_000

_REASONS: Final = {
    "dated": "失效日期必须晚于生效日期",
    "scope": "机构代码、营业室代码、工号须恰好填一个",
    "root": "只有一级机构没有上级机构，其余层级必须填写上级机构代码",
    "left": "离司日期不能早于入司日期",
    "upline": "推荐人不能是本人",
    "end": "结束时间必须晚于开始时间",
    "signed": "未到场的客户不能有保单号",
    "withdrawn": "撤单日期不能早于签单日期",
    "window_known": "最早日期与最晚日期须同时填写或同时留空",
    "window_order": "最晚日期不能早于最早日期",
    "unassigned_below": "未分配目标必须有上级目标",
    "one_kind": "机构代码与职级代码最多填一个",
    "event": "平台搭建必须填写活动代码",
    **dict.fromkeys(("value", "temperature", "potential", "energy"), "数值超出允许范围"),
    **dict.fromkeys(("temperature_before", "temperature_after"), "温度须在 0 到 100 之间"),
    **dict.fromkeys(("premium", "income", "market", "duration", "part", "version"), "须大于 0"),
    "level": "层级须为 1 到 4",
    "must_hold": "只有四级机构召开二会",
    "due": "期限不能早于生成日期",
    "closed": "待办的建议没有结束日期，其余状态必须有",
    "origin": "人工设定须有数值，计算得出的须有样本量与统计期间",
    "period": "统计期间的止日必须晚于起日",
    "year": "年度须在 2000 到 2100 之间",
    "buffer": "缓冲率不能为负",
    "bounds": "参数值超出该参数的允许范围",
}
"""By the short name of the check in the tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one sheet's rows."""

    title: str
    added: int
    changed: int
    unchanged: int


@dataclass(slots=True)
class _Draft:
    """A row on its way: texts of its references, its values, its depth below other rows of the file."""

    row: Row
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    depth: int = 0
    sound: bool = True


def take(
    session: Session,
    filled: Sequence[FilledSheet],
    *,
    within: Subtree = EVERYWHERE,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Taken, ...]:
    """Write the rows; the caller's transaction makes them last, or SheetError makes it take all back.

    ``progress`` hears rows done and rows in all.
    """
    importer = _Importer(session, within, progress, sum(len(sheet.rows) for sheet in filled))
    taken = tuple(importer.take(sheet) for sheet in filled)
    if importer.problems:
        raise SheetError(importer.problems)
    return taken


class _There(NamedTuple):
    """A row that the database has: its values, its primary key, and whether it lies in the subtree."""

    values: dict[str, Any]
    identity: dict[str, Any]
    visible: bool


class _Importer:
    """One run over one file."""

    def __init__(
        self, session: Session, within: Subtree, progress: Callable[[int, int], None], total: int
    ) -> None:
        self.session = session
        self.within = within
        self.references = References(session, within)
        self.written = References(session, EVERYWHERE)
        self.problems: list[str] = []
        self.progress = progress
        self.done, self.total = 0, total
        self.in_file: dict[str, set[str]] = {}

    def take(self, filled: FilledSheet) -> Taken:
        sheet = filled.sheet
        if self.within != EVERYWHERE and sheet.name in GLOBAL:
            self.problems.append(f"表“{sheet.title}”：只有总公司管理员可以导入")
        self._filled = filled
        self._read = {  # cells repeat, and most of the time of a large file went into reading them
            column.field: lru_cache(maxsize=CELLS_KEPT, typed=True)(partial(parse, column))
            for column in filled.columns
        }
        drafts = [self._parsed(row) for row in filled.rows]
        if sheet.table is Meeting:
            self._refuse_ahead(drafts)
        self._name_rows(sheet, drafts)
        drafts = [draft for draft in drafts if draft.sound]
        added = changed = unchanged = 0
        for depth in range(max((draft.depth for draft in drafts), default=-1) + 1):
            # What ends comes before what follows it: only one row of a person may be open at a time.
            layer = sorted(
                (d for d in drafts if d.depth == depth), key=lambda d: d.values.get("valid_to") is None
            )
            for part in in_parts(layer, WRITE_AT_ONCE):
                found = self._found(part)
                resolved = [draft for draft in part if self._resolve(draft, found)]
                if not self.problems:
                    new, old, same = self._write(sheet, resolved)
                    added, changed, unchanged = added + new, changed + old, unchanged + same
                self.done += len(part)
                self.progress(self.done, self.total)
            self.references.forget(sheet.table.__tablename__)
            self.written.forget(sheet.table.__tablename__)
        if sheet.table is Institution and not self.problems:
            self._place_institutions()
        return Taken(title=sheet.title, added=added, changed=changed, unchanged=unchanged)

    def _parsed(self, row: Row) -> _Draft:
        """The row's values; not sound, with its problems noted, when a cell is wrong."""
        draft = _Draft(row)
        for column in self._filled.columns:
            try:
                value = self._read[column.field](row.cells.get(column.field))
            except CellError as error:
                self._note(row, column, str(error))
                draft.sound = False
                continue
            if column.refers_to is not None and value is not None:
                draft.texts[column.field] = str(value)
            else:
                draft.values[column.field] = column.default if value is None else value
        return draft

    def _refuse_ahead(self, drafts: Sequence[_Draft]) -> None:
        """Note the meetings that are said to have taken place and have not come yet."""
        for draft in drafts:
            start = draft.values.get("started_at")
            if draft.values.get("state") == MeetingState.HELD and start is not None and lies_ahead(start):
                self._note(draft.row, self._filled.sheet.column("started_at"), "还没有到，不能是已召开的会议")
                draft.sound = False

    def _name_rows(self, sheet: Sheet, drafts: Sequence[_Draft]) -> None:
        """Note doubled keys, the names that later rows may refer to, and each row's depth below others."""
        seen: dict[tuple[Any, ...], int] = {}
        for draft in drafts:
            key = tuple(draft.texts.get(f, draft.values.get(f)) for f in sheet.key)
            if draft.sound and key in seen:
                columns = "、".join(sheet.column(f).header for f in sheet.key)
                self._note(draft.row, None, f"与第 {seen[key]} 行重复（{columns}）")
            seen.setdefault(key, draft.row.number)
        names = {self._name(sheet, draft): draft for draft in drafts}
        self.in_file[sheet.table.__tablename__] = set(names)
        own = next((c for c in self._filled.columns if c.refers_to == sheet.table.__tablename__), None)
        if own is None:
            return
        for draft in drafts:
            above, depth, met = draft, 0, {id(draft)}
            while (name := self._reference(own, above)) in names:
                above, depth = names[name], depth + 1
                if id(above) in met:
                    self._note(draft.row, own, "上下级构成了循环")
                    break
                met.add(id(above))
            draft.depth = depth

    def _name(self, sheet: Sheet, draft: _Draft) -> str:
        """The text by which other rows refer to this one."""
        if sheet.name == "targets":
            scope = next(
                (draft.texts[f] for f in ("institution_id", "office_id", "person_id") if f in draft.texts), ""
            )
            own = "" if not draft.values.get("is_unassigned") else " *"
            return f"{draft.texts.get('plan_id')} {draft.texts.get('indicator_id')} {scope}{own}"
        if sheet.name == "meeting_slots":
            month = f"{draft.values.get('month')}"[:7]
            return f"{draft.texts.get('institution_id')} {month} {draft.values.get('name')}"
        return str(draft.values.get("code"))

    def _reference(self, column: Column, draft: _Draft) -> str | None:
        """The outside key that a cell refers to."""
        text = draft.texts.get(column.field)
        if text is not None and column.refers_to == "target":
            return f"{draft.texts.get('plan_id')} {draft.texts.get('indicator_id')} {text}"
        return text

    def _found(self, drafts: Sequence[_Draft]) -> dict[str, dict[str, int]]:
        """Primary keys by outside key, of all that the rows refer to, by table."""
        found: dict[str, dict[str, int]] = {}
        for column in self._filled.columns:
            if column.refers_to is None:
                continue
            names = {name for draft in drafts if (name := self._reference(column, draft)) is not None}
            known = dict(self.references.find(column.refers_to, names))
            # A person whom this very file brings belongs nowhere yet, so no subtree shows them.
            brought = names & self.in_file.get(column.refers_to, set())
            known |= {n: k for n, k in self.written.find(column.refers_to, brought).items() if n in brought}
            found[column.refers_to] = known
        return found

    def _resolve(self, draft: _Draft, found: Mapping[str, Mapping[str, int]]) -> bool:
        """Put primary keys in the place of outside keys; False, problem noted, when one is missing."""
        complete = True
        for column in self._filled.columns:
            if column.refers_to is None:
                continue
            name = self._reference(column, draft)
            if name is None:
                draft.values[column.field] = None
                continue
            if (key := found[column.refers_to].get(name)) is not None:
                draft.values[column.field] = key
            elif name in self.in_file.get(column.refers_to, ()):
                complete = False  # its own row has a problem, already noted
            else:
                self._note(draft.row, column, f"找不到“{draft.texts[column.field]}”，或不在您的管辖范围内")
                complete = False
        return complete

    def _write(self, sheet: Sheet, drafts: Sequence[_Draft]) -> tuple[int, int, int]:
        """Update what differs and insert what is new; returns counts of added, changed, unchanged.

        In this order: a row that opens finds the one before it closed.
        """
        if sheet.table is Observation:
            return self._append(drafts)
        fields = [column.field for column in self._filled.columns]
        existing = self._existing(sheet, drafts)
        new: list[_Draft] = []
        changed: list[_Draft] = []
        for draft in drafts:
            there = existing.get(tuple(draft.values.get(f) for f in sheet.key))
            if there is None:
                new.append(draft)
            elif not there.visible:
                self._note(draft.row, None, "该记录不在您的管辖范围内")
            elif any(there.values[f] != draft.values[f] for f in fields):
                draft.values |= there.identity
                changed.append(draft)
        if sheet.table is Institution:
            for draft in new:
                draft.values["path"] = "/"  # until `_place_institutions`
        self._bisect(changed, lambda rows: self.session.execute(update(sheet.table), rows))
        self._bisect(new, lambda rows: self.session.execute(insert(sheet.table), rows))
        return len(new), len(changed), len(drafts) - len(new) - len(changed)

    def _append(self, drafts: Sequence[_Draft]) -> tuple[int, int, int]:
        """Observations are never changed: another value than the valid one is added as its correction."""
        repository = IndicatorRepository(self.session, within=self.within)
        batches: defaultdict[str, list[tuple[_Draft, NewObservation]]] = defaultdict(list)
        for draft in drafts:
            values = draft.values
            kind = next((kind for kind in ScopeKind if values.get(f"{kind}_id") is not None), None)
            if kind is None or sum(values.get(f"{kind}_id") is not None for kind in ScopeKind) > 1:
                self._note(draft.row, None, _REASONS["scope"])
                continue
            scope = Scope(kind, values[f"{kind}_id"])
            code = draft.texts["indicator_id"].partition("@")[0]
            new = NewObservation(scope, code, values["as_of"], values["value"])
            batches[values["source"]].append((draft, new))
        unplaced = repository.unplaced(new for batch in batches.values() for _, new in batch)
        for draft, new in (pair for batch in batches.values() for pair in batch):
            if (new.scope, new.as_of) in unplaced:
                self._note(draft.row, None, f"{new.as_of} 时不存在，或不在您的管辖范围内")
        if self.problems:
            return 0, 0, 0
        counts = [
            repository.append(
                (new for _, new in batch), source=source, recorded_at=datetime.now(SHANGHAI), placed=True
            )
            for source, batch in batches.items()
        ]
        added, corrected = sum(c.added for c in counts), sum(c.corrected for c in counts)
        return added, corrected, sum(c.unchanged for c in counts)

    def _existing(self, sheet: Sheet, drafts: Sequence[_Draft]) -> dict[tuple[Any, ...], _There]:
        """The rows already there, by key."""
        table = cast(Table, sheet.table.__table__)
        firm = [table.columns[f] for f in sheet.key if not table.columns[f].nullable]
        identity = [column.name for column in table.primary_key.columns]
        wanted = {*identity, *sheet.key, *(column.field for column in self._filled.columns)}
        query = select(*(column for column in table.columns if column.name in wanted))
        found: dict[tuple[Any, ...], _There] = {}
        keys = sorted({tuple(draft.values[column.name] for column in firm) for draft in drafts}, key=str)
        for part in in_parts(keys):
            chosen = query.where(tuple_(*firm).in_(part))
            rows = self.session.execute(chosen).mappings().all()
            seen = rows
            if self.within != EVERYWHERE:
                seen = self.session.execute(chosen.where(self.references.inside(sheet))).mappings().all()
            inside = {tuple(row[f] for f in sheet.key) for row in seen}
            for row in rows:
                key = tuple(row[f] for f in sheet.key)
                found[key] = _There(dict(row), {name: row[name] for name in identity}, key in inside)
        return found

    def _bisect(self, drafts: Sequence[_Draft], write: Callable[[list[dict[str, Any]]], object]) -> None:
        """Write the rows; when the database refuses, find and note the rows that it refuses."""
        if not drafts or len(self.problems) >= MOST_PROBLEMS:
            return
        try:
            with self.session.begin_nested():
                write([draft.values for draft in drafts])
        except (IntegrityError, DataError) as error:
            if len(drafts) == 1:
                self._note(drafts[0].row, None, self._reason(error))
                return
            middle = len(drafts) // 2
            self._bisect(drafts[:middle], write)
            self._bisect(drafts[middle:], write)

    def _reason(self, error: IntegrityError | DataError) -> str:
        """The database's refusal in words."""
        text = str(error.orig)
        table = self._filled.sheet.table.__tablename__
        diagnosis = getattr(error.orig, "diag", None)
        name = getattr(diagnosis, "constraint_name", None) or ""
        if not name and (found := re.search(r"CHECK constraint failed: (\w+)", text)):
            name = found[1]
        if name.startswith(f"ck_{table}_"):
            return _REASONS.get(name.removeprefix(f"ck_{table}_"), f"不符合规则 {name}")
        if "UNIQUE" in text or name.startswith(("uq_", "pk_")):
            return "与已有记录冲突：同一时点只能有一条有效记录，或编号已被使用"
        return "数据库不接受这一行的数值"

    def _place_institutions(self) -> None:
        """Give every institution its path and check that it stands one level below its parent."""
        columns = (
            Institution.id,
            Institution.code,
            Institution.level,
            Institution.parent_id,
            Institution.path,
        )
        rows = self.session.execute(select(*columns).order_by(Institution.level)).all()
        placed: dict[int, tuple[int, str]] = {}
        moved = []
        for key, code, level, parent, path in rows:
            above = (0, "/") if parent is None else placed.get(parent)
            if above is None or above[0] != level - 1:
                self.problems.append(f"表“机构”：机构 {code} 的层级 {level} 不是其上级机构的下一级")
                continue
            placed[key] = (level, f"{above[1]}{key}/")
            if path != placed[key][1]:
                moved.append({"id": key, "path": placed[key][1]})
        if moved:
            self.session.execute(update(Institution), moved)

    def _note(self, row: Row, column: Column | None, text: str) -> None:
        place = ""
        if column is not None and self._filled.names is not None:
            place = f" 字段 {self._filled.names[column.field]}（{column.header}）"
        elif column is not None:
            place = f" {letter(self._filled.columns.index(column) + 1)} 列（{column.header}）"
        self.problems.append(f"表“{self._filled.sheet.title}”第 {row.number} 行{place}：{text}")
