"""How the meeting opens (F4, R24) and closes (F5, R26)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.registry import measure
from qa_pipeline.values.findings import Measurement
from qa_pipeline.values.vocabulary import Act, Chapter

OPENING_SHARE: Final = 0.1
CLOSING_SHARE: Final = 0.1
_STATED: Final = re.compile(
    r"今[天日儿]?(?:个|儿)?(?:这个会|的会)?(?:就|只|主要|咱|俺|我|大家|来|倒|呢|啊|想).{0,14}(?:讲|说|唠|拉|摆|看|盯|谈|弄|算|搞|整|抠|倾|办|过|对|捋|盘|[一两二三四][件样个桩])|就[这]?[一二三四两][件样桩]"
    r"|(?:就|只)(?:想|看|讲|说|盯|查|问|办|知道)[一两二三][件样个桩]|主要就?是?(?:讲|说|摆|看|唠)|(?:整|弄|搞|说|算|看)(?:个)?(?:明白|清楚|清爽|清)"
    r"|把.{1,14}(?:拢|算|捋|理一?理|掰扯|摊|说透|弄|定|分清|排|看清|对一?对|收个尾|摆[一平]?[下哈开])"
)
"""How a host says what the meeting is for in words of his own."""
_THEME: Final = re.compile(
    r"主题|领跑|辅导|招募|冲刺|检视|规划会|复盘会|[覆复]盘|就(?:讲|说|盯|谈|干|弄|抓)?一[件个]事|今天(?:就|只)?(?:讲|说|盯|谈|看|弄|算|解决|搞清)|达U|打油|CT|西提|送[训讯]"
    r"|自己.{0,6}(?:U|单子|开)|U.{0,2}[到没]|开[没了]开|曾[员元]|新人|差在哪|下个?月.{0,12}(?:收入|规划|怎么干|咋干)|[一二三四五六七八九十]+月.{0,4}咋干"
    r"|只(?:讲|说|看|谈|盯|唠)|不(?:讲|说|谈)(?:别|旁)|过没过|达没达|月(?:份)?(?:收|算|总|咋|怎么)|的周(?!末)|主管|营业室|各室|增员|招[人兵]|人力|收入|工资|期[缴交]|任务|的账|本账|到没到|到线"
)
_GOAL: Final = re.compile(
    r"目标|目的|弄明白|弄清|搞清|算清|说清|解决|要(?:把|拿|看到|有|让|带)|走的时候|散会(?:前|的时候|之前)|定(?:死|下来|出)|必须|三[件个条样]|两[件个条样]|整明白|不走|走不脱"
    r"|出这?个?门|手里有|走之前|落到(?:纸|人|日子)|领回去|不散会|想(?:知道|办)|看一样|要的结果|分清|看清|挖出来|[说唠算]明白|没(?:有)?(?:到|够|达|送|挪|油|开|过|成)的|散场|[每各一]个?人.{0,10}[要得]有|[做讲说]不完|揣着|落到(?:每|各)"
)
_AGENDA: Final = re.compile(
    r"流程|议程|环节|顺序|章节|[四五三]块|[四五三]个(?:部分|议题)|先.{1,30}(?:再|后|然后).{0,40}(?:最后|再|后)|老规矩|[点分](?:钟)?(?:结束|收|散|准时)|分(?:为|成)[四五三]|倒着来|[四五三]件事|(?:听|看|讲|说).{1,24}再(?:把|听|讲|说|排|看)|一个[室人].{0,4}换|[讲说摆派]完[再先了]"
    r"|(?:看|算|对|说|摆|拢|捋).{2,40}(?:末了|完了|临了|然后|还有|最后).{0,30}(?:定|排|算|分|说|走|谁|干)|收[个]?尾.{0,16}(?:开张|摆|领)"
)
_SUMS: Final = re.compile(
    r"收一[句收]|归[纳总拢成一]|拢一拢|[总小]结|收[个尾摊]|结论|[就记]一句|就(?:这|那)(?:几|[一两二三])?[句样条些]|总共就|最要紧|啰嗦[一两]句|讲评|记[住牢着]|差不多[了啦]|没别的"
)
"""How a host begins to sum up in words of his own."""
_LESSON: Final = re.compile(
    r"规律|共性|说明|总结|归[纳总拢成]|拢一拢|收一[句收]|收[个尾摊]|结论|根[子在]|差在|毛病|规矩|老话|最(?:值钱|有用)|逮[着到]|定了"
    r"|[一二三两]句|[一二三四两]条|[一二三]是|第[一二三]|就是|记[住牢着]|一句|教训|最要紧|不足|撑的|输在|卡在"
)
_ACTION: Final = re.compile(
    r"从(?:明天|今天|下周)|必须|都要|不[准许认]|以后|下一步|抓紧|落实|按(?:这个|今天)|之前|[前后]天|每[天日]|清单|纪要|贴|发群"
    r"|[一二三四五六七八九十\d](?:号|点)|有日子|[各每]人|(?:周|礼拜|星期)[一二三四五六日天]|抄一份|签名"
)
_NEXT: Final = re.compile(
    r"下次|下回|下周|下礼拜|[0-9一二三四五六七八九十]+号(?:的)?(?:会|复盘|我|第一)|(?:复盘|规[划化])会.{0,6}(?:查|问|看|念)|我第一个|逐条|一条条|检查|核对|对账"
    r"|碰头|再坐|号.{0,6}先.{0,2}[还查念]|号.{0,8}(?:先对|先看|先翻|先问|还是|就看|照着|对一|查|翻)|头一个(?:就)?[是翻对问]|挨个[对问查看]|接着对|第一件事|号.{0,12}(?:拿着?|从)[^，。]{0,12}[对念看]"
)


def opening(reading: Reading) -> tuple[int, ...]:
    """Spoken utterances of the opening: its chapter, or else the first tenth of the meeting."""
    own = reading.within(Chapter.OPENING)
    if own:
        return own[: max(12, len(reading.spoken) // 8)]
    return reading.spoken[: max(6, int(len(reading.spoken) * OPENING_SHARE * 0.6))]


def closing(reading: Reading) -> tuple[int, ...]:
    own = reading.within(Chapter.CLOSING)
    tail = reading.spoken[-max(6, int(len(reading.spoken) * CLOSING_SHARE)) :]
    return own if own and own[-1] >= len(reading.utterances) * 0.8 else tail


@measure(
    id="opening_goal",
    label="开场宣示",
    unit="share",
    meaning="开场说了主题、目标、流程三样中的几样（F4、R24）",
)
def opening_goal(reading: Reading) -> Measurement:
    said = opening(reading)
    stated = _done_or_said(reading, said, Act.GOAL, _STATED)
    near = {j for i in stated for j in reading.near(i, before=1, after=1)} & set(said)
    proof = []
    for pattern, alone in ((_THEME, False), (_GOAL, False), (_AGENDA, True)):
        among = said if alone else sorted(near)
        hit = next(
            (i for i in among if pattern.search(reading.utterances[i].text) and not _is_chat(reading, i)),
            None,
        )
        if hit is not None:
            proof.append(hit)
    return reading.measured("opening_goal", len(proof) / 3, proof)


def _done_or_said(reading: Reading, among: Iterable[int], act: Act, words: re.Pattern[str]) -> list[int]:
    """Utterances of this act, and those of the host that announce it in his own words."""
    return [
        i
        for i in among
        if reading.does(i, act)
        or (reading.is_host(i) is not False and words.search(reading.utterances[i].text))
    ]


def _is_chat(reading: Reading, index: int) -> bool:
    return len(reading.utterances[index].text) < 6


@measure(
    id="closing_summary",
    label="收尾总结",
    unit="share",
    meaning="收尾说了规律或结论、改进要求、下次检查三样中的几样（F5、R26）",
)
def closing_summary(reading: Reading) -> Measurement:
    said = closing(reading)
    summed = _done_or_said(reading, said, Act.SUMMARY, _SUMS)
    near = sorted({j for i in summed for j in reading.near(i, before=1, after=2)} & set(said))
    proof = []
    for pattern, among in ((_LESSON, summed), (_ACTION, near), (_NEXT, said)):
        hit = next(
            (i for i in among if pattern.search(reading.utterances[i].text) and not reading.asks[i]), None
        )
        if hit is not None:
            proof.append(hit)
    return reading.measured("closing_summary", len(proof) / 3, proof)
