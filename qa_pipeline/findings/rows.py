# ruff: noqa: E501 - patterns are data and read better on one line
"""Rows of figures: one breath that gives a figure of several owners, or several figures of one (C3).

期缴一室十二万三，二室八万; 拜访十六访，成交一件; 一室九万四、四个人. An utterance is read from left to right. A
figure belongs to the owner right before it and to the indicator that was named last, as long as nothing said in
between may have changed either. What is not surely understood belongs to nobody.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from qa_pipeline.names import INDICATORS
from qa_pipeline.transcript.people import SURNAMES
from qa_pipeline.values.findings import Mention

OFFICE: Final = "office"
PERSON: Final = "person"
WHOLE: Final = "whole"

_DIGITS: Final = "零一二两三四五六七八九十"
_BREAK: Final = "，,、。；;：:！!… "
SENTENCE: Final = re.compile(r"[。！？!?；;]")
"""Ends a sentence."""
_LINK: Final = (
    r"(?:大?[姐哥]|叔|姨|伯|爷|总|老师|经理|主任|主管)?(?:[这那]边|现在|目前|已经|本月|这个月)?"
    r"(?:[也都全均]?是|有|完成了?|[做送]了?|[达到出报]了|就|都|只有?|才|挂|[，,]?第[一二三四五六七八九十]名?[，,]?)?"
)
"""What may stand between an owner and the figure: 金根哥是, 三室这边."""
_OWNED: Final = re.compile(_LINK)
_PAUSED: Final = re.compile(rf"{_LINK}[，,：:]?")
_ALL: Final = re.compile(r"(?:都|全都?|均)是?|各(?:自|是)?")
_LISTED: Final = re.compile(r"[、 ]?(?:和|跟|还有|及)?")
_UNTIL: Final = (
    r"(?:截?止?到(?:昨[天晚日]上?|今天|现在|目前|[一二三四五六七八九十\d]+号)|现在|目前|已经|一共|本月)"
)
_OPENS: Final = re.compile(
    rf"(?:^|[{_BREAK}])(?:{_UNTIL}|[一二三四五六七八九十]{{1,2}}月(?=到)|其中|还有|另外|然后|接着|再就?是|就是|包括|[没未]有?达?U?的|达了的|里[头面边]|的话|分别|是|呢|方面|情况|人力|人数|室?的?排[名行]|排下来|按室(?:看|排)?|各室|分室排?|主管|第[一二三四五六七]名?|头一个)*$"
)
"""What may open an item of a row before its owner."""
_GOAL: Final = re.compile(r"目标|任务|计划|指标|要求|定的|派的")
_OWNED_GOAL: Final = re.compile(rf"{_LINK}的?(?:目标|任务|计划|指标)(?:是|定的)?")
_ACTUAL: Final = re.compile(
    rf"(?:人|室|客户)?(?:的?(?:任务|目标|指标))?[{_BREAK}]*(?:{_UNTIL}+是?|{_UNTIL}*"
    r"(?:实际|实到|实拜|到位|到手|[到做达送收签出]了|完成|做到|达成)(?:完成|送训|拜访|到位|达成)?了?(?:的?是|有|只有)?)"
)
"""Between a goal and what was attained of it: 目标二十个，实际 十五个."""
_ITS_HEAD: Final = re.compile(
    rf"的?[{SURNAMES}][\u4e00-\u9fff]{{1,2}}(?:[{_BREAK}]|主[管任]|经理|[姐哥]|$)|.*(?:个人|本人|自己)"
)
"""After an office: one of its people (一室赵淑敏，送训三人)."""
_BETWEEN: Final = re.compile(
    r"[，,：:、]?(?:总共|一共|合计|累计|目前|现在|已经|这个月|本月|有|是|为|做了?|做到|完成了?|实现了?|达到?了?|达成了?|收了?|报了?|签了?|到了?|成了?|的|了|才|就|只|大概|差不多|大约|约|将近|接近|在|占|人数|人力|刚好|正好|整整){0,4}"
)
"""What may stand between an indicator and its figure."""
_VISITED: Final = re.compile(rf"[{_BREAK}]*(?:实[际拜]|跑了?|见了?|走了?|做了?|就|只|才)*")
_PREMIUMS: Final = frozenset(["regular_premium", "new_agent_fyc"])
"""Given for offices in a row; of people only where it is said of them."""
_ASIDE: Final = re.compile("[这那]张|名单|的客户|的组|手[下底]|带的")
_GOES: Final = re.compile(r"实际|实到|[到做完][了成]")
_GOAL_BEHIND: Final = re.compile(rf"{_GOES.pattern}|的?(?:{_GOAL.pattern})")
_JOINED: Final = frozenset(["", *"，,、 "])
_GOES_ON: Final = re.compile(
    rf"(?:人|室|客户)?[{_BREAK}]*(?:[一二三四五六七八九十]+月份?|到昨[天晚日]|这个?月|本月|目前|现在|一共|总共|实际|自己|本人|也|还有?|就|另外|再|加上|和|跟|的|了|吧|第[一二三四五]名?|[达过够到]了|里[头面])*"
)
"""Between a figure of somebody and the next indicator of the same one."""
_TOPICS: Final[Mapping[str, re.Pattern[str]]] = {
    "money": re.compile(
        r"团队总?(?:FYC|首佣)|[人户]均|客均|产能|标[保准]|规模|趸|续期|收入|津贴|奖金|费用|工资|大单|单笔"
    ),
    "percent": re.compile(r"[达完]成率?|占|时间|(?<!CT)进度|留存率|继续率|转化率|成交率|比例|提升|下降"),
    "count": re.compile(
        r"[人平]均|面谈|名单|创说会|结业|考[试过]|续期|保单|录音|日志|记录|计划|出勤|应到|要到|[准老]客户|增员|新人(?!的?FYC)|岗前|沙龙|签了|约到|坐下"
    ),
}
"""Said after an indicator, these begin another matter: the figures that follow are no longer its own."""
_STANDS: Final = re.compile(
    rf"(?:的样子|左右|上下|出头|整|吧|了|啊|呢|哈|嘛)*(?:的?[{_BREAK}]|的?$|[差缺第达过够超得刚压擦]|目标|任务|比[上去]|占|排)"
)
"""What follows a figure that stands for itself: 三个新人 counts something else."""
_EACH: Final = re.compile(r"各个?(?:营业)?[室部组](?:的|里)?$")
_MISSING: Final = re.compile(r"[差缺](?:了)?的$")
"""差的U: what follows is what is missing."""
STAFF: Final = frozenset(["active_headcount", "u_headcount", "headcount"])
ROOMS: Final = frozenset(["ct_attained", "ct_rate", "training_rate"])
"""Counted over the offices of an institution: no office has one."""
_GLUED: Final = re.compile(
    rf"(?<![第{_DIGITS}百千万亿点])([{_DIGITS}百千万亿点]{{2,}})(?:营业)?([室部组])(?!长)"
)
_BARE: Final = re.compile(
    rf"([{_DIGITS}俩仨])(?:([个人名位次件单户场访])|(?![{_DIGITS}俩仨百千万亿点成几多来分半月号]))"
)
_VALUES: Final = dict(zip("零一二三四五六七八九十两俩仨", [*range(11), 2, 2, 3], strict=True))
_TRAILING: Final = re.compile(r"[个名位件户单场次]?(?:的|人)?")
_THINGS: Final = {"人": "人", "人次": "人", "室": "室", "户": "客户"}

Word = tuple[int, int, str]
"""(start, end, indicator) of an indicator's name in a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Somebody named in a text; ``owner`` is empty for one without figures. ``loose``: by surname only."""

    start: int
    end: int
    owner: str
    kind: str
    loose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A figure and its indicator, whose name is said at ``word``. What would make it another figure than the
    attained one is said from ``start`` on. ``owner`` None: nobody is named."""

    number: Mention
    code: str
    start: int
    word: int
    owner: Called | None
    beside: bool = False
    """The owner stands right before the figure: an item of a row."""
    head: int = -1
    """Where the indicator of the row is named; negative: behind the figure, or in an earlier utterance."""

    @property
    def value(self) -> float:
        return self.number.value or 0.0


@dataclass(frozen=True, slots=True)
class Head:
    """An indicator whose figures may follow, of owners of this kind (empty: of any)."""

    code: str
    place: int
    kind: str = ""


def parted(text: str, offices: frozenset[str]) -> str:
    """The text with a comma where an office follows a figure without a pause: 十二万三二室 → 十二万三，二室.
    Where several ways to part them make sense, or none, it stays as it is."""
    places = []
    for match in _GLUED.finditer(text):
        run, ending = match[1], match[2]
        ways = [k for k in range(len(run)) if run[k:] + ending in offices]
        if len(ways) == 1 and ways[0]:
            places.append(match.start() + ways[0])
    for place in reversed(places):
        text = f"{text[:place]}，{text[place:]}"
    return text


def with_bare(
    text: str, numbers: Sequence[Mention], words: Sequence[Word], called: Sequence[Called]
) -> list[Mention]:
    """The numbers of a text and those digits that count something only because an owner or an indicator stands
    right before them: 一室五、二室三; 转介绍零; U一个."""
    taken = {at for n in numbers for at in range(n.start, n.end)}
    found = list(numbers)
    for end, alone in [(w[1], True) for w in words] + [(c.end, c.kind == OFFICE) for c in called]:
        link = _OWNED.match(text, end)
        match = _BARE.match(text, link.end() if link else end)
        if match is None or match.start() in taken:
            continue
        stops = match.end() == len(text) or text[match.end()] in _BREAK
        if match[2] or (stops and (alone or match[1] == "零")):
            start = match.start()
            value = float(_VALUES[match[1]])
            found.append(Mention(kind="number", start=start, end=start + 1, name=match[2] or "", value=value))
            taken.add(start)
    return sorted(found, key=lambda n: n.start)


def after(text: str, number: Mention, unit: str = "") -> int:
    """Where a figure ends with its measure word and the thing that its unit counts: 三|个人, 四|个室."""
    end = number.end + (len(number.name) if text.startswith(number.name, number.end) else 0)
    thing = _THINGS.get(unit, "")
    return end + len(thing) if text.startswith(thing, end) else end


def stands(text: str, number: Mention, unit: str = "") -> bool:
    """Whether a figure counts what its indicator counts and nothing else: no 三个新人."""
    return bool(_STANDS.match(text, after(text, number, unit)))


def last_named(text: str, called: Sequence[Called], start: int, end: int) -> Called | None:
    """The last owner named within a part of a text; one of a list, or perhaps the office and perhaps its head
    (七室石磊), is nobody with figures."""
    inside = [c for c in called if start <= c.start and c.end <= end]
    if not inside:
        return None
    chain = _chain(text, inside)
    return chain[0] if len(chain) == 1 else replace(chain[-1], owner="")


def _chain(text: str, named: Sequence[Called]) -> list[Called]:
    """The last one named with those named right before, as a list."""
    chain = [named[-1]]
    for one in reversed(named[:-1]):
        if not _LISTED.fullmatch(text, one.end, chain[0].start):
            break
        chain.insert(0, one)
    return chain


def kind_of(code: str) -> str:
    """What its figures are: money, percent or count."""
    return {"元": "money", "%": "percent"}.get(INDICATORS[code][1], "count")


def _counted(number: Mention) -> str:
    return number.kind if number.kind in ("money", "percent") else "count"


def left(text: str, words: Sequence[Word], heads: Mapping[str, Head]) -> dict[str, Head]:
    """What an utterance leaves to the next one: 期缴 for its offices, FYC for its people."""
    told = Row(text, (), words, (), heads).listen(len(text))
    kinds = {"regular_premium": OFFICE, "new_agent_fyc": OFFICE, "fyc": PERSON}
    return {kind: Head(head.code, -1, kinds.get(head.code, "")) for kind, head in told.items()}


@lru_cache(maxsize=1024)
def _topics(text: str) -> tuple[tuple[int, str, str], ...]:
    """(place, kind, "") of what begins another matter; asked again for each of the utterances that follow."""
    return tuple((m.start(), kind, "") for kind, said in _TOPICS.items() for m in said.finditer(text))


class Row:
    """One utterance, read from left to right. ``heads``: what earlier talk was about."""

    def __init__(
        self,
        text: str,
        numbers: Sequence[Mention],
        words: Sequence[Word],
        called: Sequence[Called],
        heads: Mapping[str, Head],
    ) -> None:
        self.text, self.words, self.called = text, words, called
        self.numbers = [n for n in numbers if not any(s <= n.start < e for s, e, _ in words)]
        self.starts = {c.start for c in called} | {w[0] for w in words}
        self.sentences = [0, *(m.end() for m in SENTENCE.finditer(text))]
        self.heads = dict(heads)
        self.last = ""
        named = ((s, kind_of(code) if code else "money", code) for s, _, code in words)
        self.events = sorted([*named, *_topics(text)], reverse=True)
        """(place, kind, indicator), the last one first; no indicator: another matter begins."""
        self.trailing = 0
        """Where an indicator ends that stood behind its figure."""
        self.pairs: list[tuple[int, str, str]] = []
        """(place of its sentence, owner, indicator) of what was told of somebody."""
        self.goal: tuple[str, int, Called | None] | None = None
        """(indicator, place of its name, owner) of the goal said just before."""

    def listen(self, until: int) -> dict[str, Head]:
        """What the talk is about at a place."""
        while self.events and self.events[-1][0] < until:
            place, kind, code = self.events.pop()
            if not code:
                self.heads.pop(kind, None)
            elif code not in ROOMS:
                before = self.text[max(0, place - 6) : place]
                self.heads[kind] = Head(code, place, OFFICE if _EACH.search(before) else "")
                self.last = code
                if _MISSING.search(before):
                    self.heads.pop(kind)
        return self.heads

    def told(self) -> Iterator[Told]:
        since = 0
        for number in self.numbers:
            self.listen(number.start)
            named = [w for w in self.words if w[2] and since <= w[0] and w[1] <= number.start]
            beside = [c for c in self.called if since <= c.start and c.end <= number.start]
            found = self._items(number, since, named, beside)
            if found is None:
                one = self._named(number, since, named)
                if one is None and not named:
                    one = self._continued(number, since)
                found = [one] if one else []
            self.goal = self._goal(number, since, named, beside)
            sentence = self._sentence(number.start)
            self.pairs += [(sentence, t.owner.owner, t.code) for t in found if t.owner and t.owner.owner]
            yield from found
            since = max(after(self.text, number), self.trailing)

    def _sentence(self, place: int) -> int:
        """Where the sentence of a place begins."""
        return self.sentences[bisect_right(self.sentences, place) - 1]

    def _items(
        self, number: Mention, since: int, named: Sequence[Word], beside: Sequence[Called]
    ) -> list[Told] | None:
        """The figure of the owner, or owners, right before it; None: nobody stands there."""
        if not beside:
            return None
        chain = _chain(self.text, beside)
        first, link = chain[0], (self.text, chain[-1].end, number.start)
        every = bool(_ALL.fullmatch(*link))
        pausing = first.kind == PERSON or number.kind == "money"
        if not every and not (_PAUSED if pausing else _OWNED).fullmatch(*link):
            return None
        opening = self.text[max([since, *(w[1] for w in named)]) : first.start]
        one = len(chain) == 1 or every
        if any(not c.owner for c in chain) or not _OPENS.search(opening) or not (one or number.value == 0):
            return []
        fitted = self._fitted(number, first.kind)
        if fitted and not named:
            if self._several(fitted[1]):
                return []
            if first.kind == PERSON and fitted[1] in _PREMIUMS and self.heads["money"].kind != PERSON:
                fitted = None
        if fitted is None or not self._stands(fitted[0], fitted[1]):
            word = self._next_word(number) if one else None
            fitted, head = (number, word[2]) if word else None, -1
        else:
            if named:
                self._use(fitted[1], first)
            head = self._place(fitted[1])
        if fitted is None:
            return []
        return [
            Told(number=fitted[0], code=fitted[1], start=c.end, word=c.start, owner=c, beside=True, head=head)
            for c in chain
        ]

    def _place(self, code: str) -> int:
        """Where the indicator of the row is named; -1: in an earlier utterance, or nowhere."""
        head = self.heads.get(kind_of(code))
        return head.place if head else -1

    def _several(self, code: str) -> bool:
        """Whether the one before had another figure of this kind, too, and so has perhaps the next one:
        一室邀约十八个，到场十一个；二室十二个."""
        told = {what for _, who, what in self.pairs if who == self.pairs[-1][1]}
        return len({what for what in told if kind_of(what) == kind_of(code)}) > 1

    def _use(self, code: str, owner: Called | None) -> None:
        """An indicator that was said of somebody is carried on to owners of the same kind; an amount of
        premium that was said of all, to their offices (the people are listed with their FYC)."""
        head = self.heads.get(kind_of(code))
        if head is None or head.code != code:
            return
        if owner is not None and owner.kind != WHOLE:
            self.heads[kind_of(code)] = replace(head, kind=owner.kind)
        elif code == "regular_premium":
            self.heads[kind_of(code)] = replace(head, kind=OFFICE)

    def _next_word(self, number: Mention) -> Word | None:
        """The indicator right after a figure that has no figure of its own: 一室五个U, but not 三个U四个."""
        for word in self.words:
            if word[2] and _TRAILING.fullmatch(self.text, number.end, word[0]):
                if not _STANDS.match(self.text, word[1]):
                    return None
                self.trailing = word[1]
                return word
        return None

    def _fitted(self, number: Mention, kind: str) -> tuple[Mention, str] | None:
        """The number as what it must be, with the indicator that the talk is about, of owners of a kind."""
        counted, value = _counted(number), number.value or 0.0
        if number.kind == "number" and not number.name:
            counted = kind_of(self.last) if self.last else ""
            if counted == "percent" and 10 <= value <= 150:
                number = replace(number, kind="percent", value=round(value / 100, 6))
            elif counted == "money" and (value == 0 or value >= 100):
                number = replace(number, kind="money")
            elif counted != "count":
                return None
        if number.name == "访":
            return number, "visits"
        head = self.heads.get(counted)
        if head is None or (head.kind not in ("", kind) and kind != WHOLE):
            return None
        if head.code == "fyc" and kind == OFFICE and head.kind:
            return None  # each with its premium first, then its FYC
        return number, head.code

    def _stands(self, number: Mention, code: str) -> bool:
        unit = INDICATORS[code][1]
        return after(self.text, number, unit) in self.starts or stands(self.text, number, unit)

    def _named(self, number: Mention, since: int, named: Sequence[Word]) -> Told | None:
        """The figure of the indicator right before it, no other figure between them, or right after it
        (八千五的件均, 三个人达U)."""
        if _GOES.match(self.text, after(self.text, number)):
            return None  # U人力四个到了两个
        if named:
            start, end, code = named[-1]
            if not _BETWEEN.fullmatch(self.text, end, number.start) or not self._stands(number, code):
                return None
            if number.value == 0 and kind_of(code) == "money":
                number = replace(number, kind="money")
        else:
            word = self._next_word(number)
            if not word and (number.name != "访" or not _VISITED.fullmatch(self.text, since, number.start)):
                return None
            start, code = number.start, word[2] if word else "visits"
        owner, sure = self._whose(since, start, code)
        self._use(code, owner)
        return Told(number=number, code=code, start=start, word=start, owner=owner) if sure else None

    def _whose(self, since: int, place: int, code: str) -> tuple[Called | None, bool]:
        """(who is named last in the sentence, whether that is sure): another indicator of the one who was
        named before the last figure must follow it, and not end a row of several."""
        sentence = self._sentence(place)
        if own := last_named(self.text, self.called, max(since, sentence), place):
            unsure = _ITS_HEAD.match(self.text, own.end, place) if own.kind == OFFICE else None
            return own, not (unsure or _ASIDE.search(self.text, own.end, place))
        named = [c for c in self.called if not (c.kind == WHOLE and c.loose)]
        if code in ROOMS:
            named = [c for c in named if c.kind == WHOLE]
        owner = last_named(self.text, named, sentence, place)
        if owner is None:
            return None, True
        told = [(who, what) for at, who, what in self.pairs if at == sentence]
        alone = all(who == owner.owner for who, _ in told) or any(what == code for _, what in told)
        return owner, alone and bool(_GOES_ON.fullmatch(self.text, since, place))

    def _continued(self, number: Mention, since: int) -> Told | None:
        """What follows a figure without a name: what was attained of a goal, or the second of two that were
        announced together (一室九万四、四个人)."""
        if self.goal and _ACTUAL.fullmatch(self.text, since, number.start):
            code, word, owner = self.goal
            if self._stands(number, code):
                return Told(number=number, code=code, start=number.start, word=word, owner=owner)
        head = self.heads.get(_counted(number))
        if not self.pairs or head is None or self.text[since : number.start] not in _JOINED:
            return None
        _, last, before = self.pairs[-1]
        known = any(what == head.code for _, _, what in self.pairs) or (
            head.code in STAFF and number.name in ("人", "个")
        )
        owner = last_named(self.text, self.called, self._sentence(number.start), since)
        if owner is None or owner.owner != last or before == head.code or not known:
            return None
        if not self._stands(number, head.code) or head.kind not in ("", owner.kind):
            return None
        return Told(number=number, code=head.code, start=number.start, word=since, owner=owner, beside=True)

    def _goal(
        self, number: Mention, since: int, named: Sequence[Word], beside: Sequence[Called]
    ) -> tuple[str, int, Called | None] | None:
        """(indicator, place of its name, owner) where the figure is a goal whose attained part may follow."""
        if named:
            start, _, code = named[-1]
            end = after(self.text, number)
            clause = max(since, *(self.text.rfind(mark, 0, start) for mark in "，,。；;"))
            if _GOAL.search(self.text, clause, number.start) or _GOAL_BEHIND.match(self.text, end):
                owner, sure = self._whose(since, start, code)
                return (code, start, owner) if sure else None
        elif beside and _OWNED_GOAL.fullmatch(self.text, beside[-1].end, number.start):
            chain, fitted = _chain(self.text, beside), self._fitted(number, beside[-1].kind)
            if len(chain) == 1 and fitted and chain[0].owner:
                return fitted[1], chain[0].start, chain[0]
        return None
