"""Definitions by version, and observations: append, correct, read as of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice, pairwise
from typing import Any, Final, TypeVar

from sqlalchemy import Select, and_, case, func, insert, literal, or_, select, union_all

from models.base import EVERYWHERE, Repository, Scope, ScopeKind
from models.calendar.weeks import month_end, month_start
from models.indicators.catalogue import CATALOGUE, Definition
from models.indicators.scopes import ids_within
from models.indicators.tables import Indicator, Observation
from models.organisation.conditions import inside
from models.organisation.tables import Institution, RankHistory
from qa_pipeline.errors import InputError

BATCH: Final = 5_000
"""Keys in one IN list: far below the limit of bound values of both databases."""
STEP: Final = Decimal("0.0001")
KIND_NAMES: Final = {
    ScopeKind.INSTITUTION: "机构",
    ScopeKind.OFFICE: "营业室",
    ScopeKind.PERSON: "人员",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewObservation:
    """A value to append: of the indicator's version that is valid on ``as_of``."""

    scope: Scope
    code: str
    as_of: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch: first values, corrections (a higher revision), and values already there."""

    added: int
    corrected: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Value:
    """The valid value of a scope: the latest ``as_of`` of the period, its highest revision."""

    value: Decimal
    as_of: date
    revision: int


class Versions:
    """Definitions of some indicators, all versions."""

    def __init__(self, indicators: Iterable[Indicator]) -> None:
        self._by_code: dict[str, list[Indicator]] = defaultdict(list)
        for indicator in sorted(indicators, key=lambda indicator: indicator.version):
            self._by_code[indicator.code].append(indicator)

    def on(self, code: str, day: date) -> Indicator:
        """The version valid on the day; raises InputError when there is none."""
        valid = [indicator for indicator in self._by_code.get(code, ()) if indicator.valid_from <= day]
        if not valid:
            raise InputError(f"指标“{code}”在 {day} 没有有效口径：请先在指标库登记，或核对指标代码和日期。")
        return valid[-1]


class IndicatorRepository(Repository):
    """Definitions are everyone's; observations are those of the subtree's scopes."""

    def define(self, definitions: Iterable[Definition] = CATALOGUE) -> int:
        """Add the definitions not there yet, and say how many were.

        Raises InputError when a stored version would change, or a later version starts no later.
        """
        stored = {(row.code, row.version): row for row in self.session.scalars(select(Indicator))}
        added = 0
        for definition in definitions:
            wanted = {field.name: getattr(definition, field.name) for field in fields(definition)}
            row = stored.get((definition.code, definition.version))
            if row is None:
                row = stored[definition.code, definition.version] = Indicator(**wanted)
                self.session.add(row)
                added += 1
            elif any(getattr(row, name) != value for name, value in wanted.items()):
                raise InputError(
                    f"指标“{definition.code}”第 {definition.version} 版口径已登记，不能改写：请登记为新版本。"
                )
        ordered = sorted(stored.values(), key=lambda row: (row.code, row.version))
        for former, later in pairwise(ordered):
            if former.code == later.code and later.valid_from <= former.valid_from:
                raise InputError(
                    f"指标“{later.code}”第 {later.version} 版的生效日 {later.valid_from} 不晚于上一版："
                    "请改为更晚的日期。"
                )
        self.session.flush()
        return added

    def versions(self, codes: Iterable[str]) -> Versions:
        """All versions of the indicators."""
        return Versions(self.session.scalars(select(Indicator).where(Indicator.code.in_(set(codes)))))

    # --- writing -----------------------------------------------------------------------------------------

    def append(
        self,
        observations: Iterable[NewObservation],
        *,
        source: str,
        recorded_at: datetime,
        placed: bool = False,
    ) -> Appended:
        """Add the batch in bulk. A value equal to the valid one adds nothing; another one corrects it.

        ``placed``: the caller has asked `unplaced` already.
        Raises InputError, before anything is written, for an unknown indicator, a scope outside the subtree,
        or two different values for the same scope, indicator and day.
        """
        batch = list(observations)
        versions = self.versions({observation.code for observation in batch})
        wanted: dict[ScopeKind, dict[tuple[int, int, date], Decimal]] = defaultdict(dict)
        for new in batch:
            key = (new.scope.id, versions.on(new.code, new.as_of).id, new.as_of)
            value = new.value.quantize(STEP, ROUND_HALF_UP)
            if wanted[new.scope.kind].setdefault(key, value) != value:
                raise InputError(
                    f"同一批数据中，{KIND_NAMES[new.scope.kind]}（主键 {new.scope.id}）指标“{new.code}”"
                    f"{new.as_of} 有两个不同的值：请只保留一个。"
                )
        for kind, values in () if placed else wanted.items():
            for scope_id, day in self._unplaced(kind, values):
                raise InputError(
                    f"{KIND_NAMES[kind]}（主键 {scope_id}）在 {day} 不存在或不在您管辖的机构内："
                    "请核对后重新提交。"
                )
        self._lock({indicator for values in wanted.values() for _, indicator, _ in values})
        added = corrected = 0
        for kind, values in wanted.items():
            stored = self._stored(kind, values)
            rows = []
            for key, value in values.items():
                revision, current = stored.get(key, (0, None))
                if value == current:
                    continue
                rows.append(
                    {
                        f"{kind}_id": key[0],
                        "indicator_id": key[1],
                        "as_of": key[2],
                        "revision": revision + 1,
                        "value": value,
                        "recorded_at": recorded_at,
                        "source": source,
                    }
                )
                corrected += revision > 0
            if rows:
                self._insert(rows)
            added += len(rows)
        return Appended(added - corrected, corrected, len(batch) - added)

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert in bulk; PostgreSQL takes rows several times faster by COPY than by INSERT."""
        connection = self.session.connection()
        if connection.dialect.name != "postgresql":
            connection.execute(insert(Observation.__table__), rows)  # type: ignore[arg-type]
            return
        columns = [Observation.__table__.c[name] for name in rows[0]]
        convert = [column.type.bind_processor(connection.dialect) for column in columns]
        names = ", ".join(column.name for column in columns)
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY observation ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(
                    [
                        process(value) if process else value
                        for process, value in zip(convert, row.values(), strict=True)
                    ]
                )

    def unplaced(self, observations: Iterable[NewObservation]) -> set[tuple[Scope, date]]:
        """The scopes and days that `append` refuses: not in the subtree at that time."""
        keys: dict[ScopeKind, set[tuple[int, int, date]]] = defaultdict(set)
        for new in observations:
            keys[new.scope.kind].add((new.scope.id, 0, new.as_of))
        return {(Scope(kind, key), day) for kind in keys for key, day in self._unplaced(kind, keys[kind])}

    def _unplaced(self, kind: ScopeKind, keys: Iterable[tuple[int, int, date]]) -> Iterator[tuple[int, date]]:
        """Scopes not in the subtree; a person must be there on some day of the value's month to date."""
        days: dict[int, set[date]] = defaultdict(set)
        for scope_id, _, as_of in keys:
            days[scope_id].add(as_of)
        stays: dict[int, list[tuple[date, date | None]]] = defaultdict(list)
        for ids in _batches(sorted(days)):
            if kind is ScopeKind.PERSON:
                query = (
                    select(RankHistory.person_id, RankHistory.valid_from, RankHistory.valid_to)
                    .join(Institution, Institution.id == RankHistory.institution_id)
                    .where(RankHistory.person_id.in_(ids), inside(self.within))
                )
                for person_id, first, end in self.session.execute(query):
                    stays[person_id].append((first, end))
            else:
                visible = ids_within(kind, self.within, date.max)
                for scope_id in self.session.scalars(visible.where(visible.selected_columns[0].in_(ids))):
                    stays[scope_id].append((date.min, None))
        for scope_id, scope_days in days.items():
            for day in scope_days:
                if not any(
                    first <= day and (end is None or end > month_start(day)) for first, end in stays[scope_id]
                ):
                    yield scope_id, day

    def _lock(self, indicator_ids: Iterable[int]) -> None:
        """Let batches of the same indicators take turns, so that two never claim the same revision."""
        ids = sorted(indicator_ids)
        query = select(Indicator.id).where(Indicator.id.in_(ids)).order_by(Indicator.id)
        self.session.execute(query.with_for_update(key_share=True))

    def _stored(
        self, kind: ScopeKind, keys: Mapping[tuple[int, int, date], Decimal]
    ) -> dict[tuple[int, int, date], tuple[int, Decimal]]:
        """Highest revision and its value, of the keys that have one."""
        if not keys:
            return {}
        column = getattr(Observation, f"{kind}_id")
        days = [day for _, _, day in keys]
        found: dict[tuple[int, int, date], tuple[int, Decimal]] = {}
        for ids in _batches(sorted({scope_id for scope_id, _, _ in keys})):
            query = select(
                column, Observation.indicator_id, Observation.as_of, Observation.revision, Observation.value
            ).where(
                column.in_(ids),
                Observation.indicator_id.in_({indicator for _, indicator, _ in keys}),
                Observation.as_of.between(min(days), max(days)),
            )
            for scope_id, indicator_id, as_of, revision, value in self.session.execute(query):
                key = (scope_id, indicator_id, as_of)
                if key in keys and revision > found.get(key, (0, value))[0]:
                    found[key] = (revision, value)
        return found

    # --- reading -----------------------------------------------------------------------------------------

    def latest(
        self, scopes: Iterable[Scope], codes: Iterable[str], day: date
    ) -> dict[tuple[Scope, str], Value]:
        """The values as of the day: the month's latest observation up to it. Scopes without one are absent.

        One query for all scopes and codes, beside that of the definitions.
        """
        found = self._values(scopes, codes, [(month_start(day), day)])
        return {(scope, code): value for (scope, code, _), value in found.items()}

    def monthly(
        self, scopes: Iterable[Scope], codes: Iterable[str], months: Sequence[date]
    ) -> dict[tuple[Scope, str, date], Value]:
        """The values of whole months, by their first days; people belong where they are at the last end."""
        return self._values(
            scopes, codes, [(month_start(month), month_end(month)) for month in sorted(months)]
        )

    def _values(
        self, scopes: Iterable[Scope], codes: Iterable[str], periods: Sequence[tuple[date, date]]
    ) -> dict[tuple[Scope, str, date], Value]:
        wanted = sorted(set(codes))
        versions = self.versions(wanted)
        valid = {
            (versions.on(code, end).id, period): (code, start)
            for period, (start, end) in enumerate(periods)
            for code in wanted
        }
        found: dict[tuple[Scope, str, date], Value] = {}
        for batch in _batches(sorted(set(scopes), key=lambda scope: (scope.kind, scope.id))):
            ids: dict[ScopeKind, list[int]] = defaultdict(list)
            for scope in batch:
                ids[scope.kind].append(scope.id)
            parts = [
                self._newest(kind, keys, {key for key, _ in valid}, periods) for kind, keys in ids.items()
            ]
            rows = union_all(*parts).subquery()
            for kind, scope_id, indicator_id, period, as_of, revision, value in self.session.execute(
                select(*list(rows.c)[:7]).where(rows.c.n == 1)
            ):
                if (indicator_id, period) in valid:
                    code, start = valid[indicator_id, period]
                    scope = Scope(ScopeKind(kind), scope_id)
                    found[scope, code, start] = Value(value, as_of, revision)
        return found

    def _newest(
        self,
        kind: ScopeKind,
        ids: Sequence[int],
        indicator_ids: Iterable[int],
        periods: Sequence[tuple[date, date]],
    ) -> Select[Any]:
        """Observations of the scopes in the periods, numbered from the newest in each."""
        column = getattr(Observation, f"{kind}_id")
        as_of = Observation.as_of
        period = case(*((as_of <= end, number) for number, (_, end) in enumerate(periods)))
        number = func.row_number().over(
            partition_by=(column, Observation.indicator_id, period),
            order_by=(as_of.desc(), Observation.revision.desc()),
        )
        query = select(
            literal(kind.value).label("kind"),
            column.label("scope_id"),
            Observation.indicator_id,
            period.label("period"),
            as_of,
            Observation.revision,
            Observation.value,
            number.label("n"),
        ).where(
            column.in_(ids),
            Observation.indicator_id.in_(indicator_ids),
            as_of.between(periods[0][0], periods[-1][1]),
            or_(*(and_(as_of >= start, as_of <= end) for start, end in periods)),
        )
        if self.within == EVERYWHERE:
            return query
        return query.where(column.in_(ids_within(kind, self.within, periods[-1][1])))


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
