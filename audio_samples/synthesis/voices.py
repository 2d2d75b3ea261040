"""The eight fixed voices of the synthetic speakers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker.

    variant: espeak-ng voice variant, appended to the language name.
    rate: speaking rate in words per minute (espeak's unit).
    pitch: base pitch, 0..100 (espeak's unit, 50 is the variant's own pitch).
    spread: pitch range, 0..100.
    """

    variant: str
    rate: int
    pitch: int
    spread: int = 50


LANGUAGE = "cmn-latn-pinyin"

VOICES: dict[str, Voice] = {
    "v1": Voice("+m3", 165, 38),
    "v2": Voice("+f2", 176, 50),
    "v3": Voice("+m7", 178, 70),
    "v4": Voice("+f4", 168, 62),
    "v5": Voice("+m1", 184, 58),
    "v6": Voice("+linda", 172, 50),
    "v7": Voice("+adam", 174, 60),
    "v8": Voice("+steph", 170, 42),
}
