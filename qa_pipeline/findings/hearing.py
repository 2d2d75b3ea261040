"""How well a meeting could be heard, and how sure of an act one must then be to count it.

Where nobody knows who speaks, where marks are missing and where words are misheard, the signs of an act are
weaker, and at one cut for all meetings it would be found too seldom. The cuts move so that each act is found
as often as in the same meetings well heard: measured by ``python -m tests.evaluation.cuts`` on meetings by
authors whom the reader does not know. The probabilities themselves stay what they are.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Act

LONG: Final = 15
"""Characters from which a sentence has a pause in it that is written as a mark."""
_INNER: Final = re.compile(r"[，。！？；：、…,.!?;:].")
FAMILIAR: Final = 0.73
"""In words well heard: of the triples of sounds that the reader knows, how many are spelt as it knows them
(0.75 on the average of unknown authors, seldom below 0.7). A recogniser gets the sound, not the word."""
PER_MISHEARD: Final = 1.1
"""How much that share falls with the share of characters misheard: 0.62 at 10 %, 0.5 at 20 %."""
MOST_MISHEARD: Final = 0.25

Offsets = tuple[float, float, float]
OFFSETS: Final[dict[Act, Offsets]] = {
    Act.ASK: (0.15, -0.35, 0.0),
    Act.PROBE: (0.0, -0.3, -2.0),
    Act.CHECK: (0.2, -0.1, -2.0),
    Act.CAUSE: (-0.1, -0.05, -1.0),
    Act.MEASURE: (-0.25, -0.05, 0.0),
    Act.COMMIT: (-0.1, 0.15, -2.5),
    Act.FOLLOWUP: (0.15, -0.05, -4.0),
    Act.PRACTICE: (-0.2, -0.4, -1.5),
    Act.RECOGNIZE: (-0.35, -0.25, -1.0),
    Act.EVADE: (-0.2, 0.0, 0.0),
    Act.SUMMARY: (-0.45, -0.3, -0.5),
    Act.GOAL: (-0.6, -0.2, -1.5),
    Act.DATA: (0.2, -0.05, -2.5),
}
"""Act -> what the cut moves by (logits): speakers unknown, marks missing, all characters misheard."""
PRAISE: Final = 0.4
"""What the cut of praise always moves by: of what lies below, one in five was meant so by unseen authors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """``blind``: nobody knows who speaks; ``unmarked``: sentences come without marks inside; ``misheard``:
    the share of characters (0-0.25) that recognition most likely got wrong."""

    blind: bool
    unmarked: bool
    misheard: float

    def cut(self, act: Act) -> float:
        """From which probability on (0.5 in a meeting well heard) an act counts as said."""
        blind, unmarked, misheard = OFFSETS[act]
        offset = blind * self.blind + unmarked * self.unmarked + misheard * self.misheard
        offset += PRAISE * (act is Act.RECOGNIZE)
        return 1 / (1 + math.exp(-offset))


def heard(transcript: Transcript, *, familiar: float | None) -> Hearing:
    """``familiar`` is ``ActModel.familiar`` of what it knows of the texts."""
    long = [u.text for u in transcript.utterances if not u.phantom and len(u.text) >= LONG]
    marked = sum(_INNER.search(text) is not None for text in long)
    missing = 0.0 if familiar is None else (FAMILIAR - familiar) / PER_MISHEARD
    return Hearing(
        blind=not transcript.speakers_known,
        unmarked=bool(long) and marked < len(long) / 2,
        misheard=min(MOST_MISHEARD, max(0.0, missing)),
    )
