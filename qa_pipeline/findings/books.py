# ruff: noqa: E501 - patterns are data and read better on one line
"""The given figures as books in which what was said is looked up: whose figure it is, and of which indicator (C3).

Only a figure that surely means the attained value of one owner is found there: a target, a gap, a plan, another
month, a week's part of it, 三百多万 and 我们室 are not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import accumulate
from typing import Final

from qa_pipeline.findings.mentions import find_mentions
from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.rows import (
    OFFICE,
    PERSON,
    ROOMS,
    SENTENCE,
    STAFF,
    WHOLE,
    Called,
    Head,
    Row,
    Told,
    Word,
    after,
    kind_of,
    last_named,
    left,
    parted,
    stands,
    with_bare,
)
from qa_pipeline.findings.structure import REVIEWS
from qa_pipeline.names import INDICATORS
from qa_pipeline.transcript.people import SURNAMES
from qa_pipeline.values.facts import Figure, MeetingFacts
from qa_pipeline.values.findings import Mention
from qa_pipeline.values.transcript import Utterance

SPOKEN: Final[Mapping[str, str]] = {
    "premium_per_close": r"件均(?:保费|期[交缴])?",
    "new_agent_fyc": r"新人(?:这边|这块)?(?:的|本月|这个月|[一二三四五六七八九十]+月)?(?:FYC|首佣)",
    "own_fyc": r"(?:本人|自己|(?<!一)个人)(?:的)?(?:FYC|首佣)",
    "regular_premium": r"期[交缴](?:保费)?|[期七其齐旗][交缴角叫](?:保费)?(?=[ 是到做]{0,2}[一二两三四五六七八九十\d])|(?<!规模)(?<!标准)(?<!趸交)(?<!续期)(?<!人均)(?<!户均)(?<!单笔)(?<!总)保费",
    "fyc": r"(?<!新人)(?<!新人的)(?<!人均)(?<!团队)FYC|(?<!团队)首佣|首年佣金",
    "mean_headcount": r"月均人力",
    "u_rate": r"U率|达U率|绩优率",
    "u_headcount": r"U人力|绩优人力|(?<!未)(?<!没)(?<!不)达了?U(?:的)?(?:人数|人力)?|(?<![A-Za-z未没不达打差过够冲保破离上])U(?=的话|是|[，,。；;]|$|[，,：:]?(?:任务|目标|[零一二两三四五六七八九十俩仨]|\d))",
    "active_headcount": r"(?:出单|开单|举绩|活动|动)(?:人力|人数)|(?:出单|开单)(?=[一二两三四五六七八九十\d]{1,3}(?:个人|人|个)|[俩仨])|(?<=个人)(?:出单|开单)(?=[，,、。；;]|$)",
    "new_agents": r"新增人力|入职(?:人数|人力|了)?",
    "headcount": r"(?:在职|在册|总)人力",
    "activity_rate": r"活动率|举绩率|出单率",
    "ct_rate": r"CT(?:达成|达标)?率",
    "ct_progress": r"CT进度",
    "ct_attained": r"(?<!未)(?<!没)(?<!不)达CT(?:的)?(?:室|营业室)?|CT达[成标](?:的)?(?:室|营业室)?|CT[达过]了?(?=[一二两三四五六七八九十]{1,2}个)|CT(?:的)?[一二两三四五六七八九十]+个(?:考核)?(?:营业)?[室部](?:里[头面])?[，, ]?(?:现在)?(?:达[成标]?|过线?|到|成)了?|(?<!个)[一二两三四五六七八九十]+个[室部]CT(?:达成?|过线?|到|成)了?",
    "training_rate": r"送[训讯迅](?:室)?率",
    "training_referral": r"送[训讯迅](?:人数|人力)?",
    "customers": r"成交客户(?:数)?",
    "visits": r"(?<!均)拜访(?:量|客户)?|面访量?|(?:实[际拜]|跑了|见了|做了)(?=[零一二两三四五六七八九十\d]{1,3}访)",
    "closes": r"(?<!介绍)(?<!缘故)成交(?:量|件数)?|件数|签单",
    "warm_customers": r"[缘原元]故(?:客户)?|熟人",
    "referrals": r"转[介接]绍(?:客户)?",
    "joint_visits": r"陪访",
    "invitations": r"邀约(?:客户)?",
    "arrivals": r"到场(?:客户)?",
    "platform_events": r"平台活动",
}
"""How each indicator is called when its figure is said; a narrower one stands before a wider one."""
_BEGINS: Final = (
    "(?=[件新本自个期七其齐旗保F首月U绩达出开举活动入在总C送拜面实跑见做成签缘原元熟转陪邀到平一二两三四五六七八九十])"
    "(?=[件期七其齐旗保FU绩达出开举C送拜面实签缘原元熟转陪邀]|在[职册]|到场|做了|新[人增]|自己|个人|总人|动人|入职|活动"
    "|首[佣年]|成交|跑了|见了|本人|月均|平台|[一二两三四五六七八九十]+个[室部]CT)"
)
"""How any of these begins, by its first character and then by its second: halves the time of the search."""
_WORDS: Final = re.compile(
    f"{_BEGINS}(?:" + "|".join(f"(?P<{code}>{said})" for code, said in SPOKEN.items()) + ")", re.MULTILINE
)

_OTHERS: Final = {
    "fyc": re.compile("新人|团队|全队"),
    "active_headcount": re.compile("新人|新增|司龄"),
}
"""Of whom an indicator is another one's."""
_COUNTED: Final[Mapping[str, frozenset[str]]] = {
    "人": frozenset(["", "人", "名", "个", "位"]),
    "人次": frozenset(["", "人", "名", "个", "位"]),
    "户": frozenset(["", "户", "个", "位", "家"]),
    "次": frozenset(["", "次", "访", "趟", "回", "个"]),
    "件": frozenset(["", "件", "单", "个"]),
    "室": frozenset(["", "个"]),
    "场": frozenset(["", "场", "个"]),
}
"""Unit of an indicator -> the measure words that count it; people leave them out, too (缘故四)."""

