"""docs/evaluation.md: the tables of ``make eval``, and every failure with what was behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa_pipeline.chapters.corpus import LabelledMeeting
from tests.evaluation.kept import UNCALIBRATED
from tests.evaluation.verdicts import Judged

if TYPE_CHECKING:
    from tests.evaluation.__main__ import Evaluation
    from tests.evaluation.following import Followed

FAR = 10.0
"""Points outside the author's band from which on a score is listed as a failure too."""
WELL_READ = 0.85
"""From this chapter accuracy on a failure is not laid to the chapters."""
SHOWN = 3
"""Items named that lost the most points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A meeting judged otherwise than by its author, or scored far outside the author's band. ``lost`` names
    the items that lost most, ``cause`` is what the figures lay it to."""

    meeting: str
    kind: str
    author_says: str
    author_band: tuple[float, float]
    score: float
    band: tuple[float, float]
    gates: tuple[str, ...]
    sent: bool
    agreed: bool
    accuracy: float
    lost: tuple[str, ...]
    cause: str
    notes: str


def failures(judged: Sequence[Judged]) -> tuple[Failure, ...]:
    return tuple(_failure(one) for one in judged if not one.agreed or one.distance >= FAR)


def _failure(one: Judged) -> Failure:
    items = sorted(
        (item for item in one.card.items if item.level is not None), key=lambda item: item.score - item.max
    )
    return Failure(
        meeting=one.meeting.id,
        kind=one.meeting.kind,
        author_says="pass" if one.meeting.passes else "fail",
        author_band=one.meeting.band,
        score=one.card.energy_score,
        band=one.card.band,
        gates=tuple(f"{c.id}{'?' if c.review else ''}" for c in one.card.criticals),
        sent=one.sent,
        agreed=one.agreed,
        accuracy=one.accuracy,
        lost=tuple(f"{i.id} {i.score:.1f}/{i.max:g}" for i in items[:SHOWN]),
        cause=_cause(one),
        notes=one.meeting.header.get("notes", ""),
    )


def _cause(one: Judged) -> str:
    """In the order in which one would look: gates, another kind of meeting, chapters, the line, levels."""
    if one.meeting.passes and one.gates:
        return "a gate closed that should not"
    if not one.agreed and one.sent and any(critical.review for critical in one.card.criticals):
        return "a doubtful gate, left to a person"
    if one.meeting.facts.kind is None:
        return "another kind of meeting, scored as one of the two"
    if one.accuracy < WELL_READ:
        return "chapters misread"
    if not one.agreed and one.distance < FAR / 2:
        return "near the line"
    return "levels too high" if one.card.energy_score > one.meeting.band[1] else "levels too low"


WHAT_IT_MEANS = {
    "a gate closed that should not": "A mandated chapter was not found, or found empty. The meeting argues "
    "its way through without announcing anything; better chapters cure it, and where the chapter's "
    "probability is not small the gate only asks a person.",
    "a doubtful gate, left to a person": "Nothing is decided: the person is told which stretch to hear.",
    "another kind of meeting, scored as one of the two": "It was filed under a kind it is not. It must not "
    "qualify; how low its score is matters less.",
    "chapters misread": "Most measures are taken within chapters, so what is attributed to the wrong one is "
    "lost or counted twice.",
    "near the line": "Within a few points of what the author gave: such scores straddle and go to a person.",
    "levels too high": "The words are there and the acts were read, but the author was not convinced: "
    "recital, or questions that lead nowhere.",
    "levels too low": "The substance is there in words that the readers know too little of: dialect, "
    "recognition errors, or work that is done without being named.",
}


def written(result: Evaluation, everything: Sequence[LabelledMeeting]) -> str:
    """The whole document."""
    return "\n".join([*_head(result, everything), *_tables(result), *_failures(result)]) + "\n"


