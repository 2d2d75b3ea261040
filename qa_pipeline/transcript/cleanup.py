"""Clean a transcript up in small pure steps; every change is kept on the utterance beside what was there.

    script       traditional characters become simplified
    loops        what a recogniser repeats on and on is cut to one round
    names        names of the roster that were misheard are put right by sound (roster.py)
    terms        domain terms that were misheard are put right by sound (terms.py)
    phantoms     lines that the recogniser invented are marked, never deleted
    punctuation  an utterance without any mark gets one at its end
    numbers      what numbers are said, and what they mean (numbers.py)

The order is part of the meaning: a phantom may loop, and numbers point into the final text. Cleaning a clean
transcript changes nothing.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from qa_pipeline.transcript import suspects
from qa_pipeline.transcript.numbers import spoken_numbers
from qa_pipeline.transcript.roster import put_right, roster
from qa_pipeline.transcript.terms import repair
from qa_pipeline.values.transcript import Edit, Transcript, Utterance
from qa_pipeline.values.vocabulary import Seconds

if TYPE_CHECKING:
    from opencc import OpenCC

ALL_STEPS: Final = ("script", "loops", "names", "terms", "phantoms", "punctuation", "numbers")

RUNS_ON: Final[Seconds] = 0.2
"""A voice that goes on within this time has not finished its sentence."""


def clean(
    transcript: Transcript, *, people: Collection[str] = (), steps: Collection[str] = ALL_STEPS
) -> Transcript:
    """The transcript after the given steps, which always run in the order of ``ALL_STEPS``.

    ``people`` are the names that may be said in it: 件均 is not 建军 misheard where 李建军 is one of them.
    Each change of an utterance adds an ``Edit`` with the step and the text before it; edits that are already
    there stay. Numbers are found anew, since they point into the text.
    Raises ValueError for a step that does not exist.
    """
    if unknown := set(steps) - set(ALL_STEPS):
        raise ValueError(
            f"no such clean-up step: {', '.join(sorted(unknown))}; known: {', '.join(ALL_STEPS)}"
        )
    rewriters = {step: rewrite for step, rewrite in _rewriters(people).items() if step in steps}
    cleaned = [_rewritten(utterance, rewriters) for utterance in transcript.utterances]
    if "phantoms" in steps:
        cleaned = [_marked(utterance, transcript) for utterance in cleaned]
    if "punctuation" in steps:
        following = [*(utterance.start for utterance in cleaned[1:]), math.inf]
        cleaned = [
            _punctuated(utterance, pause=start - utterance.end if transcript.speech is not None else None)
            for utterance, start in zip(cleaned, following, strict=False)
        ]
    if "numbers" in steps:
        cleaned = [replace(utterance, numbers=spoken_numbers(utterance.text)) for utterance in cleaned]
    return replace(transcript, utterances=tuple(cleaned))


def _rewritten(utterance: Utterance, rewriters: Mapping[str, Callable[[str], str]]) -> Utterance:
    """Rewritten until nothing changes: a term put right can complete a loop, a cut can bring context near."""
    while True:
        before = utterance
        for step, rewrite in rewriters.items():
            utterance = _edited(utterance, step, rewrite(utterance.text))
        if utterance == before:
            return utterance


def _edited(utterance: Utterance, step: str, text: str) -> Utterance:
    if text == utterance.text:
        return utterance
    edit = Edit(step=step, before=utterance.text)
    return replace(utterance, text=text, numbers=(), edits=(*utterance.edits, edit))


# ---------------------------------------------------------------- script


def _simplified(text: str) -> str:
    """A line is traditional when it holds a character that GB 2312 lacks and whose simplified form it has.

    Other lines are left alone: 坏 in 打坏了 is simplified, though it is also the traditional form of 坯.
    """
    if not any(_is_traditional(char) for char in text):
        return text
    return str(_converter().convert(text))


@cache
def _is_traditional(char: str) -> bool:
    return char > "\u2e80" and not _in_gb2312(char) and _in_gb2312(_converter().convert(char))


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")


def _rewriters(people: Collection[str]) -> dict[str, Callable[[str], str]]:
    """The steps that rewrite the text, in their order."""
    known = roster(frozenset(people))
    if known is None:
        return {"script": _simplified, "loops": suspects.cut_loops, "terms": repair}
    return {
        "script": _simplified,
        "loops": suspects.cut_loops,
        "names": partial(put_right, people=known),
        "terms": partial(repair, names=known.spelled),
    }


# ---------------------------------------------------------------- phantoms


def _marked(utterance: Utterance, transcript: Transcript) -> Utterance:
    if utterance.phantom or not suspects.is_phantom(
        utterance.text, confidence=utterance.confidence, voiced=_voiced(utterance, transcript)
    ):
        return utterance
    edit = Edit(step="phantoms", before=utterance.text)
    return replace(utterance, phantom=True, edits=(*utterance.edits, edit))


def _voiced(utterance: Utterance, transcript: Transcript) -> float | None:
    """The share of an utterance's time in which a voice was heard (0-1); None when that is not known."""
    length = utterance.end - utterance.start
    if transcript.speech is None or length <= 0:
        return None
    first = bisect_right(transcript.speech, utterance.start, key=itemgetter(1))
    last = bisect_left(transcript.speech, utterance.end, lo=first, key=itemgetter(0))
    heard = sum(
        min(end, utterance.end) - max(start, utterance.start) for start, end in transcript.speech[first:last]
    )
    return min(1.0, heard / length)


# ---------------------------------------------------------------- punctuation

_MARK: Final = re.compile(r"[，。！？；：、…,.!?;:]")
_ASKED: Final = (
    r"为什么|为啥|为何|凭什么|凭啥|怎么|咋|几[个位单户家件次天点号趟回份遍]|几月|几岁|多少|几多|哪(?!怕)|谁|什么|啥|么子|甚(?!至)"
    r"|何时|([\u4e00-\u9fff])[不没]\1"
)
_ASKS_NEAR_END: Final = re.compile(rf"(?:{_ASKED})(?!.*(?:都|也|\1不|谁|个算)).{{0,8}}$")
_TOLD: Final = re.compile(
    r"(?:不管|知道|晓得|无论|不论|看看?|记下?|算|想|没|不|都|也|把|就|列|报|写|问|念|讲|说|听|数)[^吗]{0,4}$"
)
"""Before a question word these make a statement: 我知道是谁, 把谁没来写下来."""
_ASKS_AT_END: Final = re.compile(
    r"(?:吗|么|没得|[有过了着].{0,8}没有?|[得来去行好中是要有会能够]不|[是对好行]吧|咧|还是.{1,8}|^.{1,6}呢)[啊呀嘛的了]?$"
)


def _punctuated(utterance: Utterance, *, pause: Seconds | None) -> Utterance:
    """``pause``: seconds until the next utterance, None when times were not taken from the sound."""
    text = utterance.text.rstrip()
    if not text or _MARK.search(text):
        return utterance
    stop = "，" if pause is not None and pause < RUNS_ON else "。"
    mark = "？" if _asks(text) else stop
    return _edited(utterance, "punctuation", text + mark)


def _asks(text: str) -> bool:
    """Whether words without marks have the form of a question.

    On the labelled meetings with their marks taken off, 80 % of what this calls a question did end with a
    question mark, and 66 % of the questions are found.
    """
    if _ASKS_AT_END.search(text):
        return True
    word = _ASKS_NEAR_END.search(text)
    return word is not None and (text[-1] in "呢啊呀" or not _TOLD.search(text, 0, word.start()))
