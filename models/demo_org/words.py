"""The words of the generated organisation: places are real, companies and people are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from models.activities.tables import Platform
from models.customers.tables import InteractionKind
from qa_pipeline.values.vocabulary import Theme

COMPANY: Final = "示例人寿"
SOURCE: Final = "示例数据"
DEMO: Final = "示例值，请按公司制度修改"

REGIONS: Final = (
    ("35", "福建", ("福州", "厦门", "泉州", "漳州", "莆田")),
    ("33", "浙江", ("杭州", "宁波", "温州", "嘉兴", "绍兴")),
    ("51", "四川", ("成都", "绵阳", "德阳", "宜宾", "南充")),
    ("32", "江苏", ("南京", "苏州", "无锡", "常州", "南通")),
    ("37", "山东", ("济南", "青岛", "烟台", "潍坊", "临沂")),
    ("44", "广东", ("广州", "深圳", "佛山", "东莞", "惠州")),
    ("42", "湖北", ("武汉", "宜昌", "襄阳", "荆州", "黄石")),
    ("43", "湖南", ("长沙", "株洲", "湘潭", "衡阳", "岳阳")),
    ("41", "河南", ("郑州", "洛阳", "开封", "新乡", "南阳")),
    ("13", "河北", ("石家庄", "唐山", "保定", "邯郸", "沧州")),
    ("21", "辽宁", ("沈阳", "大连", "鞍山", "锦州", "营口")),
    ("61", "陕西", ("西安", "咸阳", "宝鸡", "渭南", "汉中")),
    ("34", "安徽", ("合肥", "芜湖", "蚌埠", "安庆", "阜阳")),
    ("36", "江西", ("南昌", "九江", "赣州", "上饶", "宜春")),
    ("45", "广西", ("南宁", "柳州", "桂林", "玉林", "梧州")),
)
QUARTERS: Final = ("城东支公司", "城西支公司", "城南营销服务部", "城北营业部")
NUMERALS: Final = "一二三四五六七八九"

SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
GIVEN: Final = (
    *("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超"),
    *("霞", "平", "刚", "玲", "桂英", "秀兰", "建国", "建华", "志强", "秀英", "海燕", "丽华", "晓东", "春梅"),
    *("国平", "玉兰", "文静", "小红", "志明", "雪梅", "永强", "红梅", "文军", "丽娟", "建军", "玉珍", "晓明"),
)
TITLES: Final = ("先生", "女士")

CONTENTS: Final[Mapping[Platform, tuple[str, ...]]] = {
    Platform.WARMUP: ("亲子手作沙龙", "健康讲座", "读书会", "社区公益活动"),
    Platform.HIGH_VALUE: ("养老规划品鉴会", "家庭财富传承沙龙", "养老社区参观"),
    Platform.HIGH_POTENTIAL: ("年轻家庭保障课堂", "创业者沙龙", "子女教育规划讲座"),
}
AUDIENCES: Final[Mapping[Platform, str]] = {
    Platform.WARMUP: "中低温客户",
    Platform.HIGH_VALUE: "高价值客户",
    Platform.HIGH_POTENTIAL: "高潜客户",
}
PLACES: Final = ("职场多功能厅", "职场三楼会议室", "社区活动中心", "合作茶馆")

TOPICS: Final[Mapping[Theme, str]] = {
    Theme.SUPERVISOR_LEAD: "主管领跑：达U与PVKYC复盘",
    Theme.SUPERVISOR_COACHING: "主管辅导：各室CT与根因",
    Theme.RECRUITMENT_REVIEW: "招募检视：送训与新人FYC",
    Theme.MONTH_END_SPRINT: "月度规划：复盘与下月目标",
}
TASKS: Final = (
    "约见{n}位中温客户",
    "完成{n}次陪访并复盘",
    "邀约{n}位客户参加升温平台",
    "与未达U主管面谈，定{n}条路径",
    "送训{n}名准增员",
    "盘点{n}位活动客户并分类",
    "组织{n}人次话术演练",
)
RECORDS: Final = (
    "客户关注养老储备",
    "客户关注子女教育",
    "客户比较医疗保障",
    "客户犹豫缴费年期",
    "确认了家庭保障缺口",
)
REVIEWS: Final = (
    "开门话术再练",
    "需求分析要写在纸上",
    "异议处理要给案例",
    "促成要定下次时间",
    "先问后讲，少讲产品",
)
PRACTICES: Final = (
    ("逐人过未达标主管，追问到具体客户", "把这段追问收入案例库，供其他机构的行政经理学习。"),
    ("分享被提炼成可复制的步骤", "把步骤整理成训练材料，早会演练一遍，下周复盘检查有几个人用过。"),
    ("先核对上次承诺再开新题", "把“先翻旧账”的做法在全机构推广，承诺清单会后上墙。"),
    ("承诺有人、有事、有日子", "会后把行动清单发群，到期逐条销号。"),
)
ISSUES: Final = (
    ("念数据不追问", "每念到一名未达标的人，问三句：什么原因、哪个客户、哪天去。"),
    ("分享讲情怀，没有步骤", "请分享人按“场景、动作、话术、结果”四格讲一件事。"),
    ("归因于市场和环境", "从团队管理、客户经营、技能辅导三个方面各找一条自己能改的原因。"),
    ("承诺停留在“尽量、加把劲”", "当场改成“谁、做几个、哪天之前”，改不出来不散会。"),
    ("一言堂", "主持人少讲，点名发言或分组讨论，把话筒交给主管。"),
)
QUOTES: Final = (
    "上次说的三位客户，今天一位一位过。",
    "这周差多少，差在谁，今天说清楚。",
    "哪天去、见谁、谈什么？",
)

WEIGHTS: Final[Mapping[InteractionKind, int]] = {
    InteractionKind.VISIT: 24,
    InteractionKind.CALL: 12,
    InteractionKind.MESSAGE: 5,
    InteractionKind.EVENT: 30,
    InteractionKind.SERVICE: 15,
    InteractionKind.REFERRAL: 20,
}
"""Points of warmth: the demo values of the parameters ``interaction_weight.*``."""


def pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]
