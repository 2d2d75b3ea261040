"""People for the institutions of the test service: ranks, supervisors, a manager, a salesman."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import Engine

from models.database import transaction
from models.organisation.appointments import AppointmentRepository
from models.organisation.people import PeopleRepository
from models.organisation.tables import PersonKind, Rank

JOINED: Final = date(2024, 1, 1)


def staff(engine: Engine) -> None:
    """350102 has the manager G1, supervisors S1 and S2 and the salesman A1; 350103 has the supervisor T1."""
    with transaction(engine) as session:
        session.add_all(
            Rank(code=code, name=code, rank_order=order, is_supervisor=order >= 5)
            for order, code in enumerate(("STAFF", "SALES", "", "", "", "CHIEF"))
            if code
        )
        session.flush()
        people = PeopleRepository(session)
        for code, rank, institution in (
            ("G1", "STAFF", "350102"),
            ("S1", "CHIEF", "350102"),
            ("S2", "CHIEF", "350102"),
            ("A1", "SALES", "350102"),
            ("T1", "CHIEF", "350103"),
        ):
            people.join(
                code,
                name=f"人{code}",
                kind=PersonKind.STAFF if rank == "STAFF" else PersonKind.AGENT,
                joined_on=JOINED,
                rank=rank,
                institution=institution,
            )
        AppointmentRepository(session).manage("350102", person="G1", on=JOINED)