def _head(result: Evaluation, everything: Sequence[LabelledMeeting]) -> Iterator[str]:
    authors = sorted({meeting.author for meeting in everything})
    strange = sorted(UNCALIBRATED)
    calibrated = sum(meeting.author not in UNCALIBRATED for meeting in everything)
    kinds = Counter(meeting.kind for meeting in everything)
    yield "# Evaluation"
    yield ""
    yield "Written by `make eval`; do not edit. Every meeting is read by models that have seen no meeting of"
    yield 'its author; "all, 10%" is without speakers, without punctuation and with 10 % of the characters'
    yield f"misheard. The shipped rubrics were calibrated on {calibrated} of these meetings, without those of"
    yield f"{', '.join(strange)}: how far scores of new authors lie off is told by these (below)."
    yield ""
    yield (
        f"{len(everything)} meetings by {len(authors)} authors ({', '.join(authors)}): "
        + ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        + "."
    )


def _tables(result: Evaluation) -> Iterator[str]:
    for title, chapters in (
        ("Chapters, all meetings (filed as a weekly review where they are none)", result.chapters),
        ("Chapters, weekly reviews and monthly planning meetings", result.two_meetings),
    ):
        head = (
            "",
            "accuracy by time",
            "boundary F1",
            "presence F1",
            "Pk",
            "WindowDiff",
            "calibration",
            "kind",
        )
        rows = [
            [
                name,
                *_threes(f.accuracy, f.boundary_f1, f.presence_f1, f.pk, f.window_diff, f.calibration),
                *_threes(result.kinds[name]),
            ]
            for name, f in chapters.items()
        ]
        yield from _table(title, head, rows)
    clean = result.chapters["clean"]
    yield "By author: " + ", ".join(f"{author} {value:.3f}" for author, value in clean.authors.items()) + "."
    yield "Accuracy is by time; calibration is the expected error of a span's confidence, by time."
    found = result.acts["clean"]
    yield from _table(
        "Acts (clean)",
        ("", "labelled", "claimed", "precision", "recall", "F1"),
        [
            [act, f"{told.there:.0f}", f"{told.claimed:.0f}", *_threes(told.precision, told.recall, told.f1)]
            for act, told in found.by_act.items()
        ],
    )
    yield from _table(
        "Acts by condition",
        ("", "F1 of all", "mean probability of what is claimed", "how often right", "calibration"),
        [[name, *_threes(f.micro, f.sure, f.right, f.calibration)] for name, f in result.acts.items()],
    )
    yield "An utterance may have several acts, and authors tag the telling ones: precision is what they would"
    yield "have tagged too."
    yield from _table(
        f"Verdicts on {result.verdicts['clean'].meetings} meetings that the rubrics were calibrated on",
        (
            "",
            "as the author",
            "sent to a person",
            "wrong",
            "wrong and not sent",
        ),
        [
            [
                name,
                *_threes(a.rate, len(a.sent) / a.meetings),
                str(len(a.wrong)),
                " ".join(a.undoubted) or "none",
            ]
            for name, a in result.verdicts.items()
        ],
    )
    yield from _table(
        "What is found in those that are weekly reviews and monthly planning meetings",
        (
            *("", "commitments: recall", "precision", "good practices: recall", "precision"),
            *("common problems: recall", "precision", "quoted in advice: precision"),
        ),
        [
            [
                name,
                *_threes(
                    *(
                        share
                        for counts in (a.commitments, a.practices, a.issues)
                        for share in (counts.recall, counts.precision)
                    ),
                    a.quoted.precision,
                ),
            ]
            for name, a in result.verdicts.items()
        ],
    )
    yield "Commitments are the utterances labelled so. Practices and problems have no labels of their own:"
    yield "counted is what would be remarked if every act and chapter had been read as labelled."
    yield "Advice quotes evasions, open promises and open causes that are surely such: right are those"
    yield "labelled so."
    yield from _followed("What became of the commitments of the meeting before", result.followed)
    yield f"{result.followed['clean'].promises} commitments in meetings written as the next of the same team."
    yield from _followed("The same in excerpts of other meetings, most of them hard", result.excerpted)
    written = next(iter(result.excerpted.values())).promises
    yield f"{written} commitments, by authors of whom nothing was learned."
    yield from _table(
        "Scores and bands of the same",
        (
            *("", "in author's band", "within 10 of its middle", "points outside"),
            *("half of our band", "holds author's middle", "meets it"),
        ),
        [
            [
                name,
                *_threes(a.in_band, a.near),
                f"{a.distance:.1f}",
                f"{a.half:.1f}",
                *_threes(a.covered, a.touched),
            ]
            for name, a in result.verdicts.items()
        ],
    )
    for length, measured in result.strangers.items():
        yield from _table(
            f"{measured['clean'][1].meetings} {length} meetings that the rubrics were calibrated without",
            (
                *("", "chapters by time", "verdict as the author", "wrong", "wrong and not sent"),
                *("within 10 of the middle", "points outside", "commitments: recall", "precision"),
            ),
            [
                [
                    name,
                    *_threes(accuracy, a.rate),
                    " ".join(a.wrong) or "none",
                    " ".join(a.undoubted) or "none",
                    *_threes(a.near),
                    f"{a.distance:.1f}",
                    *_threes(a.commitments.recall, a.commitments.precision),
                ]
                for name, (accuracy, a) in measured.items()
            ],
        )
    told = result.seconded
    yield from _table(
        f"{told.meetings} of these meetings, judged by a second person who saw none of their labels",
        ("", "same verdict", "scores within 10", "points apart"),
        [
            [name, *_threes(pair.verdict, pair.near), f"{pair.apart:.1f}"]
            for name, pair in (
                ("author and second person", told.people),
                ("we and the author", told.with_author),
                ("we and the second person", told.with_second),
            )
        ],
    )
    yield from _table(
        "The items of those meetings, ours and the second person's",
        ("item", "points at most", "ours less theirs", "points apart", "correlation"),
        [
            [id, f"{i.weight:g}", f"{i.bias:+.1f}", f"{i.apart:.1f}", *_threes(i.correlation)]
            for id, i in told.items.items()
        ],
    )
    if result.subjects is not None:
        s = result.subjects
        yield from _table(
            f"Topic boundaries on {s.meetings} public meetings (VCSum), nothing learned from them",
            ("", "WindowDiff", "F1 within 1"),
            [
                ["with speakers", *_threes(s.window_diff, s.f1_within_1)],
                ["without", *_threes(s.window_diff_without_speakers, s.f1_within_1_without_speakers)],
            ],
        )


