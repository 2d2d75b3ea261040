"""What a job may be asked to use instead of what applies of itself: a version of the transcript, a rubric."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.meetings import versions
from api.problems import NotFound
from api.rubrics.effective import applies
from api.rubrics.service import find
from api.store import Store, put
from models.base import Subtree
from models.meetings.facts import FactsRepository
from models.meetings.tables import Meeting
from qa_pipeline.errors import InputError
from qa_pipeline.transcript.formats import to_json


def transcript(session: Session, store: Store, meeting: Meeting, version: int) -> str:
    """Content hash of a version of the meeting's transcript; raises NotFound."""
    for row in versions.all_of(session, meeting.id):
        if row.version == version:
            return put(store, to_json(versions.transcript_of(row)).encode())
    raise NotFound(f"会议 {meeting.code} 没有第 {version} 版文字稿：请核对版本。")


def rubric(session: Session, store: Store, meeting: Meeting, name: str, *, within: Subtree) -> str:
    """Content hash of a shipped or published rubric, ``weekly_review@1.1``.

    Raises NotFound; InputError for one that is made for other meetings. From which day on it holds does not
    count: the question is what it would say.
    """
    identity, _, version = name.partition("@")
    if not version:
        raise InputError(f"量规“{name}”缺少版本：请写成 编号@版本，如 weekly_review@1.1。")
    found, _, text = find(session, identity, version)
    facts = FactsRepository(session, within=within).facts(meeting.code)
    if not applies(found, kind=facts.kind, theme=facts.theme, institution=facts.institution, on=None):
        raise InputError(f"量规 {name} 不适用于会议 {meeting.code}：请选择同类会议的量规。")
    return put(store, text.encode())
