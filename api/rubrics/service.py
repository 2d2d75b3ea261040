"""Drafting, comparing, publishing and retiring rubrics."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.meetings.kept import ArchiveRepository
from api.problems import Conflict, Forbidden, NotFound
from api.rubrics import texts
from api.rubrics.effective import applies, effective
from api.rubrics.schemas import DiffLine, DiffOut, DiffRow, DraftHead, DraftIn, DraftOut, RubricHead
from api.rubrics.tables import CompanyRubric, RubricState
from models.base import Subtree
from qa_pipeline.errors import InputError, RubricError
from qa_pipeline.rubric import Rubric
from qa_pipeline.rubric.archive import Stored
from qa_pipeline.rubric.diff import Row, diff
from qa_pipeline.rubric.examples import run_examples
from qa_pipeline.rubric.judge import configured
from qa_pipeline.rubric.loader import SHIPPED, load_rubric
from qa_pipeline.values.inspection import Inspection

MOST: Final = 200
"""Meetings that one comparison scores again: about half a minute."""


def shipped() -> list[Rubric]:
    return [load_rubric(name) for name in SHIPPED]


def head(rubric: Rubric, row: CompanyRubric | None) -> RubricHead:
    to = rubric.applies_to
    return RubricHead(
        id=rubric.id,
        version=rubric.version,
        label=rubric.label,
        shipped=row is None,
        state=row.state if row else RubricState.PUBLISHED,
        kinds=list(to.kinds),
        themes=list(to.themes),
        institutions=list(to.institutions),
        first=to.start,
        last=to.until,
        pass_line=rubric.pass_line,
        items=len(rubric.items),
        sha256=rubric.sha256,
        published_by=row.published_by if row else None,
        published_at=row.published_at if row else None,
    )


def company(session: Session, *, name: str | None = None, version: str | None = None) -> list[CompanyRubric]:
    """Published and retired ones, in the order of publishing."""
    query = select(CompanyRubric).where(CompanyRubric.state != RubricState.DRAFT)
    if name is not None:
        query = query.where(CompanyRubric.name == name, CompanyRubric.version == version)
    return list(session.scalars(query.order_by(CompanyRubric.published_at, CompanyRubric.id)))


def find(session: Session, name: str, version: str) -> tuple[Rubric, CompanyRubric | None, str]:
    """A rubric with its text, the company's own before a shipped one; raises NotFound."""
    for row in company(session, name=name, version=version):
        return texts.load(row.text), row, row.text
    for rubric in shipped():
        if (rubric.id, rubric.version) == (name, version):
            return rubric, None, texts.shipped_text(rubric.id)
    raise NotFound(f"没有量规 {name} {version}：请核对编号和版本。")


# ---------------------------------------------------------------- drafts


def drafts(session: Session) -> list[CompanyRubric]:
    query = select(CompanyRubric).where(CompanyRubric.state == RubricState.DRAFT)
    return list(session.scalars(query.order_by(CompanyRubric.code)))


def draft(session: Session, code: str) -> CompanyRubric:
    """Raises NotFound."""
    query = select(CompanyRubric).where(CompanyRubric.code == code, CompanyRubric.state == RubricState.DRAFT)
    found = session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound(f"量规草稿 {code} 不存在或已发布：请核对编号。")
    return found


def begin(session: Session, asker: Caller, body: DraftIn) -> CompanyRubric:
    new = CompanyRubric(
        code=f"D{secrets.token_hex(8)}",
        state=RubricState.DRAFT,
        title=body.title,
        text=body.yaml,
        edited_by=asker.actor,
        edited_at=datetime.now(UTC),
    )
    session.add(new)
    session.flush()
    return new


def draft_head(row: CompanyRubric) -> DraftHead:
    return DraftHead(code=row.code, title=row.title, edited_by=row.edited_by, edited_at=row.edited_at)


def draft_shown(row: CompanyRubric) -> DraftOut:
    return DraftOut(**dict(draft_head(row)), yaml=row.text)


# ---------------------------------------------------------------- what it would change


def compare(session: Session, asker: Caller, text: str, month: date, *, below: Subtree | None) -> DiffOut:
    """The month's inspected meetings scored by what is in force and by the draft.

    Refused beyond `MOST` meetings. Raises RubricError for a draft that is wrong.
    """
    new = texts.load(text)
    archive = ArchiveRepository(session, within=below or asker.within)
    codes = archive.inspected_in(month)
    if len(codes) > MOST:
        raise InputError(
            f"{month:%Y-%m} 有 {len(codes)} 场已质检会议，一次最多比较 {MOST} 场：请用 below 选择下级机构。"
        )
    lines = list(compared(archive, new, codes))
    rows = [line.row for line in lines if line.row is not None]
    rows.sort(key=lambda row: (-abs(row.new_score - row.old_score), row.meeting))
    return DiffOut(
        compared=sum(line.applies for line in lines),
        not_applicable=sum(not line.applies for line in lines),
        changed=len(rows),
        flipped=sum(row.flips for row in rows),
        rows=rows,
    )


