"""Small meetings written for the tests, in one notation: ``chapter`` lines and ``S1: words`` lines."""

from __future__ import annotations

import itertools
from datetime import date

from qa_pipeline.findings import find, read
from qa_pipeline.findings.mentions import find_mentions
from qa_pipeline.findings.reading import Reading
from qa_pipeline.transcript.cleanup import clean
from qa_pipeline.values.chapters import Chapters, ChapterSpan
from qa_pipeline.values.facts import MeetingFacts, Roster
from qa_pipeline.values.findings import Findings, UtteranceReading
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Act, Chapter, MeetingKind, Theme

WEEKLY = MeetingFacts(
    kind=MeetingKind.WEEKLY_REVIEW,
    meeting_date=date(2026, 9, 8),
    theme=Theme.SUPERVISOR_LEAD,
    expected_attendees=Roster(count=4),
    attendees=Roster(count=4),
)
MONTHLY = MeetingFacts(
    kind=MeetingKind.MONTHLY_PLANNING, meeting_date=date(2026, 9, 28), theme=Theme.MONTH_END_SPRINT
)


def meeting(text: str, *, pace: float = 0.5, speakers: bool = True) -> tuple[Transcript, Chapters]:
    """Utterances 0.4 s apart; a character takes ``pace`` seconds; ``~`` marks phantoms."""
    utterances: list[Utterance] = []
    starts: list[tuple[Chapter, int]] = []
    clock = 0.0
    for raw in text.strip().splitlines():
        line = raw.strip()
        if line in set(Chapter):
            starts.append((Chapter(line), len(utterances)))
        elif line:
            speaker, _, words = line.partition(": ")
            end = clock + pace * len(words)
            utterances.append(
                Utterance(
                    start=clock,
                    end=end,
                    text=words.lstrip("~"),
                    speaker=speaker if speakers else None,
                    phantom=words.startswith("~"),
                )
            )
            clock = end + 0.4
    edges = [*starts, (Chapter.CLOSING, len(utterances))]
    spans = tuple(
        ChapterSpan(
            chapter=chapter,
            start=utterances[first].start,
            end=utterances[last - 1].end,
            first=first,
            last=last,
            confidence=0.9,
        )
        for (chapter, first), (_, last) in itertools.pairwise(edges)
        if first < last
    )
    return (
        Transcript(utterances=tuple(utterances), duration=clock, engine="test"),
        Chapters(spans=spans, segmenter="test"),
    )


def findings(
    text: str, facts: MeetingFacts = WEEKLY, *, pace: float = 0.5, speakers: bool = True
) -> Findings:
    transcript, chapters = meeting(text, pace=pace, speakers=speakers)
    return find(transcript, chapters, facts)


def reading(text: str, facts: MeetingFacts = WEEKLY, *, pace: float = 0.5, speakers: bool = True) -> Reading:
    transcript, chapters = meeting(text, pace=pace, speakers=speakers)
    return read(transcript, chapters, facts)


def acted(
    *lines: tuple[str, str] | tuple[str, str, Act],
    chapter: Chapter = Chapter.STAGE_REVIEW,
    facts: MeetingFacts = WEEKLY,
    host: str = "王建",
    speakers: bool = True,
) -> Reading:
    """One chapter of (who, text, what it does), ten seconds each: what is measured does not hang on the act
    model. What ends in a question mark asks."""
    utterances = tuple(
        Utterance(start=10.0 * i, end=10.0 * i + 9, text=line[1], speaker=line[0] if speakers else None)
        for i, line in enumerate(lines)
    )
    transcript = clean(Transcript(utterances=utterances, duration=10.0 * len(lines), engine="test"))
    span = ChapterSpan(
        chapter=chapter, start=0, end=transcript.duration, first=0, last=len(lines), confidence=1
    )
    mentions = find_mentions(transcript.utterances, facts)
    acts = (((line[2], 1.0),) if len(line) == 3 else () for line in lines)
    return Reading(
        transcript=transcript,
        chapters=Chapters(spans=(span,), segmenter="test"),
        facts=facts,
        readings=tuple(UtteranceReading(acts=a, mentions=m) for a, m in zip(acts, mentions, strict=True)),
        host=host if speakers else None,
    )


def value(found: Findings, name: str) -> float:
    measured = found.measures[name].value
    assert measured is not None, found.measures[name].reason
    return measured


