"""Customers' names in what people wrote or said, covered for whoever need not know them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

from sqlalchemy import func, select

from models.base import Repository
from models.customers.placement import placed
from models.customers.tables import Customer
from models.organisation.conditions import inside
from models.organisation.tables import Institution, Person, RankHistory
from qa_pipeline.personal import mask_personal

Masking = Callable[[str], str]


class CustomerNameRepository(Repository):
    """Names of the subtree's customers. Somebody of the company who bears the same name is no customer."""

    def names(self, *, on: date | None = None) -> frozenset[str]:
        """Of those whose agents stood in the subtree on the day; None: on any day."""
        query = select(Customer.name).distinct().where(func.length(Customer.name) > 1)
        if on is not None:
            query = placed(query, Customer.agent_id, on=on, within=self.within)
        else:
            homes = select(Institution.id).where(inside(self.within))
            ever = select(RankHistory.person_id).where(RankHistory.institution_id.in_(homes))
            query = query.where(Customer.agent_id.in_(ever))
        return frozenset(self.session.scalars(query.where(Customer.name.not_in(select(Person.name)))))


def masking(names: Collection[str]) -> Masking:
    """Stars out personal numbers, and all but the first character of the names."""
    beginnings = {name[0] for name in names}
    lengths = sorted({len(name) for name in names}, reverse=True)

    def mask(text: str) -> str:
        shown, place = "", 0
        while place < len(text):
            name = text[place]
            if name in beginnings:
                name = next((n for k in lengths if (n := text[place : place + k]) in names), name)
            shown += name[0] + "*" * (len(name) - 1)
            place += len(name)
        return mask_personal(shown)

    return mask
