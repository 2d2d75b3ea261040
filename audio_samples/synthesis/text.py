"""Training text: corpus sentences, a small grammar of the domain and word salad for rare characters.

    python -m audio_samples.synthesis.text --work build/demo_model

writes text.json with the lists `train` and `held_out`. No sentence or clause of six or more characters of a sample script
gets into the training text.
"""

import argparse
import collections
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import jieba
from pypinyin.constants import PHRASES_DICT

from audio_samples.synthesis.tokens import SPOKEN_MARKS, allowed, characters

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "qa_pipeline" / "chapters" / "corpus"
SCRIPTS = ROOT / "audio_samples"
PHRASES = Path(__file__).with_name("phrases.list")
HELD_OUT_MEETINGS = ("A09", "D08", "G08")
DIGITS = "零一二三四五六七八九"
CLASH_LENGTH = 6
_UTTERANCE = re.compile(r"^S\d+[:：]\s*(.*)$")
_FOLD = str.maketrans(
    {
        ",": "，",
        "、": "，",
        ";": "，",
        "；": "，",
        ":": "，",
        "：": "，",
        "?": "？",
        "!": "。",
        "！": "。",
        ".": "。",
        "…": "，",
    }
)
_NOT_TEXT = re.compile("[^\u4e00-\u9fffA-Za-z0-9]")


# ------------------------------------------------------------------------------------------------ numbers
def number(value: int) -> str:
    """An integer 0..99_999_999 in spoken Chinese."""
    if value >= 10_000:
        high, low = divmod(value, 10_000)
        tail = "" if low == 0 else ("零" if low < 1000 else "") + number(low)
        return number(high) + "万" + tail
    if value < 10:
        return DIGITS[value]
    if value < 20:
        return "十" + (DIGITS[value % 10] if value % 10 else "")
    words, pending = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            words += ("零" if pending else "") + DIGITS[digit] + name
            pending = False
        elif words:
            pending = True
    return words


def _decimal(text: str) -> str:
    whole, _, part = text.partition(".")
    return number(int(whole)) + ("点" + "".join(DIGITS[int(c)] for c in part) if part else "")


def read_digits(text: str) -> str:
    """Arabic digits written as they are spoken (years digit by digit)."""
    text = re.sub(r"(\d{4})(?=年)", lambda m: "".join(DIGITS[int(c)] for c in m[1]), text)
    text = re.sub(r"(\d{1,8}(?:\.\d+)?)[%％]", lambda m: "百分之" + _decimal(m[1]), text)
    return re.sub(r"\d{1,8}(?:\.\d+)?", lambda m: _decimal(m[0]), text)


# ------------------------------------------------------------------------------------------------ script filter
def plain(text: str) -> str:
    """Characters, letters and digits only."""
    return _NOT_TEXT.sub("", text).upper()


def utterances(path: Path) -> Iterator[str]:
    """Spoken lines of a meeting text, tags removed."""
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _UTTERANCE.match(line.strip())
        if match:
            yield re.sub(r"\{[^}]*\}", "", match[1]).strip()


def pieces(text: str) -> set[str]:
    """Sentences and clauses of six or more characters, without marks."""
    folded = read_digits(text).translate(_FOLD)
    parts = [*re.split("[。？]", folded), *re.split("[，。？]", folded)]
    return {p for p in map(plain, parts) if len(p) >= CLASH_LENGTH}


def script_pieces() -> set[str]:
    """All sentences and clauses of the sample scripts that training must not see."""
    found: set[str] = set()
    for path in sorted(SCRIPTS.glob("*.script.txt")):
        for line in utterances(path):
            found |= pieces(line)
    return found