_PLANNED: Final = re.compile(
    r"目标|任务|计划|要求|预[计估收]|争取|打算|想[要做冲拿]|要[做冲达到完一二两三四五六七八九十\d]|应该|得[做冲达到完]|冲|保底|力争|确保|如果|假如|要是|下个?月|[认领]的|缺口|差距"
)
"""What is to be, or is missing: no figure of a row that is announced so was attained."""
_NOT_ATTAINED: Final = re.compile(
    rf"{_PLANNED.pattern}|差[了着]?|缺|折|算|至少|最少|再[做来签拜送]|还[要得有没]|剩"
    r"|上个?月|上周|上个?星期|去年|同期|往年|环比|同比|比|增[长加]|涨|降|下滑|少[了做]|多[了做]|翻|提[高升]|其中|每|平均|人均|今[天儿]|昨[天儿]|当[天日]|(?:本|这|上|下)个?(?:周|星期|礼拜)|[一二三四五六七八九十]月份?"
    r"|一单|单笔|最大|有一[个件]|头一|上[期次回届]|占|主管(?:本人|个人|自己)|分别|[上中下]旬|月[初头]|第[一二三四]周|头[一二三两]天|分[解到]|才[能算]|需要|够|不到|不足|超过?|突破|以上|以下|至多|最多|没有?|多少|几|？|\?|如|按|考核|标准|门槛|线"
)
"""Said around a figure, these make it something else than what was attained up to now."""
_DONE: Final = re.compile(r"实[际到拜]|完成|达成|到位|[做送达]了|[做达]到|到[昨今]|现在|目前")
"""After a goal: what follows was attained."""
_NUMERAL: Final = re.compile(r"[零一二两三四五六七八九十百俩仨半\d]")
_NEAR: Final = 24
"""Characters within which 我 is still whose figure it is."""
_UP_TO_NOW: Final = re.compile(r"(?:截[至止]?到?|到)(?:[昨今](?:天|晚|日)|目前|现在)(?:为止)?")
_ANSWERS: Final = re.compile(
    r"(?:嗯|哦|啊|呃|就|才|只|有|是|我|俺|自己|这边|[做陪跑送签]了|大概|差不多|一共|目前|现在|到[昨今]天|本月|这个月|[，,。…\s])*"
)
"""What may stand before an answer that is a figure and little else."""
_NOBODY: Final = re.compile(
    r"(?:[一二三四五六七八九十]+个(?:考核)?(?:营业)?[室部](?:里[头面])?|这个?月|本月|当月|目前|现在|到[昨今]天|累计|我们?|咱们?|那|好|嗯|先看?|再看|首先|然后|第[一二三]|看|一下|[一二三四五六七八九十]{1,2}月份?|的|了|整体|数据|是|呢)*"
)
"""What the host may say before an indicator that is the institution's: nothing that names anybody."""
_OFFICE: Final = re.compile(
    r"第?[一二三四五六七八九十\d]+(?:营业)?[室组部区](?!长)|[\u4e00-\u9fff]{2}(?:营业)室|(?:(?![第一二三四五六七八九十])[\u4e00-\u9fff]){2}室"
)
_OURS: Final = re.compile(r"[我咱你您他她]们?(?:这个|这|们)?(?:室|组|部)(?![门])")
"""The speaker's office, which nobody names."""
_EVERYBODY: Final = re.compile(
    r"全(?:司|支公司|部门|公司|机构|服务部|系统)(?!第|最|唯|前)|整个?(?:公司|支公司|机构|营服|服务部|团队|部)|整体|(?:我们?|咱们?)(?:公司|支公司|机构|营服|服务部|团队)|全[部辖](?=期[交缴]|保费|FYC|U|活动率)"
    r"|(?:(?<![\u4e00-\u9fff])|(?<=[咱本我月号日天晚们缴交费率力]))(?:支公司|服务部|营业部|营服)(?!的?[人主那第])"
)
_TOGETHER: Final = re.compile("总[共的计]|一共|合计")
"""The sum of what was said before, or all there is."""
_HERS: Final = re.compile(
    r"(?:大?[姐哥]|叔|姨|伯|总|老师|经理|主任)?(?:那个|这个|[她他]们|[她他那的])?[室组部](?!长)"
)
"""After a name: the office and not its head (艳梅姐的室)."""
_LOOSELY: Final = re.compile(
    rf"[老小](?P<first>[{SURNAMES}])(?=[，,、是FU期送拜成零一二两三四五六七八九十\d]|$)|(?P<last>[{SURNAMES}])(?:大?[姐哥]|叔|姨|伯|总|经理|主[任管]|老师|部长)"
)
"""People called by their surname: known where only one has it, and the host or a report for all lists them."""
_REPORTED: Final = re.compile(r"全(?:司|部|支公司|区|辖)|支公司|服务部|营业部|部里|主管")
_PLACED: Final = re.compile(
    r"(?!第?[一二三四五六七八九十\d]+[室部组])[\u4e00-\u9fff]+(?<![一二三四五六七八九十])[室部组]"
)
_CORRECTED: Final = re.compile(r"[^。]{0,6}(?:不对|不是|[说念报]错|口误)")
_UNCLEAR: Final = re.compile("万零[一二三四五六七八九]$")
"""十万零六 is 100 600 for some and 106 000 for others."""
_PROMISED: Final = re.compile("第[一二三四五六七八九十]条|[那这]条是?|答应|承诺")
"""What is read out is what somebody promised."""
_MINE: Final = re.compile(
    "[我俺](?!们|[说念报读查看补问帮插算统提想讲记要给听把]|先|再|一起|共享|自己[念报读]|来|这边|晓得|知道|觉得|认|同意)"
)
_NOW: Final = re.compile(r"这个?月|[本当]月|目前|现在|截[至止]?到?|到[昨今]|今年|累计")
_GAP: Final = re.compile(r"(?:[差缺少]|缺口|差距)(?:了|是|的)?$")
_PAUSE: Final = "，,。；; "
_WHOLE: Final = frozenset(["元", "%", "人", "室", "人次"])
"""Units of the indicators that a host gives for the institution without saying so."""
_REACH: Final = 3
"""Utterances of the same speaker after which an indicator named before them is still what is spoken of."""
_UNNAMED_U: Final = re.compile(r"(?!U人力|绩优人力|[出开]单人|活动人)")
"""A person who has three U has them in an office."""
_PERSONAL: Final = frozenset(["visits", "closes", "warm_customers", "referrals", "joint_visits"])
"""What each person reports of a week, one after the other (PVKYC)."""
SLACK: Final = 0.05
"""Nobody rounds by more than this share of an amount, however round the figure is."""


