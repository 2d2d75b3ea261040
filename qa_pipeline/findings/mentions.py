"""What utterances name: indicators, numbers, people, offices, deadlines and customers.

The text of a whole meeting is searched in one pass per kind, then cut back into utterances: a 60-minute meeting
takes some tens of milliseconds.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from qa_pipeline.findings.dates import DATE
from qa_pipeline.lexicon import lexicon
from qa_pipeline.values import MeetingFacts, Mention, Utterance

# Spellings beyond the lexicon, with the mishearings that reach imported transcripts unrepaired.
INDICATORS: Final[dict[str, str]] = {
    "regular_premium": r"[期其七齐]?[交缴]?保费|[期其][缴交]|标保|FYP|规模保费|件均保费",
    "fyc": r"FYC|F ?Y ?C|首佣|首年佣金|佣金",
    "u": r"(?:[达打冲保差过没未进]|达到)\s?[了到过]?U|U人力|U率|未U|[打达未没]油|油人力|优人力|U[作有]?优|绩优|U线|U标|几个U|个U\b|U(?=了|没|的|还|差)",  # noqa: E501
    "ct": r"CT|C\.T\.?|西提|希替|西踢|西替|达标室",
    "pvkyc": r"P\s?V\s?K\s?Y\s?C|五个数|PV",
    "training_referral": r"送训|送[信讯迅](?=的|人|训|了|几|目标|没|\d|[一二三四五])|岗前班|岗前培训|新人班|参训|进班",
    "recruits": r"准?增员|[曾赠][元员]|增[援元](?=名单|人|面谈|目标|活动)|招募|优增|引荐|面试|签约人",
    "new_fyc": r"新人(?:的)?(?:FYC|首佣|业绩|保费)|新人.{0,6}(?:FYC|挣|开单|出单|开张)",
    "team_fyc": r"团队(?:的)?(?:FYC|首佣)|整个?(?:团队|服务部|支公司|营业部).{0,4}FYC|全(?:司|部|支).{0,4}FYC",
    "visits": r"拜访|面访|走访|约访|[陪跑见了]?[访见]了?(?=[一二两三四五六七八九十\d]+(?:个|家|户|次|访))|[一二两三四五六七八九十\d]+访(?!谈)",  # noqa: E501
    "plan": r"计划(?=写|是|里|呢|了|做|拜|[一二两三四五六七八九十\d])|行程表|日志|排访|工作日志|活动计划",
    "closes": r"成交|签了?[单下]|签[了]?(?=[一二两三四五六七八九十\d]+[件单])|出单|开单|促成|成了?[一二两三四五六七八九十\d]+[单件个]|件数",
    "warm_leads": r"缘故|[原元]故|熟人|亲戚|老同学|战友|同学",
    "referrals": r"转介绍|转接绍|转介|介绍(?:了|来|的|给|人|客户|过)|引见",
    "joint_visits": r"[陪培][访房坊防]|陪(?=着?[\u4e00-\u9fff]{1,4}(?:去|见|跑|访))|陪同",
    "goal_interview": r"面谈|一对一",
    "customer_inventory": r"盘点|判点|盘客户|客户盘|盘了|四象限|普客|[升生]温客户|高价值|低温|高温",
    "platform_warmup": r"[升生声]温",
    "platform_high_value": r"价值客户|高端客户|高客活动|康养|养老社区|高净值|答谢会",
    "platform_high_potential": r"高潜|产说会|说明会|沙龙",
    "platforms": r"三类平台|平台|活动(?!量|率)|场次|邀约|到场",
    "activity_calendar": r"行事历|形[势式事]历|行[使市式]历|形势例|活动日历|活动安排表",
    "income_target": r"收入目标|想[拿挣赚]|收入(?:是|要|想|定|写|报|目)|挣多少|拿多少钱|津贴",
    "activity_volume": r"活动量|活动率|出勤率?|举绩率?|出单人|动人力|活动人力",
    "headcount": r"人力|人均|产能|留存|脱落",
    "attainment": r"达成率?|完成率?|时间进度|进度|目标|任务|缺口|差距",
    "customers": r"客户|准客户|名单|老客户",
}
_SPELLINGS = INDICATORS
_DOMAIN: Final = frozenset(INDICATORS) - {
    "customers",
    "attainment",
    "plan",
    "platforms",
    "closes",
    "goal_interview",
}

_SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀甄曲家封芮储靳段焦巴牧谷车侯全班仰秋仲伊宫宁仇栾甘厉祖武符刘景詹束龙叶幸司黎白怀蒲鄂卓蔺屠蒙池乔阴苍双闻莘党翟谭贡劳申冉桑桂濮牛寿通边尚农温庄晏柴瞿阎充慕连茹习艾鱼容向古易慎戈廖终居衡步都耿满弘国文寇广阙东曾沙养关巩聂晁敖冷辛阚那简饶空沙相查游权佟折盖益桓公字区覃巫乌丛宿仓才"
_TITLES: Final = "经理|主管|主任|总监|总|姐|哥|叔|姨|阿姨|嫂|老师|部长|室长|区总|书记"
_NOT_NAMES: Final = frozenset(
    "高兴 高端 高潜 高价 高温 安排 安全 平台 平时 平均 方案 方法 方面 方式 明天 明白 明年 明确 时间 时候 "
    "时段 成交 成功 成了 成本 成绩 计划 应该 应到 应对 和你 和我 全部 全年 全体 全员 都是 都有 都不 向上 "
    "于是 任务 任何 金额 金融 单子 单位 单独 白天 家里 家人 家长 家庭 江西 经理 经营 经验 管理 管他 支公 支持 "
    "相信 相当 通知 通过 通关 国家 国庆 国外 文化 文件 水平 云南 万一 万块 万元 步骤 易得 空调 空了 章节 路上 "
    "关键 关于 关系 游戏 查了 查一 常见 常常 连续 连着 连环 双方 石头 马上 马路 左右 包括 包装 史上 江苏 "
    "东西 房子 房间 谈的 谈了 谈到 谈过 强调 强化 程度 居然 解决 解释 广东 满意 满打 温度 农村 边上 党员 "
    "牛奶 鱼塘 花了 花钱 龙头 龙虾 车子 车上 米粉 荣誉 荣幸 容易 景区 老板 客户 主管 营业 小的 小时 小区 "
    "那个 那就 那你 那我 那些 那边 那不 那天 那先 那说 那好 那时 那行 那么 那是 那还 那要 冷的 古人 字幕 "
    "公司 公里 公园 后天 今天 大家 我们 你们 他们 咱们 自己 谢谢 常说 许多 何时 何必 区别 干活 干了 干啥 "
    "广场 司机 班上 班子 毛病 甘肃 厉害 武汉 曲线 封面 车站 田里 林场 江边 寿险 寿命 申请 边缘 终于 终身 "
    "沙龙 养老 养成 费用 费率 费了 费劲 费心 施工 强行 华东 纪要 纪律 祝大 祝贺 季度 盛会 胡说 夏天 应付 "
    "应承 解放 宣布 宣传 包容 左边 石油 吉利 程序 陆续 翁婿 曲折 储蓄 储备 焦虑 牧民 全司 全支 全区 全是 全场 "
    "班长 仲裁 宁可 甘心 武装 景气 束手 龙舟 叶子 司务 白纸 白板 白话 白跑 怀疑 池塘 双录 双休 通话 边走 尚未 "
    "农忙 温馨 温州 庄稼 充分 连心 习惯 艾草 向前 向他 古怪 慎重 居多 步行 都要 都来 都说 都没 都去 满分 国内 "
    "文章 广告 东边 曾经 沙子 关心 冷静 辛苦 简单 空白 相互 相关 查询 游客 权益 盖章 益处 公布 公式 公平 公事 "
    "乐观 时效 安心 常规 水果 云端 范围 花样 方向 任性 平常 明显 计算 成员 成果 成长 谈话 谈判 麻烦 强势 路径 "
    "路子 江湖 高峰 高手 高低 高于 田间 万能 支付 管用 管事 解约 应酬 单身 单件 单量 杭州 左侧 石材 全面 全程 "
    "秋收 秋天 经常 经历 经济 家属 家访 家常".split()
)
_NAME_STOP: Final = frozenset(
    "的了吗呢吧啊哦嘛是不没有你我他她它们这那就都要会去来说做个和跟把被给对在到从也还又再很太最更先后前上下里外中大多少几什么怎为因所但如果以可能应该想讲看见过得着"
    "，,。.！!？?、 :：;；"
)
_OFFICE: Final = re.compile(
    r"第?[一二三四五六七八九十\d]+(?:营业)?[室组部区](?!长|里|的人都|分)"
    r"|(?:[\u4e00-\u9fff]{2}(?:[一二三四五六七八九十])?)(?:营业室|营业部|服务部|支公司)"
    r"|(?<![办会教卧浴病科休息候梯])[\u4e00-\u9fff]{1,2}室(?=[,，、。:： 的未没达差]|[一二两三四五六七八九十\d]|$)",
    re.M,
)
_NOT_OFFICES: Final = re.compile(
    r"[办会教卧浴病科候密]室|公室|议室|温室|息室|各个?室|每个?室|哪个?室|个室|业室$|们室"
)
_NUMERAL: Final = "零〇一二两三四五六七八九十百千万亿"
_NUMBER: Final = re.compile(
    rf"百分之[{_NUMERAL}\d.点]+|\d+(?:\.\d+)?\s?[%％]|[{_NUMERAL}\d]成[{_NUMERAL}]?(?=[多,，。 ]|$|[^{_NUMERAL}\d交员功熟立为绩本长果了])"
    rf"|\d+(?:\.\d+)?(?:[万千百亿]\d*)?|[{_NUMERAL}]+(?:点[零一二三四五六七八九]+)?[万千百亿]?[{_NUMERAL}]*"
)
_UNIT: Final = re.compile(
    r"[多来几]?\s?(?:万|块|元|千|百|件|单|人(?!家|生|事|情)|名|位|场|次|趟|访|家|户|桌|张|份|遍|通|条|步|个(?!人(?!力)|月|星|礼|小时|字|问题|环节|方面|事|办法))"
)
_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS: Final = {"十": 10.0, "百": 1e2, "千": 1e3, "万": 1e4, "亿": 1e8}
_CUSTOMER: Final = re.compile(
    rf"(?:姓[{_SURNAMES}]的|[{_SURNAMES}](?:先生|女士|太太|老板|大姐|阿姨|大哥|会计|老师|医生|院长|校长|厂长)|老[{_SURNAMES}](?=[家他她的那，,。 ])"
    r"|(?:开|做|卖|搞)[\u4e00-\u9fff]{1,5}(?:店|厂|馆|生意|的)?(?:老板|客户|那个)|(?:客户|老客户|同学|表[姐哥弟妹]|邻居|亲家|战友)(?:姓|叫)[\u4e00-\u9fff]{1,3})"
)


@cache
def _indicators() -> re.Pattern[str]:
    """All indicator spellings in one pattern: group names are the canonical ids; lexicon terms come last."""
    groups = [f"(?P<{name}>{pattern})" for name, pattern in INDICATORS.items()]
    terms = sorted(
        {*lexicon().terms["indicators_result"], *lexicon().terms["indicators_process"]}, key=len, reverse=True
    )
    groups.append("(?P<other>" + "|".join(re.escape(term) for term in terms) + ")")
    # Longer, narrower families first: 新人FYC is both new_fyc and fyc, and is meant as the first.
    order = ("new_fyc", "team_fyc", "income_target", "platform_high_value", "customer_inventory")
    groups.sort(key=lambda g: next((i for i, n in enumerate(order) if f"<{n}>" in g), len(order)))
    return re.compile("|".join(groups), re.I)


def is_domain(mention: Mention) -> bool:
    """Whether an indicator belongs to a life insurer's agency force, not to any sales team."""
    return mention.kind == "indicator" and mention.name in _DOMAIN


