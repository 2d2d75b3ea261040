"""The second reader: a language model reads the meeting too, and what it claims is checked against the words.

Optional and off by default. The model never gives the score: it labels chapters and acts, from which the same
code measures, and it says what level it would give an item, which can only widen the band or call a person.
"""

from __future__ import annotations

from qa_pipeline.reader.reading import Reread, chosen, read_again
from qa_pipeline.reader.weighing import settled

__all__ = ["Reread", "chosen", "read_again", "settled"]
