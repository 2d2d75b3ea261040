"""What regular premium a period brought, and how much of it each customer did."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Premium:
    """Regular premium in yuan of the policies signed in a period, withdrawn ones apart."""

    signed: Decimal = Decimal(0)
    withdrawn: Decimal = Decimal(0)
    policies: int = 0
    """Policies that count: not withdrawn."""
    fyc: Decimal = Decimal(0)
    """First-year commission of the policies that count."""

    @property
    def net(self) -> Decimal:
        """期缴保费 = Σ signed − Σ withdrawn in the cooling-off period (dossier section 1)."""
        return self.signed - self.withdrawn

    def __add__(self, other: Premium) -> Premium:
        return Premium(
            self.signed + other.signed,
            self.withdrawn + other.withdrawn,
            self.policies + other.policies,
            self.fyc + other.fyc,
        )


@dataclass(frozen=True, slots=True)
class CustomerPremium:
    """One customer's net regular premium of a period."""

    customer_id: int
    code: str
    name: str
    agent_id: int
    premium: Decimal
    policies: int


def premium_per_customer(premium: Decimal, customers: int) -> Decimal | None:
    """客均保费贡献: regular premium / customers who bought, in yuan (dossier section 1); None without any."""
    return premium / customers if customers else None