def find_mentions(utterances: Sequence[Utterance], facts: MeetingFacts) -> list[tuple[Mention, ...]]:
    """The mentions of each utterance, in order of place. Phantom utterances name nothing."""
    texts = ["" if u.phantom else u.text for u in utterances]
    starts = [0]
    for text in texts:
        starts.append(starts[-1] + len(text) + 1)
    whole = "\n".join(texts)
    found: list[list[Mention]] = [[] for _ in texts]

    def add(kind: str, start: int, end: int, name: str = "", value: float | None = None) -> None:
        index = bisect.bisect_right(starts, start) - 1
        base = starts[index]
        found[index].append(Mention(kind=kind, start=start - base, end=end - base, name=name, value=value))

    dated: set[int] = set()
    for match in DATE.finditer(whole):
        if "\n" in match[0]:
            continue
        dated.update(range(match.start(), match.end()))
        add("date", match.start(), match.end(), match[0])
    for match in _indicators().finditer(whole):
        add("indicator", match.start(), match.end(), match.lastgroup or "other")
    for index, utterance in enumerate(utterances):
        for number in utterance.numbers if not utterance.phantom else ():
            kind = _number_kind(utterance.text[number.start : number.end], number.value, number.unit)
            found[index].append(
                Mention(kind=kind, start=number.start, end=number.end, name=number.unit, value=number.value)
            )
    if not any(u.numbers for u in utterances):
        _add_numbers(whole, dated, add)
    for match in _OFFICE.finditer(whole):
        if not _NOT_OFFICES.search(match[0]) and match.start() not in dated:
            add("office", match.start(), match.end(), match[0])
    for match in _CUSTOMER.finditer(whole):
        add("customer", match.start(), match.end(), match[0])
    names = _names(whole, facts)
    if names:
        for match in re.finditer("|".join(map(re.escape, sorted(names, key=len, reverse=True))), whole):
            add("person", match.start(), match.end(), match[0])
    return [tuple(sorted(row, key=lambda m: (m.start, m.end))) for row in found]


