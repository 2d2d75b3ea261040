"""Results as JSON: the interchange form has the promised shape, the stored form loses nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from qa_pipeline.errors import InputError, OutputError
from qa_pipeline.facts import facts_from
from qa_pipeline.names import INDICATORS
from qa_pipeline.report.json import inspection_from_json, inspection_to_json, to_json, write_json
from qa_pipeline.values.facts import Roster
from qa_pipeline.values.findings import Evidence, Measurement
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.recording import Recording, RecordingPart
from qa_pipeline.values.vocabulary import (
    Act,
    Chapter,
    Dimension,
    MeetingKind,
    Outcome,
    Status,
    Theme,
    Verdict,
)


def closed(**properties: object) -> dict[str, object]:
    """An object with exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(item: object) -> dict[str, object]:
    return {"type": "array", "items": item}


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
KNOWN_OR_NOT = {"type": ["number", "null"]}
SAID_OR_NOT = {"type": ["string", "null"]}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
STATUS = {"enum": [s.value for s in Status]}
EVIDENCE = closed(
    start=NUMBER, end=NUMBER, quote=TEXT, utterance={"type": "integer", "minimum": 0}, speaker=SAID_OR_NOT
)
VERDICT = closed(
    status=STATUS,
    reason=TEXT,
    checks=listed(closed(rule={"type": "string", "pattern": r"^R\d+$"}, status=STATUS, reason=TEXT)),
)
REMARK = closed(id=TEXT, label=TEXT, suggestion=TEXT, evidence=listed(EVIDENCE))
ACTION = closed(
    who=SAID_OR_NOT,
    what=SAID_OR_NOT,
    due=SAID_OR_NOT,
    due_date=SAID_OR_NOT,
    confidence=SHARE,
    evidence=EVIDENCE,
)
COUNT = {"type": "integer", "minimum": 0}
READER = {"enum": ["local", "llm", "both"]}
PEOPLE = {"anyOf": [{"type": ["integer", "null"]}, listed(TEXT)]}
RESULT = closed(
    energy_score={"type": ["number", "null"], "minimum": 0, "maximum": 100},
    band={**listed(KNOWN_OR_NOT), "minItems": 2, "maxItems": 2},
    pass_line=NUMBER,
    verdict={"enum": [v.value for v in Verdict]},
    slot={"type": ["string", "null"], "pattern": r"^\d{4}-\d{2}-(W[1-3]|MP)$"},
    compliance=closed(on_time=VERDICT, on_roster=VERDICT, on_quality=VERDICT),
    dimensions=closed(**{d.value: closed(score=NUMBER, max=NUMBER) for d in Dimension}),
    items=listed(
        closed(
            id=TEXT,
            label=TEXT,
            dimension={"enum": [d.value for d in Dimension]},
            score=NUMBER,
            max=NUMBER,
            level=KNOWN_OR_NOT,
            status={"enum": ["full", "partial", "missed", "not_applicable", "unknown"]},
            reason=TEXT,
            confidence=SHARE,
            evidence=listed(EVIDENCE),
            points=listed(
                closed(id=TEXT, label=TEXT, met={"type": ["boolean", "null"]}, evidence=listed(EVIDENCE))
            ),
            suggestion=TEXT,
            steps=listed(
                closed(
                    label=TEXT,
                    rule=TEXT,
                    measure=TEXT,
                    value=KNOWN_OR_NOT,
                    divided_by=KNOWN_OR_NOT,
                    level=KNOWN_OR_NOT,
                    weight=KNOWN_OR_NOT,
                    confidence=SHARE,
                )
            ),
        )
    ),
    criticals=listed(
        closed(id=TEXT, label=TEXT, reason=TEXT, review={"type": "boolean"}, evidence=listed(EVIDENCE))
    ),
    listen={
        "anyOf": [
            {"type": "null"},
            closed(id=TEXT, start=NUMBER, end=NUMBER, reason=TEXT, swing=KNOWN_OR_NOT),
        ]
    },
    chapters=listed(
        closed(chapter={"enum": [c.value for c in Chapter]}, start=NUMBER, end=NUMBER, confidence=SHARE)
    ),
    findings={
        "type": "object",
        "additionalProperties": closed(
            value=KNOWN_OR_NOT, confidence=SHARE, reason=TEXT, evidence=listed(EVIDENCE)
        ),
    },
    acts={
        "type": "object",
        "propertyNames": {"pattern": r"^\d+$"},
        "additionalProperties": {
            "type": "object",
            "propertyNames": {"enum": [a.value for a in Act]},
            "additionalProperties": SHARE,
        },
    },
    acts_by_person=listed({"type": "integer"}),
    practices=listed(REMARK),
    issues=listed(REMARK),
    actions=listed(ACTION),
    followed=listed(
        closed(action=ACTION, outcome={"enum": [o.value for o in Outcome]}, evidence=listed(EVIDENCE))
    ),
    figures=listed(
        closed(
            owner=TEXT,
            indicator={"enum": list(INDICATORS)},
            said=NUMBER,
            given=NUMBER,
            difference=NUMBER,
            unit=TEXT,
            as_of=SAID_OR_NOT,
            agrees={"type": "boolean"},
            evidence=EVIDENCE,
        )
    ),
    facts=closed(
        kind={"enum": [*(k.value for k in MeetingKind), None]},
        meeting_date=SAID_OR_NOT,
        start_time=SAID_OR_NOT,
        institution=SAID_OR_NOT,
        theme={"enum": [*(t.value for t in Theme), None]},
        host=SAID_OR_NOT,
        admin_manager=SAID_OR_NOT,
        deputies=listed(TEXT),
        expected_attendees=PEOPLE,
        attendees=PEOPLE,
        on_leave=listed(TEXT),
        on_site={"type": ["integer", "null"]},
        prepared_at=SAID_OR_NOT,
        meeting_minutes=KNOWN_OR_NOT,
        figures=listed(
            closed(
                owner=TEXT, indicator={"enum": list(INDICATORS)}, value=NUMBER, unit=TEXT, as_of=SAID_OR_NOT
            )
        ),
    ),
    recording={"anyOf": [{"type": "null"}, closed(files=listed(TEXT), duration=NUMBER, sha256=TEXT)]},
    duration=NUMBER,
    versions=closed(engine=TEXT, segmenter=TEXT, reader=TEXT, rubric=TEXT),
    reader=closed(
        asked=READER,
        used=READER,
        reason=TEXT,
        review=TEXT,
        agreement=closed(chapters=KNOWN_OR_NOT, acts=KNOWN_OR_NOT),
        levels=listed(closed(item=TEXT, level=SHARE, evidence=listed(EVIDENCE))),
        disagreements=listed(
            closed(
                about={"enum": ["chapter", "item", "critical", "action", "practice", "issue"]},
                id=TEXT,
                reason=TEXT,
                evidence=listed(EVIDENCE),
            )
        ),
        models=listed(
            closed(
                purpose={"enum": ["reader", "judge"]},
                model=TEXT,
                host=TEXT,
                requests=COUNT,
                cached=COUNT,
                tokens_in={"type": ["integer", "null"]},
                tokens_out={"type": ["integer", "null"]},
                cost=KNOWN_OR_NOT,
                currency=TEXT,
                masked={"type": "boolean"},
                unanswered=COUNT,
            )
        ),
    ),
    warnings=listed(TEXT),
)
ALL = ["good", "poor", "monthly", "speakerless", "unscored", "checked", "followed"]


