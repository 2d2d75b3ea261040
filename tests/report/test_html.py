"""The HTML report: complete, self-contained, escaped, masked, honest about what is unknown."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from qa_pipeline.names import CHAPTERS, DIMENSIONS, VERDICTS
from qa_pipeline.report.html import render_html
from qa_pipeline.report.wording import advice
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.compliance import Check, ComplianceVerdict
from qa_pipeline.values.findings import Action, Evidence, Measurement, Remark
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.scorecard import Critical
from qa_pipeline.values.vocabulary import Chapter, Status, Verdict
from qa_pipeline.values.written import clock, in_short
from tests.report.page import Element, read


def page(inspection: Inspection) -> Element:
    return read(render_html(inspection))


def said(quote: str, *, at: float = 125.0, by: str | None = "S2") -> Evidence:
    return Evidence(start=at, end=at + 4, quote=quote, utterance=0, speaker=by)


def without(inspection: Inspection, chapter: Chapter) -> Inspection:
    spans = tuple(s for s in inspection.chapters.spans if s.chapter != chapter)
    return replace(inspection, chapters=Chapters(spans=spans, segmenter="test"))


def quoting(inspection: Inspection, quote: str) -> Inspection:
    """The inspection with a quote everywhere a quote can stand, and hostile text where text can stand."""
    card, findings = inspection.scorecard, inspection.findings
    proof = (said(quote, by=quote),)
    remark = Remark(id="x", label=quote, suggestion=quote, evidence=proof)
    return replace(
        inspection,
        facts=replace(inspection.facts, institution=quote, host=quote),
        scorecard=replace(
            card,
            items=tuple(
                replace(i, label=quote, reason=quote, evidence=proof, suggestion=quote) for i in card.items
            ),
            criticals=(Critical(id="K6", label=quote, reason=quote, evidence=proof, review=True),),
        ),
        findings=replace(
            findings,
            practices=(remark,),
            issues=(remark,),
            actions=(Action(who=quote, what=quote, due=quote, evidence=proof[0]),),
            measures={**findings.measures, quote: Measurement(id=quote, value=None, reason=quote)},
        ),
        compliance=replace(
            inspection.compliance,
            on_time=ComplianceVerdict(
                status=Status.FAIL,
                reason=quote,
                checks=(Check(rule="R3", status=Status.FAIL, reason=quote),),
            ),
        ),
        versions={quote: quote},
        warnings=(quote,),
    )


# ---------------------------------------------------------------- the first ten seconds


@pytest.mark.parametrize("which", ["good", "poor", "monthly"])
def test_the_first_screen_says_whether_it_passed_the_score_why_and_what_to_do(
    which: str, request: pytest.FixtureRequest
) -> None:
    inspection: Inspection = request.getfixturevalue(which)
    first = page(inspection).id("verdict")
    assert VERDICTS[inspection.compliance.verdict] in first.all("h2")[0].text
    assert first.all("p", "score")[0].text.startswith("能量值")
    for verdict in (
        inspection.compliance.on_time,
        inspection.compliance.on_roster,
        inspection.compliance.on_quality,
    ):
        assert in_short(verdict.reason, inspection.scorecard.criticals) in first.text
    for critical in inspection.scorecard.criticals:
        assert first.text.count(critical.reason) == 1
    assert [h.text.split("最多")[0].strip() for h in first.all("h4")] == [a.label for a in advice(inspection)]


def test_the_gauge_tells_score_band_and_pass_line_to_those_who_cannot_see_it(poor: Inspection) -> None:
    card = replace(poor.scorecard, energy_score=35.44, band=(32.2, 38.6))
    (gauge,) = page(replace(poor, scorecard=card)).id("verdict").all("div", "gauge")
    assert (
        gauge.all("svg")[0].attributes["aria-label"]
        == "能量值 35.4，误差范围 32.2 至 38.6，合格线 60，满分 100"
    )
    assert "fail" in gauge.attributes["class"].split()


def test_the_gauge_shows_where_the_score_stands_even_when_something_else_fails_the_meeting(
    good: Inspection,
) -> None:
    failed = replace(good, compliance=replace(good.compliance, verdict=Verdict.NOT_QUALIFIED))
    first = page(failed).id("verdict")
    assert "fail" in first.attributes["class"].split()
    assert "pass" in first.all("div", "gauge")[0].attributes["class"].split()


def test_r9_a_failed_roster_leads_the_advice(poor: Inspection) -> None:
    leading = page(poor).id("verdict").all("div", "next")[0].all("ol")[0].all("li")[0]
    assert "按人到位" in leading.text
    assert "会前逐人确认到会" in leading.text


def test_critical_gates_show_their_kind_reason_and_words(good: Inspection) -> None:
    gates = (
        Critical(id="K1", label="时长不足", reason="净时长不到 30 分钟"),
        Critical(
            id="K6", label="合规红线", reason="说到返佣", evidence=(said("返你两千。", at=754),), review=True
        ),
    )
    (shown,) = (
        page(replace(good, scorecard=replace(good.scorecard, criticals=gates)))
        .id("verdict")
        .all("div", "gates")
    )
    stopping, freezing = shown.all("ul")[0].children[1::2]
    assert isinstance(stopping, Element)
    assert isinstance(freezing, Element)
    assert "一票否决 · 时长不足" in stopping.text
    assert "人工复核 · 合规红线" in freezing.text
    assert "12:34" in freezing.text
    assert "返你两千。" in freezing.text


# ---------------------------------------------------------------- sections


def test_the_header_names_institution_kind_theme_date_and_duration(good: Inspection) -> None:
    shown = page(good)
    assert shown.all("h1")[0].text == "兰州城关营业部 周复盘会"
    facts = shown.all("dl", "facts")[0].text
    for part in ("2026-04-08", "09:00", clock(good.transcript.duration), "主管领跑周", "马建军"):
        assert part in facts


def test_every_rule_that_was_looked_at_is_listed_with_its_number_and_reason(poor: Inspection) -> None:
    sheets = page(poor).id("compliance").all("div", "sheet")
    verdicts = (poor.compliance.on_time, poor.compliance.on_roster, poor.compliance.on_quality)
    for sheet, verdict in zip(sheets, verdicts, strict=True):
        lines = [line.text for line in sheet.all("ul", "checks")[0].all("li")]
        assert len(lines) == len(verdict.checks)
        for line, check in zip(lines, verdict.checks, strict=True):
            assert line.startswith(check.rule)
            assert check.reason in line


def test_r14_a_missing_chapter_keeps_its_place_in_the_time_line(good: Inspection) -> None:
    rows = (
        page(without(good, Chapter.PROBLEM_DISCUSSION))
        .id("chapters")
        .all("ol", "timeline")[0]
        .all("li", "mandated")
    )
    names = [row.all("span", "chapter")[0].text for row in rows]
    assert names == ["1 阶段复盘", "2 优秀分享", "3 问题研讨", "4 下周安排"]
    missing = rows[2]
    assert "missing" in missing.attributes["class"].split()
    assert "缺失" in missing.text
    assert missing.all("svg")[0].attributes["aria-label"] == "问题研讨：缺失"


def test_r13_the_monthly_meeting_has_its_own_five_chapters(monthly: Inspection) -> None:
    rows = page(monthly).id("chapters").all("li", "mandated")
    assert len(rows) == 5
    assert "下月规划" in rows[3].text


def test_a_chapter_shows_its_times_and_how_sure_they_are(good: Inspection) -> None:
    first, *rest = (s for s in good.chapters.spans if s.chapter == Chapter.STAGE_REVIEW)
    unsure = replace(first, confidence=0.41)
    spans = tuple(unsure if s is first else s for s in good.chapters.spans if s not in rest)
    row = page(replace(good, chapters=replace(good.chapters, spans=spans))).id("chapters").all("li")[1]
    assert f"{clock(first.start)}–{clock(first.end)}" in row.text
    assert "把握 41%（存疑）" in row.text


def test_every_item_stands_in_its_dimension_with_score_status_proof_and_suggestion(poor: Inspection) -> None:
    shown = page(poor).id("items")
    tables = shown.all("table")
    assert [t.all("caption")[0].text for t in tables] == [DIMENSIONS[d] for d in poor.scorecard.dimensions]
    for item in poor.scorecard.items:
        row = shown.id(f"of-{item.id}")
        head, score, proof, suggestion = (e for e in row.children if isinstance(e, Element))
        assert item.label in head.text
        assert head.attributes["scope"] == "row"
        assert f"／ {item.max:g}" in score.text
        assert item.suggestion.replace("。", "。 ").strip() == suggestion.text or not item.suggestion
        for piece in item.evidence:
            assert f"{clock(piece.start)} {piece.speaker}" in proof.text
            assert piece.quote in proof.text
        for point in item.points:
            assert point.label in head.text


def test_an_item_that_lost_all_says_that_nothing_was_heard(good: Inspection) -> None:
    missed = replace(
        good.scorecard.items[0], evidence=(), points=(), reason="", score=0.0, level=0.0, status="missed"
    )
    card = replace(good.scorecard, items=(missed, *good.scorecard.items[1:]))
    row = page(replace(good, scorecard=card)).id(f"of-{missed.id}")
    assert "缺失" in row.text
    assert "会上没有听到相应的内容" in row.text


def test_r25_checking_is_measured_against_seventy_per_cent(good: Inspection) -> None:
    for value, told in ((0.6996, "69.9% ! 未到目标"), (0.7, "70% ✓ 达到目标")):
        measures = {**good.findings.measures, "check_share": Measurement(id="check_share", value=value)}
        shown = page(replace(good, findings=replace(good.findings, measures=measures))).id("interaction")
        assert shown.all("p", "big")[0].text == told


def test_r25_sets_no_target_for_the_monthly_meeting(monthly: Inspection) -> None:
    figure = page(monthly).id("interaction").all("figure")[1]
    assert figure.all("figcaption")[0].text == "追问研讨占比"
    assert not figure.all("rect", "mark")


def test_talk_shares_add_up_and_mark_the_host(good: Inspection) -> None:
    bars = page(good).id("interaction").all("ul", "bars")[0].all("li")
    shares = [float(bar.all("span", "figure")[0].text.rstrip("%")) for bar in bars]
    assert sum(shares) == pytest.approx(100, abs=0.1 * len(shares))
    assert shares == sorted(shares, reverse=True)
    assert [("主持" in bar.text) == bool(bar.all("svg", "host")) for bar in bars] == [True] * len(bars)


def test_many_speakers_are_added_up_after_the_seventh(good: Inspection) -> None:
    utterances = tuple(replace(u, speaker=f"P{i % 12}") for i, u in enumerate(good.transcript.utterances))
    many = replace(good, transcript=replace(good.transcript, utterances=utterances))
    bars = page(many).id("interaction").all("ul", "bars")[0].all("li")
    assert len(bars) == 8
    assert "其余 5 人" in bars[-1].text


def test_questions_along_time_count_what_the_measure_counts(good: Inspection) -> None:
    density = good.findings.measures["questions_per_10min"].value
    net = good.findings.measures["speech_minutes"].value
    assert density is not None
    assert net is not None
    columns = page(good).id("interaction").all("div", "histogram")[0].all("svg")
    labels = [column.attributes["aria-label"] for column in columns]
    counted = [int(n) for label in labels for n in re.findall(r"提问 (\d+) 次", label)]
    assert len(columns) <= 12
    assert sum(counted) == round(density * net / 10)


def test_practices_issues_and_actions_are_listed_with_their_words(poor: Inspection) -> None:
    shown = page(poor)
    for remark in (*poor.findings.practices, *poor.findings.issues):
        article = shown.id(f"of-{remark.id}")
        assert remark.label in article.text
        assert remark.suggestion in article.text
        for piece in remark.evidence:
            assert piece.quote in article.text


def test_c3_compared_figures_are_a_table_of_their_own(good: Inspection, checked: Inspection) -> None:
    off, same = page(checked).id("figures").all("tbody")[0].all("tr")
    assert off.text == (
        "02:05 王芳霞 期缴保费 芳霞期缴三百二十万。 320 万元 ! 多说 20 万元 300 万元（截至 04-07）"
    )
    assert same.text.endswith("62% ✓ 一致 62.3%")
    assert "数字核对" not in [h.text for h in page(good).all("h2")]


def test_i4_earlier_commitments_are_a_table_of_their_own(good: Inspection, followed: Inspection) -> None:
    kept, _, _, passed_over = page(followed).id("followed").all("tbody")[0].all("tr")
    assert kept.text.startswith("王芳霞 2026-04-03 陪访五户 01:05 陪访做了没有？ 01:10 五户都访了")
    assert kept.text.endswith("✓ 兑现")
    assert "13812345678" not in kept.text
    assert passed_over.text == "王芳霞 周五 买幕布 ! 没有提到"
    assert "上次承诺" not in [h.text for h in page(good).all("h2")]


def test_an_action_shows_who_what_due_and_says_what_was_not_said(good: Inspection) -> None:
    actions = (
        Action(who="王芳", what="见三位老客户", due="周五前", evidence=said("周五前见三位。", at=65)),
        Action(who=None, what=None, due=None, evidence=said("我尽量。")),
        Action(who="王芳", what="写十万", due=None, evidence=said("写十万"), confidence=0.3),
    )
    body = page(replace(good, findings=replace(good.findings, actions=actions))).id("actions").all("tbody")[0]
    told, unsaid, doubtful = body.all("tr")
    assert doubtful.text == "02:05 王芳 写十万 不一定是承诺，请先听 未说"
    assert told.text == "01:05 王芳 见三位老客户 周五前见三位。 周五前"
    assert unsaid.text == "02:05 未说 未说 我尽量。 未说"


def test_warnings_and_versions_close_the_report(good: Inspection) -> None:
    about = page(replace(good, warnings=("录音有 3 秒空白。",))).id("about").text
    assert "录音有 3 秒空白。" in about
    for version in good.versions.values():
        assert version in about


def test_k4_a_background_that_changes_is_a_place_to_listen_to_and_no_gate(speakerless: Inspection) -> None:
    told = page(speakerless).id("about").text
    assert "10:05 前后的背景声突然不同（音色相差 4.5 分贝）" in told
    assert "请听这一处" in told
    assert "背景声" not in page(speakerless).id("verdict").text


def test_every_measure_is_listed_and_those_of_a_newer_version_keep_their_id(good: Inspection) -> None:
    measures = {**good.findings.measures, "from_the_future": Measurement(id="from_the_future", value=3.0)}
    listed = (
        page(replace(good, findings=replace(good.findings, measures=measures))).id("about").all("details")[0]
    )
    assert len(listed.all("dt")) == len(measures)
    assert "from_the_future" in listed.text


# ---------------------------------------------------------------- honesty about the unknown


def test_unknown_speakers_are_unknown_with_the_reason_not_zero(speakerless: Inspection) -> None:
    shown = page(speakerless).id("interaction")
    talk = shown.all("figure")[0]
    assert not talk.all("svg")
    assert talk.all("p", "unknown")[0].text.startswith("未知")
    assert speakerless.findings.measures["top_talk_share"].reason in talk.text
    rows = {row.all("dt")[0].text: row.all("dd")[0].text for row in shown.all("dl", "measures")[0].all("div")}
    assert rows["主持发言占比"].startswith("未知")
    assert "把握" in rows["追问链数"]


def test_a_score_that_could_not_be_given_is_unknown_not_zero(unscored: Inspection) -> None:
    shown = page(unscored)
    assert shown.id("verdict").all("p", "score")[0].text == "能量值 未知"
    assert not shown.id("verdict").all("div", "gauge")
    assert "未知" in shown.id("items").all("ul", "dimensions")[0].text
    assert "测不出来" in shown.id("items").text


def test_a_meeting_in_which_nothing_was_said_is_still_a_report(good: Inspection) -> None:
    silent = replace(
        good,
        transcript=replace(good.transcript, utterances=(), duration=0.0),
        chapters=Chapters(spans=(), segmenter="test"),
        findings=replace(
            good.findings, readings=(), measures={}, practices=(), issues=(), actions=(), host=None
        ),
    )
    shown = page(silent)
    assert "这次质检没有测这一项" in shown.id("interaction").text
    assert len(shown.id("chapters").all("li", "missing")) == 4
    assert "会上没有听到承诺或任务。" in shown.id("actions").text


# ---------------------------------------------------------------- safe and self-contained


def test_text_is_escaped_wherever_it_stands(good: Inspection) -> None:
    hostile = "<script>alert('x')</script>\"><img src=x onerror=y>"
    html = render_html(quoting(good, hostile))
    tags = {element.tag for element in read(html).walk()}
    assert not tags & {"script", "img", "iframe", "link", "object"}
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not [e for e in read(html).walk() if any(name.startswith("on") for name in e.attributes)]


@pytest.mark.parametrize("which", ["good", "poor", "monthly", "speakerless", "unscored"])
def test_nothing_is_fetched_from_anywhere(which: str, request: pytest.FixtureRequest) -> None:
    html = render_html(request.getfixturevalue(which))
    assert not re.search(r"https?:|//\w|@import|url\(|@font-face|<link|<script|<img|\bsrc=", html)
    shown = read(html)
    ids = [e.attributes["id"] for e in shown.walk() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for link in shown.all("a"):
        assert link.attributes["href"].removeprefix("#") in ids
    policy = next(e for e in shown.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"].startswith("default-src 'none'")


def test_personal_numbers_are_masked(good: Inspection) -> None:
    told = quoting(good, "电话13812345678，卡号6222021234567890123")
    html = render_html(replace(told, versions={}, findings=replace(told.findings, measures={})))
    assert "13812345678" not in html.replace("\n", "")
    assert "138****5678" in html
    assert "6222021234567890123" not in html


def test_a_long_quote_is_shown_whole(good: Inspection) -> None:
    long = "这位客户我跟了三年" * 120
    item = replace(good.scorecard.items[0], evidence=(said(long),))
    card = replace(good.scorecard, items=(item, *good.scorecard.items[1:]))
    assert long in page(replace(good, scorecard=card)).id(f"of-{item.id}").text


# ---------------------------------------------------------------- for everybody


def test_headings_nest_without_gaps_and_tables_and_charts_are_named(poor: Inspection) -> None:
    shown = page(poor)
    levels = [int(e.tag[1]) for e in shown.walk() if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    for svg in shown.all("svg"):
        assert svg.attributes["role"] == "img"
        assert svg.attributes["aria-label"]
    for table in shown.all("table"):
        assert table.all("caption")
        assert all(cell.attributes["scope"] in ("col", "row") for cell in table.all("th"))
    for section in shown.all("section"):
        assert section.id(section.attributes["aria-labelledby"]).tag == "h2"
    assert shown.all("html")[0].attributes["lang"] == "zh-CN"


def test_status_is_never_told_by_colour_alone(poor: Inspection) -> None:
    for badge in page(poor).all("span", "badge"):
        assert re.search(r"[\u4e00-\u9fff]", badge.text)


def test_colours_have_enough_contrast_on_their_ground() -> None:
    from pathlib import Path

    import qa_pipeline.report

    style = (Path(qa_pipeline.report.__file__).parent / "inspection.css").read_text("utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in style.split("@media")[:2])
    for colours in (light, dark):
        for text in ("ink", "soft", "accent", "pass", "warn", "fail", "unknown"):
            assert contrast(colours[text], colours["paper"]) >= 4.5, text
        for tone in ("pass", "warn", "fail"):
            assert contrast(colours[tone], colours[f"{tone}-tint"]) >= 4.5, tone


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * d for d in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_chapters_have_names_in_the_time_line(good: Inspection) -> None:
    shown = page(good).id("chapters").text
    for span in good.chapters.spans:
        assert CHAPTERS[span.chapter] in shown
