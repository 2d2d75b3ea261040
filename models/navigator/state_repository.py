"""Reads what is known of customers on a day, for the navigator, in four queries however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, select

from models.activities.tables import ActivityEvent, Participation
from models.base import Repository, midnight
from models.customers.parameters import CustomerParameters
from models.customers.placement import placed
from models.customers.quadrant import quadrant
from models.customers.repository import latest_week
from models.customers.tables import Customer, CustomerSnapshot, Interaction, Sale
from models.customers.temperature import temperature_level
from models.navigator.conditions import CustomerState


class CustomerStateRepository(Repository):
    """States of the subtree's customers."""

    def states(
        self,
        on: date,
        *,
        parameters: CustomerParameters,
        snapshot_max_age_days: int,
        agent_id: int | None = None,
    ) -> list[CustomerState]:
        """The states on a day, of all customers of the subtree or of one agent's, by customer key.

        Value, temperature and potential are those of the latest week that ended by then; they are unknown
        when it is older than ``snapshot_max_age_days``.
        """
        oldest = on - timedelta(days=snapshot_max_age_days)
        shot = CustomerSnapshot
        query = (
            select(
                Customer.id,
                Customer.agent_id,
                Customer.known_since,
                Customer.do_not_contact,
                Customer.complaint_open,
                Customer.has_gap,
                Customer.renewal_on,
                shot.value,
                shot.temperature,
                shot.potential,
            )
            .outerjoin(
                shot,
                and_(
                    shot.customer_id == Customer.id,
                    shot.week_ends == latest_week(on),
                    shot.week_ends >= oldest,
                ),
            )
            .order_by(Customer.id)
        )
        sales = self._sales(on, agent_id)
        contacts = self._contacts(on, agent_id)
        events = self._events(on, agent_id)
        found = []
        for customer in self.session.execute(self._known(query, on, agent_id)):
            cooling_off, signed_on = sales.get(customer.id, (False, None))
            attended = events.get(customer.id)
            if attended is not None and signed_on is not None and signed_on >= attended:
                attended = None
            found.append(
                CustomerState(
                    customer_id=customer.id,
                    agent_id=customer.agent_id,
                    on=on,
                    last_contact_on=max(customer.known_since, contacts.get(customer.id, date.min)),
                    do_not_contact=customer.do_not_contact,
                    complaint_open=customer.complaint_open,
                    cooling_off=cooling_off,
                    value=customer.value,
                    temperature=customer.temperature,
                    level=temperature_level(customer.temperature, parameters=parameters),
                    potential=customer.potential,
                    quadrant=quadrant(customer.value, customer.temperature, parameters=parameters),
                    renewal_on=customer.renewal_on,
                    has_gap=customer.has_gap,
                    attended_unsigned_on=attended,
                )
            )
        return found

    def _sales(self, on: date, agent_id: int | None) -> Mapping[int, tuple[bool | None, date]]:
        """Customer -> whether a policy is in its cooling-off period (None: an end is not known), and when
        the latest policy was signed. Withdrawn policies do not count from the day they were withdrawn."""
        query = (
            select(
                Sale.customer_id,
                func.max(Sale.cooling_off_ends),
                func.count().filter(Sale.cooling_off_ends.is_(None)),
                func.max(Sale.signed_on),
            )
            .join(Customer, Customer.id == Sale.customer_id)
            .where(Sale.signed_on <= on, Sale.withdrawn_on.is_(None) | (Sale.withdrawn_on > on))
            .group_by(Sale.customer_id)
        )
        return {
            customer: (True if ends is not None and ends >= on else None if unknown else False, signed_on)
            for customer, ends, unknown, signed_on in self.session.execute(self._known(query, on, agent_id))
        }

    def _contacts(self, on: date, agent_id: int | None) -> dict[int, date]:
        query = (
            select(Interaction.customer_id, func.max(Interaction.happened_on))
            .join(Customer, Customer.id == Interaction.customer_id)
            .where(Interaction.happened_on <= on)
            .group_by(Interaction.customer_id)
        )
        return dict(self.session.execute(self._known(query, on, agent_id)).tuples().all())

    def _events(self, on: date, agent_id: int | None) -> dict[int, date]:
        """Customer -> day of the latest event that they attended without signing at it."""
        end = midnight(on + timedelta(days=1))
        query = (
            select(Participation.customer_id, func.max(ActivityEvent.starts_at))
            .join(Customer, Customer.id == Participation.customer_id)
            .join(ActivityEvent, ActivityEvent.id == Participation.event_id)
            .where(
                Participation.attended.is_(True),
                Participation.sale_id.is_(None),
                ActivityEvent.cancelled.is_(False),
                ActivityEvent.starts_at < end,
            )
            .group_by(Participation.customer_id)
        )
        return {
            customer: moment.date()
            for customer, moment in self.session.execute(self._known(query, on, agent_id))
        }

    def _known(self, query: Select[Any], on: date, agent_id: int | None) -> Select[Any]:
        """The query over `Customer`, kept to the subtree (and agent) and to those known by the day."""
        query = placed(query, Customer.agent_id, on=on, within=self.within).where(Customer.known_since <= on)
        return query if agent_id is None else query.where(Customer.agent_id == agent_id)
