"""What an earlier meeting agreed on, from its result: what the next one has to follow up (I4)."""

from __future__ import annotations

from pathlib import Path

from qa_pipeline.errors import InputError
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action


def promised(path: Path, facts: MeetingFacts) -> tuple[tuple[Action, ...], int, str | None]:
    """The actions of the result in a file that the meeting with these facts has to follow up, how many more
    are due only after it, and whose meeting it was where that is known to be another institution.

    Raises InputError for what is no result, and for that of a meeting known not to be an earlier one.
    """
    from pydantic import TypeAdapter, ValidationError

    from qa_pipeline.facts import facts_from
    from qa_pipeline.report.explain import read_result
    from qa_pipeline.reuse import held_before

    result = read_result(path)
    told = result.get("facts")
    known = ("meeting_date", "start_time", "institution")
    when = {key: told.get(key) for key in known} if isinstance(told, dict) else {}
    before = facts_from({key: value for key, value in when.items() if value})
    if before.meeting_date and facts.meeting_date and not held_before(before, facts):
        raise InputError(
            f"{path.name} 是 {before.meeting_date} 的会，不早于本场（{facts.meeting_date}）："
            "请给出上一场会的结果。"
        )
    try:
        actions = TypeAdapter(tuple[Action, ...]).validate_python(result.get("actions"))
    except ValidationError as error:
        raise InputError(
            f"{path.name} 的行动项与本版程序的写法不合：请对上一场会重新质检，用 --json 写出结果。"
        ) from error
    day = facts.meeting_date
    due = tuple(a for a in actions if day is None or a.due_date is None or a.due_date <= day)
    other = before.institution if facts.institution not in (None, before.institution) else None
    return due, len(actions) - len(due), other