class Book:
    """The given figures, by how their owners are called."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.figures = {(f.owner, f.indicator): f for f in reading.facts.figures}
        self.institution = reading.facts.institution
        owners = {f.owner for f in reading.facts.figures}
        self.called = _unique((name, owner) for owner in owners for name in _names(owner))
        places = _unique((name[:-1], owner) for name, owner in self.called.items() if _PLACED.fullmatch(name))
        self.places = {
            name: owner for name, owner in places.items() if len(name) > 1 and name not in self.called
        }
        talk = "\n".join(u.text for u in reading.utterances)
        said = (name for name in {*self.called, *self.places} if len(name) > 1 and name in talk)
        names = sorted(said, key=lambda name: (-len(name), name))
        self.names = re.compile("|".join(map(re.escape, names)) or r"(?!)")
        people = [re.sub(r"（.*?）$", "", o) for o in owners if self._kind(o) == PERSON]
        self.surnames = _unique((p[0], p) for p in {*people, *reading.facts.people} if len(p) in (2, 3))
        self.offices = frozenset(name for name, owner in self.called.items() if self._kind(owner) == OFFICE)
        self.months = _other_months(reading.facts.meeting_date)
        self.words = _words_of([u.text for u in reading.utterances])
        """The indicators that each utterance names."""

    def _kind(self, owner: str) -> str:
        if owner == self.institution:
            return WHOLE
        return OFFICE if re.search(r"[室部组区]$", owner) else PERSON

    def said(self, index: int) -> Iterator[tuple[Figure, Mention, str]]:
        """(given, number as said, in which text) of one utterance."""
        said = self.reading.utterances[index].text
        if not _NUMERAL.search(said):
            return
        spoken_of = self._before(index)
        if not ("访" in said or self.words[index] or any(self.words[i] for i in spoken_of)):
            return
        text = parted(said, self.offices)
        mentions = self.reading.readings[index].mentions if text == said else _mentions(text)
        words = self.words[index] if text == said else _words_of([text])[0]
        called = self._who(text)
        numbers = with_bare(text, [m for m in mentions if m.value is not None], words, called)
        if not numbers:
            return
        told = list(Row(text, numbers, words, called, self._heads(spoken_of)).told())
        told += self._answers(index, numbers, words, told)
        masked = list(text)
        for who in called:
            masked[who.start : who.end] = "＿" * (who.end - who.start)
        plain = "".join(masked)
        sure = [t for t in told if self._attained(plain, t, numbers)]
        sure = [t for t in sure if not _of_a_gap(text, t, sure, numbers)]
        for one in sure:
            owner = self._owner(index, text, one, sure)
            if owner and _out_of_place(text, one, self._kind(owner)):
                continue
            given = self.figures.get((owner, one.code)) if owner else None
            if given is not None and _fits(one.number, given.unit):
                yield given, one.number, text

    def _before(self, index: int) -> range:
        """The utterances before that tell what is spoken of: what the same one has just said, and a question."""
        speaker = self.reading.speaker(index)
        first = index
        while first and index - first < _REACH and speaker and self.reading.speaker(first - 1) == speaker:
            first -= 1
        if first and self.reading.asks[first - 1]:
            first -= 1
        return range(first, index)

    def _heads(self, before: Iterable[int]) -> dict[str, Head]:
        heads: dict[str, Head] = {}
        for place in before:
            words = self.words[place]
            heads = left(self.reading.utterances[place].text, words, heads) if words or heads else heads
        return heads

    def _attained(self, text: str, told: Told, numbers: Sequence[Mention]) -> bool:
        """Whether nothing around the figure, within its clause, makes it a target, a gap or another time's."""
        number = told.number
        earlier = [n for n in numbers if n.end <= told.start]
        before = after(text, earlier[-1]) if earlier else 0
        clause = max((m.end() for m in re.finditer(r"[，,。！；;]", text[: told.start])), default=0)
        goes_on = text.startswith(("、", "和", "跟", "加"), before)  # 差人力两个、期缴十一万
        start = told.start if told.beside else clause if goes_on else max(clause, before)
        end = min((n.start for n in numbers if n.start >= number.end), default=len(text))
        behind = re.split(r"[，,。！；;＿]", text[number.end : min(number.end + 8, end)])[0]
        if len(behind) == end - number.end:  # 九万四任务十五: the word belongs to the next figure
            theirs = r"(?:还?[差缺]|目标|任务|计划|超|得|要)" if number.kind == "money" else "还?[差缺超]"
            behind = re.sub(rf"{theirs}(?:是|了)?$", "", behind)
        told_before = re.sub(r"^.*实[际到拜]", "", _UP_TO_NOW.sub("", text[start : number.start]))
        said = f"{told_before}三{behind}"  # the number itself may be one of 一单, 第一周
        if _CORRECTED.match(text, number.end) or _UNCLEAR.search(text, number.start, number.end):
            return False
        if self.reading.facts.meeting_date:
            said = re.sub(rf"(?:{_month(self.reading.facts.meeting_date.month)})月份?", "", said)
        return not (
            _NOT_ATTAINED.search(said)
            or _of_a_plan(text, told, numbers)
            or self._of_another_time(text[: number.start])
        )

    def _of_another_time(self, text: str) -> bool:
        """Whether the last time named in the sentence is not now."""
        sentence = SENTENCE.split(text)[-1]
        if _PROMISED.search(sentence):
            return True
        sentence = _UP_TO_NOW.sub("目前", sentence)
        other = max((m.end() for m in self.months.finditer(sentence)), default=0)
        return bool(other) and not _NOW.search(sentence, other)

    def _answers(
        self, index: int, numbers: Sequence[Mention], words: Sequence[Word], told: Sequence[Told]
    ) -> list[Told]:
        """The indicator of the question just before, for an answer that is the figure and little else."""
        number = numbers[0]
        if words or told or not index or not self.reading.asks[index - 1]:
            return []
        text = self.reading.utterances[index].text
        if not _ANSWERS.fullmatch(text, 0, number.start) or not stands(text, number):
            return []
        asked = {code for _, _, code in self.words[index - 1]}
        if len(asked) != 1 or "" in asked:
            return []
        return [Told(number=number, code=asked.pop(), start=0, word=0, owner=None)]

    def _owner(self, index: int, text: str, told: Told, row: Sequence[Told]) -> str | None:
        """Whose figure it is; None where that is not sure."""
        place = told.number.start
        hosting = self.reading.is_host(index) and self.reading.chapter_of[index] in REVIEWS
        if told.owner is not None and told.owner.kind == WHOLE and told.owner.loose:
            return self._sum(text, told, told.owner, row)
        if told.owner is not None:
            several = len({t.owner.owner for t in row if t.owner}) > 1
            listed = hosting or told.owner.kind == OFFICE or _REPORTED.search(text)
            if told.owner.loose and not (several and listed):
                return None
            return told.owner.owner or None
        sentence = SENTENCE.split(text[:place])[-1]
        mine = _MINE.search(sentence[-_NEAR:])
        speaker = self.called.get(self.reading.speaker(index) or "")
        if speaker and (mine or (not self.reading.is_host(index) and _of_one_person(text, row))):
            return speaker
        before = self.reading.utterances[index - 1].text if index else ""
        # Who is asked may read out the figures of all: the question must be about the indicator, or the
        # answer about the one who gives it.
        if index and self.reading.asks[index - 1] and (mine or self.words[index - 1]):
            named = last_named(before, self._who(before), 0, len(before))
            if named:
                return (named.owner or None) if not named.loose else None
        lead = _UP_TO_NOW.sub("", re.split(r"[，,。！；;：:、]", text[: told.word])[-1])
        lead = re.sub("(?:计划|目标|任务)$", "", lead)
        if INDICATORS[told.code][1] not in _WHOLE or not _NOBODY.fullmatch(lead):
            return None
        alone = not any(
            self.reading.names(i, "person", "office", "customer") or "你" in self.reading.utterances[i].text
            for i in self.reading.near(index, before=2, after=0)
        )
        if (hosting and alone) or self._is_total(told, row):
            return self.called.get(self.institution or "")
        return None

    def _sum(self, text: str, told: Told, together: Called, row: Sequence[Told]) -> str | None:
        """The institution where 一共 adds up the parts just said, or where nobody else is spoken of."""
        whole = self.called.get(self.institution or "")
        parts = [t.value for t in row if t.code == told.code and t.owner and t.owner.kind != WHOLE]
        if len(parts) > 1:
            return whole if abs(sum(parts) - told.value) < 0.5 else None
        sentence = text[: told.number.start].rfind("。") + 1
        lead = re.split(r"[，,、]", text[sentence : together.start])[-1]
        others = any(c.kind != WHOLE for c in self._who(text[sentence : told.number.start]))
        return None if told.beside or others or not _NOBODY.fullmatch(lead) else whole

    def _is_total(self, told: Told, row: Sequence[Told]) -> bool:
        """Whether a figure of nobody is of all: beside its parts, the offices, or beside how many of them
        attained something."""
        if any(t.owner is None and t.code in ROOMS for t in row):
            return True
        parts = [(t.owner.owner, t) for t in row if t.owner and t.owner.kind == OFFICE]
        if len({office for office, _ in parts}) < 2:
            return False
        same = {office: t.value for office, t in parts if t.code == told.code}
        return kind_of(told.code) == "percent" or sum(same.values()) <= told.value * (1 + SLACK)

    def _who(self, text: str) -> list[Called]:
        """Everybody named in a text, in order; where names run into each other it is nobody with figures
        (王艳梅室)."""
        found = []
        for m in self.names.finditer(text):
            owner = self.called.get(m[0]) or self.places[m[0]]
            hers = _HERS.match(text, m.end())
            found.append(self._called(m, "" if hers else owner, loose=m[0] not in self.called))
        found += [self._called(m, self.called.get(_office(m[0]), ""), OFFICE) for m in _OFFICE.finditer(text)]
        found += [self._called(m, "", OFFICE) for m in _OURS.finditer(text)]
        whole = self.called.get(self.institution or "", "")
        found += [self._called(m, whole, WHOLE) for m in _EVERYBODY.finditer(text)]
        found += [self._called(m, whole, WHOLE, loose=True) for m in _TOGETHER.finditer(text)]
        for m in _LOOSELY.finditer(text):
            surname = m["first"] or m["last"]
            owner = self.called.get(self.surnames.get(surname, ""), "")
            found.append(self._called(m, owner, PERSON, loose=True))
        named: list[Called] = []
        for one in sorted(found, key=lambda c: (c.start, -c.end, c.loose)):
            if not named or one.start >= named[-1].end:
                named.append(one)
            elif named[-1].loose and not one.loose:
                named[-1] = one
            elif one.loose:
                continue
            elif one.end > named[-1].end:
                named[-1] = replace(named[-1], end=one.end, owner="")
        return named

    def _called(self, match: re.Match[str], owner: str, kind: str = "", *, loose: bool = False) -> Called:
        kind = kind or (self._kind(owner) if owner else PERSON)
        return Called(start=match.start(), end=match.end(), owner=owner, kind=kind, loose=loose)


