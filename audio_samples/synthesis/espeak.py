"""Thin ctypes wrapper around libespeak-ng that returns samples together with word and phoneme events."""

import ctypes
import ctypes.util
from ctypes import CFUNCTYPE, POINTER, Structure, Union, c_char, c_char_p, c_int, c_short, c_uint, c_void_p
from dataclasses import dataclass

import numpy as np

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_PHONEME_EVENTS = 1
CHARS_UTF8 = 1
PARAMETER_RATE, PARAMETER_PITCH, PARAMETER_RANGE = 1, 3, 4
EVENT_END, EVENT_WORD, EVENT_PHONEME = 0, 1, 7


class EspeakMissingError(RuntimeError):
    """libespeak-ng is not installed."""


class _Id(Union):
    _fields_ = [("number", c_int), ("name", c_char_p), ("string", c_char * 8)]


class _Event(Structure):
    _fields_ = [
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _Id),
    ]


_CALLBACK = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


@dataclass(frozen=True)
class Event:
    """One synthesis event: kind (EVENT_WORD or EVENT_PHONEME), text position (1-based character), time in ms, phoneme."""

    kind: int
    text_position: int
    time_ms: int
    phoneme: str


def library_name() -> str | None:
    """Name of the espeak-ng library that can be loaded here, or None."""
    for name in (ctypes.util.find_library("espeak-ng"), "libespeak-ng.so.1"):
        if name:
            try:
                ctypes.CDLL(name)
            except OSError:
                continue
            return name
    return None


class Espeak:
    """A loaded espeak-ng synthesiser (one per process: the library keeps global state)."""

    def __init__(self) -> None:
        name = library_name()
        if name is None:
            raise EspeakMissingError("libespeak-ng is missing: install the package espeak-ng")
        self._library = ctypes.CDLL(name)
        self.sample_rate: int = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 500, None, INITIALIZE_PHONEME_EVENTS
        )
        if self.sample_rate <= 0:
            raise EspeakMissingError("libespeak-ng found no voice data")
        self._blocks: list[np.ndarray] = []
        self._events: list[Event] = []
        self._callback = _CALLBACK(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)
        self._voice: str | None = None

    def _receive(self, samples, count: int, events) -> int:
        if count > 0:
            self._blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != EVENT_END:
            event = events[index]
            index += 1
            if event.type not in (EVENT_WORD, EVENT_PHONEME):
                continue
            phoneme = ""
            if event.type == EVENT_PHONEME:
                phoneme = bytes(event.id.string).split(b"\0")[0].decode("latin1")
            self._events.append(Event(event.type, event.text_position, event.audio_position, phoneme))
        return 0

    def say(
        self, text: str, voice: str, rate: int = 170, pitch: int = 50, spread: int = 50
    ) -> tuple[np.ndarray, list[Event]]:
        """Speak `text` -> (int16 samples of shape (n,) at `sample_rate` Hz, events in time order)."""
        if voice != self._voice:
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise ValueError(f"espeak-ng has no voice {voice}")
            self._voice = voice
        for parameter, value in ((PARAMETER_RATE, rate), (PARAMETER_PITCH, pitch), (PARAMETER_RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._blocks, self._events = [], []
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, CHARS_UTF8, None, None)
        self._library.espeak_Synchronize()
        audio = np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.int16)
        return audio, self._events