def _add_numbers(whole: str, dated: set[int], add: Callable[..., None]) -> None:
    for match in _NUMBER.finditer(whole):
        text, start, end = match[0], match.start(), match.end()
        if start in dated or (start and whole[start - 1] in "第周期星拜"):
            continue
        unit = _UNIT.match(whole, end)
        plain = re.fullmatch(rf"[{_NUMERAL}]", text)
        if plain and (
            unit is None
            or (text in "一十千万百" and unit[0].strip() in ("个", "家", "位", "次", "人", "遍", "条", "步"))
        ):
            continue
        value = parse_number(text)
        if value is None:
            continue
        suffix = unit[0].strip() if unit else ""
        add(_number_kind(text, value, suffix), start, end + len(unit[0] if unit else ""), suffix, value)


def _number_kind(text: str, value: float, unit: str) -> str:
    if text.startswith("百分之") or text[-1] in "%％" or "成" in text or unit == "%":
        return "percent"
    if unit and unit[-1] in "块元万千" or "万" in text or value >= 1000:
        return "money"
    return "number"


def parse_number(text: str) -> float | None:
    """五十三万七 → 537000, 百分之四十五 → 45 (percent), 六成五 → 65, 12.5% → 12.5; None when it is no number."""
    if text.startswith("百分之"):
        return parse_number(text[3:])
    text = text.strip().rstrip("%％").strip()
    if "成" in text:
        whole, _, part = text.partition("成")
        tens = parse_number(whole)
        return None if tens is None else tens * 10 + (parse_number(part) or 0)
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)([万千百亿])?(\d*)", text):
        scale = _UNITS[match[2]] if match[2] else 1.0
        return float(match[1]) * scale + (int(match[3]) * scale / 10 ** len(match[3]) if match[3] else 0)
    text = text.replace("〇", "零")
    if match := re.fullmatch(r"(.*([百千万亿]))([一二三四五六七八九]{2,4})", text):
        # 十九万八五: digits after a big unit without units of their own count in tenths, hundredths … of it.
        base = parse_number(match[1])
        part = sum(_DIGITS[c] / 10 ** (i + 1) for i, c in enumerate(match[3]))
        return None if base is None else base + part * _UNITS[match[2]]
    integer, _, fraction = text.partition("点")
    scale = 1.0
    if fraction and fraction[-1] in "万千百亿":
        scale = _UNITS[fraction[-1]]
        fraction = fraction[:-1]
    if len(integer) > 1 and all(c in _DIGITS for c in integer):
        total = float("".join(str(_DIGITS[c]) for c in integer))
    else:
        total, section, digit, last = 0.0, 0.0, 0.0, 0.0
        for char in integer:
            if char in _DIGITS:
                digit = _DIGITS[char]
                if char == "零":
                    last = 0.0
            elif char in "十百千":
                last = _UNITS[char]
                section += (digit or 1.0) * last
                digit = 0.0
            elif char in "万亿":
                last = _UNITS[char]
                total = (total + section + digit) * last
                section, digit = 0.0, 0.0
            else:
                return None
        # 五十三万七: a digit after a big unit without a unit of its own counts in tenths of it.
        total += section + (digit * last / 10 if last >= 100 and digit else digit)
    if fraction:
        if not all(c in _DIGITS for c in fraction):
            return None
        total += float("0." + "".join(str(_DIGITS[c]) for c in fraction))
    return total * scale


