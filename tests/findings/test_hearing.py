"""How well a meeting was heard decides how sure of an act one must be; the model's probabilities stay."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from qa_pipeline.chapters.corpus import LabelledMeeting, meetings
from qa_pipeline.findings.acts import act_model
from qa_pipeline.findings.commitments import actions, completeness
from qa_pipeline.findings.coverage import data_triples_per_1000
from qa_pipeline.findings.hearing import MOST_MISHEARD, Hearing, heard
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.evaluation.noise import corrupt, without_punctuation, without_speakers
from tests.findings.dialogue import acted


@pytest.fixture(scope="module")
def meeting() -> LabelledMeeting:
    return next(islice(meetings(), 1))


def hearing(transcript: Transcript) -> Hearing:
    model = act_model()
    return heard(transcript, familiar=model.familiar(model.known([u.text for u in transcript.utterances])))


def test_a_meeting_well_heard_is_cut_at_one_half(meeting: LabelledMeeting) -> None:
    found = hearing(meeting.transcript)
    assert found == Hearing(blind=False, unmarked=False, misheard=0.0)
    assert {found.cut(act) for act in Act if act is not Act.RECOGNIZE} == {0.5}
    assert found.cut(Act.RECOGNIZE) > 0.5, "praise is claimed too easily there"


def test_speakers_marks_and_misheard_words_each_show(meeting: LabelledMeeting) -> None:
    assert hearing(without_speakers(meeting.transcript)).blind
    assert hearing(clean(without_punctuation(meeting.transcript))).unmarked
    tenth, fifth = (hearing(corrupt(meeting.transcript, rate, 1)).misheard for rate in (0.1, 0.2))
    assert 0.03 < tenth < fifth <= MOST_MISHEARD


def test_worse_hearing_asks_for_fewer_signs_of_what_it_hides() -> None:
    well = Hearing(blind=False, unmarked=False, misheard=0.0)
    worse = Hearing(blind=True, unmarked=True, misheard=0.1)
    assert all(worse.cut(act) < well.cut(act) for act in Act)
    assert replace(worse, misheard=0.2).cut(Act.FOLLOWUP) < worse.cut(Act.FOLLOWUP)


def test_a_few_words_do_not_tell_how_well_they_were_heard() -> None:
    assert act_model().familiar(act_model().known(["下周三之前见五个客户。"])) is None
    assert heard(Transcript(utterances=(), duration=0.0, engine="import"), familiar=None).misheard == 0.0


def test_who_promises_is_left_aside_where_nobody_knows_who_speaks() -> None:
    line = ("李梅", "周三之前去见刘老板，带检视表。", Act.COMMIT)
    plan = Chapter.NEXT_WEEK_PLAN
    seen, blind = (acted(line, chapter=plan, speakers=known) for known in (True, False))
    made = replace(actions(blind)[0], who=None)
    assert completeness(blind, made) == 1
    assert completeness(seen, made) == pytest.approx(2 / 3)


def test_figures_are_counted_by_the_characters_that_were_heard() -> None:
    said = acted(("李梅", "三室期缴十二万，差三万。", Act.DATA), ("赵强", "二室FYC八千四。", Act.DATA))
    well = data_triples_per_1000(said).value or 0
    assert well > 0
    assert data_triples_per_1000(replace(said, misheard=0.2)).value == pytest.approx(well / 0.8)
