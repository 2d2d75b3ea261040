"""People: joining, promotion, transfer, leaving, and who recruited whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import CTE, ColumnElement, String, and_, cast, delete, literal, select, update

from models.base import Repository
from models.organisation.conditions import close_before, holds_on, in_service, inside, newest
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import (
    FocusSupervisor,
    Institution,
    InstitutionManager,
    OfficeLead,
    Person,
    PersonKind,
    Rank,
    RankHistory,
    SalesOffice,
)
from qa_pipeline.errors import InputError


@dataclass(frozen=True, slots=True)
class Link:
    """Someone below a person in the line of recruitment; ``distance`` 1: whom they recruited themselves."""

    distance: int
    person_id: int
    code: str
    name: str
    upline_id: int | None


class PeopleRepository(Repository):
    """A person belongs to the institution of the newest row of their rank history."""

    # ------------------------------------------------------------ reading

    def get(self, code: str) -> Person:
        """Raises InputError when there is none, or none that the reader may see."""
        return self._found(code)[0]

    def career(self, code: str) -> tuple[RankHistory, ...]:
        """The person's rank history, oldest first."""
        person = self.get(code)
        query = select(RankHistory).where(RankHistory.person_id == person.id)
        return tuple(self.session.scalars(query.order_by(RankHistory.valid_from)))

    def downline(self, code: str, *, on: date) -> tuple[Link, ...]:
        """Everyone below the person in the line of recruitment, nearest first, then by number.

        Whoever was not in service in the reader's subtree on the day is left out; the line goes on.
        Raises InputError for a person whom the reader does not see.
        """
        line = self._below(self.get(code).id)
        query = (
            select(line.c.distance, Person.id, Person.code, Person.name, Person.upline_id)
            .join(Person, Person.id == line.c.id)
            .join(RankHistory, and_(RankHistory.person_id == Person.id, holds_on(RankHistory, on)))
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(line.c.distance > 0, in_service(on), inside(self.within))
        )
        links = [Link(*row) for row in self.session.execute(query)]
        return tuple(sorted(links, key=lambda link: (link.distance, link.code)))

    # ------------------------------------------------------------ careers

    def join(
        self,
        code: str,
        *,
        name: str,
        kind: PersonKind,
        joined_on: date,
        rank: str,
        institution: str,
        office: str | None = None,
        upline: str | None = None,
    ) -> Person:
        """A new person, and the first row of the rank history."""
        if self.session.scalar(select(Person.id).where(Person.code == code)) is not None:
            raise InputError(f"工号 {code} 已被使用：请核对工号。")
        place = self._place(institution, office, joined_on)
        person = Person(
            code=code,
            name=name,
            kind=kind,
            joined_on=joined_on,
            upline_id=self.get(upline).id if upline else None,
        )
        self.session.add(person)
        self.session.flush()
        self._open(person, self._rank(rank).id, place, joined_on)
        return person

    def promote(self, code: str, *, rank: str, on: date) -> RankHistory:
        """Another rank (higher or lower) at the same place from the day on."""
        person, latest = self._serving(code, on)
        if latest.rank_id == (changed := self._rank(rank)).id:
            raise InputError(f"{person.name}（{code}）的职级已经是 {rank}，无须变更。")
        close_before(latest, on, what=f"{person.name}（{code}）职级变更")
        if not changed.is_supervisor:
            self._end_leads(person.id, on, keep_office=None)
        return self._open(person, changed.id, (latest.institution_id, latest.office_id), on)

    def transfer(
        self, code: str, *, institution: str, on: date, office: str | None = None, rank: str | None = None
    ) -> RankHistory:
        """Another institution or office (and rank) from the day on; leads and managers there step down."""
        person, latest = self._serving(code, on)
        place = self._place(institution, office, on)
        close_before(latest, on, what=f"{person.name}（{code}）调动")
        self._end_leads(person.id, on, keep_office=place[1])
        if place[0] != latest.institution_id:
            old = InstitutionManager.institution_id == latest.institution_id
            self._end_terms(InstitutionManager, person.id, on, old)
        return self._open(person, self._rank(rank).id if rank else latest.rank_id, place, on)

    def leave(self, code: str, *, on: date) -> None:
        """``on`` is the first day no longer in service; rank, appointments and marks end with it."""
        person, latest = self._serving(code, on)
        if on <= latest.valid_from or (latest.valid_to is not None and on < latest.valid_to):
            raise InputError(
                f"{person.name}（{code}）的离职日 {on} 不晚于最近一次职级变更 {latest.valid_from}："
                "请填写更晚的日期。"
            )
        person.left_on = on
        latest.valid_to = latest.valid_to or on
        self._end_leads(person.id, on, keep_office=None)
        self._end_terms(InstitutionManager, person.id, on)
        self._end_terms(FocusSupervisor, person.id, on)
        self.session.flush()

    def correct(self, code: str, *, name: str, phone: str | None, joined_on: date) -> Person:
        """What was entered wrongly; another day of joining also begins the rank history.

        Raises InputError where a rank, an appointment or a place would then lie outside the service.
        """
        person = self.get(code)
        person.name, person.phone = name, phone
        if joined_on != person.joined_on:
            self._join_on(person, self.career(code)[0], joined_on)
        self.session.flush()
        return person

    def amend(self, code: str, *, rank: str, on: date) -> RankHistory:
        """Another rank or first day for the newest row of the rank history, where it was entered wrongly.

        The row before ends where it now begins, and so do leads and managers who then step down; what the
        wrong entry ended is not brought back. Raises InputError for a day that the rows beside it, the place,
        or an appointment since do not allow, and for a row that would say what the one before says.
        """
        (person, latest), changed = self._found(code), self._rank(rank)
        who, former = f"{person.name}（{code}）", self._former(code)
        if on != latest.valid_from:
            if former is None:
                raise InputError(f"{who}的第一条职级经历从入职日开始：要改日期请更正入职日。")
            ended = former.valid_to or latest.valid_from
            if on <= former.valid_from or (ended < latest.valid_from and on < ended):
                raise InputError(
                    f"{who}的上一条职级经历从 {former.valid_from} 到 {ended}：请填写更晚的生效日。"
                )
            self._require_free(person, latest, on)
        if former is not None and _says(former) == (changed.id, *_says(latest)[1:]):
            raise InputError(f"{who}的上一条职级经历就是 {rank}、同一机构和营业室：请改为撤回这次变更。")
        if former is not None and former.valid_to == latest.valid_from:
            former.valid_to = on
        latest.rank_id, latest.valid_from = changed.id, on
        if not changed.is_supervisor:
            self._end_leads(person.id, on, keep_office=None)
        elif former is not None and former.office_id != latest.office_id:
            self._end_leads(person.id, on, keep_office=latest.office_id)
        if former is not None and former.institution_id != latest.institution_id:
            old = InstitutionManager.institution_id == former.institution_id
            self._end_terms(InstitutionManager, person.id, on, old)
        self.session.flush()
        return latest

    def withdraw(self, code: str) -> RankHistory:
        """Take the newest row of the rank history away, as if it had never been; the row before goes on.

        What the row had ended is not brought back. Raises InputError for the first row, one that an
        appointment rests on, and one by which the person came from outside the reader's subtree.
        """
        person, latest = self._found(code)
        who, former = f"{person.name}（{code}）", self._former(code)
        if former is None:
            raise InputError(f"{who}只有入职时的职级，没有可以撤回的变更。")
        if not self.session.get_one(Institution, former.institution_id).path.startswith(self.within.path):
            raise InputError(f"{who}原来的机构不在您的管辖范围内，不能撤回：请由上级机构办理。")
        self._require_unused(person, latest.valid_from, None)
        ends = latest.valid_to
        self.session.delete(latest)
        self.session.flush()  # a person has one open row
        former.valid_to = ends
        self.session.flush()
        return former

    def set_upline(self, code: str, *, upline: str | None) -> None:
        """Who recruited the person. Refused when the recruiter stands below the person."""
        person = self.get(code)
        above = self.get(upline) if upline else None
        if above is not None:
            below = self._below(person.id)
            if above.id == person.id or self.session.scalar(select(below.c.id).where(below.c.id == above.id)):
                raise InputError(
                    f"{above.name}（{upline}）是{person.name}（{code}）本人或其下线，不能作为上线：请核对。"
                )
        person.upline_id = above.id if above else None
        self.session.flush()

    # ------------------------------------------------------------ inner steps

    def _found(self, code: str) -> tuple[Person, RankHistory]:
        query = (
            select(Person, RankHistory)
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(Person.code == code, inside(self.within), newest())
        )
        found = self.session.execute(query).one_or_none()
        if found is None:
            raise InputError(f"人员 {code} 不存在或不在您的管辖范围内：请核对工号。")
        return found[0], found[1]

    def _serving(self, code: str, on: date) -> tuple[Person, RankHistory]:
        person, latest = self._found(code)
        if person.left_on is not None:
            raise InputError(f"{person.name}（{code}）已于 {person.left_on} 离职，不能再变更。")
        return person, latest

    def _rank(self, code: str) -> Rank:
        found = self.session.scalars(select(Rank).where(Rank.code == code)).one_or_none()
        if found is None:
            raise InputError(f"职级 {code} 不存在：请先登记职级。")
        return found

    def _place(self, institution: str, office: str | None, on: date) -> tuple[int, int | None]:
        tree = InstitutionRepository(self.session, within=self.within)
        home = tree.get(institution)
        if not home.holds_on(on):
            raise InputError(f"机构 {institution} 在 {on} 尚未设立或已经撤销：请核对机构和日期。")
        if office is None:
            return home.id, None
        team = tree.office(office)
        if team.institution_id != home.id:
            raise InputError(f"营业室 {office} 不属于机构 {institution}：请核对营业室。")
        if not team.holds_on(on):
            raise InputError(f"营业室 {office} 在 {on} 尚未设立或已经撤销：请核对营业室和日期。")
        return home.id, team.id

    def _open(self, person: Person, rank_id: int, place: tuple[int, int | None], on: date) -> RankHistory:
        self.session.flush()  # the row before is closed first: a person has one open row
        row = RankHistory(
            person_id=person.id, rank_id=rank_id, institution_id=place[0], office_id=place[1], valid_from=on
        )
        self.session.add(row)
        self.session.flush()
        return row

    def _join_on(self, person: Person, first: RankHistory, day: date) -> None:
        who = f"{person.name}（{person.code}）"
        ends = first.valid_to or person.left_on
        if ends is not None and day >= ends:
            raise InputError(f"{who}的入职日 {day} 不早于 {ends} 的职级变更或离职：请填写更早的日期。")
        self._require_place(who, first, day)
        for table in (OfficeLead, InstitutionManager, FocusSupervisor):
            early = select(table.id).where(table.person_id == person.id, table.valid_from < day).limit(1)
            if self.session.scalar(early) is not None:
                raise InputError(f"{who}在 {day} 之前已有任命或标记，入职日不能改到那天：请核对日期。")
        person.joined_on = first.valid_from = day

    def _require_place(self, who: str, row: RankHistory, day: date) -> None:
        home = self.session.get_one(Institution, row.institution_id)
        team = self.session.get(SalesOffice, row.office_id) if row.office_id else None
        if not home.holds_on(day) or (team is not None and not team.holds_on(day)):
            raise InputError(f"{who}所在的机构或营业室在 {day} 尚未设立或已经撤销：请核对日期。")

    def _former(self, code: str) -> RankHistory | None:
        """The row before the newest."""
        return next(iter(self.career(code)[-2:-1]), None)

    def _require_free(self, person: Person, latest: RankHistory, day: date) -> None:
        """Raise InputError where the newest row cannot begin on the day."""
        who = f"{person.name}（{person.code}）"
        if latest.valid_to is not None and day >= latest.valid_to:
            raise InputError(f"{who}的生效日 {day} 不早于离职日 {latest.valid_to}：请填写更早的日期。")
        self._require_place(who, latest, day)
        self._require_unused(person, latest.valid_from, day)

    def _require_unused(self, person: Person, first: date, until: date | None) -> None:
        """Raise InputError where the person was appointed on ``first`` or later, before ``until``."""
        for table in (OfficeLead, InstitutionManager):
            since = select(table.valid_from).where(table.person_id == person.id, table.valid_from >= first)
            if until is not None:
                since = since.where(table.valid_from < until)
            day = self.session.scalar(since.limit(1))
            if day is not None:
                raise InputError(
                    f"{person.name}（{person.code}）自 {day} 起有任命，与此不符：请先改任他人，再更正。"
                )

    def _end_leads(self, person_id: int, on: date, *, keep_office: int | None) -> None:
        self._end_terms(OfficeLead, person_id, on, OfficeLead.office_id != (keep_office or 0))

    def _end_terms(
        self,
        table: type[OfficeLead] | type[InstitutionManager] | type[FocusSupervisor],
        person_id: int,
        on: date,
        *conditions: ColumnElement[bool],
    ) -> None:
        """End what holds on the day, and drop what would only begin later."""
        mine = (table.person_id == person_id, *conditions)
        self.session.flush()
        self.session.execute(delete(table).where(*mine, table.valid_from >= on))
        self.session.execute(update(table).where(*mine, holds_on(table, on)).values(valid_to=on))

    def _below(self, person_id: int) -> CTE:
        """(id, distance, trail) of the line of recruitment down from the person, who is at distance 0.

        The trail of keys ends a circle that came in from outside; `set_upline` lets none in.
        """
        start = select(
            Person.id,
            literal(0).label("distance"),
            (literal("/") + cast(Person.id, String) + "/").label("trail"),
        ).where(Person.id == person_id)
        line = start.cte("line", recursive=True)
        key = cast(Person.id, String)
        step = (
            select(Person.id, line.c.distance + 1, line.c.trail + key + "/")
            .join(line, Person.upline_id == line.c.id)
            .where(line.c.trail.not_like(literal("%/") + key + "/%"))
        )
        return line.union_all(step)


def _says(row: RankHistory) -> tuple[int, int, int | None]:
    return row.rank_id, row.institution_id, row.office_id
