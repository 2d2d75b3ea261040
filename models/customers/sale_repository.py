"""All SQL about sales. A sale belongs to where its agent stood on the day it was signed."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, not_, or_, select

from models.base import Repository, Scope, ScopeKind
from models.customers.placement import placed, scope_column, scopes
from models.customers.sales import CustomerPremium, Premium
from models.customers.tables import Customer, Sale
from qa_pipeline.errors import InputError


class SaleRepository(Repository):
    """Regular premium of the subtree, and withdrawals in the cooling-off period."""

    def premium(
        self, first: date, last: date, *, by: ScopeKind, as_of: date | None = None
    ) -> dict[Scope, Premium]:
        """Premium of the policies signed from the first to the last day, by scope (institutions with all
        above them). Withdrawals after ``as_of`` are not yet known; all are when it is not given."""
        counts = _counts(as_of)
        query = select(
            scope_column(by),
            func.sum(Sale.premium),
            func.sum(Sale.premium).filter(not_(counts)),
            func.count().filter(counts),
            func.sum(Sale.fyc).filter(counts),
        ).group_by(scope_column(by))
        totals: dict[Scope, Premium] = defaultdict(Premium)
        for key, signed, withdrawn, policies, fyc in self.session.execute(self._signed(query, first, last)):
            for scope in scopes(by, key, within=self.within):
                totals[scope] += Premium(signed, withdrawn or Decimal(0), policies, fyc or Decimal(0))
        return dict(totals)

    def customers_by_premium(
        self,
        first: date,
        last: date,
        *,
        agent_id: int | None = None,
        as_of: date | None = None,
        limit: int = 50,
    ) -> list[CustomerPremium]:
        """Who bought most in the period: customers by net regular premium, highest first."""
        total = func.sum(Sale.premium)
        query = (
            select(Customer.id, Customer.code, Customer.name, Customer.agent_id, total, func.count())
            .select_from(Sale)
            .join(Customer, Customer.id == Sale.customer_id)
            .where(_counts(as_of))
            .group_by(Customer.id, Customer.code, Customer.name, Customer.agent_id)
            .order_by(total.desc(), Customer.id)
            .limit(limit)
        )
        if agent_id is not None:
            query = query.where(Sale.agent_id == agent_id)
        return [CustomerPremium(*row) for row in self.session.execute(self._signed(query, first, last))]

    def buyers(self, first: date, last: date, *, as_of: date | None = None) -> int:
        """How many customers of the subtree bought something that counts in the period (成交客户数)."""
        query = select(func.count(func.distinct(Sale.customer_id))).where(_counts(as_of))
        return int(self.session.scalars(self._signed(query, first, last)).one())

    def withdraw(self, code: str, *, on: date) -> None:
        """Withdraw a policy in its cooling-off period (犹豫期撤单).

        Raises InputError when the policy is not in the subtree, is withdrawn already, its cooling-off period
        is not known, or the day is outside of it: a later surrender does not take the premium back.
        """
        query = placed(select(Sale), Sale.agent_id, on=Sale.signed_on, within=self.within)
        sale = self.session.scalars(query.where(Sale.code == code)).one_or_none()
        if sale is None:
            raise InputError(f"找不到保单 {code}，或保单不在您的机构范围内：请核对保单号。")
        if sale.withdrawn_on is not None:
            raise InputError(f"保单 {code} 已于 {sale.withdrawn_on:%Y-%m-%d} 撤单，不能再撤。")
        if sale.cooling_off_ends is None:
            raise InputError(f"保单 {code} 没有犹豫期截止日，无法判断是否犹豫期撤单：请先补录截止日。")
        if not sale.signed_on <= on <= sale.cooling_off_ends:
            raise InputError(
                f"保单 {code} 的犹豫期是 {sale.signed_on:%Y-%m-%d} 至 {sale.cooling_off_ends:%Y-%m-%d}，"
                f"{on:%Y-%m-%d} 不在其中，不是犹豫期撤单：请按退保处理。"
            )
        sale.withdrawn_on = on
        self.session.flush()

    def _signed(self, query: Select[Any], first: date, last: date) -> Select[Any]:
        placed_query = placed(query, Sale.agent_id, on=Sale.signed_on, within=self.within)
        return placed_query.where(Sale.signed_on.between(first, last))


def _counts(as_of: date | None) -> ColumnElement[bool]:
    """Whether a sale counts: not withdrawn, as far as known on the day."""
    if as_of is None:
        return Sale.withdrawn_on.is_(None)
    return or_(Sale.withdrawn_on.is_(None), Sale.withdrawn_on > as_of)
