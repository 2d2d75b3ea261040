"""All SQL about customers: their weekly snapshots, quadrants and inventory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, null, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from models.base import Repository, Scope, ScopeKind
from models.calendar.weeks import business_week
from models.customers.parameters import CustomerParameters
from models.customers.placement import placed, scope_column, scopes
from models.customers.quadrant import Matrix, Movement, Quadrant
from models.customers.tables import Customer, CustomerSnapshot, Interaction, InventoryEntry, InventoryLabel
from models.customers.temperature import HALF_LIVES, Contact, temperature
from models.upsert import BATCH, upsert
from qa_pipeline.errors import InputError

NOTHING_KNOWN: Final = (None, None)


@dataclass(frozen=True, slots=True)
class Assessment:
    """Value and potential (0-100) that somebody or another system gave a customer; None: not known."""

    value: Decimal | None
    potential: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SnapshotRun:
    """What a run wrote: ``missing`` counts the customers without temperature by the missing parameter."""

    customers: int
    without_value: int
    missing: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class InventoryCount:
    """How many customers inventories of a period covered; of several labels the latest counts."""

    customers: int
    regular: int
    warming: int

    @property
    def missing(self) -> int:
        return self.customers - self.regular - self.warming

    @property
    def coverage(self) -> Decimal | None:
        """Customers inventoried / customers; None without any."""
        return Decimal(self.regular + self.warming) / self.customers if self.customers else None


class CustomerRepository(Repository):
    """Customers belong to where their agent stood on the day asked about."""

    def snapshot_week(
        self,
        week_ends: date,
        *,
        parameters: CustomerParameters,
        assessed: Mapping[int, Assessment] | None = None,
    ) -> SnapshotRun:
        """Write the week's snapshot of every customer of the subtree, in a constant number of statements.

        The temperature is calculated as of the week's last day. Value and potential are the ``assessed`` ones
        by customer; who is not among them keeps what the latest snapshot says. A second run for the week
        replaces the first. Raises InputError for a day that ends no business week, and for a customer outside
        the subtree.
        """
        if business_week(week_ends).last != week_ends:
            raise InputError(f"{week_ends:%Y-%m-%d} 不是经营周的最后一天：请改用 7、14、21 日或月末日。")
        assessed = assessed or {}
        customers = self.session.scalars(self._customers(week_ends)).all()
        if strangers := sorted(set(assessed) - set(customers)):
            raise InputError(_not_found(strangers))
        contacts: dict[int, list[Contact]] = defaultdict(list)
        for customer, kind, day in self.session.execute(self._contacts(week_ends, parameters.half_life)):
            contacts[customer].append(Contact(kind, day))
        known = {row[0]: (row[1], row[2]) for row in self.session.execute(self._latest(week_ends))}
        rows: list[dict[str, Any]] = []
        missing: Counter[str] = Counter()
        for customer in customers:
            warmth = temperature(contacts[customer], on=week_ends, parameters=parameters)
            missing.update(warmth.missing)
            value, potential = known.get(customer, NOTHING_KNOWN)
            if customer in assessed:
                value, potential = assessed[customer].value, assessed[customer].potential
            rows.append(
                {
                    "customer_id": customer,
                    "week_ends": week_ends,
                    "value": value,
                    "temperature": warmth.value,
                    "potential": potential,
                }
            )
        upsert(self.session, CustomerSnapshot, rows)
        return SnapshotRun(len(rows), sum(row["value"] is None for row in rows), dict(missing))

    def quadrants(
        self, week_ends: date, *, by: ScopeKind, parameters: CustomerParameters
    ) -> dict[Scope, Matrix]:
        """How many customers are in each quadrant, by agent, office or institution (with all above it)."""
        query = (
            select(
                scope_column(by), _quadrant_case(CustomerSnapshot, parameters).label("place"), func.count()
            )
            .select_from(Customer)
            .outerjoin(CustomerSnapshot, in_week(CustomerSnapshot, week_ends))
            .group_by(scope_column(by), "place")
        )
        counts: dict[Scope, Counter[Quadrant | None]] = defaultdict(Counter)
        for key, place, count in self.session.execute(self._known(query, week_ends)):
            for scope in scopes(by, key, within=self.within):
                counts[scope][Quadrant(place) if place else None] += count
        return {scope: Matrix(dict(counter)) for scope, counter in counts.items()}

    def movement(
        self, before: date, after: date, *, by: ScopeKind, parameters: CustomerParameters
    ) -> dict[Scope, Movement]:
        """From which quadrant to which customers went between two weeks (by their last days), as `quadrants`.

        Whose customers count, and where, is decided on the later day.
        """
        old, new = aliased(CustomerSnapshot), aliased(CustomerSnapshot)
        query = (
            select(
                scope_column(by),
                _quadrant_case(old, parameters).label("was"),
                _quadrant_case(new, parameters).label("became"),
                func.count(),
            )
            .select_from(Customer)
            .outerjoin(old, in_week(old, before))
            .outerjoin(new, in_week(new, after))
            .group_by(scope_column(by), "was", "became")
        )
        counts: dict[Scope, Counter[tuple[Quadrant | None, Quadrant | None]]] = defaultdict(Counter)
        for key, was, became, count in self.session.execute(self._known(query, after)):
            move = (Quadrant(was) if was else None, Quadrant(became) if became else None)
            for scope in scopes(by, key, within=self.within):
                counts[scope][move] += count
        return {scope: Movement(dict(counter)) for scope, counter in counts.items()}

    def sample(self, week_ends: date, *, one_in: int) -> list[tuple[Decimal, Decimal]]:
        """(temperature, value), each 0-100, of about one in so many customers of the subtree, and every time
        of the same ones. Whose temperature or value is not known in the week is left out."""
        shot = CustomerSnapshot
        query = (
            select(shot.temperature, shot.value)
            .select_from(Customer)
            .outerjoin(shot, in_week(shot, week_ends))
            .where(_scattered(Customer.id) % one_in == 0)
        )
        return [
            (warmth, value)
            for warmth, value in self.session.execute(self._known(query, week_ends))
            if warmth is not None and value is not None
        ]

    def take_inventory(self, taken_on: date, labels: Mapping[int, InventoryLabel]) -> None:
        """Label customers 普客 or 升温客户; a later call on the day replaces the label. InputError: a
        customer is not in the subtree."""
        self.require(labels, on=taken_on)
        upsert(
            self.session,
            InventoryEntry,
            [
                {"customer_id": customer, "taken_on": taken_on, "label": label}
                for customer, label in labels.items()
            ],
        )

    def inventory(self, first: date, last: date, *, by: ScopeKind) -> dict[Scope, InventoryCount]:
        """What inventories covered from the first to the last day, by scope (R32)."""
        query = (
            select(scope_column(by), InventoryEntry.label, func.count())
            .select_from(Customer)
            .outerjoin(InventoryEntry, _latest_label(first, last))
            .group_by(scope_column(by), InventoryEntry.label)
        )
        counts: dict[Scope, Counter[InventoryLabel | None]] = defaultdict(Counter)
        for key, label, count in self.session.execute(self._known(query, last)):
            for scope in scopes(by, key, within=self.within):
                counts[scope][label] += count
        return {
            scope: InventoryCount(
                sum(counter.values()), counter[InventoryLabel.REGULAR], counter[InventoryLabel.WARMING]
            )
            for scope, counter in counts.items()
        }

    def record_contacts(self, contacts: Mapping[int, Collection[Contact]], *, on: date) -> None:
        """Record contacts by customer; one that is recorded already stays. InputError: a customer is not in
        the subtree on the day, or a contact lies after it."""
        self.require(contacts, on=on)
        if any(contact.happened_on > on for each in contacts.values() for contact in each):
            raise InputError(f"互动日期晚于记录日 {on:%Y-%m-%d}：请改正互动日期后再录入。")
        rows = [
            {"customer_id": customer, "happened_on": contact.happened_on, "kind": contact.kind}
            for customer, each in contacts.items()
            for contact in each
        ]
        upsert(self.session, Interaction, rows, key=("customer_id", "happened_on", "kind"))

    def require(self, customers: Collection[int], *, on: date) -> None:
        """Raise InputError unless all these customers are in the subtree on the day."""
        asked, strangers = sorted(set(customers)), set(customers)
        for start in range(0, len(asked), BATCH):
            batch = Customer.id.in_(asked[start : start + BATCH])
            strangers.difference_update(self.session.scalars(self._customers(on).where(batch)))
        if strangers:
            raise InputError(_not_found(sorted(strangers)))

    def _known(self, query: Select[Any], day: date) -> Select[Any]:
        """The query over `Customer`, kept to those of the subtree that were known by the day."""
        query = placed(query, Customer.agent_id, on=day, within=self.within)
        return query.where(Customer.known_since <= day)

    def _customers(self, day: date) -> Select[Any]:
        return self._known(select(Customer.id), day)

    def _contacts(self, day: date, half_life: Decimal) -> Select[Any]:
        oldest = day - timedelta(days=int(half_life * HALF_LIVES))
        query = select(Interaction.customer_id, Interaction.kind, Interaction.happened_on).join(
            Customer, Customer.id == Interaction.customer_id
        )
        return self._known(query, day).where(Interaction.happened_on.between(oldest, day))

    def _latest(self, day: date) -> Select[Any]:
        shot = CustomerSnapshot
        query = select(shot.customer_id, shot.value, shot.potential).join(
            Customer, Customer.id == shot.customer_id
        )
        return self._known(query, day).where(shot.week_ends == latest_week(day))


def latest_week(day: date) -> ColumnElement[date]:
    """The last day of the newest week, up to a day, of which the query's `Customer` has a snapshot."""
    other = aliased(CustomerSnapshot)
    return (
        select(func.max(other.week_ends))
        .where(other.customer_id == Customer.id, other.week_ends <= day)
        .correlate(Customer)
        .scalar_subquery()
    )


