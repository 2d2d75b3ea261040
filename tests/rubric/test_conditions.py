"""Every construct of a condition: what it finds, what it leaves out, and when it cannot be known."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from qa_pipeline.personal import mask_personal
from qa_pipeline.rubric import conditions
from tests.rubric.meeting import Meeting, found, item, lines, rubric

TALK = Meeting(
    "甲 opening 今天的会议主题是达优",
    "乙 stage_review 我上周见了六个客户，成了一单。",
    "甲 stage_review 为什么没有达成？",
    "乙 problem_discussion 市场不好，客户没钱",
    "丙 problem_discussion 严禁返佣，谁也不能给客户返点",
    "丙 next_week_plan 本周五之前完成陪房三次",
    acts={1: "check data", 2: "probe", 3: "evade", 5: "commit"},
    mentions={1: "number indicator:visits", 5: "date number person"},
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param("{phrase: 见了六个}", [1], id="phrase"),
        pytest.param("{phrase: [没有的话, 市场不好]}", [3], id="any of several phrases"),
        pytest.param("{phrase: 客户成了一单}", [1], id="punctuation does not count"),
        pytest.param("{group: weak_or_evasive}", [3], id="lexicon group"),
        pytest.param("{group: questioning.why}", [2], id="lexicon group of a family"),
        pytest.param("{regex: '见了.个'}", [1], id="regex"),
        pytest.param("{regex: '客户', except: {phrase: 返点}}", [1, 3], id="regex with exclusion"),
        pytest.param("{phrase: 本周五之前完成陪访, fuzzy: 80}", [5], id="fuzzy"),
        pytest.param("{phrase: 本周五之前完成陪访, fuzzy: 99}", [], id="fuzzy below the threshold"),
        pytest.param("{phrase: 陪访, pinyin: true}", [5], id="pinyin"),
        pytest.param("{phrase: 陪访}", [], id="no pinyin unless asked"),
        pytest.param("{entity: number}", [1, 5], id="entity kind"),
        pytest.param("{entity: [number, person]}", [5], id="entities in one utterance"),
        pytest.param("{entity: visits}", [1], id="indicator by id"),
        pytest.param("{act: commit}", [5], id="act"),
        pytest.param("{act: [probe, check]}", [1, 2], id="any of several acts"),
        pytest.param("{longer: 13}", [1, 4], id="length"),
        pytest.param("{any: [{act: commit}, {act: probe}]}", [2, 5], id="any"),
        pytest.param("{all: [{act: commit}, {act: probe}]}", [2, 5], id="all"),
        pytest.param("{all: [{act: commit}, {act: goal}]}", [], id="all, one lacking"),
        pytest.param("{same: [{act: check}, {entity: number}]}", [1], id="same utterance"),
        pytest.param("{same: [{entity: number}, {none: [{act: commit}]}]}", [1], id="same, with a bar"),
        pytest.param("{some: [{act: goal}, {act: probe}, {act: commit}], number: 2}", [2, 5], id="some"),
        pytest.param("{some: [{act: goal}, {act: probe}], number: 2}", [], id="some, too few"),
        pytest.param("{act: [check, probe, commit], times: 3}", [1, 2, 5], id="times"),
        pytest.param("{act: [check, probe], in: stage_review}", [1, 2], id="chapter"),
        pytest.param("{act: commit, in: [opening, stage_review]}", [], id="other chapters"),
        pytest.param("{longer: 1, by: host}", [0, 2], id="said by the host"),
        pytest.param("{longer: 1, by: other}", [1, 3, 4, 5], id="said by others"),
        pytest.param("{longer: 1, window: {from: 20, to: 40}}", [2, 3], id="seconds"),
        pytest.param("{longer: 1, window: {to: '50%'}}", [0, 1, 2], id="per cent"),
        pytest.param("{longer: 1, window: {first: 10}}", [0], id="first seconds"),
        pytest.param("{longer: 1, window: {last: '20%'}}", [5], id="last per cent"),
        pytest.param("{longer: 1, near: {of: {act: probe}, within: 1 utterances}}", [1, 3], id="near"),
        pytest.param(
            "{longer: 1, near: {of: {act: probe}, within: 20 seconds, side: after}}", [3, 4], id="after"
        ),
        pytest.param(
            "{longer: 1, near: {of: {act: probe}, within: 2 utterances, side: before}}", [0, 1], id="before"
        ),
        pytest.param("{group: compliance_risk}", [4], id="risk"),
        pytest.param(
            "{group: compliance_risk, except: {group: compliance_negation, characters: 20}}",
            [],
            id="risk under negation",
        ),
    ],
)
def test_a_condition_finds(tmp_path: Path, condition: str, expected: list[int]) -> None:
    result = found(tmp_path, condition, TALK)
    assert (lines(result) if result.truth else []) == expected
    assert result.truth is bool(expected)


def test_an_exclusion_looks_only_as_far_as_it_says(tmp_path: Path) -> None:
    meeting = Meeting("甲 opening 严禁迟到早退这件事我讲过很多遍了大家都清楚对吧那个返佣的事回头再说")
    near = "{phrase: 返佣, except: {phrase: 严禁, characters: 5}}"
    far = "{phrase: 返佣, except: {phrase: 严禁}}"
    assert found(tmp_path, near, meeting).truth is True
    assert found(tmp_path, far, meeting).truth is False


def test_a_phrase_that_sounds_nearly_the_same_is_found_to_a_threshold(tmp_path: Path) -> None:
    meeting = Meeting("甲 opening 每为主馆抱一下下周的培房计划", "乙 opening 每天的天气都不错啊")
    condition = "{{phrase: 每位主管报一下下周的陪访计划, pinyin: {pinyin}, fuzzy: {cutoff}}}"
    assert lines(found(tmp_path, condition.format(pinyin="true", cutoff=90), meeting)) == [0]
    assert found(tmp_path, condition.format(pinyin="false", cutoff=90), meeting).truth is False
    dropped = Meeting("甲 opening 每为主馆下周的培房计划")
    assert found(tmp_path, condition.format(pinyin="true", cutoff=75), dropped).truth is True
    assert found(tmp_path, condition.format(pinyin="true", cutoff=95), dropped).truth is False


def test_a_combination_holds_within_its_scope(tmp_path: Path) -> None:
    condition = "{all: [{act: probe}, {act: commit}], in: stage_review}"
    assert found(tmp_path, condition, TALK).truth is False


def test_none_holds_when_nothing_is_found_and_proves_nothing(tmp_path: Path) -> None:
    result = found(tmp_path, "{none: [{act: goal}]}", TALK)
    assert result.truth is True
    assert result.hits == ()


def test_a_definition_is_used_by_name(tmp_path: Path) -> None:
    loaded = rubric(tmp_path, "definitions:\n  追问: {act: probe}\n" + item("said: {use: 追问}"))
    assert TALK.scored(loaded).items[0].level == 1


def test_who_spoke_is_unknown_without_speakers(tmp_path: Path) -> None:
    meeting = Meeting("甲 opening 大家好", "乙 opening 好", speakers=False)
    result = found(tmp_path, "{longer: 1, by: host}", meeting)
    assert result.truth is None
    assert result.reason == "分不清说话人，无法判断谁说的"


def test_an_unknown_part_makes_all_unknown_unless_another_part_fails(tmp_path: Path) -> None:
    meeting = Meeting("甲 opening 大家好", acts={0: "goal"}, measures={"attendance_rate": None})
    unknown = "{measure: attendance_rate, at_least: 0.9}"
    assert found(tmp_path, f"{{all: [{{act: goal}}, {unknown}]}}", meeting).truth is None
    assert found(tmp_path, f"{{all: [{{act: probe}}, {unknown}]}}", meeting).truth is False
    assert found(tmp_path, f"{{any: [{{act: goal}}, {unknown}]}}", meeting).truth is True
    assert found(tmp_path, f"{{any: [{{act: probe}}, {unknown}]}}", meeting).truth is None


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("{measure: speech_minutes, at_most: 30}", False),
        ("{measure: speech_minutes, at_least: 30}", True),
        ("{count: {act: [check, probe, commit]}, at_least: 3}", True),
        ("{count: {longer: 1}, unit: speakers, at_most: 3}", True),
        ("{count: {act: [check, probe, commit]}, unit: seconds, at_least: 30}", True),
        ("{share: {act: commit}, unit: seconds, of: {act: [probe, commit]}, at_least: 0.51}", False),
        ("{rate: {act: probe}, per: 10 minutes, at_least: 9.9}", True),
        ("{rate: {act: probe, in: stage_review}, per: 10 minutes, at_least: 29}", True),
        ("{rate: {act: probe}, per: 100 utterances, at_most: 17}", True),
        ("{rate: {act: probe}, per: 1000 characters, at_least: 12}", True),
        ("{share: {act: commit}, of: {entity: number}, at_least: 0.5}", True),
        ("{share: {act: commit}, at_most: 0.1}", False),
        ("{fact: kind, is: weekly_review}", True),
        ("{fact: speakers_known, is: 'true'}", True),
        ("{fact: duration_minutes, at_most: 1}", True),
        ("{fact: theme, is: supervisor_lead}", None),
    ],
)
def test_a_quantity_or_fact_is_compared(tmp_path: Path, condition: str, truth: bool | None) -> None:
    meeting = Meeting(
        *(
            f"{u.speaker} {s.chapter} {u.text}"
            for u, s in zip(TALK.transcript.utterances, TALK.chapters.spans, strict=True)
        ),
        acts={1: "check data", 2: "probe", 3: "evade", 5: "commit"},
        mentions={1: "number", 5: "number"},
        measures={"speech_minutes": 42},
    )
    assert found(tmp_path, condition, meeting).truth is truth


def test_a_count_by_length_is_divided_by_how_much_longer_the_meeting_is(tmp_path: Path) -> None:
    """A meeting of four times the talk has about three times of everything."""
    lines = [f"甲 opening 第{n}句话" for n in range(6)]
    acts = dict.fromkeys(range(6), "cause")
    short, long = (
        Meeting(*lines, acts=acts, measures={"root_causes": 6, "relative_length": length})
        for length in (1, 3)
    )
    for counted in ("measure: root_causes", "count: {act: cause}"):
        three = f"{{{counted}, by_length: true, at_least: 3}}"
        assert found(tmp_path, three, short).truth is True
        assert found(tmp_path, three, long).truth is False
        assert found(tmp_path, f"{{{counted}, at_least: 3}}", long).truth is True


def test_a_phantom_line_proves_nothing(tmp_path: Path) -> None:
    meeting = Meeting("甲 opening 本周五之前完成", acts={0: "commit"}, phantom=[0])
    assert found(tmp_path, "{act: commit}", meeting).truth is False
    assert found(tmp_path, "{phrase: 本周五}", meeting).truth is False


def test_full_width_and_case_do_not_matter(tmp_path: Path) -> None:
    meeting = Meeting("甲 opening 这个月ＦＹＣ多少")
    assert found(tmp_path, "{phrase: fyc多少}", meeting).truth is True


def test_phrases_do_not_run_over_the_end_of_an_utterance(tmp_path: Path) -> None:
    meeting = Meeting("甲 opening 今天下", "乙 opening 班前报给我")
    assert found(tmp_path, "{phrase: 今天下班前报给我}", meeting).truth is False


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("^我负责", [1], id="an utterance begins"),
        pytest.param("多少$", [0], id="an utterance ends"),
        pytest.param("fyc.少", [0], id="case does not matter"),
        pytest.param("多少[^错]*负责", [], id="two utterances are not one"),
        pytest.param("我[^多]*负责", [1, 2], id="a longer stretch hides no shorter one"),
    ],
)
def test_a_regular_expression_is_matched_within_an_utterance(
    tmp_path: Path, pattern: str, expected: list[int]
) -> None:
    meeting = Meeting("甲 opening 这个月FYC多少？", "乙 opening 我负责。", "丙 opening 我也负责！")
    assert lines(found(tmp_path, f"{{regex: '{pattern}'}}", meeting)) == expected


def test_a_regular_expression_that_would_take_for_ever_is_unknown_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "PATIENCE", 0.1)
    meeting = Meeting("甲 opening " + "a" * 60 + "b", *["乙 opening 好"] * 20)
    trap = "(a|a)*$"
    for condition in (f"{{regex: '{trap}'}}", f"{{phrase: AB, except: {{regex: '{trap}'}}}}"):
        result = found(tmp_path, condition, meeting)
        assert result.truth is None
        assert result.reason == "量规里的正则表达式匹配得太慢，请改写得简单些"


def test_the_quote_shows_the_words_that_prove(tmp_path: Path) -> None:
    text = "嗯，" * 60 + "我们今天把事情分一分，王芳负责名单。" + "好，" * 60
    meeting = Meeting(f"甲 opening {text}")
    (hit,) = found(tmp_path, "{phrase: 王芳负责}", meeting).hits
    quote = meeting.heard().evidence(hit).quote
    assert "王芳负责名单" in quote
    assert quote in text
    assert len(quote) == 80


@pytest.mark.parametrize("before", range(20, 80))
def test_a_quote_cuts_no_personal_number_in_two(tmp_path: Path, before: int) -> None:
    """Half a telephone number would pass for none and be shown."""
    text = f"{'说' * 50}王芳负责{'好' * (before - 20)}13912345678{'那' * 90}"
    meeting = Meeting(f"甲 opening {text}")
    (hit,) = found(tmp_path, "{phrase: 王芳负责}", meeting).hits
    quote = mask_personal(meeting.heard().evidence(hit).quote)
    assert "王芳负责" in quote
    assert quote in mask_personal(text)


@pytest.mark.parametrize("heard", ["刘芳", "牛番", "牛方", "流放"])
def test_sounds_that_many_do_not_tell_apart_are_the_same(tmp_path: Path, heard: str) -> None:
    """n 与 l、an 与 ang：牛/刘，方/番。"""
    assert found(tmp_path, "{phrase: 牛方, pinyin: true}", Meeting(f"甲 opening 叫{heard}去")).truth is True


def test_an_hour_of_talk_is_searched_in_60_milliseconds(tmp_path: Path) -> None:
    talk = [f"{'甲乙丙'[i % 3]} stage_review 我上周见了{i}个客户还差三单没有做完" for i in range(900)]
    meeting = Meeting(*talk, acts=dict.fromkeys(range(0, 900, 3), "check"))
    conditions = (
        "{any: [{group: commitment}, {group: questioning.why}, {group: recognition}, {group: cues.closing},"
        " {group: indicators_result}, {group: indicators_process}, {phrase: 陪访三次, pinyin: true},"
        " {phrase: [下周一之前把名单报给我, 每位主管报一下下周的陪访计划], fuzzy: 85},"
        " {regex: '差[一二三]单'}]}"
    )
    loaded = rubric(tmp_path, item(f"said: {conditions}"))
    meeting.scored(loaded)
    took = []
    for _ in range(7):
        start = time.process_time()
        meeting.scored(loaded)
        took.append(time.process_time() - start)
    assert min(took) < 0.06
