"""The parts of a briefing that rest on the organisation's data, each known or unknown with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from api.access import Caller
from api.activities.schemas import ItemOut
from api.briefings.schemas import BelowStandard, Part
from api.codes import CodeRepository, ScopeRef
from api.indicators.schemas import RankingOut
from api.indicators.service import ranking
from api.meetings.schemas import CommitmentOut
from models.activities.volume_repository import VolumeRepository
from models.activities.volumes import Volume
from models.base import Scope, ScopeKind, Subtree
from models.indicators.standing_repository import StandingRepository
from models.meetings.actions import ActionRepository
from models.organisation.roster import RosterRepository
from models.organisation.tables import Institution, Person
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Theme

INDICATORS: Final[Mapping[Theme, tuple[str, ...]]] = {
    Theme.SUPERVISOR_LEAD: ("u_headcount", "regular_premium"),
    Theme.SUPERVISOR_COACHING: ("ct_progress", "regular_premium"),
    Theme.RECRUITMENT_REVIEW: ("training_referral", "new_agent_fyc", "fyc"),
    Theme.MONTH_END_SPRINT: ("regular_premium", "u_headcount", "ct_attained"),
}
"""What each slot's meeting looks at (R15, R20-R22)."""


def rankings(
    session: Session, asker: Caller, institution: Institution, theme: Theme, day: date
) -> list[Part[RankingOut]]:
    """The offices of the institution by each of the theme's indicators, as of the day."""
    return [_ranking(session, asker, institution, code, day) for code in INDICATORS[theme]]


def _ranking(
    session: Session, asker: Caller, institution: Institution, code: str, day: date
) -> Part[RankingOut]:
    node = ScopeRef(kind=ScopeKind.INSTITUTION, code=institution.code)
    try:
        found = ranking(session, asker, node, code, day, None)
    except InputError as error:
        return Part[RankingOut](known=False, reason=str(error), items=[])
    name = found.indicator.name
    if not found.places:
        reason = f"{institution.name} 在 {day:%m月%d日} 没有营业室，无法排行{name}。"
        return Part[RankingOut](known=False, reason=reason, items=[])
    if found.unknown == len(found.places):
        reason = f"截至 {day:%m月%d日}，本月没有营业室的{name}数据：请先导入或推送。"
        return Part[RankingOut](known=False, reason=reason, items=[])
    reason = f"{found.unknown} 个营业室没有{name}数据。" if found.unknown else ""
    return Part[RankingOut](known=True, reason=reason, items=[found])


def below_standard(
    session: Session, asker: Caller, institution: Institution, day: date, covers: tuple[date, date]
) -> Part[BelowStandard]:
    """Who has not reached the U standard as of the day, supervisors first, with PVKYC of the covered week."""
    people = StandingRepository(session, within=asker.within).people(institution.id, day)
    unknown = sum(person.is_u is None for person in people)
    if not people:
        reason = f"{institution.name} 在 {day:%m月%d日} 没有在职外勤，无从比较。"
        return Part[BelowStandard](known=False, reason=reason, items=[])
    if unknown == len(people):
        reason = f"截至 {day:%m月%d日}，没有人能与达U标准比较：缺本月 FYC，或缺参数“达U标准”（u_threshold）。"
        return Part[BelowStandard](known=False, reason=reason, items=[])
    within = Subtree(institution.path)
    supervisors = {
        person.person_id: person.is_supervisor
        for person in RosterRepository(session, within=within).snapshot(on=day)
    }
    volumes = VolumeRepository(session, within=within).weeks([covers[1]], by=ScopeKind.PERSON)
    below = [person.person_id for person in people if person.is_u is False]
    names = CodeRepository(session).names(Person, below)
    entries = [
        _entry(
            BelowStandard(
                person=names[key], supervisor=supervisors.get(key, False), volumes=None, conversion=None
            ),
            volumes.get(Scope(ScopeKind.PERSON, key)),
        )
        for key in below
    ]
    entries.sort(key=lambda entry: (not entry.supervisor, entry.person.code))
    reason = f"另有 {unknown} 人缺少 FYC 或标准，未知是否达U。" if unknown else ""
    return Part[BelowStandard](known=True, reason=reason, items=entries)


def _entry(entry: BelowStandard, volume: Volume | None) -> BelowStandard:
    if volume is None or all(v.planned is None and v.done is None for v in volume.items.values()):
        return entry
    items = {
        item: ItemOut(
            planned=each.planned, done=each.done, unreported=each.unreported, achievement=each.achievement
        )
        for item, each in volume.items.items()
    }
    return entry.model_copy(update={"volumes": items, "conversion": volume.conversion})


def commitments(
    session: Session, asker: Caller, institution: Institution, *, on: date, held_before: bool
) -> Part[CommitmentOut]:
    """The open commitments that a meeting on the day must check; unknown while no meeting is on record."""
    if not held_before:
        reason = "此前没有登记过已召开的会议，无法知道有哪些承诺待核对。"
        return Part[CommitmentOut](known=False, reason=reason, items=[])
    due = ActionRepository(session, within=asker.within).due_for_check(institution.code, on=on)
    items = [CommitmentOut.model_validate(row, from_attributes=True) for row in due]
    return Part[CommitmentOut](known=True, reason="", items=items)