@pytest.mark.parametrize("which", ALL)
def test_the_result_has_the_promised_shape(which: str, request: pytest.FixtureRequest) -> None:
    result = json.loads(json.dumps(to_json(request.getfixturevalue(which)), allow_nan=False))
    Draft202012Validator(RESULT).validate(result)


@pytest.mark.parametrize("which", ALL)
def test_the_stored_inspection_comes_back_equal(which: str, request: pytest.FixtureRequest) -> None:
    inspection: Inspection = request.getfixturevalue(which)
    text = inspection_to_json(inspection)
    assert "\n" not in text
    assert inspection_from_json(text) == inspection


def test_c3_compared_figures_say_what_was_said_what_is_given_and_what_parts_them(checked: Inspection) -> None:
    result = to_json(checked)
    share, premium = result["figures"]
    assert (share["said"], share["given"], share["difference"], share["agrees"]) == (62, 62.3, -0.3, True)
    assert (premium["owner"], premium["indicator"], premium["as_of"]) == (
        "王芳霞",
        "regular_premium",
        "2026-04-07",
    )
    assert (premium["said"], premium["difference"], premium["agrees"]) == (3_200_000, 200_000, False)
    assert facts_from({"figures": result["facts"]["figures"]}).figures == checked.facts.figures


def test_i4_what_became_of_earlier_commitments_is_told_and_older_results_without_it_are_read(
    good: Inspection, followed: Inspection
) -> None:
    told = to_json(followed)["followed"]
    assert [one["outcome"] for one in told] == ["kept", "not_kept", "unclear", "not_mentioned"]
    assert told[0]["action"]["due_date"] == "2026-04-03"
    assert told[3]["evidence"] == []
    assert "13812345678" not in told[0]["evidence"][1]["quote"]
    older = json.loads(inspection_to_json(good))
    del older["findings"]["followed"]
    assert inspection_from_json(json.dumps(older)) == good


