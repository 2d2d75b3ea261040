# ruff: noqa: SIM905 - word lists are data and read better as words
"""Who is named: the names of people in a whole meeting.

A name is known from the roster; carries a title (王经理); is a short form (小崔); is called upon at the
start of an utterance (彩琴，你说); or is the full form of a name so found. Surnames are also common words:
what only looks like a name is listed below.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from qa_pipeline.values.facts import MeetingFacts

SURNAMES: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦"
    "昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚"
    "邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱"
    "骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀甄"
    "曲家封芮储靳段焦巴牧谷车侯全班仰秋仲伊宫宁仇栾甘厉祖武符刘景詹束龙叶幸司黎白怀蒲鄂卓蔺屠蒙池乔阴苍双"
    "闻莘党翟谭贡劳申冉桑桂濮牛寿通边尚农温庄晏柴瞿阎充慕连茹习艾鱼容向古易慎戈廖终居衡步都耿满弘国文寇广"
    "阙东曾沙养关巩聂晁敖冷辛阚那简饶空沙相查游权佟折盖益桓公字区覃巫乌丛宿仓才"
)
_TITLES: Final = "经理|主管|主任|总监|总|姐|哥|叔|姨|阿姨|嫂|老师|部长|室长|区总|书记"
_NOT_NAMES: Final = frozenset(
    """
    高兴 高端 高潜 高价 高温 安排 安全 平台 平时 平均 方案 方法 方面 方式 明天 明白 明年
    明确 时间 时候 时段 成交 成功 成了 成本 成绩 计划 应该 应到 应对 和你 和我 全部 全年
    全体 全员 都是 都有 都不 向上 于是 任务 任何 金额 金融 单子 单位 单独 白天 家里 家人
    家长 家庭 江西 经理 经营 经验 管理 管他 支公 支持 相信 相当 通知 通过 通关 国家 国庆
    国外 文化 文件 水平 云南 万一 万块 万元 步骤 易得 空调 空了 章节 路上 关键 关于 关系
    游戏 查了 查一 常见 常常 连续 连着 连环 双方 石头 马上 马路 左右 包括 包装 史上 江苏
    东西 房子 房间 谈的 谈了 谈到 谈过 强调 强化 程度 居然 解决 解释 广东 满意 满打 温度
    农村 边上 党员 牛奶 鱼塘 花了 花钱 龙头 龙虾 车子 车上 米粉 荣誉 荣幸 容易 景区 老板
    客户 主管 营业 小的 小时 小区 那个 那就 那你 那我 那些 那边 那不 那天 那先 那说 那好
    那时 那行 那么 那是 那还 那要 冷的 古人 字幕 公司 公里 公园 后天 今天 大家 我们 你们
    他们 咱们 自己 谢谢 常说 许多 何时 何必 区别 干活 干了 干啥 广场 司机 班上 班子 毛病
    甘肃 厉害 武汉 曲线 封面 车站 田里 林场 江边 寿险 寿命 申请 边缘 终于 终身 沙龙 养老
    养成 费用 费率 费了 费劲 费心 施工 强行 华东 纪要 纪律 祝大 祝贺 季度 盛会 胡说 夏天
    应付 应承 解放 宣布 宣传 包容 左边 石油 吉利 程序 陆续 翁婿 曲折 储蓄 储备 焦虑 牧民
    全司 全支 全区 全是 全场 班长 仲裁 宁可 甘心 武装 景气 束手 龙舟 叶子 司务 白纸 白板
    白话 白跑 怀疑 池塘 双录 双休 通话 边走 尚未 农忙 温馨 温州 庄稼 充分 连心 习惯 艾草
    向前 向他 古怪 慎重 居多 步行 都要 都来 都说 都没 都去 满分 国内 文章 广告 东边 曾经
    沙子 关心 冷静 辛苦 简单 空白 相互 相关 查询 游客 权益 盖章 益处 公布 公式 公平 公事
    乐观 时效 安心 常规 水果 云端 范围 花样 方向 任性 平常 明显 计算 成员 成果 成长 谈话
    谈判 麻烦 强势 路径 路子 江湖 高峰 高手 高低 高于 田间 万能 支付 管用 管事 解约 应酬
    单身 单件 单量 杭州 左侧 石材 全面 全程 秋收 秋天 经常 经历 经济 家属 家访 家常
    """.split()
)
"""Two characters of which the first is a surname and which yet name nobody."""
_NOT_CALLED: Final = frozenset(
    """
    好的 可以 没问题 对对 对对对 好好 行行 行行行 嗯嗯 是的 是是 哈哈 哈哈哈 来来 来来来 首先
    其次 最后 第一 第二 第三 第四 另外 还有 再有 然后 接着 下面 接下来 同时 其实 所以 因为
    但是 不过 而且 总之 总的 反正 比如 比方 例如 今天 明天 昨天 后天 上周 下周 本周 这周
    上月 下月 本月 现在 刚才 刚刚 以后 以前 当时 后来 后头 前头 早上 晚上 中午 下午 上午
    各位 大家 伙伴 主管 经理 客户 公司 机构 团队 新人 目标 计划 拜访 送训 复盘 保费 期缴
    数据 问题 原因 根因 对策 措施 办法 方法 步骤 总结 小结 散会 开会 会后 记下 记录 记住
    明白 清楚 知道 晓得 没错 没事 没了 确实 当然 肯定 应该 可能 大概 差不多 估计 谢谢 感谢
    恭喜 祝贺 加油 辛苦 掌声 鼓掌 欢迎 有请 请坐 坐下 具体 一共 总共 全部 平均 合计 一个
    两个 三个 四个 五个 六个 三家 四家 五家 两家 一家 周二 周三 周四 周六 周日 小单 大单
    一室 二室 三室 四室 五室 六室 七室 八室 哎呀 哎哟 哎呦 喂喂 报告 收到 同意 认了 继续
    停停 等等 回来 打住 转介绍 缘故 成交 名单 活动 升温 平台 陪访 盘点 面谈 早会 晨会 月底
    月初 周五 周一 周末 一是 二是 三是 四是
    """.split()
)
"""What opens an utterance, stands before a pause, and calls upon nobody."""
_NAMELESS: Final = frozenset(
    "的了吗呢吧啊哦嘛是不没有你我他她它们这那就都要会去来说做个和跟把被给对在到从也还又再很太最更先后前上"
    "下里外中大多少几什么怎为因所但如果以可能应该想讲看见过得着，,。.！!？?、 :：;；"
)
"""Characters that no given name holds (or that are punctuation)."""
_TITLE_WORDS: Final = frozenset("经都和时成应管全相空满高平安公居通那双干")
"""Surnames that before a title rather end another word: 管|经理, 高|总."""
_TITLED: Final = re.compile(rf"[{SURNAMES}](?:{_TITLES})")
_SHORT: Final = re.compile(rf"[小老阿][{SURNAMES}](?=[，,、。:： 你说去来的那陪报先跟和把]|$)", re.MULTILINE)
_CALLED: Final = re.compile(
    r"(?:^|[。！？!?])\s*([\u4e00-\u9fff]{2,3})(?=[，,、 。]|你[说讲报先那们的]?)", re.MULTILINE
)
_FULL: Final = re.compile(rf"(?=([{SURNAMES}][\u4e00-\u9fff]{{2}}))")
_TITLED_END: Final = re.compile(rf"(?:{_TITLES}|爷|伯|婶)$")
_FORM: Final = re.compile(rf"{_TITLED.pattern}|[小老阿大][{SURNAMES}]")
_NUMERAL: Final = re.compile("[零一二三四五六七八九十百千万两半几]")
_KIN: Final = frozenset(
    """
    老公 老婆 妈妈 爸爸 爷爷 奶奶 大哥 大姐 嬢嬢 儿子 女儿 媳妇 孙子 弟弟 妹妹 哥哥 姐姐 阿姨 叔叔 舅舅
    姑姑 婆婆 公公 亲家 老板 老师 同学 房东 医生 护士 学生 骗子 班主任
    """.split()
)
"""Who is called so is many people's."""