GOOD = """
opening
王建: 人到齐了，录音开了没有？
李梅: 开了，王总。
王建: 今天是主管领跑周的复盘会，主题就一个，主管本人达U。目标是每个没达U的人今天把路径说清楚。
王建: 流程四步，先复盘，再听分享，然后研讨，最后排下周。
stage_review
王建: 先看数，截止昨天期缴保费四十二万，目标六十万，完成百分之七十。主管四个人，达U两个，没达U的两个。
王建: 先核对上次的承诺，李梅，你上周答应见十个老客户，见了几个？
李梅: 见了七个，差三个没约上。
王建: 没约上的三个是谁，卡在哪里？
李梅: 一个是开药店的周老板，出差了，另外两个是我打电话没接。
王建: 七个见了，成了几单？
李梅: 成了一单，年交八千，FYC两千四，离达U还差三千。
王建: 没成的六个里面，你问过转介绍没有？
李梅: 只问了两个，要到一个名字，是周老板的表弟。
王建: 赵强，你呢，拜访计划十五访，实际跑了几访？
赵强: 跑了六访，成交零，缘故客户见了两个。
王建: 那九访去哪里了？
赵强: 三天给新人跑手续，剩下的我没提前约。
王建: 是没约还是约不上？
赵强: 是没约，早上才想今天去哪家。
王建: 缘故那两个谈到哪一步了？
赵强: 一个是我战友，谈了孩子上学的钱，说周六再见。
excellence_sharing
王建: 下面请孙丽分享，一号到七号FYC九千二，第一名，大家鼓掌。
孙丽: 我的做法，第一步，月底那天晚上把客户分成三摞，买过的、理赔过的、给我介绍过人的。
孙丽: 第二步，见面不说产品，先把保单一张一张翻出来，翻到受益人那里停一下，问现在对不对。
孙丽: 第三步，开口要具体的人，问你们单位谁家孩子今年上高中。
孙丽: 第四步，当着面让他打电话，约好时间。七天见了十九家，成了四单。
王建: 我给大家归纳一下，四步，分三摞、翻保单、问具体的人、当面打电话，谁都能照着做。
problem_discussion
王建: 今天研讨一个共性问题，为什么见了面不开口？
李梅: 因为太熟了，怕人家觉得我专门来卖保险的，话术没练过。
赵强: 我是没准备，出门之前没有把客户的保单整理好，见了面没话说。
王建: 为什么没准备，根子在哪里？
赵强: 早会只问今天去哪，没人盯去了谈什么。
孙丽: 那就早会出门前两个人对练三分钟，练第一句话。
李梅: 还可以前一天下午把名单报给内勤，把保单检视表打出来，带着表去。
王建: 好，就定这两条，早会对练三分钟，前一天四点报名单。
next_week_plan
王建: 下周每个人报，见谁，几个，哪天。
李梅: 我周五之前把没约上的三个见完，每家带检视表。
赵强: 我明天上午给战友打电话，十二号之前见五个缘故客户。
孙丽: 十号下午我陪赵强去见他战友。
王建: 我九号早会带头跟李梅对练。
closing
王建: 总结两句，规律就是名单在前头，数字在后头；从明天开始没有表的拜访不算数。
王建: 十五号复盘会第一件事就是逐条核对今天的承诺，散会。
"""
EMPTY = """
opening
王建: 各位伙伴大家好，我们开始今天的会议，一共四个环节，一个都不能少。
stage_review
王建: 首先进入阶段复盘，我给大家念一下数据，期缴保费三十一万，达成率百分之二十六，达U三个，件均七千二。
王建: 再传达一个通知，各机构要提高思想认识，压实主体责任，强化督导检查，扎实推进各项经营工作。
王建: 听见没有，要求我们扎扎实实地开会，走过场的要问责，所以今天这个会必须开好，大家注意听。
王建: 大家对数据有没有疑问？
李梅: 没有。
王建: 没有疑问就好。赵强你也说两句？
赵强: 就是差一点，客户说再等等。
王建: 等等没事，我对你有信心。
excellence_sharing
王建: 第二个环节优秀分享，有请孙丽。
孙丽: 其实我也没做什么，都是领导带得好，平台好，只要有一颗热爱的心，就一定能行，谢谢大家。
王建: 说得太好了，这就是精神，大家都要学习。
problem_discussion
王建: 第三个环节问题研讨，为什么达U率低，我看还是市场不好，银行利率降了，老百姓手里没钱，思想认识不到位。
王建: 大家觉得对不对？
李梅: 对。
next_week_plan
王建: 最后下周安排，抓早会，抓拜访，抓陪访，大家加把劲，有没有信心？
李梅: 有信心。
赵强: 我尽量吧。
李梅: 我再努力努力。
王建: 散会。
"""
