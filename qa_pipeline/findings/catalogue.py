# ruff: noqa: E501 - patterns are data and read better on one line
"""What a meeting may have to deal with (R15-R23, R30-R32): each topic, its words and where it belongs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from qa_pipeline.findings import plainly
from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.structure import PLANS, REVIEWS
from qa_pipeline.values.vocabulary import Chapter

TALK: Final = (*REVIEWS, Chapter.PROBLEM_DISCUSSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """``need`` is how many well-grounded utterances make full strength; ``only`` leaves other chapters out.

    ``implied`` are indicators or kinds of mention that, with a figure and in the topic's review chapters, speak
    of the topic without its name; so does a gap (还差两千八) with a figure. ``reported`` topics are there to be
    read out (rankings, the calendar): figures about somebody count without a question. ``shown`` finds where the
    topic is dealt with in deed, whatever it is called; ``plain`` is how a review says it in everyday words
    (上了五户门, 屋里人, 领来俩), worth less than its name.
    """

    id: str
    label: str
    meaning: str
    indicators: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    chapters: tuple[Chapter, ...] = TALK
    need: float = 3.0
    only: bool = False
    implied: frozenset[str] = frozenset()
    reported: bool = False
    shown: Callable[[Reading], Iterable[int]] | None = None
    plain: re.Pattern[str] | None = None


def _topic(
    id: str,
    label: str,
    meaning: str,
    *indicators: str,
    pattern: str = "",
    chapters: tuple[Chapter, ...] = TALK,
    need: float = 3.0,
    only: bool = False,
    implied: tuple[str, ...] = (),
    reported: bool = False,
    shown: Callable[[Reading], Iterable[int]] | None = None,
    plain: str = "",
) -> Topic:
    return Topic(
        id=id,
        label=label,
        meaning=meaning,
        indicators=frozenset(indicators),
        pattern=re.compile(pattern) if pattern else None,
        chapters=chapters,
        need=need,
        only=only,
        implied=frozenset(implied),
        reported=reported,
        shown=shown,
        plain=re.compile(plain) if plain else None,
    )


_NEXT_MONTH: Final = (Chapter.NEXT_MONTH_PLAN,)

TOPICS: Final = (
    _topic("u_attainment", "达U情况", "主管达U、未U谁差多少（R20）", "u", need=4.8, implied=("fyc",)),
    _topic("ct", "CT情况", "各营业室CT达成与差距（R21）", "ct", need=4.8, implied=("office",)),
    _topic(
        "training_referral",
        "送训情况",
        "各室送训人数、名单、到班（R22）",
        "training_referral",
        pattern=r"(?:送|进|报|开|办)(?:了|过|去|上|的|那个|一期|下一期|这一期)?班(?!子|组|长|车|费|级|会|里|上)|送(?:了|过|上去|进去|得|到)?[一二两三四五六七八九十零几\d]+[个人位名](?!月|客户|红包|礼)|(?:没|未|冇)送(?=[,，。的]|$)|岗前|拿证|考证|结业",
        plain=r"(?:送|领|带|报|引|拉)(?:来|去|进|到|上|了|过|成|得)*(?:[一二两三四五六七八九十零几\d]+(?:个|位|名|人)|俩|仨)(?!月|客户|红包|礼|天|小时)|(?:送|领|报|带)(?:人|成|进)|领来|在班上|[上听](?:了|过|着)?(?:[一二两三几\d]+[堂天])?课|没(?:送|领|报|来)|变卦",
        need=4.5,
    ),
    _topic(
        "recruits",
        "增员进展",
        "准增员名单、面谈、邀约到哪一步（R22）",
        "recruits",
        "training_referral",
        pattern=r"招(?:人|来|的人|了|到|兵|募)|开(?:了|过)?[一二两三四五六七八九十几\d]+[回次]口|(?:想|肯|愿意?|敢|要|劝|喊|叫|拉|请)(?:她|他|人)?(?:来|进来)(?:做|干|看|听|坐|上班|试)|入司|入职|加入|想来|没人(?:愿意?|肯)?来|不(?:让|准|叫|许|同意)(?:她|他)?来?|(?:领|带|拉|送)(?:人|来|进)|变卦|(?:新|刚)(?:来|进)的",
    ),
    _topic(
        "new_fyc",
        "新人FYC",
        "新人的首佣、出单、开张情况（R22）",
        "new_fyc",
        pattern=r"新(?:人|来的|进的|招的|兵).{0,14}(?:佣|挣|赚|搵|开[单张]|出[单件]|签|[一二两三四五六七八九][千百万])",
        need=2,
    ),
    _topic(
        "team_fyc",
        "团队FYC",
        "团队首佣总量与增长（R22）",
        "team_fyc",
        pattern=r"FYC.{0,16}(?:增|涨|同期|环比|上个?月|比)|(?:涨|增长|环比|同期).{0,16}FYC|各?室.{0,8}FYC|(?:全部|总共|合计|整个|加起来|全[司部]|团队|室里?).{0,6}佣金|佣金.{0,12}(?:涨|跌|多|比|加起来)",
        need=1.5,
    ),
    _topic(
        "pvkyc.plan",
        "PVKYC之计划",
        "未U主管的计划：计划几访、排没排（R20）",
        "plan",
        pattern=r"计划|排(?:访|了|满|出)|行程|约了几|应该见|打算见|日志|名单",
        plain=r"(?:写|记|排|约|列|报|应)(?:了|下|着|过|哒|咯)?[一二两三四五六七八九十百几\d]+(?:多|来)?(?:户|家|访|位|个(?:人|客户|名)?)|(?:本子|表|纸|单子|卡片?|墙|黑板)上(?:写|记|排|是|有|就)",
        need=3,
    ),
    _topic("pvkyc.visit", "PVKYC之拜访", "未U主管实际见了几个、见到哪一步（R20）", "visits", pattern=r"见了|跑了|见(?:到|上)|面访|去了几", plain=r"[一二两三四五六七八九十百几\d]+(?:趟|访)|(?:上|登|进|出)(?:了|过)?(?:[一二两三四五六七八九十百几\d]+户?)?(?:的|家)?门|(?:走|跑|去|见|坐|谈|聊|拜)(?:了|过|着|哒|下|起)?[一二两三四五六七八九十百几\d]+(?:多)?(?:户|家|个|位|趟|回)", need=4),
    _topic("pvkyc.close", "PVKYC之成交", "未U主管成交、签单几件，没成卡在哪（R20）", "closes", pattern=r"成了|没成|签(?:了|单|下|没签)|促成|拿下", plain=r"(?:成|落|签|出|开|收|做|得)(?:了|哒|过|着|下|成)?[一二两三四五六七八九十百几\d]+(?:户|单|件|家|笔|张)|(?:没|未|冇|没有)(?:开|出|落|签)(?:张|单)?|交了(?:钱|费|款)", need=4),
    _topic("pvkyc.warm", "PVKYC之缘故", "未U主管缘故客户有几个、谈没谈（R20）", "warm_leads", plain=r"熟人|亲戚|亲友|屋里人|自己人|老表|表[哥姐弟妹]|堂[哥姐弟妹]|同学|战友|邻居|街坊|老乡|(?:以前|原来|老)同事|发小|娘家|婆家|[大小]?舅子?|[大小]?姑|姨[妈夫]?|叔|侄|连襟|妯娌|亲家", need=2),
    _topic("pvkyc.referral", "PVKYC之转介绍", "未U主管要没要转介绍、要到几个（R20）", "referrals", plain=r"介绍|(?:别人|人家|客户|他|她)(?:带|领|引)|引荐|(?:带|领|引)(?:我|你|他|她)(?:去|来|到|见|过)|带的|(?:要|给|报|得)(?:了|着|到|来|出|我|你)*[一二两三四五六七八九十百几\d]+(?:个|条)?(?:名|人|电话|号码)|要(?:名字|名单|人名)|(?:开口|张嘴|张口)(?:要|问)", need=2),
    _topic(
        "goal_gap",
        "目标与差距",
        "目标多少、做了多少、差多少",
        "attainment",
        pattern=r"还差|差[一二两三四五六七八九十\d]|目标[一二两三四五六七八九十\d]",
        chapters=REVIEWS,
        reported=True,
    ),
    _topic("premium_review", "期缴复盘", "期缴保费的达成、排行、差距（R15）", "regular_premium", pattern=r"[一二三四五六七八九十\d]万", chapters=REVIEWS, need=8, reported=True),
    _topic("u_review", "U人力复盘", "U人力达成、排行、差距（R15）", "u", chapters=REVIEWS, need=2.5, reported=True),
    _topic("ct_review", "CT复盘", "CT达成、排行、差距（R15）", "ct", chapters=REVIEWS, need=2, reported=True),
    _topic(
        "ranking",
        "排行",
        "各室、各人的排行（R15）",
        pattern=r"排(?:名|行|第|在|位)|第[一二三四五六七八]名?(?:是|,|，|、|[一二三四五六七八]室)|最(?:高|低|好|差|多)的|垫底|倒数",
        chapters=REVIEWS,
        need=1.5,
        reported=True,
    ),
    _topic(
        "company_target",
        "公司目标",
        "公司下达的下月目标及其分解到室（R18）",
        pattern=r"(?:公司|市里|中支|分公司|省里|上面|总部|机构|支公司|营服|全[司部]).{0,14}(?:任务|目标|下达|给咱|给我们|派)|(?:任务|目标).{0,8}[一二三四五六七八九十百\d]+万?|分(?:解|到|下去|给)",
        chapters=_NEXT_MONTH,
        need=2,
        only=True,
        reported=True,
    ),
    _topic(
        "income_target",
        "收入目标",
        "主管本人想拿多少收入、算到FYC（R18）",
        "income_target",
        pattern=r"FYC.{0,20}(?:收入|津贴)|收入",
        chapters=_NEXT_MONTH,
        need=4,
        shown=plainly.wishes,
    ),
    _topic(
        "activity_calendar",
        "客经行事历",
        "下月客户经营活动的时间、地点、对象、目标、准备（R18、R30）",
        "activity_calendar",
        "platform_warmup",
        "platform_high_value",
        "platform_high_potential",
        pattern=r"行事历|[第三两]场|活动(?:放|定|安排|排)在",
        chapters=_NEXT_MONTH,
        need=3,
        reported=True,
        shown=plainly.gatherings,
    ),
    _topic(
        "joint_visit_plan",
        "陪访安排",
        "下周谁陪谁、见谁、哪天（R32）",
        "joint_visits",
        chapters=PLANS,
        need=2,
        only=True,
    ),
    _topic("customer_inventory", "客户盘点", "盘点客户、普客与升温客户分开跟进（R32）", "customer_inventory", chapters=(*TALK, *PLANS), need=2),
    _topic("goal_interview", "目标面谈", "重点主管一对一目标面谈（R32）", "goal_interview", chapters=(*TALK, *PLANS), need=1.5),
    _topic("joint_visits", "陪访", "陪访做了几次、有没有记录复盘（R32）", "joint_visits", chapters=(*TALK, *PLANS)),
    _topic("platforms", "平台搭建", "升温、价值、高潜三类平台的搭建与追踪（R30）", "platforms", "platform_warmup", "platform_high_value", "platform_high_potential", chapters=(*TALK, *PLANS)),
)  # fmt: skip
