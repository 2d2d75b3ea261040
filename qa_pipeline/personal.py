"""Personal data in what was said: the numbers that no report shows, and the names that no stranger is sent.

Speech recognition writes numbers as digits or as spoken characters (一三八零零…), grouped at will, so runs
of either kind are read as digits and then told apart by length and shape. Masking numbers keeps the length of
the text, so that positions in it stay true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any, Final

SPOKEN: Final = {
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    "〇": "0",
    "幺": "1",
    "两": "2",
}
FULL_WIDTH: Final = {chr(0xFF10 + digit): str(digit) for digit in range(10)}
DIGITS: Final = {**SPOKEN, **FULL_WIDTH, **{d: d for d in "0123456789"}}

_DIGIT: Final = f"[{''.join(DIGITS)}]"
_BETWEEN: Final = r"[ \-—,、\uff0c]{0,2}"
_RUN: Final = re.compile(rf"(?<![0-9.]){_DIGIT}(?:{_BETWEEN}{_DIGIT}){{9,}}[Xx]?(?![十百千万亿点])")
_GROUP: Final = re.compile(rf"{_DIGIT}+[Xx]?")
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_WRITTEN: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<front>(?<!\d)1[3-9]\d)(?P<hidden>[./·\uff0d]\d{4})(?=[./·\uff0d]\d{4}(?!\d))",
        rf"(?P<front>[{_PROVINCES}][A-HJ-NP-Z])(?P<hidden>[·\- ]?[A-HJ-NP-Z0-9]{{5,6}})(?![A-Za-z0-9])",
        r"(?P<front>[A-Za-z0-9])(?P<hidden>[A-Za-z0-9._+-]*)(?=@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)",
        r"(?P<front>wxid_|微信号?[是为叫:： ]{0,2})(?P<hidden>[A-Za-z][A-Za-z0-9_-]{5,19})",
        r"(?P<front>保单(?:号码?|编号)?[是为:： ]{0,2}[A-Z]{0,4})(?P<hidden>\d{6,18})(?=\d{2}(?!\d))",
        r"(?P<front>(?<![A-Za-z0-9])[EGDPSH])(?P<hidden>\d{6})(?=\d{2}(?![A-Za-z0-9]))",
        r"(?P<front>(?:座机|固话|电话)[是为:： ]{0,2})(?P<hidden>[2-9]\d{3}[- ]?\d)(?=\d{2,3}(?![\d万元]))",
    )
)
"""What is personal by how it is written: phones with other marks, number plates, addresses of mail, names of
chat accounts, policies, passports, phones without an area code."""
_ALNUM: Final = re.compile(r"[A-Za-z0-9]")
_NUMBERED: Final = re.compile(r"(?:S|说话人|SPEAKER[_ ]?|发言人)\d+")
"""Labels of a recogniser: they name nobody."""
STARRED: Final = re.compile(r"\*{4,}\d")
"""How a number ends that `mask_personal` starred out."""
COMMON: Final = 100
"""How often (on the scale of jieba's word list) a word is met that is no name."""
_COVER: Final = re.compile(r"〔人\d+〕")


def mask_personal(text: str) -> str:
    """The text with personal numbers starred out: phones keep 3 + 4 digits, identities 3 + 2, cards 4; and so
    are plates, addresses of mail, chat accounts, policies and passports. It stays as long as it was."""
    text = _RUN.sub(lambda run: _masked_run(run[0]), text)
    for pattern in _WRITTEN:
        text = pattern.sub(lambda found: found["front"] + _ALNUM.sub("*", found["hidden"]), text)
    return text


def unsplit(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch [start, end) of a text, widened until it splits no personal number: half of one would
    escape the mask."""
    masked = mask_personal(text)
    while mask_personal(text[start:end]) != masked[start:end]:
        start, end = max(0, start - 1), min(len(text), end + 1)
    return start, end


def _masked_run(run: str) -> str:
    kept = _kept(run)
    if kept:
        return _starred(run, *kept)
    # No personal number as a whole: perhaps one of its groups is （工号1001 13800138000).
    return _GROUP.sub(lambda group: _starred(group[0], *k) if (k := _kept(group[0])) else group[0], run)


def _kept(run: str) -> tuple[int, int] | None:
    """How many digits to leave at the front and the back, or None when this is no personal number."""
    digits = "".join(DIGITS.get(c, "X" if c in "Xx" else "") for c in run)
    if re.fullmatch(r"(86)?1[3-9]\d{9}", digits):
        return len(digits) - 8, 4
    if re.fullmatch(r"0\d{9,11}", digits):
        return 4, 2
    if re.fullmatch(r"\d{17}[\dX]", digits) and _is_day(digits[6:14]):
        return 3, 2
    if re.fullmatch(r"\d{15}", digits) and _is_day("19" + digits[6:12]):
        return 3, 2
    if re.fullmatch(r"\d{16,19}", digits):
        return 0, 4
    return None


def _starred(run: str, front: int, back: int) -> str:
    places = [i for i, c in enumerate(run) if c in DIGITS or c in "Xx"]
    hidden = set(places[front : len(places) - back])
    return "".join("*" if i in hidden else c for i, c in enumerate(run))


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def likely_names(text: str) -> frozenset[str]:
    """What a tagger takes for people's names, given names of three-character names included.

    It errs on the side of covering: what is a common word (杨梅 is not common enough) stays open.
    """
    tagger = _tagger()
    tagged = (pair.word for pair in tagger.cut(text) if pair.flag == "nr" and 2 <= len(pair.word) <= 3)
    names = {word for word in tagged if tagger.tokenizer.FREQ.get(word, 0) < COMMON}
    return frozenset(names | {name[1:] for name in names if len(name) == 3})


@cache
def _tagger() -> Any:
    import logging
    from tempfile import TemporaryDirectory

    import jieba
    from jieba.posseg import POSTokenizer

    logging.getLogger("jieba").setLevel(logging.WARNING)
    words = jieba.Tokenizer()
    # jieba reads back a cache from the shared temporary folder, which anybody may have written.
    with TemporaryDirectory() as own:
        words.tmp_dir = own
        words.initialize()
    return POSTokenizer(words)


class Disguise:
    """A meeting as a machine that is not trusted may see it: a given name stands as 〔人1〕, a speaker as
    说话人1, personal numbers are starred. ``uncover`` puts the names back into that machine's answers."""

    def __init__(self, *, names: Iterable[str] = (), speakers: Iterable[str] = ()) -> None:
        labels = list(dict.fromkeys(speakers))
        self._speakers = {label: f"说话人{number}" for number, label in enumerate(labels, 1)}
        # A label of one character is no name that could be told from the text around it.
        every = {name for name in (*names, *labels) if len(name) > 1 and not _NUMBERED.fullmatch(name)}
        ordered = sorted(every, key=lambda name: (-len(name), name))
        self._covers = {name: f"〔人{number}〕" for number, name in enumerate(ordered, 1)}
        self._named = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._names = {cover: name for name, cover in self._covers.items()}
        self._labels = {cover: label for label, cover in self._speakers.items()}

    def cover(self, text: str) -> str:
        plain = mask_personal(text)
        return self._named.sub(lambda found: self._covers[found[0]], plain) if self._named else plain

    def speaker(self, label: str) -> str:
        return self._speakers.get(label) or self.cover(label)

    def uncover(self, text: str) -> str:
        known = _COVER.sub(lambda found: self._names.get(found[0], found[0]), text)
        return self._labels.get(known, known)


class Openly:
    """The meeting as it is, for a machine that the company trusts."""

    def cover(self, text: str) -> str:
        return text

    def speaker(self, label: str) -> str:
        return label

    def uncover(self, text: str) -> str:
        return text
