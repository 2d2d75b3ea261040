"""Who leads a sales office, manages an institution, stands in for its manager, or is marked as 重点主管."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from sqlalchemy import select

from models.base import Repository
from models.organisation.conditions import close_before, holds_on, in_service, inside
from models.organisation.people import PeopleRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import (
    FocusSupervisor,
    Institution,
    InstitutionManager,
    ManagerRole,
    OfficeLead,
    Person,
    Rank,
    RankHistory,
)
from qa_pipeline.errors import InputError

Row = TypeVar("Row", OfficeLead, InstitutionManager, FocusSupervisor)


class AppointmentRepository(Repository):
    """Appointments follow one another without overlap: a new one ends the one before it."""

    def lead(self, office: str, *, person: str, on: date) -> OfficeLead:
        """The supervisor who leads the office from the day on: exactly one at a time (dossier section 3)."""
        team = self._tree.office(office)
        leader = self._serving(person, on)
        stands = self.session.execute(
            select(RankHistory.office_id, Rank.is_supervisor)
            .join(Rank, Rank.id == RankHistory.rank_id)
            .where(RankHistory.person_id == leader.id, holds_on(RankHistory, on))
        ).one_or_none()
        if stands is None or stands.office_id != team.id or not stands.is_supervisor:
            raise InputError(
                f"{leader.name}（{person}）在 {on} 不是营业室 {office} 的主管：请先调整职级或营业室。"
            )
        latest = self.session.scalars(
            select(OfficeLead)
            .where(OfficeLead.office_id == team.id)
            .order_by(OfficeLead.valid_from.desc())
            .limit(1)
        ).one_or_none()
        close_before(latest, on, what=f"营业室 {office} 负责人变更")
        return self._opened(OfficeLead(office_id=team.id, person_id=leader.id, valid_from=on))

    def manage(self, institution: str, *, person: str, on: date) -> InstitutionManager:
        """The administrative manager from the day on; the one before steps down (R8)."""
        home, manager = self._tree.get(institution), self._serving(person, on)
        latest = self._latest_term(home.id, ManagerRole.ADMIN_MANAGER)
        close_before(latest, on, what=f"机构 {institution} 行政经理变更")
        return self._opened(
            InstitutionManager(
                institution_id=home.id,
                person_id=manager.id,
                role=ManagerRole.ADMIN_MANAGER,
                valid_from=on,
            )
        )

    def deputise(
        self, institution: str, *, person: str, on: date, until: date | None = None
    ) -> InstitutionManager:
        """Someone with written authority to host in the manager's place, up to but not on ``until`` (R8)."""
        home, deputy = self._tree.get(institution), self._serving(person, on)
        if until is not None and until <= on:
            raise InputError(f"授权终止日 {until} 不晚于生效日 {on}：请填写更晚的日期。")
        latest = self._latest_term(home.id, ManagerRole.DEPUTY, person_id=deputy.id)
        close_before(latest, on, what=f"{deputy.name}（{person}）在机构 {institution} 的授权")
        return self._opened(
            InstitutionManager(
                institution_id=home.id,
                person_id=deputy.id,
                role=ManagerRole.DEPUTY,
                valid_from=on,
                valid_to=until,
            )
        )

    def focus(self, person: str, *, reason: str, on: date, until: date | None = None) -> FocusSupervisor:
        """Mark a supervisor as 重点主管 by hand from the day on, up to but not on ``until``.

        A mark without an end is replaced (dossier, defaults). Raises InputError for whoever is no supervisor
        on the day.
        """
        marked = self._serving(person, on)
        if until is not None and until <= on:
            raise InputError(f"标记终止日 {until} 不晚于生效日 {on}：请填写更晚的日期。")
        stands = (
            select(Rank.is_supervisor)
            .join(RankHistory, RankHistory.rank_id == Rank.id)
            .where(RankHistory.person_id == marked.id, holds_on(RankHistory, on))
        )
        if not self.session.scalar(stands):
            raise InputError(
                f"{marked.name}（{person}）在 {on} 不是主管，不能标为重点主管：请核对工号和日期。"
            )
        close_before(self._latest_mark(marked.id), on, what=f"{marked.name}（{person}）重点主管标记")
        return self._opened(
            FocusSupervisor(person_id=marked.id, reason=reason, valid_from=on, valid_to=until)
        )

    def unfocus(self, person: str, *, on: date) -> None:
        """Take the newest mark off from the day on; one that begins on that day falls away."""
        marked = self._people.get(person)
        latest, who = self._latest_mark(marked.id), f"{marked.name}（{person}）"
        if latest is None or (latest.valid_to is not None and latest.valid_to <= on):
            raise InputError(f"{who}在 {on} 没有重点主管标记，无须取消。")
        if on < latest.valid_from:
            raise InputError(f"{who}的重点主管标记从 {latest.valid_from} 开始：取消日不能更早。")
        if on == latest.valid_from:
            self.session.delete(latest)
        else:
            latest.valid_to = on
        self.session.flush()

    def focused(self, *, on: date) -> dict[int, FocusSupervisor]:
        """Marks by hand of the day, by the key of the supervisor, who is in service."""
        query = (
            select(FocusSupervisor)
            .join(Person, Person.id == FocusSupervisor.person_id)
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(holds_on(FocusSupervisor, on), holds_on(RankHistory, on), in_service(on))
            .where(inside(self.within))
        )
        return {row.person_id: row for row in self.session.scalars(query)}

    # ------------------------------------------------------------ inner steps

    @property
    def _tree(self) -> InstitutionRepository:
        return InstitutionRepository(self.session, within=self.within)

    @property
    def _people(self) -> PeopleRepository:
        return PeopleRepository(self.session, within=self.within)

    def _serving(self, code: str, on: date) -> Person:
        person = self._people.get(code)
        if on < person.joined_on or (person.left_on is not None and on >= person.left_on):
            raise InputError(f"{person.name}（{code}）在 {on} 不在职：请核对工号和日期。")
        return person

    def _latest_term(
        self, institution_id: int, role: ManagerRole, *, person_id: int | None = None
    ) -> InstitutionManager | None:
        query = select(InstitutionManager).where(
            InstitutionManager.institution_id == institution_id, InstitutionManager.role == role
        )
        if person_id is not None:
            query = query.where(InstitutionManager.person_id == person_id)
        return self.session.scalars(
            query.order_by(InstitutionManager.valid_from.desc()).limit(1)
        ).one_or_none()

    def _latest_mark(self, person_id: int) -> FocusSupervisor | None:
        query = select(FocusSupervisor).where(FocusSupervisor.person_id == person_id)
        return self.session.scalars(query.order_by(FocusSupervisor.valid_from.desc()).limit(1)).one_or_none()

    def _opened(self, row: Row) -> Row:
        self.session.flush()  # the row before is closed first
        self.session.add(row)
        self.session.flush()
        return row
