"""Next best actions: what is open, why and until when, and closing it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from api.accounts.tables import Role
from api.organisation.service import today
from models.customers.tables import Customer, CustomerSource
from models.database import transaction
from models.navigator.tables import Recommendation, RecommendationState
from models.organisation.tables import Person
from tests.api.console.conftest import PageAs, Service, assert_sound


@pytest.fixture(scope="module", autouse=True)
def advised(service: Service) -> None:
    """T1 of 350103 has three customers with an open recommendation: overdue, limited to service, neither."""
    with transaction(service.engine) as session:
        agent = session.scalars(select(Person.id).where(Person.code == "T1")).one()
        for code, days, limit, rule in (
            ("N1", -1, None, "care_call"),
            ("N2", 1, "仅限服务联系。", "service_visit"),
            ("N3", 2, None, "add_on_interview"),
        ):
            customer = Customer(
                code=code,
                name="周导航",
                agent_id=agent,
                source=CustomerSource.OTHER,
                known_since=date(2025, 1, 1),
            )
            session.add(customer)
            session.flush()
            session.add(
                Recommendation(
                    customer_id=customer.id,
                    agent_id=agent,
                    rule=rule,
                    action=f"行动{code}",
                    reason=f"依据{code}",
                    contact_limit=limit,
                    made_on=today() - timedelta(days=3),
                    due_on=today() + timedelta(days=days),
                    state=RecommendationState.OPEN,
                )
            )


def test_the_list_tells_action_reason_limit_and_term(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/navigator?below=350103&agent=T1")

    rows = page.get_by_role("table", name="下一步行动").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("依据N1")
    expect(rows.nth(1)).to_contain_text("逾期")
    expect(rows.nth(2)).to_contain_text("仅限服务联系")
    expect(rows.nth(2)).to_contain_text("周**")
    assert "周导航" not in page.content()
    assert_sound(page)


def test_a_manager_sees_how_much_there_is_by_action_and_by_person_and_goes_on_from_there(
    page_as: PageAs,
) -> None:
    page = page_as(Role.HEAD_OFFICE, "/navigator?below=350103", width=390)
    actions = page.get_by_role("navigation", name="行动")
    expect(actions.get_by_role("link", name="全部行动")).to_contain_text("逾期 1")
    people = page.get_by_role("table", name="各服务人员的待办")
    expect(people.get_by_role("row", name="人T1")).to_contain_text("3")
    assert_sound(page)
    actions.get_by_role("link", name="加保面谈").click()
    rows = page.get_by_role("table", name="下一步行动").get_by_role("row")
    expect(rows.filter(has_text="行动")).to_have_count(1)
    expect(rows.filter(has_text="依据N3")).to_be_visible()
    page.get_by_role("link", name="人T1").click()
    expect(page.get_by_role("table", name="各服务人员的待办")).to_have_count(0)
    expect(page.get_by_role("link", name="加保面谈")).to_have_attribute("aria-current", "page")


def test_who_only_reads_cannot_close(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/navigator?below=350103", width=390, dark=True)

    expect(page.get_by_role("table", name="下一步行动")).to_contain_text("行动N2")
    expect(page.get_by_role("button", name="已完成")).to_have_count(0)
    expect(page.get_by_role("button", name="生成今日建议")).to_have_count(0)


def test_what_is_done_and_what_is_not_adopted_leaves_the_list(page_as: PageAs, service: Service) -> None:
    page = page_as(Role.HEAD_OFFICE, "/navigator?below=350103")
    page.get_by_role("button", name="已完成 N2").click()
    expect(page.get_by_role("row", name="N2")).to_have_count(0)
    page.wait_for_function("window.did_handshake")
    page.get_by_role("button", name="不采纳 N3").click()
    expect(page.get_by_role("row", name="N3")).to_have_count(0)

    with transaction(service.engine) as session:
        states = dict(
            session.execute(
                select(Customer.code, Recommendation.state)
                .join(Customer, Customer.id == Recommendation.customer_id)
                .where(Customer.code.in_(["N1", "N2", "N3"]))
            )
            .tuples()
            .all()
        )
    assert states == {
        "N1": RecommendationState.OPEN,
        "N2": RecommendationState.DONE,
        "N3": RecommendationState.DISMISSED,
    }


def test_what_lies_outside_is_refused_and_an_empty_list_says_so(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/navigator")
    expect(page.get_by_text("没有待办的建议：点“生成今日建议”，按今天的数据生成。")).to_be_visible()

    page = page_as(Role.MANAGER, "/navigator?agent=T1")
    expect(page.get_by_role("alert")).to_contain_text("T1")
