"""Staff: who manages an institution and who may stand in (R8); and invented names and numbers."""

from __future__ import annotations

from datetime import date

import numpy as np

from models.demo_org.extent import Timeline
from models.demo_org.tree import Place, Tree
from models.demo_org.words import GIVEN, SURNAMES
from models.demo_org.writer import Writer
from models.organisation.tables import InstitutionManager, ManagerRole, Person, PersonKind, RankHistory


def write_upper_staff(writer: Writer, tree: Tree, *, seed: int) -> None:
    """A manager for each institution above level 4."""
    rng = np.random.default_rng([seed, 0, 1])
    for place in tree.places:
        if place.level < 4:
            key = _write_person(writer, rng, tree, place, place.founded, 1)
            _write_manager(writer, place, key, ManagerRole.ADMIN_MANAGER, place.founded)


def write_staff(
    writer: Writer, rng: np.random.Generator, tree: Tree, place: Place, timeline: Timeline
) -> tuple[tuple[tuple[date, int], ...], int | None]:
    """The administrative manager, maybe a successor, maybe a deputy."""
    role = ManagerRole.ADMIN_MANAGER
    first = _write_person(writer, rng, tree, place, place.founded, 1)
    managers = [(place.founded, first)]
    handover = timeline.months[int(rng.integers(0, timeline.count))].first
    if rng.random() < 0.1 and handover > max(place.founded, timeline.start):
        _write_manager(writer, place, first, role, place.founded, handover)
        second = _write_person(writer, rng, tree, place, handover, 2)
        _write_manager(writer, place, second, role, handover)
        managers.append((handover, second))
    else:
        _write_manager(writer, place, first, role, place.founded)
    deputy = None
    if rng.random() < 0.6:
        deputy = _write_person(writer, rng, tree, place, place.founded, 3)
        _write_manager(writer, place, deputy, ManagerRole.DEPUTY, place.founded)
    return tuple(managers), deputy


def _write_person(
    writer: Writer, rng: np.random.Generator, tree: Tree, place: Place, joined: date, number: int
) -> int:
    key = writer.row(
        Person,
        code=f"{place.code}{number:04}",
        name=invented_names(rng, 1)[0],
        kind=PersonKind.STAFF,
        joined_on=joined,
        phone=phones(rng, 1)[0],
    )
    writer.row(
        RankHistory, person_id=key, rank_id=tree.staff_rank, institution_id=place.id, valid_from=joined
    )
    return key


def _write_manager(
    writer: Writer, place: Place, person: int, role: ManagerRole, first: date, to: date | None = None
) -> None:
    writer.row(
        InstitutionManager,
        institution_id=place.id,
        person_id=person,
        role=role,
        valid_from=first,
        valid_to=to,
    )


def invented_names(rng: np.random.Generator, count: int) -> list[str]:
    surnames = rng.integers(0, len(SURNAMES), count).tolist()
    given = rng.integers(0, len(GIVEN), count).tolist()
    return [SURNAMES[first] + GIVEN[second] for first, second in zip(surnames, given, strict=True)]


def phones(rng: np.random.Generator, count: int) -> list[str]:
    """Eleven digits that begin with 100, as no mobile number does."""
    return [f"100{number:08}" for number in rng.integers(0, 10**8, count).tolist()]
