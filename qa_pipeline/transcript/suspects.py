"""What a recogniser invents: loops, and phantom lines learned from video subtitles.

Used twice: by the engine, to decide what to listen to again, and by the clean-up, to mark or cut what stayed.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_LOOPS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # One character six times (对对对 is how people talk); digits and filler dots are not loops.
        r"(?P<unit>[^\d零〇一二三四五六七八九十.…。,，\s])(?:[,，、 ]?(?P=unit)){5,}",
        r"(?P<unit>[^\s]{2,4}?)(?P=unit){4,}",
        r"(?P<unit>[^\s].{3,29}?)(?P=unit){2,}",
    )
)
"""Repetitions that nobody says: zlib ratios miss these in short Chinese text."""

_PHANTOM: Final = re.compile(
    r"点赞.{0,4}(?:订阅|关注|转发)|订阅.{0,4}(?:转发|打赏|点赞|频道)|打赏支持|求打赏|请不吝"
    r"|明镜(?:与点点|需要您的支持|火拍)|(?:中文)?字幕(?:由|志愿者|组|君|制作|提供|校对)|中文字幕|[Aa]mara\.?\s?org"
    r"|优优独播剧场|YoYoTelevision|独播剧场"
    r"|谢谢(?:大家)?(?:观看|收看|收听)|感谢(?:您的|大家的?)?(?:观看|收看|收听)"
    r"|(?:下期|下次)(?:节目)?再见|本期(?:视频|节目)|作词|作曲|编曲|^词曲|以下是.{0,12}普通话"
)
"""Lines of video subtitles. 谢谢大家 is not among them: people say it in meetings."""

PHANTOM_CHARS: Final = 30
"""A phantom line is short (a Latin word counts once); a marker inside longer speech is speech."""
DOUBT: Final = 0.5
"""Below this confidence the sound does not vouch for the words."""


def has_loop(text: str) -> bool:
    return any(loop.search(text) for loop in _possible(text))


def cut_loops(text: str) -> str:
    """The text with every loop cut down to one round."""
    for loop in _possible(text):
        text = loop.sub(lambda found: found["unit"], text)
    return text


def _possible(text: str) -> tuple[re.Pattern[str], ...]:
    """The longer loops are slow to look for; any of them repeats at least seven pairs of characters."""
    repeated = len(text) - 1 - len(set(pairwise(text)))
    return _LOOPS if repeated >= 7 else _LOOPS[:1]


def is_phantom(text: str, *, confidence: float | None, voiced: float | None) -> bool:
    """Whether a line is most likely invented: marker, short, and doubted by the sound.

    ``confidence`` is 0-1, ``voiced`` the share of the line's time in which a voice was heard (0-1); None is
    unknown. Where neither is known only a line that is nothing but a marker counts.
    """
    bare = re.sub(r"[\s，。！？,.!?、…]", "", text)
    if len(re.sub(r"[A-Za-z]+", "A", bare)) > PHANTOM_CHARS:
        return False
    marker = sum(len(found[0]) for found in _PHANTOM.finditer(bare))
    if not marker:
        return False
    if confidence is None and voiced is None:
        return marker * 2 >= len(bare)
    return (confidence is not None and confidence < DOUBT) or (voiced is not None and voiced < 0.5)
