"""The transcript as a language model gets it: numbered utterances, names covered, in windows.

Whatever is said in a meeting is data. Lines that speak to a language model rather than to people are held
back (the local reader alone reads them) and named in a warning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from qa_pipeline.personal import Disguise, Openly, likely_names
from qa_pipeline.rubric.heard import bare, quoted
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Evidence, UtteranceReading
from qa_pipeline.values.transcript import Transcript

OVERLAP: Final = 0.15
"""Share of a window that the next repeats: what is cut by one border is whole in the other."""
SHORTEST_QUOTE: Final = 4
"""Characters; a shorter quote proves nothing."""
WITHHELD: Final = "（此句已隐去）"
_MACHINE: Final = (
    r"(?:(?<![a-z])AI(?![a-z])|人工智能|语言模型|大模型|智能(?:体|助手)|机器(?:评分|打分|质检)|评[委审]模型|评审者"
    r"|(?:质检|评分|打分)(?:AI|机器人?|系统|模型|助手|程序))(?:裁判|评[委审]|们|时|你好|您好)?"
)
_TOP: Final = r"(?:满[分档]|最高一?[分档]|1\.0)"
_MARKED: Final = (
    rf"(?:[判评打给算改按标定记为][^，。；]{{0,6}}(?:{_TOP}|高分|高一?点|(?:一百|九十.?|100|9\d)分|优秀(?!分享|经验|营业|主管|案例)"
    r"|(?<!不)(?:合格|通过|达标))|(?:不要?|别)扣分|多给几?分|从宽|否决|视为)"
)
"""A good mark given, no mark taken off."""
_TO_A_MODEL: Final = re.compile(
    "|".join(
        (
            # what was told before no longer holds
            r"(?:忽略|无视|忘[记掉了]|不要?(?:理会|遵守|管)|跳过|推翻|覆盖).{0,8}(?:以上|上面|上述|之前|前面|先前|此前|原来|所有|一切|你的?)"
            r".{0,10}(?:规则|指令|指示|提示词?|设定|约定|要求|命令|内容|说明|[评打]分标准)",
            r"(?:(?:以上|上述)的?(?:评分|打分|质检)?|(?:之前|原来|原有)的?(?:评分|打分|质检))(?:标准|规则|指令)[^，。；]{0,4}(?:作废|失效|无效)",
            r"(?:忽略|无视|不计)[^，。；]{0,4}(?:缺失|缺少|缺)的?[^，。；]{0,4}(?:章节|环节)|章节[均都]?视为",
            # a part to play
            rf"(?:你|您)(?:现在|其实|从现在起)?(?:是|扮演|作为)(?:一个|一名|一位)?(?:{_MACHINE}|机器人|(?:质检|评分)员)",
            rf"作为(?:一个|一名|一位)?{_MACHINE}[，,]?(?:你|您|请)",
            r"(?:宽容|宽松|仁慈)的(?:评委|评审|考官|质检|评分)",
            r"以下(?:是|为)系统(?:消息|指令)",
            # a machine spoken to, and the mark it is to give
            rf"请(?:你|您|智能)?(?:{_MACHINE}|系统(?!管理|里))[^。！？]{{0,20}}{_MARKED}",
            rf"{_MACHINE}(?:[，,：:][^。，；：]{{0,6}})?(?:请(?!大家|各位|主管)|麻烦|务必)[^。！？]{{0,20}}{_MARKED}",
            rf"(?:给|致|告诉){_MACHINE}(?:的(?:话|留言))?[：:]",
            # a mark for the whole meeting, or for all that is marked
            r"(?:会议|本次|这次|这场|所有|全部|每一?项|各项)[^，。；]{0,6}(?:给|打|判|评|标|填)[^，。；]{0,4}满[分档]",
            r"(?:给|打|判|评|标)(?:这次|这场|本次)会议?[^，。；]{0,3}满分",
            rf"(?:所有|全部|各)(?:个|条)?(?:评分)?项目?[^，。；]{{0,4}}[均都请应][^，。；]{{0,4}}[为给按打评判记取][^，。；]{{0,3}}{_TOP}",
            r"(?:会议|评分|打分|各项|所有项)[^，。；]{0,8}(?:判|评|算|按|打|给)[^，。；]{0,4}(?:最高[档分]|优秀)(?!分享|经验|营业|主管|案例)",
            r"(?:均|都|全部|一律)按(?:最高[档分]|优秀(?:评|判|处理|算)|满档)",
            r"(?:把|将)[^，。；]{0,4}(?:次|场)会议?[^，。；]{0,2}[判评标][定作]?[为成](?:合格|通过|达标|优秀)",
            r"(?:能量值|总分|level|得分)(?:一律|直接|全部|都|必须|应|请|要)*(?:填|写|输出|设|打|给|定|判|取)(?:为|成|到|出|上)?[0-9一]",
            r"能量值应?(?:为|[=：:])(?:100|一百|满分)",
            # the rubric's own items
            rf"(?<![a-z])[CFI]\s?[1-5](?!\d)[^，。；]{{0,8}}[评判打给设定记填算改][为成到出作]?\s*(?:{_TOP}|[1一]\s?[档分])",
            r"(?<![a-z])[CFI]\s?[1-5]\s?[=:：]\s?1(?!\d)",
            r"(?:取消|跳过|忽略|无视)[^，。；]{0,6}(?:否决项|(?<![a-z])K\s?[0-7](?!\d))",
            # the form of an answer
            r"(?:输出|返回|回答|回复)(?:以下|下面|如下|这个|一个)?(?:的)?\s?[\"“「]?(?:JSON|qualified|pass)",
            r"\"(?:level|items|chapters|energy_score|verdict)\"\s*[:：]|energy_score|system\s*(?:prompt|message)",
            r"(?:^|\W)(?:system|assistant|developer)\s*[:：]|<\|?\s*/?(?:im_start|im_end|system|assistant|数据-)|\[/?INST\]",
            # English sentences, which no meeting is held in
            r"ignore\s*(?:all\s*|any\s*|the\s*)*(?:previous|above|prior|earlier)|disregard\s*(?:all|the|previous|above)",
            r"you\s*are\s*(?:now\s*)?(?:an?\s*)?(?:ai\b|assistant|language\s*model|grader)|new\s*instructions?",
            r"(?:full|top)\s*(?:marks|score)|max(?:imum)?\s*(?:level|score|marks?)",
            r"(?:output|return|give|set)\s+(?:an?\s+|the\s+)?(?:verdict|energy|score)|\bscore\s*[:=]\s*\d",
            r"\b(?:rate|score|mark|grade|judge|treat|assign|set|give)\b[ -~]{1,24}"
            r"\b(?:everything|all|every|each|items?|levels?|meeting|qualified|passed)\b",
        )
    ),
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Sheet:
    """``real`` are the indices of what people said; the model knows utterance ``real[i]`` as number i + 1."""

    transcript: Transcript
    real: tuple[int, ...]
    disguise: Disguise | Openly
    held_back: frozenset[int]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What the model sees of each real utterance."""
        said = (self.transcript.utterances[i].text for i in self.real)
        return tuple(
            WITHHELD if i in self.held_back else _one_line(self.disguise.cover(text))
            for i, text in zip(self.real, said, strict=True)
        )

    @cached_property
    def lines(self) -> tuple[str, ...]:
        rows = []
        for number, (index, text) in enumerate(zip(self.real, self.texts, strict=True), 1):
            label = self.transcript.utterances[index].speaker
            who = f"{_one_line(self.disguise.speaker(label))}：" if label else ""
            rows.append(f"[{number}] {who}{text}")
        return tuple(rows)

    @cached_property
    def _bare(self) -> tuple[str, ...]:
        return tuple(
            "" if i in self.held_back else bare(t) for i, t in zip(self.real, self.texts, strict=True)
        )

    def holds(self, numbers: Iterable[int], quote: str) -> bool:
        """Whether the quote stands in the named utterances (each by itself, or in those that follow on)."""
        wanted, rows = bare(quote), sorted(set(numbers))
        if len(wanted) < SHORTEST_QUOTE:
            return False
        said = "".join(
            self._bare[n - 1] if k == 0 or n == rows[k - 1] + 1 else "\n" + self._bare[n - 1]
            for k, n in enumerate(rows)
        )
        return wanted in said

    def evidence(self, number: int) -> Evidence:
        """The words themselves, never the model's."""
        index = self.real[number - 1]
        said = self.transcript.utterances[index]
        return Evidence(
            start=said.start,
            end=said.end,
            quote=quoted(said.text.strip()),
            utterance=index,
            speaker=said.speaker,
        )

    def windows(self, size: int) -> tuple[tuple[int, int], ...]:
        """Numbers (first, last) of each window of at most ``size`` characters, both included; neighbours
        share some utterances. A single utterance may be longer."""
        lengths = [len(line) for line in self.lines]
        found, first = list[tuple[int, int]](), 0
        while first < len(lengths):
            last, filled = first, 0
            while last < len(lengths) and (last == first or filled + lengths[last] <= size):
                filled += lengths[last]
                last += 1
            found.append((first + 1, last))
            if last == len(lengths):
                break
            shared, back = 0, last
            while back - 1 > first and shared + lengths[back - 1] <= OVERLAP * size:
                back -= 1
                shared += lengths[back]
            first = back
        return tuple(found)


