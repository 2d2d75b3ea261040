"""Spoken numbers: what was said, where, and what was meant."""

from __future__ import annotations

from itertools import islice

import pytest
from cn2an import an2cn
from hypothesis import given
from hypothesis import strategies as st

from qa_pipeline.chapters.corpus import meetings
from qa_pipeline.transcript.numbers import spoken_numbers


def read(text: str) -> list[tuple[str, float, str]]:
    return [(text[n.start : n.end], n.value, n.unit) for n in spoken_numbers(text)]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("五十三万七", 537_000),
        ("十八万六", 186_000),
        ("两万五千三", 25_300),
        ("四千二", 4_200),
        ("一百五", 150),
        ("三百零五", 305),
        ("两千零五十", 2_050),
        ("一亿二", 120_000_000),
        ("一亿零两百万", 102_000_000),
        ("一点五万", 15_000),
        ("3.5万", 35_000),
        ("1万2", 12_000),
        ("3万5千", 35_000),
        ("320万5", 3_205_000),
        ("32万5千", 325_000),
        ("3万5000", 35_000),
        ("1亿零50万", 100_500_000),
        ("3W", 30_000),
        ("5w", 50_000),
        ("3.5w", 35_000),
        ("两个亿", 200_000_000),
        ("3个亿", 300_000_000),
        ("一个亿", 100_000_000),
        ("三点二万", 32_000),
        ("三点五", 3.5),
        ("1,200", 1_200),
        ("十二", 12),
    ],
)
def test_an_amount_is_what_it_means(said: str, value: float) -> None:
    assert read(f"做了{said}。") == [(said, value, "")]


@pytest.mark.parametrize(
    ("said", "share"),
    [
        ("百分之四十五", 0.45),
        ("百分之零点五", 0.005),
        ("百分之四十七点六", 0.476),
        ("百分之一百零五", 1.05),
        ("百分之百", 1.0),
        ("百分百", 1.0),
        ("45%", 0.45),
        ("12.5％", 0.125),
        ("六成五", 0.65),
        ("八成", 0.8),
        ("两成半", 0.25),
        ("二分之一", 0.5),
    ],
)
def test_a_percentage_is_a_share(said: str, share: float) -> None:
    assert read(f"达成率{said}。") == [(said, pytest.approx(share), "%")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("签了三件", [("三", 3, "件")]),
        ("每天三访", [("三", 3, "访")]),
        ("陪了两趟", [("两", 2, "趟")]),
        ("涨了三点五个点", [("三点五", 3.5, "个点")]),
        ("两个半月", [("两个半", 2.5, "个")]),
        ("送训一个人", [("一", 1, "个")]),
        ("五个月零二十天", [("五", 5, "个月"), ("二十", 20, "天")]),
        ("占三成五个人", [("三成", 0.3, "%"), ("五", 5, "个")]),
        ("统一三个口径", [("三", 3, "个")]),
        ("专一两件", [("两", 2, "件")]),
        ("三点二个百分点", [("三点二", 3.2, "个百分点")]),
        ("1万2千元", [("1万2千", 12_000, "元")]),
        ("3万5件", [("3万", 30_000, ""), ("5", 5, "件")]),
        ("下周三个客户都去", [("三", 3, "个")]),
        ("陪访一周三次", [("三", 3, "次")]),
        ("应到三十来了二十八", [("三十", 30, ""), ("二十八", 28, "")]),
        ("期缴二十万，U人力十二个", [("二十万", 200_000, ""), ("十二", 12, "个")]),
    ],
)
def test_the_measure_word_is_the_unit(text: str, found: list[tuple[str, float, str]]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("挣一万一个月", 10_000),
        ("底薪五千一个月", 5_000),
        ("奖励五百一件", 500),
        ("每人三百一天", 300),
        ("每人三万一个人", 30_000),
        ("一万一个点", 10_000),
        ("差九千一天", 9_000),
        ("挣一万一", 11_000),
        ("罚一百一块", 110),
        ("三百五", 350),
        ("一百一十一件", 111),
    ],
)
def test_one_after_an_amount_belongs_to_the_measure_word(text: str, value: float) -> None:
    assert [found for _, found, _ in read(text)] == [value]


def test_two_after_an_amount_is_counted_by_itself() -> None:
    assert read("四万两个人") == [("四万", 40_000, ""), ("两", 2, "个")]


def test_from_one_amount_to_another_both_are_exact() -> None:
    assert [value for _, value, _ in read("从六千到三万，邀六十到四十")] == [6_000, 30_000, 60, 40]


def test_to_unify_on_a_number_is_no_range() -> None:
    assert read("思想统一到一百六") == [("一百六", 160, "")]


@pytest.mark.parametrize(
    "vague",
    [
        "百分之三十多",
        "45%多",
        "六成多",
        "3.5万多",
        "三百来户",
        "20余件",
        "两个多亿",
        "五次多",
        "3-5个",
        "3到5个",
        "三到五个",
        "三五个",
        "8千到1万",
        "百分之三十到四十",
        "十来个",
        "几十",
        "三四个",
        "三千多块",
        "三千多",
        "二三十人",
        "若干",
        "好几万",
        "十七八个",
        "数十个",
        "多少个",
        "若干十个",
    ],
)
def test_what_is_not_exact_has_no_value(vague: str) -> None:
    assert read(f"大概{vague}吧") == []


@pytest.mark.parametrize(
    "text",
    [
        "等一下",
        "我们一起来",
        "一个人",
        "第三营业室",
        "周五之前",
        "星期三个个都来了",
        "礼拜三个个都来了",
        "四级机构",
        "五个为什么",
        "十三个月继续率",
        "三年交的年金",
        "一对一面谈",
        "二维码",
        "万一没来",
        "千万别忘",
        "完成任务",
        "提三点要求",
        "四月八号下午三点半",
        "9月8日",
        "八点二十分",
        "我三点二十到",
        "八点四十开会",
        "十点十五",
        "三点半",
        "3点20到",
        "早上8:30",
        "10:15",
        "八点四十到五十五",
        "九点零五出门",
        "电话13812345678",
        "138-1234-5678",
        "138 1234 5678",
        "2026-09-02",
        "1万25",
        "周三个人总结",
        "礼拜六天晴",
        "二零二六年",
        "一三八零零一三八零零零",
        "六十六六十六",
    ],
)
def test_what_is_no_quantity_has_no_value(text: str) -> None:
    assert read(text) == []


@given(st.integers(min_value=12, max_value=99_999_999))
def test_whatever_is_spelled_out_is_read_back(number: int) -> None:
    said = an2cn(str(number))
    assert [value for _, value, _ in read(f"保费{said}元")] == [number]


@given(
    st.text(
        alphabet="零一二两三四五六七八九十百千万亿点分之成几多来第个半月号周到次，。0123456789%.,:-wW",
        max_size=25,
    )
)
def test_any_run_of_numerals_can_be_read(text: str) -> None:
    ends = 0
    for number in spoken_numbers(text):
        assert ends <= number.start < number.end <= len(text)
        assert number.value >= 0
        ends = number.end


def test_the_meetings_hold_thousands_of_figures() -> None:
    some = islice(meetings(), 0, None, 5)
    found = [n for m in some for u in m.transcript.utterances for n in spoken_numbers(u.text)]
    assert len(found) > 5_000
