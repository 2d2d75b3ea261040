"""The child process with the real speech engine and the real reader."""

from __future__ import annotations

import itertools
import json
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine

from api.jobs.child import Order
from api.jobs.parent import ChildDied, Children, Report
from qa_pipeline.errors import HuijianError, RecordingError, TranscriptError
from qa_pipeline.recording import decode, open_recording
from qa_pipeline.report.json import inspection_from_json
from qa_pipeline.transcript.formats import from_json, to_json
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Action, Evidence
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind
from tests.sound import SPEECH, silence, write_sound

FACTS = MeetingFacts(kind=MeetingKind.WEEKLY_REVIEW, meeting_date=date(2026, 9, 22))


class Silent(Report):
    """Of no job: the progress is dropped."""

    def __init__(self) -> None:
        super().__init__(engine=create_engine("sqlite://"), job="J", run=1)

    def progress(self, share: float) -> None:
        assert 0 <= share <= 1


def order(work: str, folder: Path, **more: object) -> Order:
    return Order(work=work, facts=FACTS, model="demo", threads=2, result=folder / "result", **more)  # type: ignore[arg-type]


def test_twenty_seconds_are_heard_by_the_bundled_model_and_read(tmp_path: Path) -> None:
    blocks = itertools.islice(decode(open_recording([SPEECH]).parts[0]), 2)
    piece = write_sound(tmp_path / "piece.wav", np.concatenate(list(blocks)), codec="pcm_s16le")
    recording = open_recording([piece])
    report = Silent()
    Children().run(order("transcribe", tmp_path, recording=recording), report)
    transcript = from_json((tmp_path / "result").read_bytes())
    assert transcript.duration == pytest.approx(20, abs=0.1)
    assert sum(len(u.text) for u in transcript.utterances) > 20
    (tmp_path / "transcript").write_bytes((tmp_path / "result").read_bytes())
    promised = Action(
        who="张美英", what="约访三人", due=None,
        evidence=Evidence(start=0.0, end=0.0, quote="约访三人", utterance=0),
    )  # fmt: skip
    last = len(transcript.utterances)
    by_hand = Chapters(
        spans=(
            ChapterSpan(chapter=Chapter.CLOSING, start=0.0, end=20.0, first=0, last=last, confidence=1.0),
        ),
        segmenter="person",
    )
    Children().run(
        order(
            "read",
            tmp_path,
            recording=recording,
            transcript=tmp_path / "transcript",
            commitments=(promised,),
            chapters=by_hand,
            acts={0: (Act.GOAL,)},
        ),
        report,
    )
    inspection = inspection_from_json((tmp_path / "result").read_bytes())
    assert inspection.transcript == transcript
    assert inspection.chapters == by_hand
    assert inspection.findings.readings[0].acts == ((Act.GOAL, 1.0),)
    assert inspection.findings.measures["followup_rate"].value is not None


def test_what_the_child_refuses_arrives_as_the_same_error(tmp_path: Path) -> None:
    quiet = write_sound(tmp_path / "quiet.wav", silence(3.0), codec="pcm_s16le")
    with pytest.raises(RecordingError, match="没有听到讲话"):
        Children().run(order("transcribe", tmp_path, recording=open_recording([quiet])), Silent())


def test_words_that_people_struck_out_to_the_last_are_refused_and_score_nothing(tmp_path: Path) -> None:
    struck = Transcript(
        utterances=(Utterance(start=0.0, end=1900.0, text=""),), duration=1900.0, engine="import/json"
    )
    (tmp_path / "transcript").write_text(to_json(struck), "utf-8")
    with pytest.raises(TranscriptError, match="从头到尾没有一句话"):
        Children().run(order("read", tmp_path, recording=None, transcript=tmp_path / "transcript"), Silent())
    assert not (tmp_path / "result").exists()


@pytest.mark.parametrize("last", ["", """printf '{"progress": [1, 1';"""], ids=["silent", "in a word"])
def test_a_child_that_dies_is_told_from_one_that_refuses(tmp_path: Path, last: str) -> None:
    dying = Children(command=("sh", "-c", f"read line; {last} kill -9 $$"))
    with pytest.raises(ChildDied, match="意外终止"):
        dying.run(order("transcribe", tmp_path, recording=None), Silent())


BROKEN = """
from api.jobs.child import serve

def work(order, say):
    {how}

serve({{"read": work}})
"""


@pytest.mark.parametrize(
    "how", ['raise ValueError("王小明 13800138000")', 'type(order).model_validate_json("王小明")']
)
def test_an_error_of_ours_is_logged_without_its_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], how: str
) -> None:
    broken = Children(command=(sys.executable, "-c", BROKEN.format(how=how)))
    with pytest.raises(HuijianError, match="处理进程出错") as raised:
        broken.run(order("read", tmp_path, recording=None), Silent())
    assert type(raised.value) is HuijianError  # no wrong input, and no death
    line = json.loads(capfd.readouterr().err)
    assert (line["logger"], line["message"]) == ("huijian.jobs", "an order failed")
    assert line["through"]
    assert "王小明" not in str(line)