def _followed(title: str, measured: Mapping[str, Followed]) -> Iterator[str]:
    outcomes = next(iter(measured.values())).outcomes
    shares = (f"{outcome}: {share}" for outcome in outcomes for share in ("recall", "precision"))
    yield from _table(
        title,
        ("", "place: recall", "precision", *shares),
        [
            [name, *_threes(*(s for c in (f.places, *f.outcomes.values()) for s in (c.recall, c.precision)))]
            for name, f in measured.items()
        ],
    )


def _failures(result: Evaluation) -> Iterator[str]:
    yield ""
    yield "## Failures (clean)"
    yield ""
    yield f"{len(result.failures)} meetings were judged otherwise than by their author, or scored {FAR:g}"
    yield "points or more outside the author's band. `!` wrong, `!?` wrong and sent to a person; `K2?` is a"
    yield "gate that only asks."
    counted = Counter(one.cause for one in result.failures)
    for cause, number in counted.most_common():
        yield ""
        yield f"### {cause[0].upper()}{cause[1:]}: {number}"
        yield ""
        yield WHAT_IT_MEANS[cause]
        yield ""
        yield "| meeting | author | ours | gates | chapters right | lost most | the author's notes |"
        yield "|-|-|-|-|-:|-|-|"
        for one in result.failures:
            if one.cause == cause:
                mark = "" if one.agreed else " !?" if one.sent else " !"
                low, high = one.author_band
                yield (
                    f"| {one.meeting}{mark} | {one.author_says} {low:.0f}–{high:.0f} | {one.score:.1f} "
                    f"({one.band[0]:.0f}–{one.band[1]:.0f}) | {' '.join(one.gates)} | {one.accuracy:.0%} "
                    f"| {', '.join(one.lost)} | {one.notes.replace('|', '/')} |"
                )


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield f"| {' | '.join(head)} |"
    yield "|" + "|".join("-" if not column else "-:" for column in head) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _threes(*values: float | None) -> list[str]:
    return ["–" if value is None else f"{value:.3f}" for value in values]