def _names(whole: str, facts: MeetingFacts) -> set[str]:
    """Names of people: from the roster, with a title, called upon at the start of an utterance, or repeated."""
    names: set[str] = set()
    for roster in (facts.expected_attendees, facts.attendees):
        for name in roster.names if roster else ():
            names.add(name)
            if len(name) == 3:
                names.add(name[1:])
    names.update(
        name for name in (facts.host, facts.admin_manager, *facts.deputies) if name and len(name) > 1
    )
    rostered = set(names)
    names.update(m[0] for m in re.finditer(rf"[{_SURNAMES}](?:{_TITLES})", whole))
    names -= {
        name
        for name in names
        if name[0] in "经都和时成应管全相空满高平安公居通那双干" and name not in rostered
    }
    names.update(
        m[0]
        for m in re.finditer(
            rf"[小老阿][{_SURNAMES}](?=[，,、。:： 你说去来的那陪报先跟和把]|$)", whole, re.M
        )
    )
    called = Counter(
        m[1]
        for m in re.finditer(
            r"(?:^|[。！？!?])\s*([\u4e00-\u9fff]{2,3})(?=[，,、 。]|你[说讲报先那们的]?)", whole, re.M
        )
        if not _NAME_STOP & set(m[1])
    )
    full = Counter(m[1] for m in re.finditer(rf"(?=([{_SURNAMES}][\u4e00-\u9fff]{{1,2}}))", whole))
    for name, times in called.items():
        if name[:2] in _NOT_NAMES or name in _COMMON_CALLS:
            continue
        if (
            name[0] in _SURNAMES
            and len(name) <= 3
            or (len(name) == 2 and times >= 2 and whole.count(name) >= 3)
        ):
            names.add(name)
    for name, times in full.items():
        if (
            len(name) == 3
            and times >= 2
            and not _NAME_STOP & set(name)
            and name[:2] not in _NOT_NAMES
            and name[1:] in names
        ):
            names.add(name)
    return {n for n in names if n not in _NOT_NAMES}