def compare_all(
    engine: Engine, asker: Caller, text: str, month: date, *, below: Subtree | None
) -> Iterator[DiffLine]:
    """As `compare`, of any number of meetings, each as soon as it is scored; in a session of its own.

    Raises RubricError for a draft that is wrong, before the first.
    """
    new = texts.load(text)

    def lines() -> Iterator[DiffLine]:
        with Session(engine) as session:
            archive = ArchiveRepository(session, within=below or asker.within)
            yield from compared(archive, new, archive.inspected_in(month))

    return lines()


def compared(archive: ArchiveRepository, new: Rubric, codes: Sequence[str]) -> Iterator[DiffLine]:
    """Each meeting under the rubric in force and under the new one."""
    done = 0
    for start in range(0, len(codes), 20):  # whole inspections are large: a few in memory at a time
        for code, inspection in archive.inspections(codes[start : start + 20]):
            facts = inspection.facts
            kind, theme, institution = facts.kind, facts.theme, facts.institution
            # Asked regardless of the day from which the draft is to hold.
            meant = applies(new, kind=kind, theme=theme, institution=institution, on=None)
            rows = list[DiffRow]()
            if meant:
                day = facts.meeting_date
                old = effective(archive.session, kind=kind, theme=theme, institution=institution, on=day)
                rows = [_row(one) for one in diff(old, new, [_stored(code, inspection)]) if one.changed]
            done += 1
            row = rows[0] if rows else None
            yield DiffLine(done=done, total=len(codes), meeting=code, applies=meant, row=row)


# ---------------------------------------------------------------- publishing


def require_company_wide(asker: Caller) -> None:
    if len([key for key in asker.within.path.split("/") if key]) > 1:
        raise Forbidden("量规对全公司生效，您的权限只限本机构：请由总公司管理员发布。")


def publish(session: Session, asker: Caller, code: str) -> CompanyRubric:
    """Put a draft in force. Refused: mistakes, failing or no examples, a version that exists already."""
    row = draft(session, code)
    text = row.text
    session.commit()  # examples take seconds: nobody waits for this transaction meanwhile
    rubric = texts.load(text)
    outcomes = run_examples(rubric, judge=configured())
    failed = [f"{o.item} 第 {o.number} 例" for o in outcomes if not o.passed]
    if failed or not outcomes:
        told = f"例子不符：{'、'.join(failed[:5])}" if failed else "没有一个例子"
        raise RubricError(f"量规 {rubric.id} {rubric.version} {told}，不能发布：请先试跑并改正。")
    row = draft(session, code)
    session.refresh(row)
    if row.text != text:
        raise Conflict("草稿在发布过程中被修改：请检查后重新发布。")
    same = any((own.id, own.version) == (rubric.id, rubric.version) for own in shipped())
    if same or company(session, name=rubric.id, version=rubric.version):
        raise Conflict(f"量规 {rubric.id} 的版本 {rubric.version} 已存在：请在草稿中改用新的版本号。")
    row.state, row.name, row.version, row.sha256 = (
        RubricState.PUBLISHED,
        rubric.id,
        rubric.version,
        rubric.sha256,
    )
    row.published_by, row.published_at = asker.actor, datetime.now(UTC)
    session.flush()
    return row


def retire(session: Session, name: str, version: str) -> CompanyRubric:
    """Take a published rubric out of force; scores made by it stay."""
    row = next((r for r in company(session, name=name, version=version)), None)
    if row is None:
        raise NotFound(f"公司没有发布过量规 {name} {version}：请核对编号和版本。")
    if row.state == RubricState.RETIRED:
        raise Conflict(f"量规 {name} {version} 已经停用。")
    row.state, row.retired_at = RubricState.RETIRED, datetime.now(UTC)
    session.flush()
    return row


def _stored(code: str, inspection: Inspection) -> Stored:
    return Stored(
        name=code,
        transcript=inspection.transcript,
        chapters=inspection.chapters,
        findings=inspection.findings,
        facts=inspection.facts,
    )


def _row(one: Row) -> DiffRow:
    return DiffRow(
        meeting=one.meeting,
        old_score=one.old_score,
        new_score=one.new_score,
        old_verdict=one.old_verdict,
        new_verdict=one.new_verdict,
        flips=one.old_verdict != one.new_verdict,
        items=list(one.items),
    )
