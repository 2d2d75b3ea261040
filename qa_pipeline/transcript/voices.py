"""Whose voice is whose: a voice is called by its name, and then it speaks.

Nobody tells a machine who S3 is, but people call upon one another: after “彩琴，你打了没有？” the next voice
is hers, and she herself never says her name. Two such calls are believed when nothing speaks against them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Final

from qa_pipeline.transcript.people import SURNAMES, given_name, may_be_called, without_title
from qa_pipeline.transcript.terms import sounds
from qa_pipeline.values.transcript import Transcript

ENOUGH: Final = 1.2
"""What the calls that one voice answered must come to. Of the 2,847 voices that the authors of 421 labelled
meetings note by name 46 % are named rightly so, and about one in a hundred of those named is not."""
KNOWN: Final = 0.9
"""The same for a name that stands on the roster: one clear call."""
RIVAL: Final = 0.5
"""Another voice may have answered to the name at most this often, as a share."""
EARLY: Final = 0.5
"""What a call counts for when another sentence follows it."""
OWN: Final = 0.7
"""What is taken off a voice each time it says the name itself: people rarely speak of themselves so."""
REACH: Final = 3
"""Utterances within which who was called answers."""

_IMPORTED: Final = re.compile(r"(?:说话人|发言人|SPEAKER)[ _]?\d+", re.IGNORECASE)
_NUMBERED: Final = re.compile(rf"S\d+|{_IMPORTED.pattern}", re.IGNORECASE)
"""Labels of a program, which name nobody."""
_HAN: Final = "\u4e00-\u9fff"
_THEN: Final = r"(?=$|[,，。？?！! 、]|呢|咧|嘞|哩|你|侬|恁|您|先)"
_CALLED: Final = (
    re.compile(rf"(?<![{_HAN}])([{_HAN}]{{2,4}}?){_THEN}"),
    re.compile(rf"(?:[室部组行条]|[好来那]|问|有请|请|听听)([{_HAN}]{{2,3}}?){_THEN}"),
)
_MYSELF: Final = re.compile(rf"我(?:是|叫)([{_HAN}]{{2,3}}?)(?=[,，。 ])")
_SENTENCE_ENDS: Final = re.compile(r"[。！!？?](?=.)")


def name_voices(
    transcript: Transcript, *, people: Collection[str] = (), imported: bool = False
) -> Transcript:
    """The transcript with a name in place of each numbered label whose owner is surely told, and a note of
    who was named so. ``people`` are known names (the roster): the full one is written for whom that fits
    alone. An ``imported`` transcript keeps its S1: it may have been made anonymous on purpose."""
    numbered = _IMPORTED if imported else _NUMBERED
    found = named_voices(transcript, people=people)
    names = {label: name for label, name in found.items() if numbered.fullmatch(label)}
    if not names:
        return transcript
    told = "、".join(f"{label} 为{name}" for label, name in names.items())
    return replace(
        transcript,
        utterances=tuple(
            replace(u, speaker=names.get(u.speaker, u.speaker)) if u.speaker else u
            for u in transcript.utterances
        ),
        warnings=(*transcript.warnings, f"说话人的姓名由会上的称呼认出（{told}），不对的请在复核时改正。"),
    )


def named_voices(transcript: Transcript, *, people: Collection[str] = ()) -> dict[str, str]:
    """Label -> the name its voice is called by, where that is sure. A name that two labels would
    bear, or that is a label already, is given to nobody: two voices would become one."""
    full = _full_names(people)
    given: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    forms: defaultdict[str, set[str]] = defaultdict(set)
    for name, answered in _calls(transcript, full).items():
        forms[given_name(name)].add(name)
        for label, weight in answered.items():
            given[given_name(name)][label] += weight
    best: dict[str, tuple[float, str]] = {}
    for name, answered in given.items():
        (label, most), *others = sorted(answered.items(), key=lambda pair: (-pair[1], pair[0]))
        known = next(
            (full[heard] for heard in map(_heard, (name, *sorted(forms[name]))) if heard in full), None
        )
        if most < (KNOWN if known else ENOUGH) or any(rival > most * RIVAL for _, rival in others):
            continue
        shown = known or max(forms[name], key=lambda form: (len(form), form))
        best[label] = max(best.get(label, (0.0, "")), (most + bool(known), shown))
    labels = dict.fromkeys(u.speaker for u in transcript.utterances if u.speaker)
    bearers = Counter([*(name for _, name in best.values()), *labels])
    return {label: best[label][1] for label in labels if label in best and bearers[best[label][1]] == 1}


def _calls(transcript: Transcript, full: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
    """Name -> label -> how much speaks for its being that voice's."""
    said = [(u.speaker, u.text) for u in transcript.utterances if u.speaker and not u.phantom]
    found: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for place, (speaker, text) in enumerate(said):
        after = islice(said, place + 1, place + 1 + REACH)
        answering = next((label for label, _ in after if label != speaker), None)
        called = dict(_called(text, full))
        for name, weight in called.items():
            if answering is not None:
                # Three names in a breath are a list.
                found[name][answering] += weight if len(called) < 3 else weight / 3
        for own in _MYSELF.finditer(text):
            if may_be_called(own[1]):
                found[own[1]][speaker] += 2.0 + OWN
    for name, answered in found.items():
        for speaker, text in said:
            if name in text:
                answered[speaker] -= OWN
    return found


def _called(text: str, full: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    for pattern in _CALLED:
        for call in pattern.finditer(text):
            if may_be_called(call[1]) or _heard(without_title(call[1])) in full:
                yield call[1], EARLY if _SENTENCE_ENDS.search(text, call.end()) else 1.0


def _full_names(people: Collection[str]) -> dict[str, str]:
    """The sound of what people on the roster may be called by -> their full names, where only one is."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for name in people:
        if 2 <= len(name) <= 3 and name[0] in SURNAMES:
            for form in (name, given_name(name), *(f"{front}{name[0]}" for front in "小老阿")):
                owners[_heard(form)].add(name)
            for title in ("总", "姐", "哥", "经理", "主管", "主任"):
                owners[_heard(name[0] + title)].add(name)
    return {form: min(names) for form, names in owners.items() if len(names) == 1}


@lru_cache(maxsize=4096)
def _heard(name: str) -> str:
    """A recogniser gets the sound of a name, not how it is written."""
    return sounds(name, alike=True)