def _words_of(texts: Sequence[str]) -> list[list[Word]]:
    """The indicators that each text names, searched in one pass; those of others than is said are none: after
    新人 it is their FYC."""
    found: list[list[Word]] = [[] for _ in texts]
    starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
    whole = "\n".join(texts)
    for m in _WORDS.finditer(whole):
        index = bisect_right(starts, m.start()) - 1
        code = m.lastgroup or ""
        if others := _OTHERS.get(code):
            sentence = max(starts[index], *(whole.rfind(mark, starts[index], m.start()) for mark in "。；;"))
            code = "" if others.search(whole, sentence, m.start()) else code
        found[index].append((m.start() - starts[index], m.end() - starts[index], code))
    return found


def _mentions(text: str) -> Sequence[Mention]:
    """What a text names when it is not as it was said."""
    return find_mentions([Utterance(start=0, end=0, text=text)], MeetingFacts())[0]


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What belongs to one alone."""
    found: dict[str, set[str]] = {}
    for name, who in pairs:
        found.setdefault(name, set()).add(who)
    return {name: next(iter(who)) for name, who in found.items() if len(who) == 1}


def _names(owner: str) -> set[str]:
    """What an owner is called: 第二营业室, 二室; 王秀兰, 秀兰; 新桥营业室, 新桥室, 新桥."""
    plain = re.sub(r"（.*?）$", "", owner)
    short = _office(plain)
    return {owner, plain, short, plain[1:] if len(plain) == 3 else plain}


def _other_months(day: date | None) -> re.Pattern[str]:
    """Another time than the month of the meeting."""
    this = rf"(?!(?:{_month(day.month)})月)" if day else ""
    return re.compile(
        rf"上个?月|上周|上个?(?:星期|礼拜)|昨[天儿](?!晚)|(?<![^{_PAUSE}])[一二三四五六七八九十\d]{{1,3}}号[，,]|[去前往]年|同期|同月|当年|以前|那时候?|那会儿|早先|环比|同比|(?<![一二三四五六七八九十\d]){this}(?:[一二三四五六七八九十]{{1,2}}|\d{{1,2}})月"
    )


def _out_of_place(text: str, told: Told, kind: str) -> bool:
    """Whether no owner of this kind has such a figure: U and those who closed are counted for offices, the
    offices that attained for institutions."""
    if kind == PERSON:
        return told.code in STAFF and bool(_UNNAMED_U.match(text, told.word))
    return kind == OFFICE and told.code in ROOMS


def _of_a_plan(text: str, told: Told, numbers: Sequence[Mention]) -> bool:
    """Whether a figure goes on a row of goals: 要求一室期缴二十万，二室十五万. ``text``: with ＿ for names."""
    head = max(told.head, 0)
    if not told.beside or "。" in text[head : told.start]:
        return False
    clause = max(text.rfind(mark, 0, head) for mark in _PAUSE) + 1
    clause = max([clause, *(n.end for n in numbers if n.end <= head)])
    first = next(n for n in numbers if n.start >= head)
    lead = text[clause : first.start]
    return "＿" in lead and bool(_PLANNED.search(lead)) and not _DONE.search(text, first.end, told.start)


def _of_a_gap(text: str, told: Told, row: Sequence[Told], numbers: Sequence[Mention]) -> bool:
    """Whether the row may give the parts of a gap that was said before it: 差六个，一室两个、二室四个. Parts
    that are more than the gap are parts of what was attained."""
    if not told.beside or told.owner is None:
        return False
    gaps = [
        n.value or 0.0
        for n in numbers
        if n.end <= told.owner.start
        and n.kind == told.number.kind
        and _GAP.search(text[max(0, n.start - 4) : n.start])
    ]
    parts = [t.value for t in row if t.beside and t.code == told.code]
    return bool(gaps) and sum(parts) <= gaps[-1] * (1 + SLACK)


def _of_one_person(text: str, row: Sequence[Told]) -> bool:
    """Whether these are the figures that one person reports of a week: so many visits, so many closes."""
    if any(t.owner for t in row) or re.search("[你他她]|大家", text):
        return False
    told = {t.code for t in row} & _PERSONAL
    return len(told) >= (2 if "visits" in told else 3)


def _office(name: str) -> str:
    """第二营业室 and 二室 are one."""
    plain = re.sub(r"^第(?=.+[室组部区]$)", "", name).replace("营业室", "室")
    return re.sub(r"^[1-9](?=[室组部区])", lambda digit: "一二三四五六七八九"[int(digit[0]) - 1], plain)


def _month(number: int) -> str:
    """9 as people write and say it."""
    digits = "零一二三四五六七八九十"
    said = digits[number] if number <= 10 else "十" + digits[number - 10]
    return rf"(?<![十\d]){number}|(?<!十){said}"


def _fits(number: Mention, unit: str) -> bool:
    if unit == "%":
        return number.kind == "percent"
    if unit == "元":
        return number.kind == "money"
    return number.kind == "number" and number.name in _COUNTED.get(unit, ())