def in_week(shot: type[CustomerSnapshot], week_ends: date) -> ColumnElement[bool]:
    """The snapshot, of the week that ends on the day, of the query's `Customer`."""
    return and_(shot.customer_id == Customer.id, shot.week_ends == week_ends)


def _scattered(key: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[int]:
    """The key spread over 0..65535: keys follow the order of an import, in which every n-th row may be of one
    office alone (Knuth, The Art of Computer Programming, 6.4: multiplicative hashing)."""
    return key * 2654435761 % 2**32 // 2**16


def _latest_label(first: date, last: date) -> ColumnElement[bool]:
    other = aliased(InventoryEntry)
    newest = (
        select(func.max(other.taken_on))
        .where(other.customer_id == Customer.id, other.taken_on.between(first, last))
        .correlate(Customer)
        .scalar_subquery()
    )
    return and_(InventoryEntry.customer_id == Customer.id, InventoryEntry.taken_on == newest)


def _quadrant_case(shot: type[CustomerSnapshot], parameters: CustomerParameters) -> ColumnElement[Any]:
    """`quadrant` in SQL."""
    high = shot.value >= parameters.value_limit
    warm = shot.temperature >= parameters.temperature_limit
    return case(
        (shot.value.is_(None) | shot.temperature.is_(None), null()),
        (and_(high, warm), Quadrant.HH.value),
        (high, Quadrant.HL.value),
        (warm, Quadrant.LH.value),
        else_=Quadrant.LL.value,
    )


def _not_found(customers: Collection[int]) -> str:
    shown = "、".join(str(customer) for customer in list(customers)[:5])
    more = f" 等 {len(customers)} 位" if len(customers) > 5 else ""
    return f"找不到客户 {shown}{more}，或客户不在您的机构范围内：请核对客户后再提交。"