def may_be_called(word: str) -> bool:
    """Whether somebody may be called so: a name of two or three characters, alone or with a title."""
    bare = without_title(word)
    if word in _KIN or word in _NOT_CALLED or {word, word[:2]} & _NOT_NAMES:
        return False
    if _NAMELESS.intersection(word) or _NUMERAL.match(word):
        return False
    if _FORM.fullmatch(word):
        return True
    return len(bare) == 2 or (len(bare) == 3 and bare[0] in SURNAMES)


def without_title(name: str) -> str:
    """彩霞姐 without 姐; 马总 stays, for nothing of a name would be left."""
    return _TITLED_END.sub("", name) if len(name) > 2 else name


def given_name(name: str) -> str:
    """What those who know a person well call them by: 建军 of 马建军."""
    bare = without_title(name)
    return bare[1:] if len(bare) == 3 and bare[0] in SURNAMES else bare


def find_names(text: str, facts: MeetingFacts) -> frozenset[str]:
    """The names that people are called by in this text (one utterance a line); rostered names are given."""
    rostered = _rostered(facts)
    names = set(rostered)
    names.update(m[0] for m in _TITLED.finditer(text) if m[0][0] not in _TITLE_WORDS)
    names.update(m[0] for m in _SHORT.finditer(text))
    called = Counter(m[1] for m in _CALLED.finditer(text) if not _NAMELESS.intersection(m[1]))
    for name, times in called.items():
        if name[:2] in _NOT_NAMES or name in _NOT_CALLED:
            continue
        if name[0] in SURNAMES or (len(name) == 2 and times >= 2 and text.count(name) >= 3):
            names.add(name)
    full = Counter(m[1] for m in _FULL.finditer(text))
    names.update(
        name
        for name, times in full.items()
        if times >= 2
        and name[1:] in names
        and name[:2] not in _NOT_NAMES
        and not _NAMELESS.intersection(name)
    )
    return frozenset(rostered | (names - _NOT_NAMES))


def _rostered(facts: MeetingFacts) -> set[str]:
    names = {name for r in (facts.expected_attendees, facts.attendees) if r for name in r.names}
    names.update(name[1:] for name in tuple(names) if len(name) == 3)
    known = (facts.host, facts.admin_manager, *facts.deputies)
    return names | {name for name in known if name and len(name) > 1}
