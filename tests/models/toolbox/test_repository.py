"""Computing the toolbox from the data, setting values by hand, and who sees what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.activities.tables import ActivityEvent, Participation, Platform
from models.customers.tables import Customer, CustomerSnapshot, Sale
from models.indicators.parameter_repository import ParameterRepository
from models.organisation.tables import RankHistory
from models.toolbox.repository import ToolboxRepository
from models.toolbox.tables import ToolboxTable, ToolboxValue
from qa_pipeline.errors import InputError
from tests.models.company import Company
from tests.models.counting import counting_queries

D = Decimal
JUNE = date(2026, 6, 1)
JULY = date(2026, 7, 1)
TIER = ToolboxTable.TIER_PRODUCTIVITY
CUSTOMER = ToolboxTable.PREMIUM_PER_CUSTOMER
PLATFORM = ToolboxTable.PLATFORM_CONVERSION


@pytest.fixture
def company(session: Session) -> Company:
    return Company(session)


def customer(company: Company, code: str, agent: str) -> Customer:
    row = Customer(
        code=code,
        name=code,
        agent_id=company.people[agent].id,
        source="warm",
        known_since=date(2025, 1, 1),
        do_not_contact=False,
        complaint_open=False,
    )
    company.session.add(row)
    company.session.flush()
    return row


def sell(company: Company, buyer: Customer, premium: int, day: date, withdrawn: date | None = None) -> Sale:
    count = company.session.scalar(select(func.count(Sale.id)))
    row = Sale(
        code=f"S{count}",
        customer_id=buyer.id,
        agent_id=buyer.agent_id,
        signed_on=day,
        premium=D(premium),
        fyc=D(premium) / 4,
        withdrawn_on=withdrawn,
    )
    company.session.add(row)
    company.session.flush()
    return row


def snapshot(company: Company, of: Customer, week_ends: date, value: int, temperature: int) -> None:
    company.session.add(
        CustomerSnapshot(customer_id=of.id, week_ends=week_ends, value=D(value), temperature=D(temperature))
    )
    company.session.flush()


def computed(
    company: Company, institution: str, first: date = JUNE
) -> dict[tuple[str, str], tuple[object, int]]:
    rows = ToolboxRepository(company.session).compute(
        company.institutions[institution].id, first=first, last=JUNE
    )
    return {(row.table_name.value, row.key): (row.value, row.sample_size or 0) for row in rows}


def test_the_productivity_of_a_tier_counts_the_rank_at_signing_and_no_withdrawal(company: Company) -> None:
    buyer = customer(company, "K1", "A1a")
    sell(company, buyer, 4000, date(2026, 6, 10))
    sell(company, buyer, 9000, date(2026, 6, 11), withdrawn=date(2026, 6, 20))
    sell(company, buyer, 7000, date(2026, 5, 31))
    sell(company, customer(company, "K2", "A1S"), 6000, date(2026, 6, 30))
    sell(company, customer(company, "K3", "B1a"), 5000, date(2026, 6, 30))
    assert {key: value for key, value in computed(company, "A").items() if key[0] == TIER} == {
        (TIER, "agent"): (1000, 4),
        (TIER, "supervisor"): (3000, 2),
        (TIER, "all"): (D("1666.6667"), 6),
    }
    assert computed(company, "sub")[TIER, "agent"] == (1500, 6)
    assert computed(company, "A", first=date(2026, 5, 1))[TIER, "agent"] == (D(11000) / 8, 4)


def test_a_sale_before_the_promotion_belongs_to_the_lower_rank(company: Company) -> None:
    sell(company, customer(company, "K1", "A1a"), 4000, date(2026, 6, 10))
    row = company.session.scalars(
        select(RankHistory).where(RankHistory.person_id == company.people["A1a"].id)
    ).one()
    row.valid_to = date(2026, 6, 20)
    company.session.add(
        RankHistory(
            person_id=row.person_id,
            rank_id=company.supervisor.id,
            institution_id=row.institution_id,
            office_id=row.office_id,
            valid_from=date(2026, 6, 20),
        )
    )
    company.session.flush()
    found = computed(company, "A")
    assert found[TIER, "agent"] == (D("1142.8571"), 3), "4000 / mean of 4 and 3"
    assert found[TIER, "supervisor"] == (0, 2)


def test_premium_per_customer_takes_the_quadrant_known_when_signing(company: Company) -> None:
    first, second, third = (customer(company, code, "A1a") for code in ("K1", "K2", "K3"))
    snapshot(company, first, date(2026, 6, 7), 80, 80)
    snapshot(company, first, date(2026, 6, 21), 20, 20)
    snapshot(company, second, date(2026, 6, 7), 80, 10)
    sell(company, first, 4000, date(2026, 6, 20))
    sell(company, second, 2000, date(2026, 6, 20))
    sell(company, third, 600, date(2026, 6, 20))
    found = computed(company, "A")
    assert {key: value for (table, key), value in found.items() if table == CUSTOMER} == {
        "all": (2200, 3),
        "HH": (4000, 1),
        "HL": (2000, 1),
        "LH": (None, 0),
        "LL": (None, 0),
    }


def test_platform_conversion_leaves_out_cancelled_events_and_withdrawn_sales(company: Company) -> None:
    def event(code: str, platform: Platform, cancelled: bool = False) -> ActivityEvent:
        row = ActivityEvent(
            code=code,
            institution_id=company.institutions["A"].id,
            platform=platform,
            month=JUNE,
            cancelled=cancelled,
        )
        company.session.add(row)
        company.session.flush()
        return row

    guests = [customer(company, f"K{number}", "A1a") for number in range(4)]
    signed = sell(company, guests[0], 1000, date(2026, 6, 12))
    withdrawn = sell(company, guests[1], 1000, date(2026, 6, 12), withdrawn=date(2026, 6, 15))
    warmup = event("E1", Platform.WARMUP)
    cancelled = event("E2", Platform.WARMUP, cancelled=True)
    for held, guest, attended, sale in (
        (warmup, guests[0], True, signed),
        (warmup, guests[1], True, withdrawn),
        (warmup, guests[2], True, None),
        (warmup, guests[3], False, None),
        (cancelled, guests[3], True, None),
    ):
        company.session.add(
            Participation(
                event_id=held.id,
                customer_id=guest.id,
                attended=attended,
                sale_id=sale.id if sale else None,
            )
        )
    company.session.flush()
    found = computed(company, "A")
    assert found[PLATFORM, "warmup"] == (D("0.3333"), 3)
    assert found[PLATFORM, "high_value"] == (None, 0)
    assert computed(company, "B")[PLATFORM, "all"] == (None, 0)


def test_computing_again_replaces_only_the_same_period_end(company: Company) -> None:
    repository = ToolboxRepository(company.session)
    a = company.institutions["A"].id
    buyer = customer(company, "K1", "A1a")
    sell(company, buyer, 1000, date(2026, 6, 3))
    repository.compute(a, first=JUNE, last=JUNE)
    sell(company, buyer, 500, date(2026, 6, 4))
    repository.compute(a, first=JUNE, last=JUNE)
    repository.compute(a, first=JUNE, last=JULY)
    rows = [row for row in repository.history(a) if (row.table_name, row.key) == (CUSTOMER, "all")]
    assert [(row.valid_from, row.value, row.period_from, row.period_to) for row in rows] == [
        (date(2026, 8, 1), 1500, JUNE, date(2026, 8, 1)),
        (JULY, 1500, JUNE, JULY),
    ]
    with pytest.raises(InputError, match="早于首月"):
        repository.compute(a, first=JULY, last=JUNE)


def test_a_small_sample_falls_back_to_the_institution_above_and_says_so(company: Company) -> None:
    for number, agent in enumerate(("A1a", "A1b", "B1a", "B1b", "B1S")):
        sell(company, customer(company, f"K{number}", agent), 1000 * (number + 1), date(2026, 6, 3))
    repository = ToolboxRepository(company.session)
    for code in ("A", "sub"):
        repository.compute(company.institutions[code].id, first=JUNE, last=JUNE)
    narrow = ToolboxRepository(company.session, within=company.within("A"))
    a = company.institutions["A"].id
    answer = narrow.on(a, JULY).find(CUSTOMER, "all")
    assert (answer.value, answer.sample, answer.institution_id) == (3000, 5, company.institutions["sub"].id)
    assert answer.sentence.startswith("机构A样本 2 不足 5，采用机构sub的计算值（样本 5")
    ParameterRepository(company.session).put("toolbox_min_sample", D(2), valid_from=JUNE)
    assert narrow.on(a, JULY).find(CUSTOMER, "all").value == 1500
    assert narrow.on(a, JUNE).find(CUSTOMER, "all").value is None, "not yet valid"


def test_a_value_set_by_hand_wins_until_it_is_ended_and_stays_in_the_history(company: Company) -> None:
    repository = ToolboxRepository(company.session)
    a = company.institutions["A"].id
    repository.override(a, TIER, "agent", D(2000), valid_from=JUNE, note="按分公司口径")
    repository.override(a, TIER, "agent", D(2500), valid_from=JULY)
    assert repository.on(a, date(2026, 6, 30)).find(TIER, "agent").value == 2000
    assert repository.on(a, JULY).find(TIER, "agent").value == 2500
    repository.end_override(a, TIER, "agent", on=date(2026, 8, 1))
    assert repository.on(a, date(2026, 7, 31)).find(TIER, "agent").is_override
    assert repository.on(a, date(2026, 8, 1)).find(TIER, "agent").value is None
    assert [(row.value, row.valid_from, row.valid_to) for row in repository.history(a)] == [
        (2500, JULY, date(2026, 8, 1)),
        (2000, JUNE, JULY),
    ]
    with pytest.raises(InputError, match="没有手工设定"):
        repository.end_override(a, TIER, "agent", on=date(2026, 8, 1))


def test_a_value_set_by_hand_before_a_later_one_ends_where_that_starts(company: Company) -> None:
    repository = ToolboxRepository(company.session)
    a = company.institutions["A"].id
    repository.override(a, PLATFORM, "warmup", D("0.3"), valid_from=JULY)
    repository.override(a, PLATFORM, "warmup", D("0.2"), valid_from=JUNE)
    repository.override(a, PLATFORM, "warmup", D("0.25"), valid_from=JUNE)
    assert [(row.value, row.valid_to) for row in repository.history(a)] == [
        (D("0.3"), None),
        (D("0.25"), JULY),
    ]
    with pytest.raises(InputError, match="当天才生效"):
        repository.end_override(a, PLATFORM, "warmup", on=JULY)


@pytest.mark.parametrize(
    ("table", "key", "value", "sentence"),
    [
        (TIER, "no_rank", 1, "请改用 all、agent、supervisor 之一"),
        (CUSTOMER, "hh", 1, "请改用 all、HH、HL、LH、LL 之一"),
        (PLATFORM, "party", 1, "warmup、high_value、high_potential"),
        (TIER, "agent", -1, "不能为负"),
    ],
)
def test_a_wrong_value_by_hand_is_refused(
    company: Company, table: ToolboxTable, key: str, value: int, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        ToolboxRepository(company.session).override(
            company.institutions["A"].id, table, key, D(value), valid_from=JUNE
        )


def test_nothing_outside_the_subtree_is_seen_or_changed(company: Company) -> None:
    narrow = ToolboxRepository(company.session, within=company.within("A"))
    for code in ("B", "sub"):
        other = company.institutions[code].id
        for attempt in (
            lambda: narrow.compute(other, first=JUNE, last=JUNE),  # noqa: B023 (called in the same turn)
            lambda: narrow.override(other, TIER, "all", D(1), valid_from=JUNE),  # noqa: B023
            lambda: narrow.end_override(other, TIER, "all", on=JULY),  # noqa: B023
            lambda: narrow.history(other),  # noqa: B023
            lambda: narrow.on(other, JUNE),  # noqa: B023
        ):
            with pytest.raises(InputError, match="您管辖"):
                attempt()
    assert company.session.scalar(select(func.count(ToolboxValue.id))) == 0


def test_computing_and_looking_up_take_a_fixed_number_of_queries(company: Company) -> None:
    for number in range(30):
        sell(company, customer(company, f"K{number}", "A1a"), 1000, date(2026, 6, 3))
    repository = ToolboxRepository(company.session)
    counts = []
    for code in ("A", "head"):
        with counting_queries(company.session) as statements:
            repository.compute(company.institutions[code].id, first=JUNE, last=JUNE)
        counts.append(len(statements))
    assert counts[0] == counts[1]
    with counting_queries(company.session) as statements:
        repository.on(company.institutions["A"].id, JULY)
    assert len(statements) == 4, "institution, names, values, parameters"
