"""What was said, when and by whom, and what the sound says besides."""

from __future__ import annotations

from dataclasses import dataclass

from qa_pipeline.values.vocabulary import Likeness, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A clean-up step that changed an utterance, with the text as it was before that step."""

    step: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenNumber:
    """A number as said and as meant: ``text[start:end]`` is 五十三万七, ``value`` is 537000.0."""

    start: int
    end: int
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One stretch of speech. ``speaker`` is a label, not a name; ``confidence`` is 0-1.

    ``phantom`` marks a line that the recogniser most likely invented: kept, shown, never used as evidence.
    """

    start: Seconds
    end: Seconds
    text: str
    speaker: str | None = None
    confidence: float | None = None
    phantom: bool = False
    numbers: tuple[SpokenNumber, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What a recording's sound says besides words; see ``transcript.hearing``, whose version is ``maker``.

    ``peaks`` is the audio fingerprint: spectral peaks as base64 of (frames since the last one, band) pairs of
    bytes. It tells one recording from another and no person from another. ``silences`` are stretches of
    digital silence; ``loudness_range`` in dB (EBU Tech 3342, without its weighting), None: hardly any sound.
    """

    maker: str
    peaks: str
    silences: tuple[tuple[Seconds, Seconds], ...] = ()
    loudness_range: float | None = None
    room_changes: tuple[tuple[Seconds, float], ...] | None = None
    """(when, by how many dB) the background sound changes at once; None: it was not heard long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch [start, end) of this meeting that is also elsewhere: in ``other`` (Chinese, as it is to be
    shown; empty: earlier in the same recording), there from ``other_start`` on where that is known.
    ``mutual``: nobody knows which of the two meetings was taken from the other."""

    kind: Likeness
    start: Seconds
    end: Seconds
    other: str = ""
    other_start: Seconds | None = None
    mutual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said, when and, where known, by whom. Utterances are in time order and do not overlap
    within one speaker. ``duration`` is that of the recording (or the last end, when text was imported);
    ``speech`` are the intervals (start, end) in which a voice was heard, in time order, or None when only
    text is known, as is ``sound``.
    """

    utterances: tuple[Utterance, ...]
    duration: Seconds
    engine: str
    speech: tuple[tuple[Seconds, Seconds], ...] | None = None
    sound: Sound | None = None
    warnings: tuple[str, ...] = ()

    @property
    def speakers_known(self) -> bool:
        """Whether at least two thirds of the utterances carry a speaker label."""
        labelled = sum(u.speaker is not None for u in self.utterances)
        return bool(self.utterances) and labelled * 3 >= 2 * len(self.utterances)