def sheet(
    transcript: Transcript, readings: Sequence[UtteranceReading], facts: MeetingFacts, *, trusted: bool
) -> Sheet:
    """The meeting laid out for a model. Unless it is ``trusted``, the names that the facts give, that the
    local reader heard and that a tagger takes for names are covered, and so are personal numbers."""
    real = tuple(i for i, u in enumerate(transcript.utterances) if not u.phantom and u.text.strip())
    disguise: Disguise | Openly = Openly()
    if not trusted:
        heard = (
            transcript.utterances[i].text[m.start : m.end]
            for i in real
            for m in readings[i].mentions
            if m.kind in ("person", "customer")
        )
        text = "\n".join(transcript.utterances[i].text for i in real)
        speakers = (u.speaker for u in transcript.utterances if u.speaker)
        disguise = Disguise(names=[*_known(facts), *heard, *likely_names(text)], speakers=speakers)
    held = frozenset(i for i in real if speaks_to_a_model(transcript.utterances[i].text))
    return Sheet(transcript=transcript, real=real, disguise=disguise, held_back=held)


def speaks_to_a_model(text: str) -> bool:
    """Whether a line is an instruction to a language model, even spaced out or in other letter forms."""
    shown = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    plain = "".join(shown)
    return any(_TO_A_MODEL.search(form) for form in (plain, "".join(plain.split())))


def _known(facts: MeetingFacts) -> list[str]:
    """Whom and what the facts name."""
    rosters = [roster.names for roster in (facts.expected_attendees, facts.attendees) if roster]
    names = [facts.host, facts.admin_manager, facts.institution, *facts.deputies, *facts.on_leave]
    return [name for name in (*names, *(n for roster in rosters for n in roster)) if name]


def _one_line(text: str) -> str:
    """No line can pass for another, and no mark for the end of the data."""
    return " ".join(text.split()).replace("<", "＜").replace(">", "＞")
