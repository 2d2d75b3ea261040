"""Where nobody knows who speaks some signs are missing: what stands in for them then, and only then."""

from __future__ import annotations

from qa_pipeline.findings import causes, coverage, sharing
from qa_pipeline.findings.interaction import deep_chains
from qa_pipeline.findings.registry import take
from qa_pipeline.values.vocabulary import Act, Chapter
from tests.findings.dialogue import acted

ASKED = (
    ("王建", "这个月FYC做了多少？", Act.ASK),
    ("李梅", "八千五。"),
)


def test_a_figure_belongs_to_the_answer_of_a_question() -> None:
    for speakers in (True, False):
        assert coverage.triples(acted(*ASKED, speakers=speakers)) == (1,)
    alone = (("王建", "FYC要看仔细。"), ("王建", "八千五。"))
    assert coverage.triples(acted(*alone, speakers=False)) == ()


def test_a_cause_is_worked_out_among_people_where_a_question_stands_near_it() -> None:
    cause = ("王建", "根子是早会没人盯名单，计划排不出来。", Act.CAUSE)
    read_out = (("王建", "我念一下。"), cause, ("王建", "念完了。"))
    asked = (("王建", "为什么排不出来？", Act.PROBE), *read_out)
    chapter = Chapter.PROBLEM_DISCUSSION
    assert causes.causes(acted(*asked, chapter=chapter)) == (), "one voice asks and answers itself"
    assert causes.causes(acted(*asked, chapter=chapter, speakers=False)) == (2,)
    assert causes.causes(acted(*read_out, chapter=chapter, speakers=False)) == ()


def test_who_shares_may_be_introduced_without_a_name_that_was_heard() -> None:
    lines = (("王建", "请上来讲讲怎么做的。"), ("孙丽", "我先把名单分成三类。", Act.PRACTICE))
    chapter = Chapter.EXCELLENCE_SHARING
    assert sharing.benchmark(acted(*lines, chapter=chapter)) == ()
    assert sharing.benchmark(acted(*lines, chapter=chapter, speakers=False)) == (0,)


def test_praise_needs_no_name_but_still_a_deed() -> None:
    praise = ("王建", "这个做得漂亮，大家鼓掌。", Act.RECOGNIZE)
    deed = ("孙丽", "三天跑完了名单。", Act.CHECK)
    assert take(acted(deed, praise), ["named_recognition"])["named_recognition"].value == 0
    blind = take(acted(deed, praise, speakers=False), ["named_recognition"])
    assert blind["named_recognition"].value == 1
    bare = take(acted(praise, speakers=False), ["named_recognition"])
    assert bare["named_recognition"].value == 0


def test_a_chain_must_hold_more_and_each_answer_stand_right_behind_its_question() -> None:
    rounds = tuple(
        line
        for asked in ("差的是谁？", "卡在哪里？", "后来呢？")
        for line in (("王建", asked, Act.PROBE), ("李梅", "周老板出差了，约在下周见。"))
    )
    vague = tuple(
        (who, said.replace("周老板", "人").replace("下周", "以后"), *act) for who, said, *act in rounds
    )
    firm = tuple((who, said, *(act or [Act.CHECK])) for who, said, *act in rounds)
    assert len(deep_chains(acted(*firm))) == len(deep_chains(acted(*firm, speakers=False))) == 1
    assert deep_chains(acted(*vague, speakers=False)) == ()
    late = (ASKED[0], ("王建", "我先喝口水。"), ASKED[1])
    assert acted(*late).exchanges[0].answers == (2,)
    assert acted(*late, speakers=False).exchanges[0].answers == (1,)


def test_a_walk_through_all_is_told_by_how_many_were_asked() -> None:
    found = {
        speakers: take(acted(*ASKED * 6, speakers=speakers), ["topic.walkthrough"])["topic.walkthrough"]
        for speakers in (True, False)
    }
    assert (found[True].value, found[False].value) == (0.2, 0.5), "one person in five; six rounds in twelve"
