"""What a person set an utterance to do stands over the reader, and all that is measured follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.errors import InputError
from qa_pipeline.findings import find, read
from qa_pipeline.pipeline import inspect
from qa_pipeline.report.explain import explain
from qa_pipeline.report.json import inspection_from_json, inspection_to_json, to_json
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.reader import ReaderChoice
from qa_pipeline.values.vocabulary import Act
from tests.findings.dialogue import WEEKLY, meeting
from tests.report.conftest import inspected

PROMISED = """
next_week_plan
王建: 下周各室怎么打？
李芳: 好的。
王建: 周五之前谁去陪访？
李芳: 我周三前约张总见面，谈两份保单。
"""


def again(inspection: Inspection, acts: dict[int, tuple[Act, ...]]) -> Inspection:
    """The meeting read once more with what a person set."""
    transcript = inspection.transcript
    return inspect(
        transcript, facts=inspection.facts, transcript=transcript, chapters=inspection.chapters, acts=acts
    )


def test_what_a_person_set_is_certain_and_the_other_utterances_are_read_as_before() -> None:
    transcript, chapters = meeting(PROMISED)
    before = read(transcript, chapters, WEEKLY).readings
    found = find(transcript, chapters, WEEKLY, acts={1: (Act.DATA, Act.EVADE), 3: ()})
    assert found.readings[1] == replace(before[1], acts=((Act.EVADE, 1.0), (Act.DATA, 1.0)), by_person=True)
    assert (found.readings[3].acts, found.readings[3].by_person) == ((), True)
    assert (found.readings[0], found.readings[2]) == (before[0], before[2])


def test_a_promise_is_listed_where_a_person_set_one_and_nowhere_else() -> None:
    transcript, chapters = meeting(PROMISED)
    found = find(transcript, chapters, WEEKLY, acts={1: (Act.COMMIT,), 2: (Act.COMMIT,), 3: ()})
    assert [(one.evidence.utterance, one.confidence) for one in found.actions] == [(1, 1.0), (2, 1.0)]


def test_a_question_mark_asks_unless_a_person_says_that_it_does_not() -> None:
    transcript, chapters = meeting(PROMISED)
    reading = read(transcript, chapters, WEEKLY)
    assert (reading.asks[0], reading.asks[2]) == (True, True)
    by_person = find(transcript, chapters, WEEKLY, acts={0: (Act.GOAL,)}).readings
    assert replace(reading, readings=by_person).asks == (False, False, True, False)


def test_measures_score_versions_and_explanation_follow_what_a_person_set() -> None:
    poor = inspected("A05", institution="石河子营业部")
    asked = [i for i, one in enumerate(poor.findings.readings) if one.does(Act.ASK) or one.does(Act.PROBE)]
    silenced = again(poor, dict.fromkeys(asked, ()))
    probes = [one.findings.measures["probe_longest"].value for one in (poor, silenced)]
    assert probes == [2, 0]
    assert silenced.scorecard.energy_score < poor.scorecard.energy_score
    assert silenced.versions["reader"] == f"person&{poor.versions['reader']}"
    assert inspection_from_json(inspection_to_json(silenced)) == silenced

    item = next(one for one in poor.scorecard.items if one.evidence)
    proof = item.evidence[0].utterance
    told = to_json(again(poor, {proof: (Act.CHECK, Act.DATA)}))
    assert told["acts_by_person"] == [proof]
    quoted = next(one["id"] for one in told["items"] for e in one["evidence"][:3] if e["utterance"] == proof)
    lines = "\n".join(f"{line.lead}{line.text}" for line in explain(told, quoted))
    assert "语句标签  核对、数据（由人标定）" in lines
    assert "语句标签有 1 句由人标定，以人为准。" in lines
    assert "与评分时的不同" not in lines


def test_what_people_set_is_read_by_the_local_reader_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    poor = inspected("A05", institution="石河子营业部")
    monkeypatch.setenv("HUIJIAN_READER", "both")
    monkeypatch.setenv("HUIJIAN_READER_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("HUIJIAN_READER_MODEL", "nobody")
    transcript = poor.transcript
    found = inspect(transcript, facts=poor.facts, transcript=transcript, acts={0: (Act.GOAL,)})
    assert (found.reader.asked, found.warnings) == (ReaderChoice.LOCAL, poor.warnings)


def test_acts_of_an_utterance_that_is_not_there_are_refused() -> None:
    transcript, chapters = meeting(PROMISED)
    with pytest.raises(InputError, match="第 4 句不存在，全文共 4 句"):
        find(transcript, chapters, WEEKLY, acts={4: (Act.ASK,)})
