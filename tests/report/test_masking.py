"""Personal numbers are masked in whatever form they were written or heard; business figures are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_pipeline.report.masking import mask_personal, masked
from qa_pipeline.values.findings import Evidence, Mention
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.transcript import SpokenNumber


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("电话13812345678。", "电话138****5678。"),
        ("打 138-1234-5678 找我", "打 138-****-5678 找我"),
        ("＋8613812345678", "＋86138****5678"),
        ("一三八幺二三四五六七八", "一三八****五六七八"),
        (
            "\uff11\uff13\uff18\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
            "\uff11\uff13\uff18****\uff15\uff16\uff17\uff18",
        ),
        ("身份证11010519491231002X", "身份证110*************2X"),
        ("老身份证110105491231002", "老身份证110**********02"),
        ("卡号6222 0212 3456 7890 123", "卡号**** **** **** ***0 123"),
        ("座机0931-8412345", "座机0931-*****45"),
        ("工号1001 13800138000", "工号1001 138****8000"),
        ("打138.1234.5678或者138/1234/5678", "打138.****.5678或者138/****/5678"),
        ("车牌京A12345，粤B·D8888Z", "车牌京A*****，粤B·******"),
        ("发到zhang@example.com", "发到z****@example.com"),
        ("加wxid_abc123，或者微信号是li_hua88", "加wxid_******，或者微信号是**_*****"),
        ("保单号P20230912345678", "保单号P************78"),
        ("护照E12345678", "护照E******78"),
        ("座机84123456", "座机*****456"),
    ],
)
def test_numbers_of_people_are_starred_in_place(said: str, shown: str) -> None:
    assert mask_personal(said) == shown
    assert len(shown) == len(said)


@pytest.mark.parametrize(
    "said",
    [
        "期缴五十三万七，FYC 六千一。",
        "任务 280000 元，完成 12345678 元。",
        "2026年9月8日 09:00",
        "一二三四五六七",
        "13812345678万",
        "99999999999",
        "客户号 20260908001",
        "浙江A组12个，苏B五室",
        "FYC12345678，CT3",
        "微信里聊的，电话5万通",
    ],
)
def test_figures_dates_and_counts_are_left_alone(said: str) -> None:
    assert mask_personal(said) == said


def test_an_inspection_is_masked_wherever_it_quotes(good: Inspection) -> None:
    number = "13812345678"
    first = replace(
        good.transcript.utterances[0],
        text=f"打{number}，见3个",
        speaker=f"王芳{number}",
        numbers=(
            SpokenNumber(start=1, end=12, value=float(number)),
            SpokenNumber(start=14, end=15, value=3.0),
        ),
    )
    proof = Evidence(start=0, end=1, quote=number, utterance=0, speaker=number)
    reading = replace(
        good.findings.readings[0],
        mentions=(
            Mention(kind="number", start=1, end=12, value=float(number)),
            Mention(kind="number", start=14, end=15, value=3.0),
        ),
    )
    told = replace(
        good,
        facts=replace(good.facts, host=f"马建军{number}", deputies=(number,)),
        transcript=replace(good.transcript, utterances=(first, *good.transcript.utterances[1:])),
        findings=replace(good.findings, readings=(reading, *good.findings.readings[1:]), host=number),
        scorecard=replace(
            good.scorecard,
            items=(replace(good.scorecard.items[0], evidence=(proof,)), *good.scorecard.items[1:]),
        ),
        warnings=(f"听到{number}",),
    )
    shown = masked(told)
    assert number not in str(shown)
    assert f"{float(number)}" not in str(shown)
    assert shown.transcript.utterances[0].numbers == first.numbers[1:]
    assert shown.findings.readings[0].mentions == reading.mentions[1:]


def test_an_inspection_without_personal_numbers_stays_as_it_is(good: Inspection) -> None:
    assert masked(good) == good


def test_hashes_and_versions_are_not_texts(good: Inspection) -> None:
    digits = "13812345678" * 6
    card = replace(good.scorecard, rubric_hash=digits)
    assert masked(replace(good, scorecard=card)).scorecard.rubric_hash == digits
