"""The institution tree and its sales offices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Select, func, select, update

from models.base import EVERYWHERE, Repository
from models.calendar.weeks import month_end, month_start
from models.organisation.conditions import holds_on, holds_within, in_service, inside
from models.organisation.tables import (
    Institution,
    InstitutionManager,
    OfficeLead,
    Person,
    RankHistory,
    SalesOffice,
)
from qa_pipeline.errors import InputError

LOWEST = 4


class InstitutionRepository(Repository):
    """Head office, branches, sub-branches, level-4 institutions and their sales offices."""

    # ------------------------------------------------------------ reading

    def get(self, code: str) -> Institution:
        """Raises InputError when there is none, or none that the reader may see."""
        found = self.session.scalars(self._visible().where(Institution.code == code)).one_or_none()
        if found is None:
            raise InputError(f"机构 {code} 不存在或不在您的管辖范围内：请核对机构代码。")
        return found

    def below(self, code: str, *, on: date | None = None) -> tuple[Institution, ...]:
        """The institution and all below it, parents before children; ``on``: those that exist on the day."""
        root = self.get(code)
        query = self._visible().where(Institution.path.startswith(root.path))
        if on is not None:
            query = query.where(holds_on(Institution, on))
        return tuple(self.session.scalars(query.order_by(Institution.level, Institution.code)))

    def above(self, code: str) -> tuple[Institution, ...]:
        """The institutions above this one that the reader may see, from the top down."""
        keys = [int(key) for key in self.get(code).path.split("/") if key][:-1]
        query = self._visible().where(Institution.id.in_(keys)).order_by(Institution.level)
        return tuple(self.session.scalars(query))

    def must_hold_in(self, month: date) -> tuple[Institution, ...]:
        """The level-4 institutions that must hold meetings and exist on at least one day of the month."""
        due = (Institution.must_hold.is_(True), Institution.level == LOWEST)
        exist = holds_within(Institution, month_start(month), month_end(month))
        query = self._visible().where(*due, exist).order_by(Institution.code)
        return tuple(self.session.scalars(query))

    def offices(self, *, on: date) -> tuple[SalesOffice, ...]:
        """The sales offices that exist on the day."""
        query = select(SalesOffice).join(Institution, Institution.id == SalesOffice.institution_id)
        query = query.where(inside(self.within), holds_on(SalesOffice, on)).order_by(SalesOffice.code)
        return tuple(self.session.scalars(query))

    def office(self, code: str) -> SalesOffice:
        """Raises InputError when there is none, or none that the reader may see."""
        query = select(SalesOffice).join(Institution, Institution.id == SalesOffice.institution_id)
        found = self.session.scalars(query.where(inside(self.within), SalesOffice.code == code)).one_or_none()
        if found is None:
            raise InputError(f"营业室 {code} 不存在或不在您的管辖范围内：请核对营业室代码。")
        return found

    # ------------------------------------------------------------ changing the tree

    def add(
        self,
        code: str,
        *,
        name: str,
        parent: str | None,
        valid_from: date,
        must_hold: bool = False,
    ) -> Institution:
        """A new institution one level below its parent (``None``: the head office)."""
        above = self._new_parent(parent)
        level = above.level + 1 if above else 1
        if level > LOWEST:
            raise InputError(f"机构 {code} 不能设在四级机构 {parent} 之下：机构最多四级。")
        if must_hold and level != LOWEST:
            raise InputError(f"机构 {code} 是 {level} 级机构，不必召开二会：只有四级机构可设为应召开。")
        if self.session.scalar(select(Institution.id).where(Institution.code == code)) is not None:
            raise InputError(f"机构代码 {code} 已被使用：请换一个代码。")
        new = Institution(
            code=code,
            name=name,
            level=level,
            parent_id=above.id if above else None,
            path="/",
            must_hold=must_hold,
            valid_from=valid_from,
        )
        self.session.add(new)
        self.session.flush()
        new.path = f"{above.path if above else '/'}{new.id}/"
        self.session.flush()
        return new

    def rename(self, code: str, *, name: str) -> Institution:
        """Another name, also for the time before: names have no history."""
        renamed = self.get(code)
        renamed.name = name
        self.session.flush()
        return renamed

    def move(self, code: str, *, parent: str) -> Institution:
        """Hang the institution, with all below it, under another parent; paths and levels follow.

        Refused: a parent inside the moved part, a fifth level, and a change of level for institutions that
        hold meetings or have sales offices.
        """
        moved, above = self.get(code), self.get(parent)
        if moved.parent_id is None:
            raise InputError(f"机构 {code} 是总公司，不能移动。")
        if above.path.startswith(moved.path):
            raise InputError(f"机构 {code} 不能移到它自己或其下级 {parent} 之下：请选择其他上级。")
        before, shift = moved.path, above.level + 1 - moved.level
        part = Institution.path.startswith(before)
        if shift:
            self._require_free_levels(code, before, shift)
        moved.parent_id = above.id
        self.session.flush()
        self.session.execute(
            update(Institution)
            .where(part)
            .values(
                path=f"{above.path}{moved.id}/" + func.substr(Institution.path, len(before) + 1),
                level=Institution.level + shift,
            )
        )
        self.session.refresh(moved)
        return moved

    def set_must_hold(self, code: str, *, must_hold: bool) -> None:
        """Whether the level-4 institution must hold the two meetings from now on; slots made stay."""
        changed = self.get(code)
        if must_hold and changed.level != LOWEST:
            raise InputError(f"机构 {code} 是 {changed.level} 级机构：只有四级机构可设为应召开。")
        changed.must_hold = must_hold
        self.session.flush()

    def close(self, code: str, *, on: date) -> None:
        """End the institution: ``on`` is its first day no longer. Its managers' terms end with it.

        Refused while institutions, offices or people below it stay beyond that day.
        """
        closed = self.get(code)
        if on <= closed.valid_from:
            raise InputError(
                f"机构 {code} 的撤销日 {on} 不晚于设立日 {closed.valid_from}：请填写更晚的日期。"
            )
        here = Institution.path.startswith(closed.path)
        left = {
            "家下级机构": select(func.count(Institution.id)).where(
                here, Institution.id != closed.id, holds_on(Institution, on)
            ),
            "个营业室": select(func.count(SalesOffice.id))
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .where(here, holds_on(SalesOffice, on)),
            "名在职人员": select(func.count(RankHistory.id))
            .join(Institution, Institution.id == RankHistory.institution_id)
            .join(Person, Person.id == RankHistory.person_id)
            .where(here, holds_on(RankHistory, on), in_service(on)),
        }
        counts = {what: self.session.scalar(query) or 0 for what, query in left.items()}
        if any(counts.values()):
            told = "、".join(f"{count} {what}" for what, count in counts.items() if count)
            raise InputError(f"机构 {code} 在 {on} 仍有 {told}：请先调整，再撤销机构。")
        closed.valid_to = on
        here_now = (InstitutionManager.institution_id == closed.id, holds_on(InstitutionManager, on))
        self.session.execute(
            update(InstitutionManager)
            .where(*here_now, InstitutionManager.valid_from < on)
            .values(valid_to=on)
            .execution_options(synchronize_session="fetch")
        )
        self.session.flush()

    # ------------------------------------------------------------ sales offices

    def add_office(
        self,
        code: str,
        *,
        name: str,
        institution: str,
        valid_from: date,
        market_factor: Decimal | None = None,
    ) -> SalesOffice:
        """A new sales office of a level-4 institution; ``market_factor`` None: not known (R28)."""
        owner = self.get(institution)
        if owner.level != LOWEST:
            raise InputError(f"营业室 {code} 须设在四级机构之下，{institution} 是 {owner.level} 级机构。")
        if self.session.scalar(select(SalesOffice.id).where(SalesOffice.code == code)) is not None:
            raise InputError(f"营业室代码 {code} 已被使用：请换一个代码。")
        new = SalesOffice(
            code=code,
            name=name,
            institution_id=owner.id,
            valid_from=valid_from,
            market_factor=market_factor,
        )
        self.session.add(new)
        self.session.flush()
        return new

    def change_office(self, code: str, *, name: str, market_factor: Decimal | None) -> SalesOffice:
        """Another name or market factor (R28; None: not known), also for the time before."""
        changed = self.office(code)
        changed.name, changed.market_factor = name, market_factor
        self.session.flush()
        return changed

    def close_office(self, code: str, *, on: date) -> None:
        """End the office and its lead's term. Refused while people stay in it beyond that day."""
        closed = self.office(code)
        if on <= closed.valid_from:
            raise InputError(
                f"营业室 {code} 的撤销日 {on} 不晚于设立日 {closed.valid_from}：请填写更晚的日期。"
            )
        people = self.session.scalar(
            select(func.count(RankHistory.id))
            .join(Person, Person.id == RankHistory.person_id)
            .where(RankHistory.office_id == closed.id, holds_on(RankHistory, on), in_service(on))
        )
        if people:
            raise InputError(f"营业室 {code} 在 {on} 仍有 {people} 名在职人员：请先调整人员，再撤销营业室。")
        closed.valid_to = on
        self.session.execute(
            update(OfficeLead)
            .where(OfficeLead.office_id == closed.id, holds_on(OfficeLead, on), OfficeLead.valid_from < on)
            .values(valid_to=on)
            .execution_options(synchronize_session="fetch")
        )
        self.session.flush()

    # ------------------------------------------------------------ inner steps

    def _visible(self) -> Select[tuple[Institution]]:
        return select(Institution).where(inside(self.within))

    def _new_parent(self, parent: str | None) -> Institution | None:
        if parent is not None:
            return self.get(parent)
        if self.within != EVERYWHERE:
            raise InputError("总公司只能由总公司管理员设立：请填写上级机构。")
        if self.session.scalar(select(Institution.id).where(Institution.parent_id.is_(None))) is not None:
            raise InputError("总公司已经存在：请填写上级机构。")
        return None

    def _require_free_levels(self, code: str, path: str, shift: int) -> None:
        part = Institution.path.startswith(path)
        deepest = self.session.scalar(select(func.max(Institution.level)).where(part)) or 0
        if deepest + shift > LOWEST:
            raise InputError(f"机构 {code} 连同下级移动后将超过四级：请选择级别更高的上级。")
        bound = self.session.scalar(select(func.count(Institution.id)).where(part, Institution.must_hold))
        office = select(func.count(SalesOffice.id)).join(
            Institution, Institution.id == SalesOffice.institution_id
        )
        if bound or self.session.scalar(office.where(part)):
            raise InputError(
                f"机构 {code} 及其下级中有应召开二会或设有营业室的四级机构：移动不能改变其级别。"
            )