_COMMON_CALLS: Final = frozenset(
    "好的 可以 没问题 对对 对对对 好好 行行 行行行 嗯嗯 是的 是是 哈哈 哈哈哈 来来 来来来 首先 其次 最后 第一 第二 第三 第四 "
    "另外 还有 再有 然后 接着 下面 接下来 同时 其实 所以 因为 但是 不过 而且 总之 总的 反正 比如 比方 例如 今天 明天 昨天 "
    "后天 上周 下周 本周 这周 上月 下月 本月 现在 刚才 刚刚 以后 以前 当时 后来 后头 前头 早上 晚上 中午 下午 上午 各位 大家 "
    "伙伴 主管 经理 客户 公司 机构 团队 新人 目标 计划 拜访 送训 复盘 保费 期缴 数据 问题 原因 根因 对策 措施 办法 方法 步骤 "
    "总结 小结 散会 开会 会后 记下 记录 记住 明白 清楚 知道 晓得 没错 没事 没了 确实 当然 肯定 应该 可能 大概 差不多 估计 "
    "谢谢 感谢 恭喜 祝贺 加油 辛苦 掌声 鼓掌 欢迎 有请 请坐 坐下 具体 一共 总共 全部 平均 合计 一个 两个 三个 四个 五个 "
    "六个 三家 四家 五家 两家 一家 周二 周三 周四 周六 周日 小单 大单 一室 二室 三室 四室 五室 六室 七室 八室 哎呀 哎哟 哎呦 喂喂 报告 收到 同意 认了 继续 停停 等等 回来 打住 "
    "转介绍 缘故 成交 名单 活动 升温 平台 陪访 盘点 面谈 早会 晨会 月底 月初 周五 周一 周末 一是 二是 三是 四是".split()
)