def test_scores_and_verdict_are_those_of_the_inspection(poor: Inspection) -> None:
    result = to_json(poor)
    assert result["energy_score"] == poor.scorecard.energy_score
    assert result["band"] == list(poor.scorecard.band)
    assert result["verdict"] == "not_qualified"
    assert result["compliance"]["on_roster"]["status"] == "fail"
    assert sum(item["score"] for item in result["items"]) == pytest.approx(
        sum(d["score"] for d in result["dimensions"].values()), abs=0.02
    )


def test_every_score_above_zero_carries_its_words_and_seconds(good: Inspection) -> None:
    for item in to_json(good)["items"]:
        if item["score"] > 0:
            assert item["evidence"], item["id"]
            assert all(e["quote"] and e["end"] > e["start"] >= 0 for e in item["evidence"])


def test_what_is_unknown_is_null_never_zero(speakerless: Inspection, unscored: Inspection) -> None:
    unknown = to_json(speakerless)["findings"]["host_talk_share"]
    assert unknown["value"] is None
    assert unknown["reason"]
    assert to_json(speakerless)["facts"]["attendees"] is None
    assert to_json(unscored)["energy_score"] is None
    assert to_json(unscored)["band"] == [None, None]


def test_figures_that_are_no_numbers_are_null(good: Inspection) -> None:
    measures = {
        "broken": Measurement(id="broken", value=float("nan")),
        "endless": Measurement(id="endless", value=float("inf")),
    }
    found = to_json(replace(good, findings=replace(good.findings, measures=measures)))["findings"]
    assert [found[name]["value"] for name in measures] == [None, None]


def test_people_are_names_where_known_else_a_count(good: Inspection) -> None:
    facts = replace(
        good.facts, expected_attendees=Roster(count=2, names=("王芳", "李强")), attendees=Roster(count=2)
    )
    shown = to_json(replace(good, facts=facts))["facts"]
    assert shown["expected_attendees"] == ["王芳", "李强"]
    assert shown["attendees"] == 2


def test_the_recording_is_named_without_the_folders_of_this_machine(good: Inspection) -> None:
    part = RecordingPart(
        path="/home/someone/九月/a.opus",
        sha256="ab" * 32,
        start=0.0,
        duration=2160.0,
        container="ogg",
        codec="opus",
        sample_rate=48_000,
        channels=1,
    )
    recording = Recording(parts=(part,), duration=2160.0, sha256="cd" * 32)
    result = to_json(replace(good, recording=recording))
    assert result["recording"] == {"files": ["a.opus"], "duration": 2160.0, "sha256": "cd" * 32}
    Draft202012Validator(RESULT).validate(result)


def test_the_interchange_is_masked_and_the_stored_form_is_not(good: Inspection) -> None:
    proof = Evidence(start=1, end=2, quote="打13812345678", utterance=0)
    items = (replace(good.scorecard.items[0], evidence=(proof,)), *good.scorecard.items[1:])
    told = replace(good, scorecard=replace(good.scorecard, items=items))
    assert "打138****5678" in json.dumps(to_json(told), ensure_ascii=False)
    assert "13812345678" not in json.dumps(to_json(told), ensure_ascii=False)
    assert inspection_from_json(inspection_to_json(told)) == told


def test_the_file_is_indented_and_readable(good: Inspection, tmp_path: Path) -> None:
    write_json(good, tmp_path / "结果.json")
    text = (tmp_path / "结果.json").read_text("utf-8")
    assert json.loads(text) == to_json(good)
    assert text.startswith('{\n  "energy_score"')
    assert "兰州城关营业部" in text


def test_a_place_that_cannot_be_written_is_refused(good: Inspection, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="这是一个文件夹"):
        write_json(good, tmp_path)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"facts": 1}', b"\xff\xfe"])
def test_anything_else_is_refused_as_a_stored_inspection(text: str | bytes) -> None:
    with pytest.raises(InputError, match="不是本工具保存的质检结果"):
        inspection_from_json(text)


def test_the_refusal_names_the_place_that_is_wrong(good: Inspection) -> None:
    stored = json.loads(inspection_to_json(good))
    stored["scorecard"]["energy_score"] = "高"
    with pytest.raises(InputError, match=r"scorecard\.energy_score 处不符"):
        inspection_from_json(json.dumps(stored))