def script_names() -> list[str]:
    """The people of the sample scripts: a name cannot be spelled from its sound alone."""
    found: set[str] = set()
    for path in sorted(SCRIPTS.glob("*.script.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"# (expected_)?names: ", line):
                found |= set(re.findall("[\u4e00-\u9fff]{2,}", line))
    return sorted(found)


def script_words() -> list[str]:
    """The words of the sample scripts, two to four characters: the vocabulary, without its sentences."""
    lines = [line for path in sorted(SCRIPTS.glob("*.script.txt")) for line in utterances(path)]
    return sorted({word for word in corpus_words(lines) if 2 <= len(word) <= 4})


# ------------------------------------------------------------------------------------------------ corpus sentences
def clauses(text: str) -> list[tuple[str, str]]:
    """(clause, closing mark) pairs of an utterance; clauses with characters outside the set are ('', mark)."""
    folded = re.sub(r"[“”\"'‘’（）()《》\s—-]", "", read_digits(text).upper().translate(_FOLD))
    pairs = []
    for match in re.finditer(r"([^，。？]*)([，。？]+|$)", folded):
        clause, marks = match[1], match[2]
        mark = (
            "？"
            if "？" in marks
            else "。"
            if "。" in marks
            else "，"
            if marks and match.end() < len(folded)
            else "。"
        )
        if clause or marks:
            pairs.append((clause if clause and set(clause) <= allowed() else "", mark))
    return pairs


def _sentences(text: str, rng: random.Random, longest: int) -> Iterator[str]:
    """Groups of neighbouring clauses of at most about `longest` characters, ending in a full stop or question mark."""
    limit = rng.choice([10, 16, 24, longest])
    group: list[str] = []

    def flush(mark: str) -> Iterator[str]:
        if group:
            yield "，".join(group) + mark
            group.clear()

    for clause, mark in clauses(text):
        if not clause:
            yield from flush("。")
            continue
        if group and sum(map(len, group)) + len(clause) > limit:
            yield from flush("。")
            limit = rng.choice([10, 16, 24, longest])
        while len(clause) > 30:
            cut = rng.randint(8, 20)
            yield clause[:cut] + "。"
            clause = clause[cut:]
        group.append(clause)
        if mark != "，" and (sum(map(len, group)) >= 4 or rng.random() < 0.5):
            yield from flush(mark)
    yield from flush("。")


def corpus_lines(held_out: bool) -> Iterator[str]:
    """Utterances of the training meetings, or of the held-out ones."""
    for path in sorted(CORPUS.glob("*/*.txt")):
        if (path.stem in HELD_OUT_MEETINGS) == held_out:
            yield from utterances(path)


# ------------------------------------------------------------------------------------------------ grammar
SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈姜崔钟谭陆汪范金石廖贾夏方白邹孟熊秦邱江尹薛"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红梅春秀建国志文海燕小雪晓慧婷梦佳欣雨晨思宇浩然子轩俊峰鹏飞"


def _names() -> tuple[list[str], list[str]]:
    have = set(characters())
    return [c for c in SURNAMES if c in have], [c for c in GIVEN if c in have]


_SURNAMES, _GIVEN = _names()
_SCRIPT_NAMES = script_names()
MONTHS = "一 二 三 四 五 六 七 八 九 十 十一 十二".split()
TITLES = "主管 经理 主任 总 姐 哥 老师".split()


def _amount(r: random.Random) -> str:
    kind = r.random()
    if kind < 0.3:
        return number(r.randint(2, 99)) + "万"
    if kind < 0.5:
        return number(r.randint(100, 9999)) + "万"
    if kind < 0.7:
        return number(r.randint(1, 99)) + "点" + DIGITS[r.randint(1, 9)] + "万"
    if kind < 0.85:
        return number(r.randint(1, 99)) + "万" + DIGITS[r.randint(1, 9)] + r.choice(["", "千"])
    return number(r.randint(11, 99) * 100)


def _percent(r: random.Random) -> str:
    text = "百分之" + number(r.randint(1, 130))
    return text + "点" + DIGITS[r.randint(1, 9)] if r.random() < 0.3 else text


def _name(r: random.Random) -> str:
    kind = r.random()
    if kind < 0.35:
        return r.choice(_SURNAMES) + "".join(r.choice(_GIVEN) for _ in range(r.choice([1, 1, 2])))
    if kind < 0.6:
        return r.choice(_SURNAMES) + r.choice(TITLES)
    full = r.choice(_SCRIPT_NAMES)
    if kind < 0.75 or len(full) < 3:
        return full
    return full[1:] + (r.choice(["", "姐", "哥"]) if kind < 0.95 else "")


SLOTS: dict[str, Callable[[random.Random], str]] = {
    "name": _name,
    "big": _amount,
    "n": lambda r: (
        "两" if r.random() < 0.1 else number(r.randint(1, 99) if r.random() < 0.85 else r.randint(100, 999))
    ),
    "s": lambda r: r.choice("一两三四五六七八九十"),
    "pct": _percent,
    "mon": lambda r: r.choice(MONTHS) + "月" + r.choice(["", "份"]),
    "date": lambda r: r.choice(MONTHS) + "月" + number(r.randint(1, 31)) + r.choice(["号", "日"]),
    "year": lambda r: "二零二" + r.choice("三四五六七") + "年",
    "tm": lambda r: (
        r.choice(["上午", "下午", "晚上", "早上", ""])
        + number(r.randint(1, 12))
        + "点"
        + r.choice(["", "", "半", "钟", "一刻", "三十分", "四十五"])
    ),
}
LISTS = {
    "day": "周一 周二 周三 周四 周五 周六 周日 今天 明天 后天 下周一 下周二 下周三 下周四 下周五 本周五 本周三 月底 月初 礼拜三 礼拜五 星期一 昨天 上周五",
    "kpi": "期缴保费 U人力 CT FYC 新单保费 活动量 举绩率 增员人数 续期保费 出勤率 拜访量 人均产能 留存率 客户数 件数 达成率 保费 件均 达U率 送训率 "
    "CT率 参会率 转化率 面访量 首年期缴 活动率 时间进度 约访量 收入目标",
    "unit": "第一营业室 第二营业室 第三营业室 第四营业室 第五营业室 一室 二室 三室 四室 五室 新人组 绩优组 我们团队 整个部门 各营业室 我们室 全体主管 "
    "咱们机构 支公司 营业部 直属组",
    "act": "客户盘点 目标面谈 陪访 送训 增员 早会 产品说明会 转介绍 电话约访 保单检视 四象限分析 话术演练 新人育成 周复盘 月规划 老客户回访 促成训练 计划书讲解 "
    "活动量管理 升温活动 客经活动 招募面谈 技能辅导 高端客户活动 行事历 PVKYC KYC 平台搭建 岗前培训 通关演练 一对一面谈 家访 答谢会 健康讲座",
    "prod": "年金险 重疾险 医疗险 意外险 终身寿险 养老险 少儿险 增额寿 教育金 分红险 两全险",
    "prob": "活动量不足 新人留存低 客户资源太少 主管时间不够 出勤率不高 面谈质量不高 目标没有分解 数据没有上报 转介绍太少 话术不熟练 陪访不到位 增员名单不够 "
    "客户盘点不彻底 计划没有落地 检视不及时 开口晚了 约不到人 客户不接电话 见了面不开口 名单用完了 没有提前准备 心里没底 属员不听",
    "ex": "提前两周锁定名单 坚持每天三访 先做客户盘点 给客户分类 请主管陪访 每天晚上做总结 从保单检视开始 主动要求转介绍 认真听客户说话 定期回访老客户 "
    "把目标分解到人 每周检视进度 先打电话再发微信 把话写在本子上 见面先问家里情况 提前一天确认 带着问题去 一个一个过 晚上复盘 手把手教 先算账再谈产品",
    "ch": "月度复盘 阶段复盘 优秀分享 问题研讨 下月规划 下周安排 上周回顾 数据通报 会议总结 本周安排",
    "cust": "老客户 准客户 重点客户 意向客户 转介绍客户 高端客户 普客 升温客户 高潜客户 A类客户 B类客户 C类客户 价值客户",
    "adj": "非常好 比较好 不太理想 稳步提升 明显下滑 基本持平 还有差距 值得肯定 需要加强 差得远 还可以 不错",
    "tt": "本月 上个月 这个月 上周 本周 第一季度 第二季度 上半年 全年 到目前 截止昨天 下个月 这一周 去年同期",
    "q": "为什么没有达成 具体是哪几个客户 原因是什么 差距在哪里 你打算怎么做 什么时候完成 需要什么支持 谁来负责 还差多少 有没有信心 卡在哪里 约了没有 "
    "见了几个 问题出在哪 下一步怎么办 能不能保证 打了几个电话 跟谁去 几点到",
    "yes": "好 行 对 是的 嗯 没问题 可以 知道了 明白 好的 收到 有 没有 是 来了 谢谢",
}
TEMPLATES = """
{tt}{unit}的{kpi}是{big}。|{tt}{kpi}目标{big}，完成{big}。|{unit}{kpi}达成{pct}。|{tt}{kpi}{adj}，排名第{n}。|首先请{name}来做{ch}。
下面进入{ch}，有请{name}。|接下来是{ch}，时间{n}分钟。|第一项是{ch}，第二项是{ch}。|{name}{tt}签了{s}件{prod}。|{name}签单{s}件，保费{big}。
{name}分享一下{act}。|我的经验是{ex}，然后{ex}。|最重要的是{ex}。|{name}{tt}做了{n}次{act}。|最大的问题是{prob}。|主要问题是{prob}，还有{prob}。
为什么{prob}？|{kpi}{q}？|{name}，{kpi}{q}？|{q}，{name}先说。|针对{prob}，要做好{act}。|解决办法是{ex}。|我们还差{big}，{day}能完成。|我们{kpi}还差{big}。
下个月{kpi}目标{big}。|{mon}{kpi}计划{big}。|{day}之前完成{act}。|请{name}{day}之前完成{act}。|{day}{tm}安排{act}。|{day}{tm}{act}，{name}负责。
{date}之前提交{act}名单。|{day}送训{n}个人，名单发给{name}。|{unit}增员{s}人，面谈{n}人。|主管每周至少陪访{s}次。|{name}陪访见了{s}个{cust}。
A类客户{n}个，B类客户{n}个，C类客户{n}个。|{cust}一共{n}位，{s}位有意向。|重点跟进{cust}，做好{act}。|这个{cust}对{prod}很感兴趣。
{unit}举绩{n}人，举绩率{pct}。|U人力目标{n}人，达成{n}人。|CT达成{pct}，还差{n}个点。|FYC人均{big}，比上个月{adj}。|{name}的FYC是{big}。
{act}要落实到每天，{tm}检视。|目标面谈{day}之前全部做完。|关于{act}，我提{s}点要求。|下周重点是{act}，其次是{act}。|下周{unit}计划签单{n}件。
{name}承诺{day}{kpi}做到{big}。|没有完成{kpi}的，{day}做{act}。|我们室有{n}个人，{n}个人出单。|新人{s}个，{s}个没有出单。|送训{n}人，通过{s}人。
{yes}，{name}讲得好。|谢谢{name}的分享。|{name}先说一下{kpi}的情况。|这个问题由{name}来跟进。|{unit}{q}？|我补充一点，{prob}。|我同意，{ex}。
具体是{s}个{cust}，保费{big}。|{act}和{act}{adj}。|主管要带头做{act}。|如果{prob}，就{ex}。|因为{prob}，所以{adj}。|{yes}。|{yes}，{yes}。|{yes}，{q}？
{yes}，{day}{tm}我去{act}。|{name}，你{q}？|你{tt}{q}？|应到{n}人，实到{n}人，{name}请假。|今天是{date}，{year}{mon}。|{year}{date}，{unit}开会。
第一，{ex}，第二，{ex}，第三，{ex}。|{name}第一，{name}第二，{name}第三。|{unit}{big}，{unit}{big}，{unit}{big}。|达U的有{name}，{name}，还有{name}。
未U主管是{name}和{name}。|{name}的{cust}{n}个，见了{s}个，成了{s}单。|年交{big}，FYC{big}。|{phrase}。|{phrase}，{phrase}。|{name}，{phrase}？
{phrase}，{name}。|我们{phrase}，{phrase}。|{tt}{phrase}，{q}？|{phrase}{pct}，{phrase}{big}。|{day}{tm}之前，{name}把{act}名单报给我。|我{day}{tm}去，{name}陪我。
本周我见{n}个{cust}，保底{s}单。|刚才{name}说的{act}，{adj}。|我承诺，{day}之前{ex}。
"""


def grammar(rng: random.Random, phrases: list[str]) -> str:
    """One sentence of the domain grammar."""
    templates = [t for line in TEMPLATES.strip().splitlines() for t in line.split("|")]
    lists = {key: value.split() for key, value in LISTS.items()}
    lists["phrase"] = phrases

    def fill(match: re.Match[str]) -> str:
        key = match[1]
        return SLOTS[key](rng) if key in SLOTS else rng.choice(lists[key])

    while True:
        text = re.sub(r"\{(\w+)\}", fill, rng.choice(templates))
        if len(text) <= 34 and set(text) - set(SPOKEN_MARKS) <= allowed():
            return text


# ------------------------------------------------------------------------------------------------ word salad
def corpus_words(lines: Iterable[str]) -> list[str]:
    """Words of the corpus whose characters are all in the set (with repetitions)."""
    jieba.setLogLevel("ERROR")
    words = []
    for line in lines:
        for clause, _ in clauses(line):
            words += [w for w in jieba.cut(clause) if w and len(w) <= 6]
    return words


def words_by_character(words: Iterable[str]) -> dict[str, list[str]]:
    """For each character the words that hold it; a dictionary of phrases helps out where the corpus has few."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    for word in words:
        if len(word) > 1:
            for c in word:
                found[c].add(word)
    have = set(characters())
    for word in PHRASES_DICT:
        if 2 <= len(word) <= 4 and set(word) <= have:
            for c in word:
                if len(found[c]) < 12:
                    found[c].add(word)
    return {c: sorted(found[c]) or [c] for c in characters()}


def salad(rng: random.Random, words: list[str], include: list[str]) -> str:
    """A few random words around `include`, with a comma now and then."""
    chosen = [rng.choice(words) for _ in range(rng.randint(1, 5))] + include
    rng.shuffle(chosen)
    text = ""
    for i, word in enumerate(chosen):
        text += word
        if i + 1 < len(chosen) and rng.random() < 0.15:
            text += "，"
    return text[:30].rstrip("，") + rng.choice("。。。？")


# ------------------------------------------------------------------------------------------------ all of it
def build(
    seed: int = 11, passes: int = 2, grammar_count: int = 14000, salad_count: int = 16000, at_least: int = 40
) -> dict[str, list[str]]:
    """The training sentences and the held-out sentences ({'train': [...], 'held_out': [...]}); marks are ，。？ only."""
    rng = random.Random(seed)
    forbidden = script_pieces()
    have = set(characters())
    phrases = PHRASES.read_text(encoding="utf-8").split()
    held = [s for line in corpus_lines(True) for s in _sentences(line, rng, 24) if len(plain(s)) >= 5]
    held = sorted(set(held))
    rng.shuffle(held)
    held = held[:150]
    while len(held) < 300:
        sentence = grammar(rng, phrases)
        if len(plain(sentence)) >= 8 and sentence not in held:
            held.append(sentence)
    forbidden |= {plain(s) for s in held if len(plain(s)) >= CLASH_LENGTH}

    def usable(sentence: str) -> bool:
        return not pieces(sentence) & forbidden

    corpus = list(corpus_lines(False))
    train: list[str] = []
    for number_of_pass in range(passes):
        for line in corpus:
            train += [s for s in _sentences(line, rng, 30 if number_of_pass % 2 else 24) if usable(s)]
    seen: set[str] = set()
    count = 0
    while count < grammar_count:
        sentence = grammar(rng, phrases)
        if usable(sentence) and (sentence not in seen or rng.random() < 0.05):
            seen.add(sentence)
            train.append(sentence)
            count += 1
    words = corpus_words(corpus)
    flat = sorted(set(words))  # every word equally often: rare combinations, unlike running text
    wanted = script_words()
    by_character = words_by_character(words)
    tally = collections.Counter("".join(train))
    for c in characters():
        while tally[c] < at_least:
            sentence = salad(rng, flat, [rng.choice(by_character[c]) for _ in range(2)])
            if usable(sentence):
                train.append(sentence)
                tally.update(sentence)
                salad_count -= 1
    while salad_count > 0:
        include = rng.sample(wanted, 2) if rng.random() < 0.6 else [rng.choice(phrases)]
        sentence = salad(rng, flat if rng.random() < 0.5 else words, include)
        if usable(sentence) and len(sentence) >= 4:
            train.append(sentence)
            salad_count -= 1
    assert have <= set("".join(train))
    rng.shuffle(train)
    return {"train": train, "held_out": held}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for text.json")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    text = build()
    (arguments.work / "text.json").write_text(
        json.dumps(text, ensure_ascii=False, indent=0), encoding="utf-8"
    )
    total = sum(len(plain(s)) for s in text["train"])
    print(f"{len(text['train'])} training sentences, {len(set(text['train']))} different, {total} characters")


if __name__ == "__main__":
    main()
