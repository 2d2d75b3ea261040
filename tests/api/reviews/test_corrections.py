"""What reviewers put right comes out as labelled meetings that the readers can learn from."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from typer.testing import CliRunner

from api.accounts.tables import Role
from api.cli import app
from qa_pipeline.chapters.corpus import LabelledMeeting, read_meeting
from qa_pipeline.learning.training import read_folder
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import PHONE, good, hold, inspect, poor

V1 = "/api/v1"
EVER = "first=2026-01-01&last=2099-12-31"
BORDERS = [{"first": 0, "chapter": "opening"}, {"first": 5, "chapter": "stage_review"}]


@pytest.fixture
def qa(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    """In A a reviewer moved the chapter borders, on B one decided, on C nobody did anything."""
    staff(service_engine)
    client = signed_in(Role.QA)
    for code, institution, day, found in (
        ("A", "350102", 8, good()),
        ("B", "350103", 8, poor()),
        ("C", "350103", 15, poor()),
    ):
        hold(service_engine, code, institution=institution, day=day)
        inspect(service_engine, code, found)
    path = f"{V1}/meetings/A/transcript"
    tag = client.get(path).headers["ETag"]
    body = {"chapters": BORDERS, "note": "更正"}
    assert client.post(f"{path}/versions", json=body, headers={"If-Match": tag}).status_code == 201
    review = client.post(f"{V1}/reviews", json={"meeting": "B"}).json()["code"]
    decided = client.post(
        f"{V1}/reviews/{review}/decide", json={"verdict": "not_qualified", "reason": "缺研讨"}
    )
    assert decided.json()["state"] == "decided"
    return client


def unpacked(content: bytes, folder: Path) -> dict[str, LabelledMeeting]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        file.extractall(folder)
    return {str(p.relative_to(folder)): read_meeting(p) for p in sorted(folder.glob("*/*.txt"))}


def test_only_what_a_person_gave_is_a_label(
    qa: TestClient, service_engine: Engine, signed_in: SignedIn, tmp_path: Path
) -> None:
    answer = qa.get(f"{V1}/reviews/corrections?{EVER}")
    assert answer.headers["content-type"] == "application/zip"
    found = unpacked(answer.content, tmp_path / "zip")
    assert list(found) == ["350102/A.txt", "350103/B.txt"]
    moved, decided = found.values()
    assert (moved.labels, decided.labels) == (frozenset({"chapters"}), frozenset({"verdict"}))
    assert [(s.first, s.chapter) for s in moved.chapters.spans] == [
        (0, Chapter.OPENING),
        (5, Chapter.STAGE_REVIEW),
    ]
    assert any(Act.ASK in acts for acts in moved.acts)
    assert not any(moved.gone_through)
    assert moved.author == "350102"
    energy = qa.get(f"{V1}/meetings/B/scorecard").json()["energy_score"]
    assert decided.band == pytest.approx((float(energy) - 10, float(energy) + 10), abs=1)
    assert not decided.passes
    text = (tmp_path / "zip" / "350102" / "A.txt").read_text("utf-8")
    assert PHONE not in text
    assert "138****5678" in text
    # Nothing in another period, nothing for those who may not review.
    assert (
        unpacked(
            qa.get(f"{V1}/reviews/corrections?first=2020-01-01&last=2020-12-31").content, tmp_path / "none"
        )
        == {}
    )
    assert qa.get(f"{V1}/reviews/corrections?first=2026-02-01&last=2026-01-01").status_code == 400
    manager = signed_in(Role.MANAGER, institution="350102")
    assert manager.get(f"{V1}/reviews/corrections?{EVER}").status_code == 403
    # The command writes the same, and overwrites nothing that a person has gone through since.
    command = ["corrections", str(tmp_path / "out"), "--database", service_engine.url.render_as_string(False)]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    assert (tmp_path / "out" / "350102" / "A.txt").read_text("utf-8") == text
    (tmp_path / "out" / "350102" / "A.txt").write_text("mine", encoding="utf-8")
    again = CliRunner().invoke(app, command)
    assert "2 场已有文件，未覆盖" in again.output
    assert (tmp_path / "out" / "350102" / "A.txt").read_text("utf-8") == "mine"


def test_acts_are_labels_where_a_person_went_through_them(qa: TestClient, tmp_path: Path) -> None:
    """What nobody went through is there as the machine's, and said to be so."""
    lines = qa.get(f"{V1}/meetings/A/transcript").json()["utterances"]

    def exported(*acts: dict[str, object], meeting: str) -> tuple[LabelledMeeting, str]:
        path = f"{V1}/meetings/{meeting}/transcript/versions"
        saved = qa.post(path, json={"acts": acts}, headers={"If-Match": "*"})
        assert saved.status_code == 201, saved.text
        folder = tmp_path / f"{meeting}{len(acts)}"
        found = unpacked(qa.get(f"{V1}/reviews/corrections?{EVER}").content, folder)
        path = {"A": "350102/A.txt", "C": "350103/C.txt"}[meeting]
        return found[path], (folder / path).read_text("utf-8")

    one, text = exported({"utterance": 2, "acts": ["goal", "summary"]}, meeting="A")
    assert one.labels == {"acts", "chapters"}
    assert one.acts[2] == {Act.GOAL, Act.SUMMARY}
    assert any(one.acts[3:])
    assert [at for at, gone_through in enumerate(one.gone_through) if gone_through] == [2]
    assert text.count("machine}") == len(lines) - 1
    assert "带 machine 的句子，标签是机器所标，不用来学" in text
    alone, _ = exported({"utterance": 2, "acts": []}, meeting="C")
    assert alone.labels == {"acts"}

    every = [{"utterance": line["index"], "acts": ["data"] if line["index"] % 2 else []} for line in lines]
    whole, text = exported(*every, meeting="A")
    assert whole.labels == {"acts", "chapters"}
    assert set(whole.acts) == {frozenset(), frozenset({Act.DATA})}
    assert all(whole.gone_through)
    assert "machine" not in text
    learned = read_folder(tmp_path / f"A{len(lines)}", "acts")
    assert [(meeting.author, meeting.id) for meeting in learned] == [("own 350102", "A"), ("own 350103", "C")]


def test_where_nothing_was_put_right_the_command_says_so_and_makes_no_folder(tmp_path: Path) -> None:
    database = ["--database", f"sqlite:///{tmp_path / 'empty.db'}"]
    assert CliRunner().invoke(app, ["database", "upgrade", *database]).exit_code == 0
    none = CliRunner().invoke(app, ["corrections", str(tmp_path / "out"), *database, "--days", "30"])
    assert (none.exit_code, none.output) == (0, "近 30 天没有复核更正可导出。\n")
    assert not (tmp_path / "out").exists()
