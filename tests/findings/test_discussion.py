"""Causes and measures, shared practice, recognition, opening and closing, compliance."""

from __future__ import annotations

import pytest

from tests.findings.dialogue import EMPTY, GOOD, findings, value


def test_causes_find_their_measures() -> None:
    found = findings(GOOD)
    assert value(found, "root_causes") >= 2
    assert value(found, "causal_loops") >= 1
    assert value(found, "causal_loop_rate") > 0.3
    assert value(found, "open_causes") == value(found, "root_causes") - value(found, "causal_loops")


def test_blaming_the_market_is_no_root_cause() -> None:
    text = """
problem_discussion
王建: 大家说说为什么没达成？
李梅: 主要是市场不好，客户没钱，银行利率又降了。
赵强: 今年行情确实差，天气又热，老百姓不愿意买。
"""
    found = findings(text)
    assert value(found, "root_causes") == 0
    assert found.measures["causal_loop_rate"].value is None
    assert value(found, "external_share") > 0.5
    assert value(found, "outside_blame") == 2


def test_r16_practice_with_person_doing_steps_and_distillation_is_complete() -> None:
    assert value(findings(GOOD), "practice_complete") >= 0.75
    assert value(findings(EMPTY), "practice_complete") <= 0.25
    assert value(findings(EMPTY), "practice_steps") <= 1


def test_r16_a_moving_story_without_a_move_of_the_trade_is_no_practice() -> None:
    text = """
excellence_sharing
王建: 有请李梅，给大家分享一下。
李梅: 我觉得做保险，最要紧的是一片真心。我在公司八年了，风里来雨里去，苦也吃过，也哭过。
李梅: 有一年冷天，我坐车去看一个客户，路上下大雪。到了她家，她给我倒了一杯热水，我都快哭了。
李梅: 现在每天早上，我都对自己笑一笑，说一声加油，然后就出门了。
王建: 总结一下，大家要学习李梅的这种精神，不怕苦，不怕远。
"""
    assert value(findings(text), "practice_complete") == 0


def test_r16_what_was_done_counts_in_whatever_words_and_a_tool_named_by_the_way_does_not() -> None:
    opening = """
opening
王建: 今天这个会我来开，先看数再听人讲。
王建: 张国强，你上周应下的五户见了几户？
张国强: 见了三户。
王建: 没见的两户是谁，哪天去？
张国强: 老汪和刘姐，周五下午去。
王建: 你自己记上，周五晚上我问你。
excellence_sharing
"""
    done = """
王建: 李梅这个月签了六户，请她讲讲怎么签下来的。
李梅: 我先不谈保险，就请他把柜子里的旧单子翻出来，一张一张摆在桌上。
李梅: 然后我拿一张白纸画了个人，哪里有保障就在哪里打勾，空着的地方让他自己看。
李梅: 看完我只问一句，这个空你想补多少，他自己填了数，我再照着写计划书。
王建: 大家记下来，三步，翻单子、画人、让他自己填。
"""
    told = """
王建: 李梅带出了三个新人，请她讲讲。
李梅: 我带的这个妹妹命苦得很，从小没了爹娘，我看到她就想起自己刚来的时候，一个人背着包\
在雪地里走了十里路去见一个客户，脚都冻麻了，回家抱着孩子一句话也说不出来。
李梅: 后来她生病住院，身边没有亲人，我天天炖鸡汤给她送去，\
夜里就趴在病床边上睡，同屋的老太太都说我是她亲姐，她出院那天拉着我的手半天没有松开。
王建: 总结一下，大家都要像李梅这样待人。
"""
    assert value(findings(opening + done), "practice_complete") >= 0.75
    assert value(findings(opening + told), "practice_complete") == 0


def test_recognition_names_somebody() -> None:
    assert value(findings(GOOD), "named_recognition") >= 1


def test_r24_opening_says_theme_goal_and_agenda() -> None:
    assert value(findings(GOOD), "opening_goal") == 1.0
    assert value(findings("opening\n王建: 人来了没有？\n李梅: 来了。\n王建: 开始吧。"), "opening_goal") == 0.0


def test_closing_says_what_was_learned_what_changes_and_when_it_is_checked() -> None:
    assert value(findings(GOOD), "closing_summary") >= 2 / 3 - 1e-9
    assert value(findings(EMPTY), "closing_summary") <= 1 / 3 + 1e-9


def test_opening_and_closing_count_in_the_host_s_own_words() -> None:
    opening = """
opening
王建: 门带上，人齐了吧。
王建: 今天就三件事，头七天自己的单子开没开，没开的卡在哪里，弄明白才散。
王建: 先摆账，摆完再听李梅的，最后一人领一样回去。
"""
    closing = """
closing
王建: 收一句，今天逮着两个毛病，资料撂下不约下回，名单半年不添。
王建: 以后日志上都要添下回哪天那一格，一个礼拜五个新名。
王建: 十五号坐下来我头一个就对这张纸。
"""
    plainer = """
opening
王建: 六个都到了，门口那半挂鞭踢开点。
王建: 今天不讲别人，只讲自己，散场的时候每个人本子上要有名字、有日子。
王建: 听粉香讲完她那一单，再把后头七天排一下。
"""
    assert value(findings(opening), "opening_goal") >= 2 / 3 - 1e-9
    assert value(findings(plainer), "opening_goal") == 1
    assert value(findings(closing), "closing_summary") == 1


@pytest.mark.parametrize(
    "said",
    [
        "你就跟客户说这款产品月底就停售，先把保费弄上来",
        "客户要返佣，你就给他返点",
        "头年佣金抹回来一半给客户",
        "我帮客户签字就行了",
        "这个产品稳赚不赔",
        "大家不要再犹豫了，跟客户说这款产品月底就停售",
        "我私下给客户返了两千",
    ],
)
def test_words_that_cross_the_line_are_a_lead(said: str) -> None:
    assert value(findings(f"stage_review\n李梅: {said}。"), "compliance_risk") >= 1


@pytest.mark.parametrize(
    "said",
    [
        "再强调一遍，严禁返佣，谁碰谁负责",
        "不许拿停售去催客户，这是红线",
        "绝对不能代签名，发现一个处分一个",
        "正月里返乡的客户多",
        "每年返的钱够他喝早茶",
        "我十六号往后就停了，家里有事",
        "这个月肯定有三个点的增长",
        "产品培训月底就没有了，没去的抓紧",
    ],
)
def test_teaching_the_rule_and_everyday_words_are_no_lead(said: str) -> None:
    assert value(findings(f"stage_review\n王建: {said}。"), "compliance_risk") == 0
