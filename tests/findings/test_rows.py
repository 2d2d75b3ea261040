"""C3: a row of figures said in one breath is parted: one indicator of several, several indicators of one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from qa_pipeline.chapters.corpus import CORPUS, LabelledMeeting, read_meeting
from qa_pipeline.findings.books import _WORDS, SPOKEN, Book
from qa_pipeline.findings.figures import compared
from qa_pipeline.findings.reading import Reading
from qa_pipeline.findings.rows import parted
from qa_pipeline.names import INDICATORS
from qa_pipeline.values.facts import Figure, MeetingFacts
from qa_pipeline.values.vocabulary import Chapter, MeetingKind
from tests.findings.dialogue import acted

OFFICES = {f"{digit}室": f"第{digit}营业室" for digit in "一二三四五六七八"}
GIVEN = [
    *(("清河支公司", code) for code in ("regular_premium", "u_headcount", "training_referral")),
    *((office, code) for office in OFFICES.values() for code in ("regular_premium", "u_headcount")),
    *((office, code) for office in OFFICES.values() for code in ("activity_rate", "active_headcount")),
    *(
        (name, code)
        for name in ("王秀兰", "李大勇")
        for code in ("visits", "closes", "fyc", "regular_premium")
    ),
]
FACTS = MeetingFacts(
    kind=MeetingKind.WEEKLY_REVIEW,
    meeting_date=date(2026, 9, 8),
    institution="清河支公司",
    figures=tuple(Figure(owner=o, indicator=c, value=0.0, unit=INDICATORS[c][1]) for o, c in GIVEN),
)
SHORT = {office: short for short, office in OFFICES.items()} | {"清河支公司": "机构"}


def told(*lines: tuple[str, str]) -> list[tuple[str, str, float]]:
    """(whose, indicator, value) of what is said, as it is compared."""
    found = compared(acted(*lines, facts=FACTS, chapter=Chapter.STAGE_REVIEW, host="马国强"))
    return [(SHORT.get(f.given.owner, f.given.owner), f.given.indicator, round(f.value, 4)) for f in found]


PREMIUM, U, RATE = "regular_premium", "u_headcount", "activity_rate"


@pytest.mark.parametrize(
    ("said", "row"),
    [
        (
            "期缴一室十二万三，二室八万，三室还差两万。",
            [("一室", PREMIUM, 123_000), ("二室", PREMIUM, 80_000)],
        ),
        ("期缴一室十二万三二室八万三室还差两万", [("一室", PREMIUM, 123_000), ("二室", PREMIUM, 80_000)]),
        ("一室活动率百分之六十二室四十五", [("一室", RATE, 0.6), ("二室", RATE, 0.45)]),
        ("活动率，一室百分之七十五，二室六十。", [("一室", RATE, 0.75), ("二室", RATE, 0.6)]),
        ("老王八访小李五访", [("王秀兰", "visits", 8), ("李大勇", "visits", 5)]),
        ("FYC秀兰姐是九千二，大勇六千四。", [("王秀兰", "fyc", 9200), ("李大勇", "fyc", 6400)]),
        ("王秀兰拜访十六，成交两件。", [("王秀兰", "visits", 16), ("王秀兰", "closes", 2)]),
        (
            "U人力目标十个，实际八个，差两个，一室五、二室三、四室是零。",
            [("机构", U, 8), ("一室", U, 5), ("二室", U, 3), ("四室", U, 0)],
        ),
        (
            "一室期缴九万四任务十二，U两个；二室五万一任务八万，U一个。",
            [("一室", PREMIUM, 94_000), ("一室", U, 2), ("二室", PREMIUM, 51_000), ("二室", U, 1)],
        ),
        (
            "CT要期缴八万、五个人出单。一室九万四、六个人；二室五万一、两个人。",
            [
                ("一室", PREMIUM, 94_000),
                ("一室", "active_headcount", 6),
                ("二室", PREMIUM, 51_000),
                ("二室", "active_headcount", 2),
            ],
        ),
    ],
)
def test_c3_a_row_is_parted_into_its_figures(said, row):
    assert told(("马国强", said)) == row


def test_c3_a_row_goes_on_with_what_was_just_spoken_of():
    assert told(("周晓燕", "支公司期缴三百二十万。"), ("周晓燕", "分室，一室十二万三，二室八万。")) == [
        ("机构", PREMIUM, 3_200_000),
        ("一室", PREMIUM, 123_000),
        ("二室", PREMIUM, 80_000),
    ]
    assert told(("马国强", "各室期缴报一下？"), ("周晓燕", "一室十二万三，二室八万。")) == [
        ("一室", PREMIUM, 123_000),
        ("二室", PREMIUM, 80_000),
    ]
    assert told(("周晓燕", "一室十二万三，二室八万。")) == []


@pytest.mark.parametrize(
    "said",
    [
        "U人力差五个，一室三个，二室两个。",
        "差的U，一室三个，二室两个。",
        "上个月U人力一室三个，二室两个。",
        "U人力一室、二室三个。",
        "送训一室三个新人，二室两个新人。",
        "全司期缴三十万，团队FYC，一室四万，二室三万。",
        "全司期缴三十万，主管达U两个，秀兰九千二，大勇六千四。",
        "期缴二室来个八万，三室几万。",
        "期缴一室十万零六。",
        "期缴一室十二万，不对，说错了。",
        "一室陈玉梅，期缴八万。",
        "王秀兰期缴八万四，陈玉梅期缴九万。",
    ],
)
def test_c3_what_may_be_another_figure_or_another_owner_is_left_alone(said):
    known = {("机构", PREMIUM, 300_000), ("王秀兰", PREMIUM, 84_000)}
    assert set(told(("马国强", said))) <= known


def test_an_office_is_parted_from_the_figure_before_it_only_where_one_way_makes_sense():
    offices = frozenset(["一室", "二室", "三室", "十二室"])
    assert parted("一室八万三室四万", offices) == "一室八万，三室四万"
    assert parted("一室三十二室五", offices) == "一室三十二室五"
    assert parted("一室八万六室四万", offices) == "一室八万六室四万"


Row = set[tuple[str, str, float]]
"""Whose which indicator is what."""


def _lines(name: str) -> Iterator[tuple[str, Row]]:
    """(what stands before the bar, what is told) of each line of a file beside this one."""
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        said, _, figures = line.partition("|")
        row = set()
        for part in filter(None, map(str.split, figures.split(";"))):
            row |= {(part[0], code, float(value)) for code, value in (w.split("=") for w in part[1:])}
        yield said.strip(), row


def _rows() -> dict[str, list[tuple[str, Row]]]:
    """Meeting -> (how the utterance begins, what it tells)."""
    found: dict[str, list[tuple[str, Row]]] = {}
    for place, row in _lines("spoken_rows.txt"):
        meeting, begins = place.split()
        found.setdefault(meeting, []).append((begins.replace("_", " "), row))
    return found


def _given(owners: Iterable[str]) -> tuple[Figure, ...]:
    """Every figure of every one of these."""
    return tuple(
        Figure(owner=owner, indicator=code, value=0.0, unit=unit)
        for owner in owners
        for code, (_, unit) in INDICATORS.items()
    )


def _last(reading: Reading, short: Mapping[str, str]) -> Row:
    """What is understood of the last utterance."""
    return {
        (short.get(given.owner, given.owner), given.indicator, round(number.value or 0.0, 4))
        for given, number, _ in Book(reading).said(len(reading.utterances) - 1)
    }


def _said(meeting: LabelledMeeting, begins: str, owners: set[str]) -> Row:
    """What is understood of an utterance after the four before it, when everybody has every figure."""
    texts = [u.text for u in meeting.transcript.utterances]
    at = next(i for i, text in enumerate(texts) if text.startswith(begins))
    around = slice(max(0, at - 4), at + 1)
    title = re.match(r".+?(?:支公司|服务部|营业部|营业区|营服)", meeting.header["title"])
    institution = title[0] if title else meeting.header["title"]
    books = [institution, *OFFICES.values(), *(owners - {"机构"} - OFFICES.keys())]
    reading = acted(
        *((u.speaker or "", u.text) for u in meeting.transcript.utterances[around]),
        facts=replace(meeting.facts, figures=_given(books), institution=institution),
        host=meeting.host or "",
    )
    return _last(reading, SHORT | {institution: "机构"})


def test_c3_rows_of_real_meetings_are_understood_without_a_wrong_figure():
    wrong, right, all_told = [], 0, 0
    for name, rows in _rows().items():
        meeting = read_meeting(next(CORPUS.glob(f"*/{name}.txt")))
        owners = {owner for _, row in rows for owner, _, _ in row}
        for begins, row in rows:
            said = _said(meeting, begins, owners)
            wrong += [(name, begins, one) for one in sorted(said - row)]
            right += len(said & row)
            all_told += len(row)
    assert not wrong
    assert right / all_told > 0.75, f"{right} of {all_told}"


@pytest.mark.parametrize(
    ("name", "recall", "precision"), [("made_rows.txt", 0.9, 1.0), ("made_rows_unseen.txt", 0.8, 0.85)]
)
def test_c3_rows_that_were_made_up_are_understood_as_well_as_they_were(name, recall, precision):
    owners = {
        "清河支公司",
        *OFFICES.values(),
        "新桥室",
        "东港室",
        "王秀兰",
        "李大勇",
        "陈桂芳",
        "赵强",
        "孙丽",
    }
    facts = replace(FACTS, figures=_given(sorted(owners)))
    wrong, right, all_told = [], 0, 0
    for said, row in _lines(name):
        lines = [tuple(line.split(": ", 1)) for line in said.split(" / ")]
        heard = _last(acted(*lines, facts=facts, host="马国强"), SHORT)
        wrong += [(said, one) for one in sorted(heard - row)]
        right += len(heard & row)
        all_told += len(row)
    assert right / (right + len(wrong)) >= precision, wrong
    assert right / all_told > recall, f"{right} of {all_told}"


def test_an_indicator_is_looked_for_wherever_one_of_its_names_begins():
    talk = "\n".join(said for name in ("made_rows.txt", "made_rows_unseen.txt") for said, _ in _lines(name))
    plain = re.compile("|".join(f"(?P<{code}>{said})" for code, said in SPOKEN.items()), re.MULTILINE)
    assert [m.span() for m in _WORDS.finditer(talk)] == [m.span() for m in plain.finditer(talk)]
